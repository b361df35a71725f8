/** Bounds of int values: an index that is known to be in range needs no check when it is used. */
import type { PlanNode } from "../plan.ts";
import type { Range, Value } from "./values.ts";
import { sizeOf, uniform } from "./values.ts";

/** Sums beyond 32 bits wrap around, and say nothing any more. */
function bounded(low: number, high: number): Range | undefined {
  return low >= -2147483648 && high <= 2147483647 ? [low, high] : undefined;
}

function union(ranges: readonly Range[]): Range {
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}

/** Bounds of the results of a node, each undefined where nothing is known. */
export function resultRanges(
  node: PlanNode,
  inputs: readonly Value[],
): readonly (Range | undefined)[] {
  if (node.op === "topK") {
    const [x] = inputs as readonly [Value];
    return [x.range, [0, sizeOf(x, node.attributes.over) - 1]];
  }
  return [resultRange(node, inputs)];
}

function resultRange(node: PlanNode, inputs: readonly Value[]): Range | undefined {
  const ranges = inputs.map(({ range }) => range);
  const [a, b, c] = ranges;
  const [first, second] = inputs as readonly [Value, Value];
  switch (node.op) {
    case "index":
      return [0, node.attributes.size - 1];
    case "argmax":
    case "order":
      return [0, sizeOf(first, node.attributes.over) - 1];
    case "int":
      return first.element === "bool" ? [0, 1] : a;
    case "stop":
    case "rename":
    case "split":
    case "merge":
    case "slice":
    case "broadcast":
    case "reverse":
      return a;
    case "shift":
      return a && union([a, [node.attributes.fill, node.attributes.fill]]);
    case "window":
      return a && union([a, [0, 0]]);
    case "gather":
      return a && union([a, [0, 0]]);
    case "scatterPut":
      return a && union([a, [0, 0]]);
    case "join": {
      const known = ranges.filter((range) => range !== undefined);
      return known.length === ranges.length ? union(known) : undefined;
    }
    case "max":
    case "min":
      return inputs.length === 1 ? a : undefined;
    case "neg":
      return a && bounded(-a[1], -a[0]);
    case "add":
      return a && b && bounded(a[0] + b[0], a[1] + b[1]);
    case "sub":
      return a && b && bounded(a[0] - b[1], a[1] - b[0]);
    case "mul": {
      if (a === undefined || b === undefined) return undefined;
      const products = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
      return bounded(Math.min(...products), Math.max(...products));
    }
    case "minimum":
      return a && b && [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
    case "maximum":
      return a && b && [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
    case "clip":
      // Whatever the operand is, the result lies between the bounds that it is clipped to.
      return b && c && [Math.min(b[0], c[0]), c[1]];
    case "where":
      return b && c && union([b, c]);
    case "mod": {
      const divisor = uniform(second);
      return divisor !== undefined && divisor > 0 ? [0, divisor - 1] : undefined;
    }
    case "floorDiv": {
      const divisor = uniform(second);
      if (a === undefined || divisor === undefined || divisor <= 0) return undefined;
      return [Math.floor(a[0] / divisor), Math.floor(a[1] / divisor)];
    }
    default:
      return undefined;
  }
}
