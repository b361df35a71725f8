/**
 * The order of axes that a value's consumers would like: a product can often deliver it for
 * nothing.
 */
import { isElementwise } from "../../ops/index.ts";
import type { Plan, PlanNode, ValueId } from "../plan.ts";

/**
 * How much a wish weighs: operations along an axis need it innermost, a plan's output has a fixed
 * order.
 */
const NEEDED = 2;
const FIXED = 1;

interface Wish {
  readonly weight: number;
  readonly order: readonly string[];
}

/** For each value, all its axes, the one that is best innermost last. */
export function wantedOrders(plan: Plan): (value: ValueId) => readonly string[] {
  const wishes = new Map<ValueId, Wish>();
  const names = (value: ValueId) => plan.values[value]?.axes.map(({ name }) => name) ?? [];
  const wish = (value: ValueId, made: Wish) => {
    if (made.weight > (wishes.get(value)?.weight ?? 0)) wishes.set(value, made);
  };
  for (const { value } of plan.outputs) wish(value, { weight: FIXED, order: names(value) });
  for (const node of plan.nodes.toReversed()) {
    const innermost = alongAxes(node);
    const [result] = node.outputs.map((output) => wishes.get(output));
    for (const input of node.inputs) {
      const own = names(input);
      if (innermost.length > 0 && innermost.every((name) => own.includes(name))) {
        const others = own.filter((name) => !innermost.includes(name));
        wish(input, { weight: NEEDED, order: [...others, ...innermost] });
      } else if (result !== undefined && isElementwise(node.op)) {
        wish(input, { ...result, order: result.order.filter((name) => own.includes(name)) });
      }
    }
  }
  return (value) => wishes.get(value)?.order ?? names(value);
}

/** The axes that an operation works along, if its operator wants them innermost. */
function alongAxes(node: PlanNode): readonly string[] {
  switch (node.op) {
    case "softmax":
    case "logsumexp":
    case "softmaxGradient":
      return node.attributes.over;
    case "argmax":
    case "topK":
    case "order":
    case "crossEntropy":
    case "crossEntropyGradient":
    case "layerNorm":
    case "layerNormGradient":
      return [node.attributes.over];
    default:
      return [];
  }
}
