/** How far values are from the kinks of the operations they go into: central differences hold on one side of a kink only. */
import type { HostTensor } from "../../src/ops/index.ts";
import { evaluate } from "../../src/ops/index.ts";
import { type KernelCall, watchKernels } from "../runtime/kernels.ts";

/** Signed distances of a call's entries from its kinks, or undefined if it has none. */
function distances(call: KernelCall): readonly HostTensor[] | undefined {
  const [x, ...others] = call.inputs;
  if (x?.type.kind !== "real" && call.op !== "where") return undefined;
  switch (call.op) {
    case "relu":
    case "abs":
    case "sign":
      return call.inputs;
    case "linear":
      if (call.attributes.activation !== "relu") return undefined;
      return evaluate("linear", call.inputs, { ...call.attributes, activation: "none" });
    case "minimum":
    case "maximum":
    case "clip":
    case "less":
    case "lessEqual":
    case "greater":
    case "greaterEqual":
    case "equal":
    case "notEqual":
      return others.flatMap((bound) => evaluate("sub", [x as HostTensor, bound], {}));
    case "max":
    case "min":
      return toRunnerUp(call.op, call.inputs, call.attributes.over);
    case "argmax":
      return toRunnerUp("max", call.inputs, [call.attributes.over]);
    case "topK":
    case "order":
    case "floor":
    case "round":
    case "int":
      throw new Error(`The distance of ${call.op} from its ties and steps is not measured.`);
    default:
      return undefined;
  }
}

/** How far the second best entry of a reduction is from the best one, infinitely if there is none. */
function toRunnerUp(
  op: "max" | "min",
  inputs: readonly HostTensor[],
  over: readonly string[],
): readonly HostTensor[] {
  const [x, mask] = inputs as readonly [HostTensor, HostTensor | undefined];
  const [best] = evaluate(op, inputs, { over }) as readonly [HostTensor];
  const [others] = evaluate(op === "max" ? "less" : "greater", [x, best], {}) as [HostTensor];
  const left = mask === undefined ? [others] : evaluate("and", [others, mask], {});
  const [second] = evaluate(op, [x, ...left], { over }) as readonly [HostTensor];
  return evaluate("sub", [best, second], {});
}

let noted: HostTensor[] | undefined;

watchKernels((call) => {
  if (noted === undefined) return;
  const list = noted;
  // What is evaluated for the distances is no part of the work.
  noted = undefined;
  list.push(...(distances(call) ?? []));
  noted = list;
});

/** What `work` gives, and the distances from kinks of all entries on its way, in the order of the calls. */
export async function withDistances<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly entries: readonly number[] }> {
  noted = [];
  const result = await work();
  const entries = noted.flatMap(({ data }) =>
    Array.from(data, (x) => (Number.isFinite(x) ? x : Number.MAX_VALUE)),
  );
  noted = undefined;
  return { result, entries };
}

/** Whether every entry is farther from its kink than `margin` times the way it goes to each of the others. */
export function keepsMargin(
  entries: readonly number[],
  others: readonly (readonly number[])[],
  margin: number,
): boolean {
  return others.every((other) => {
    if (other.length !== entries.length) throw new Error("The ways have different operations.");
    return entries.every((x, i) => Math.abs(x) >= margin * Math.abs((other[i] ?? Number.NaN) - x));
  });
}
