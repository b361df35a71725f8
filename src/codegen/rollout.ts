/** The rollout of a training file: host code that reads as the algorithm that `through_time` names. */
import type { Program } from "../ir/program.ts";
import type { Functions, FunctionText } from "./functions.ts";
import type { Module, Unit } from "./module.ts";
import { rolloutFunction } from "./rollout-function.ts";
import { segmentVariants, sweepsFirst } from "./segment-functions.ts";
import { weightsFunction } from "./segment-weights.ts";
import type { Part } from "./source-file.ts";
import { stagedFunctions } from "./staged.ts";
import type { Shape } from "./struct.ts";

/** What the parts of a rollout know of the file they stand in. */
export interface RolloutContext {
  readonly program: Program;
  readonly functions: Functions;
  readonly forward: SegmentText;
  readonly backward: SegmentText;
  readonly critical: SegmentText | undefined;
  /** States whose gradient is handed from a segment to the one before; undefined if there are none. */
  readonly handed: Shape | undefined;
  /** Segments are run again rather than kept; else the forward's residuals are. */
  readonly replays: boolean;
  /** Some loss term is weighed, so that segments also give the sums of weights. */
  readonly counts: boolean;
}

/** A segment function and its text. */
export interface SegmentText {
  readonly unit: Unit;
  readonly text: FunctionText;
}

export function rolloutParts(
  program: Program,
  module: Module,
  functions: Functions,
): readonly Part[] {
  const variants = segmentVariants(program.graph);
  const textOf = (name: string): SegmentText => {
    const unit = module.unit(name);
    const text = functions.texts.find((each) => each.name === module.name(unit));
    if (text === undefined) throw new Error(`${name} was not written.`);
    return { unit, text };
  };
  const backward = textOf(variants.backward);
  const next = backward.unit.signature.parameters.find((each) => each.group === "cotangents next");
  const { kind } = program.schedule.throughTime;
  const handed = next?.shape;
  const replays = handed === undefined || kind === "mrbp" || kind === "detach";
  const swept = handed !== undefined && sweepsFirst(program);
  const forward = textOf(variants.forward);
  const context: RolloutContext = {
    program,
    functions,
    forward,
    backward,
    critical: swept ? textOf(variants.critical) : undefined,
    handed,
    replays,
    counts: forward.unit.signature.groups.some(({ role }) => role === "count"),
  };
  const staged = stagedFunctions(context);
  const weights = weightsFunction(program.schedule, functions.names);
  return [...staged.parts, weights.part, ...rolloutFunction(context, staged, weights.name)];
}
