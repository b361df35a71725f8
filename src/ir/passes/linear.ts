/** A product with a weight, its bias and its activation become one operation. */
import type { Operand, OperationNode } from "../graph.ts";
import { isConstant } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { nameOr, rewriteOperations } from "./transform.ts";
import type { FunctionView, NodeOf } from "./view.ts";
import { bothWays, hasAxis } from "./view.ts";

interface Sum {
  readonly product: NodeOf<"contract">;
  readonly bias: Operand;
}

/** contract(x, weight) + bias, where the bias is a parameter without axes of its own. */
function biased(node: OperationNode, view: FunctionView): Sum | undefined {
  if (node.op !== "add") return undefined;
  for (const [left, bias] of bothWays(node)) {
    const product = view.made(left, "contract");
    if (product === undefined || product.results[0]?.type.kind !== "real") continue;
    if (view.input(bias)?.role !== "parameter" || isConstant(bias)) continue;
    const { axes } = product.results[0].type;
    const vector = bias.type.axes.length > 0 && bias.type.axes.length < axes.length;
    if (vector && bias.type.axes.every((axis) => hasAxis(left, axis.name))) {
      return { product, bias };
    }
  }
  return undefined;
}

const activations = { relu: "relu", tanh: "tanh", sigmoid: "sigmoid" } as const;

const pattern: Pattern = (node, view) => {
  const activation = activationOf(node);
  const sum = activation === "none" ? node : view.made(node.operands[0], "add");
  const found = sum && biased(sum, view);
  if (sum === undefined || found === undefined) return undefined;
  const inner = sum === node ? [found.product] : [sum, found.product];
  if (!view.onlyFor(node, inner)) return undefined;
  const [x, weight] = found.product.operands;
  if (x === undefined || weight === undefined) return undefined;
  const { over } = found.product.attributes;
  return (writing) => [
    writing.f.op(
      "linear",
      [x, weight, found.bias].map(writing.at),
      { over, activation },
      nameOr(node, writing, "$linear"),
      node.origin,
    ),
  ];
};

function activationOf(node: OperationNode): NodeOf<"linear">["attributes"]["activation"] {
  return node.op === "relu" || node.op === "tanh" || node.op === "sigmoid"
    ? activations[node.op]
    : "none";
}

export const linear: Pass = {
  name: "linear",
  doc: "A product with a weight, its bias and relu, tanh or sigmoid become one operation.",
  stage: "model",
  run: (graph) => rewriteOperations(graph, pattern),
};
