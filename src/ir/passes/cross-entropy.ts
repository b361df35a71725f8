/** logsumexp of logits less the logit of the label becomes one operation, whose gradient is softmax less one-hot. */
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { nameOr, rewriteOperations } from "./transform.ts";
import { hasAxis, sameOperand } from "./view.ts";

const pattern: Pattern = (node, view) => {
  if (node.op !== "sub") return undefined;
  const total = view.made(node.operands[0], "logsumexp");
  const picked = view.made(node.operands[1], "gather");
  const [logits, ...mask] = total?.operands ?? [];
  const [read, labels] = picked?.operands ?? [];
  if (total === undefined || picked === undefined || mask.length > 0) return undefined;
  if (logits === undefined || labels === undefined || !sameOperand(logits, read)) return undefined;
  const { axis } = picked.attributes;
  if (total.attributes.over.join() !== axis || hasAxis(labels, axis)) return undefined;
  if (!view.onlyFor(node, [total, picked])) return undefined;
  return (writing) => [
    writing.f.op(
      "crossEntropy",
      [logits, labels].map(writing.at),
      { over: axis },
      nameOr(node, writing, "$loss"),
      node.origin,
    ),
  ];
};

export const crossEntropy: Pass = {
  name: "cross-entropy",
  doc: "logsumexp less the label's logit becomes one operation; its gradient makes no one-hot.",
  stage: "model",
  run: (graph) => rewriteOperations(graph, pattern),
};
