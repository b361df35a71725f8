/** softmax(query . key * scale) . value becomes one operation (Vaswani et al. 2017). */
import type { Operand, SymbolicNumber } from "../graph.ts";
import { calculate, isConstant, literal } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { nameOr, rewriteOperations } from "./transform.ts";
import type { FunctionView, NodeOf } from "./view.ts";
import { bothWays, hasAxis } from "./view.ts";

interface Scores {
  readonly product: NodeOf<"contract">;
  readonly scale: SymbolicNumber;
  readonly nodes: readonly (NodeOf<"contract"> | NodeOf<"div"> | NodeOf<"mul">)[];
}

/** query . key, divided or multiplied by a number. */
function scores(operand: Operand | undefined, view: FunctionView): Scores | undefined {
  const bare = view.made(operand, "contract");
  if (bare !== undefined) return { product: bare, scale: literal(1), nodes: [bare] };
  const quotient = view.made(operand, "div");
  const product = view.made(quotient?.operands[0], "contract");
  const divisor = quotient?.operands[1];
  if (quotient && product && divisor && isConstant(divisor)) {
    const scale = calculate("/", literal(1), divisor.constant);
    return { product, scale, nodes: [product, quotient] };
  }
  const multiple = view.made(operand, "mul");
  for (const [left, factor] of multiple === undefined ? [] : bothWays(multiple)) {
    const scaled = view.made(left, "contract");
    if (multiple && scaled && isConstant(factor)) {
      return { product: scaled, scale: factor.constant, nodes: [scaled, multiple] };
    }
  }
  return undefined;
}

const pattern: Pattern = (node, view) => {
  if (node.op !== "contract") return undefined;
  const [keys, ...more] = node.attributes.over;
  if (keys === undefined || more.length > 0) return undefined;
  for (const [left, value] of bothWays(node)) {
    const softmax = view.made(left, "softmax");
    const found = scores(softmax?.operands[0], view);
    if (softmax === undefined || found === undefined) continue;
    const [width, ...others] = found.product.attributes.over;
    if (width === undefined || others.length > 0 || softmax.attributes.over.join() !== keys)
      continue;
    if (found.product.results[0]?.type.kind !== "real") continue;
    const sides = bothWays(found.product).find(([, key]) => hasAxis(key, keys));
    if (sides === undefined || !view.onlyFor(node, [softmax, ...found.nodes])) continue;
    const [query, key] = sides;
    const mask = softmax.operands.slice(1);
    return (writing) => {
      const [output] = writing.f.ops(
        "attention",
        [query, key, value, ...mask].map(writing.at),
        { width, keys, scale: found.scale },
        [
          nameOr(node, writing, "$attended"),
          writing.fresh(softmax.results[0]?.name ?? "$probabilities"),
        ],
        node.origin,
      );
      return output === undefined ? [] : [output];
    };
  }
  return undefined;
};

export const attention: Pass = {
  name: "attention",
  doc: "Scores, scale, mask, softmax and the weighted sum of values become one operation.",
  stage: "model",
  run: (graph) => rewriteOperations(graph, pattern),
};
