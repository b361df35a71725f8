/** Finds where a plan first makes numbers that are not finite, by running it in float64. */
import type { HostTensor } from "../ops/index.ts";
import type { Plan, PlanNode } from "./plan.ts";
import { evaluatePlan } from "./reference.ts";

export interface NonFinite {
  readonly problem: "nan" | "infinity";
  /**
   * Where the number is first seen: an input of the plan by its address, or the node that made it.
   */
  readonly at:
    | { readonly kind: "input"; readonly name: string }
    | { readonly kind: "node"; readonly index: number; readonly node: PlanNode };
  /**
   * One sentence for the user, with the operation and, in a traced plan, the calls that led to it.
   */
  readonly message: string;
}

/**
 * The first input or node with a NaN; where there is none, the first node that makes an infinite
 * number of finite ones, provided that an output of the plan is not finite (a masked maximum of
 * nothing is -inf by rule R18, and harmless). `largest`: the engine's largest finite real; what
 * float64 can hold beyond it counts as infinite.
 */
export function diagnose(
  plan: Plan,
  inputs: readonly HostTensor[],
  largest = Number.MAX_VALUE,
): NonFinite | undefined {
  let nan: NonFinite | undefined;
  let infinity: NonFinite | undefined;
  const found = (problem: "nan" | "infinity", at: NonFinite["at"]): NonFinite => {
    return { problem, at, message: sentence(plan, problem, at) };
  };
  plan.inputs.forEach(({ name }, i) => {
    const tensor = inputs[i];
    if (tensor === undefined) return;
    if (hasNaN(tensor)) nan ??= found("nan", { kind: "input", name });
    else if (exceeds(tensor, largest)) infinity ??= found("infinity", { kind: "input", name });
  });
  const { outputs } = evaluatePlan(plan, inputs, (node, operands, results, index) => {
    if (nan === undefined && results.some(hasNaN))
      nan = found("nan", { kind: "node", index, node });
    if (infinity !== undefined || operands.some((x) => exceeds(x, largest))) return;
    if (results.some((x) => exceeds(x, largest))) {
      infinity = found("infinity", { kind: "node", index, node });
    }
  });
  // A NaN in float64 may itself come of an infinity (inf - inf), which is then the cause to name.
  if (nan !== undefined) return precedes(infinity, nan) ? infinity : nan;
  return outputs.some((x) => exceeds(x, largest)) ? infinity : undefined;
}

/** Whether the NaN's own node was handed what the infinity's node made. */
function precedes(infinity: NonFinite | undefined, nan: NonFinite): infinity is NonFinite {
  if (infinity === undefined || nan.at.kind === "input") return false;
  if (infinity.at.kind === "input") return true;
  const { outputs } = infinity.at.node;
  return nan.at.node.inputs.some((value) => outputs.includes(value));
}

function hasNaN({ data }: HostTensor): boolean {
  if (!(data instanceof Float64Array)) return false;
  for (const x of data) if (Number.isNaN(x)) return true;
  return false;
}

function exceeds({ data }: HostTensor, largest: number): boolean {
  if (!(data instanceof Float64Array)) return false;
  for (const x of data) if (Math.abs(x) > largest) return true;
  return false;
}

function sentence(plan: Plan, problem: "nan" | "infinity", at: NonFinite["at"]): string {
  const what = problem === "nan" ? "a NaN" : "an infinite number";
  switch (at.kind) {
    case "input":
      return `Input ${at.name} of ${plan.name} already holds ${what}.`;
    case "node": {
      const { op, trace } = at.node;
      const from = trace === undefined || trace === "" ? "" : `, called by ${trace}`;
      return `The first operation of ${plan.name} that makes ${what} is ${op}${from}.`;
    }
    default:
      return at satisfies never;
  }
}
