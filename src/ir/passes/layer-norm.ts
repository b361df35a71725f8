/** Layer normalisation written out becomes one operation (Ba, Kiros, Hinton 2016). */
import type { Operand, OperationNode } from "../graph.ts";
import { isConstant } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { nameOr, rewriteOperations } from "./transform.ts";
import type { FunctionView, NodeOf } from "./view.ts";
import { bothWays, hasAxis, sameOperand } from "./view.ts";

interface Normalised {
  readonly x: Operand;
  readonly over: string;
  readonly epsilon: NodeOf<"layerNorm">["attributes"]["epsilon"];
  readonly nodes: readonly OperationNode[];
}

/** (x - mean(x)) * rsqrt(mean of squares of that + epsilon). */
function normalised(node: NodeOf<"mul">, view: FunctionView): Normalised | undefined {
  for (const [left, right] of bothWays(node)) {
    const centred = view.made(left, "sub");
    const inverse = view.made(right, "rsqrt");
    const shifted = view.made(inverse?.operands[0], "add");
    if (centred === undefined || inverse === undefined || shifted === undefined) continue;
    const [x, subtracted] = centred.operands;
    const mean = view.made(subtracted, "mean");
    if (x === undefined || mean === undefined || !sameOperand(mean.operands[0], x)) continue;
    for (const [averaged, epsilon] of bothWays(shifted)) {
      const variance = view.made(averaged, "mean");
      const square = view.made(variance?.operands[0], "mul");
      if (variance === undefined || square === undefined || !isConstant(epsilon)) continue;
      if (!square.operands.every((operand) => sameOperand(operand, left))) continue;
      const over = mean.attributes.over[0];
      const lengths = [mean.operands.length, variance.operands.length].join(); // no masks
      const axes = [...mean.attributes.over, ...variance.attributes.over];
      if (over === undefined || lengths !== "1,1" || axes.join() !== `${over},${over}`) continue;
      const nodes = [centred, inverse, shifted, mean, variance, square, node];
      return { x, over, epsilon: epsilon.constant, nodes };
    }
  }
  return undefined;
}

const pattern: Pattern = (node, view) => {
  if (node.op !== "add") return undefined;
  for (const [left, bias] of bothWays(node)) {
    const scaled = view.made(left, "mul");
    if (scaled === undefined) continue;
    for (const [product, gain] of bothWays(scaled)) {
      const inner = view.made(product, "mul");
      const found = inner && normalised(inner, view);
      if (found === undefined) continue;
      const { x, over, epsilon, nodes } = found;
      const vectors = [gain, bias].every((each) => isWithin(each, x));
      if (!vectors || !view.onlyFor(node, [...nodes, scaled])) continue;
      return (writing) =>
        writing.f.ops(
          "layerNorm",
          [x, gain, bias].map(writing.at),
          { over, epsilon },
          [nameOr(node, writing, "$normalized"), writing.fresh("$mean"), writing.fresh("$inverse")],
          node.origin,
        );
    }
  }
  return undefined;
};

function isWithin(part: Operand, whole: Operand): boolean {
  return isConstant(part) || part.type.axes.every((axis) => hasAxis(whole, axis.name));
}

export const layerNorm: Pass = {
  name: "layer-norm",
  doc: "Layer normalisation written out becomes one operation that keeps x, mean and inverse deviation.",
  stage: "model",
  run: (graph) => rewriteOperations(graph, pattern),
};
