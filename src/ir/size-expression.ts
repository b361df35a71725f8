/** How long an axis is, as the function that makes it says: `S` of a join is `|M| + |T|`. */
import type { GraphFunction, OperationNode, SymbolicNumber } from "./graph.ts";
import { axisSize, calculate, literal, operandType } from "./symbolic.ts";

/**
 * The size of an axis that some operation of the function makes, in terms of its number formals and
 * of other axes; undefined if none makes an axis of that name and size.
 */
export function sizeExpression(
  written: GraphFunction,
  axis: string,
  size: number,
): SymbolicNumber | undefined {
  for (const node of written.nodes) {
    if (node.kind !== "operation") continue;
    const made = node.results.some(({ type }) =>
      type.axes.some((each) => each.name === axis && each.size === size),
    );
    const found = made ? sizeMadeBy(node, axis) : undefined;
    const says = found !== undefined && found.value === size;
    if (says && !(found.text.kind === "axis" && found.text.name === axis)) return found;
  }
  return undefined;
}

function sizeMadeBy(node: OperationNode, axis: string): SymbolicNumber | undefined {
  switch (node.op) {
    case "join": {
      const { pieces, into } = node.attributes;
      if (into !== axis) return undefined;
      const sizes = node.operands.map((operand, i) => {
        const along = pieces[i];
        return typeof along === "string" ? axisSize(operandType(operand), along) : literal(1);
      });
      return sizes.reduce((total, each) => calculate("+", total, each), literal(0));
    }
    case "merge": {
      const [operand] = node.operands;
      const { axes, into } = node.attributes;
      if (into !== axis || operand === undefined) return undefined;
      const type = operandType(operand);
      return axes.reduce((total, each) => calculate("*", total, axisSize(type, each)), literal(1));
    }
    case "rename": {
      const [operand] = node.operands;
      const [old] = Object.entries(node.attributes.names).find(([, now]) => now === axis) ?? [];
      return operand === undefined || old === undefined
        ? undefined
        : axisSize(operandType(operand), old);
    }
    case "slice":
      return node.attributes.into === axis ? node.attributes.size : undefined;
    case "split":
      return node.attributes.into.find(({ name }) => name === axis)?.size;
    case "fill":
    case "broadcast":
      return node.attributes.axes.find(({ name }) => name === axis)?.size;
    case "index":
      return node.attributes.axis === axis ? node.attributes.size : undefined;
    case "window":
      return node.attributes.into === axis ? node.attributes.size : undefined;
    case "topK":
      return node.attributes.into === axis ? node.attributes.k : undefined;
    case "scatterAdd":
    case "scatterPut":
      return node.attributes.axis === axis ? node.attributes.size : undefined;
    default:
      return undefined;
  }
}
