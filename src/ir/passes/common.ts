/** The same operation on the same values is done once. */
import type { GraphFunction, Node, Operand, OperationNode, Value } from "../graph.ts";
import { printNode } from "../graph-text.ts";
import { isConstant, isOpen } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Replacement } from "./transform.ts";
import { rewriteFunctions } from "./transform.ts";

/**
 * Nodes whose text is that of an earlier one but for the names of what they make and of values found equal before.
 * Every operation is pure: draws are inputs.
 */
function repeated(written: GraphFunction): ReadonlyMap<Node, Replacement> {
  const first = new Map<string, readonly Value[]>();
  const standIns = new Map<string, Value>();
  const standIn = (operand: Operand): Operand =>
    isConstant(operand) ? operand : (standIns.get(operand.name) ?? operand);
  const found = new Map<Node, Replacement>();
  for (const node of written.nodes) {
    if (node.kind !== "operation") continue;
    const operands = node.operands.map(standIn);
    const text = printNode({ ...node, operands, results: [] });
    const size = readSize(node);
    const known = first.get(text) ?? first.get(size?.key ?? "");
    if (known === undefined || (size?.written === true && !first.has(text))) {
      first.set(text, node.results);
      if (size !== undefined && !first.has(size.key)) first.set(size.key, node.results);
      continue;
    }
    for (const [position, result] of node.results.entries()) {
      const value = known[position];
      if (value !== undefined) standIns.set(result.name, value);
    }
    found.set(node, ({ value }) => known.map(value));
  }
  return found;
}

/**
 * An index along an axis by its name and size. Where its size is not written out but read off a value with the axis, an earlier
 * index is such a value.
 */
function readSize(
  node: OperationNode,
): { readonly key: string; readonly written: boolean } | undefined {
  if (node.op !== "index" || isOpen(node.attributes.size)) return undefined;
  const { axis, size } = node.attributes;
  const written = size.text.kind !== "axis" || size.text.name !== axis;
  return { key: `${axis} ${size.value}`, written };
}

export const common: Pass = {
  name: "common",
  doc: "The same operation on the same values is done once, and its gradient is taken once.",
  stage: "model",
  run: (graph) => rewriteFunctions(graph, repeated),
};
