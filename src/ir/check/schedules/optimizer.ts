/** `optimizer`, `group` and `freeze`: how parameters change. */
import type { ScheduleEntry, Span } from "../../../parser/tree.ts";
import type { OptimizerInfo, Schedule } from "../../program.ts";
import { problem } from "../problem.ts";
import {
  callOf,
  firstNumber,
  type Mutable,
  namedNumbers,
  pathOf,
  standsTwice,
  unit,
} from "./values.ts";

const numberOptions = ["rate", "beta1", "beta2", "epsilon", "weight_decay", "clip", "warmup"];

/** What `adamw` may be told. */
export const optimizerOptions: readonly string[] = [...numberOptions, "decay"];

/** `adamw(…)`; `base` gives what is not said. */
export function optimizer(entry: ScheduleEntry, base: OptimizerInfo): OptimizerInfo {
  const call = callOf(entry);
  if (call.name !== "adamw") {
    throw problem("MEM0309", call.span, `There is no optimiser ${call.name}.`, {
      help: "optimizer adamw(rate = 3e-4)",
    });
  }
  const decayArgument = call.arguments.find((argument) => argument.name?.text === "decay");
  const decay =
    decayArgument?.value.kind === "reference" ? decayArgument.value.name.text : undefined;
  if (decayArgument !== undefined && decay !== "cosine" && decay !== "linear" && decay !== "none") {
    throw problem("MEM0309", decayArgument.span, "decay is none, cosine or linear.");
  }
  const numbers = namedNumbers(call, numberOptions, { words: ["decay"] });
  const ranged = (
    name: string,
    otherwise: number,
    low: number,
    high: number,
    openLow = false,
  ): number => {
    const value = numbers.get(name) ?? otherwise;
    if (!(openLow ? value > low : value >= low) || !(value < high)) {
      throw problem(
        "MEM0172",
        call.span,
        `${name} must be ${openLow ? "greater than" : "at least"} ${low}${Number.isFinite(high) ? ` and less than ${high}` : ""}, not ${value}.`,
      );
    }
    return value;
  };
  const clip = numbers.has("clip")
    ? ranged("clip", 1, 0, Number.POSITIVE_INFINITY, true)
    : base.clip;
  return {
    name: "adamw",
    rate: ranged("rate", base.rate, 0, Number.POSITIVE_INFINITY, true),
    beta1: ranged("beta1", base.beta1, 0, 1),
    beta2: ranged("beta2", base.beta2, 0, 1),
    epsilon: ranged("epsilon", base.epsilon, 0, Number.POSITIVE_INFINITY, true),
    weightDecay: ranged("weight_decay", base.weightDecay, 0, Number.POSITIVE_INFINITY),
    warmup: ranged("warmup", base.warmup, 0, Number.POSITIVE_INFINITY),
    decay: decay === "cosine" || decay === "linear" || decay === "none" ? decay : base.decay,
    ...(clip === undefined ? {} : { clip }),
  };
}

export function paths(entry: ScheduleEntry): readonly string[] {
  return entry.values.map((value) => {
    const path = pathOf(value);
    if (path === undefined)
      throw problem(
        "MEM0311",
        value.span,
        "A path of parameters is needed: **.bias, layer[*].attention.Wq.",
      );
    return path;
  });
}

/** A group's own numbers; `rate` and `weight_decay` in them are those of the optimiser. */
export function group(entry: ScheduleEntry, base: OptimizerInfo): Schedule["groups"][number] {
  const names = new Map([
    ["rate", base.rate],
    ["weight_decay", base.weightDecay],
  ]);
  const found: Mutable<Schedule["groups"][number]> = { paths: paths(entry) };
  const seen = new Map<string, Span>();
  for (const inner of entry.entries ?? []) {
    const { text, span } = inner.word;
    const earlier = seen.get(text);
    if (earlier !== undefined) throw standsTwice(inner.word, earlier);
    seen.set(text, span);
    const number = firstNumber(inner, names);
    if (number === undefined || number.value < 0)
      throw problem("MEM0302", inner.span, `${text} needs a number of at least 0.`, {
        help: "Numbers, and the optimiser's rate or weight_decay: rate 0.1 * rate.",
      });
    unit(inner, []);
    if (text === "rate") found.rate = number.value;
    else if (text === "weight_decay") found.weightDecay = number.value;
    else throw problem("MEM0301", span, `A group sets rate and weight_decay, not ${text}.`);
  }
  return found;
}
