/** `rollout` itself: the sweeps over the segments of one optimiser step, one variant for each schedule. */
import type { Schedule } from "../ir/program.ts";
import { layOut, text } from "./expression.ts";
import { commentLines } from "./identifier.ts";
import { literalText } from "./number.ts";
import type { RolloutContext } from "./rollout.ts";
import type { Part } from "./source-file.ts";
import type { Staged } from "./staged.ts";
import { mapShape, pathsOf } from "./staged.ts";
import { allHanded, STATE, SweepWriter } from "./sweeps.ts";

export function rolloutFunction(
  context: RolloutContext,
  staged: Staged,
  weights: string,
): readonly Part[] {
  const { schedule } = context.program;
  const name = "rollout";
  const lines = [
    `const weights = ${weights}(segments);`,
    `const losses: ${STATE}[] = [];`,
    ...(context.counts ? [`const counts: ${STATE}[] = [];`] : []),
    `let gradients: ${STATE} | undefined;`,
    ...new SweepWriter(context, staged).sweeps(),
  ];
  const written = {
    name,
    doc: commentLines(docOf(context), 97),
    parameters: [
      { name: "run", type: "Run" },
      { name: "parameters", type: STATE },
      { name: "states", type: STATE },
      { name: "segments", type: "readonly SegmentBatch[]" },
    ],
    returnType: "Promise<RolloutResult>",
    lines: lines.map((line) => ({ text: line })),
    types: [],
  };
  return [
    ...constants(context, schedule),
    ...picked(context, staged),
    { kind: "function", text: written, async: true },
  ];
}

/** `horizon`, `every` and `stride`, where the rollout mentions them. */
function constants({ handed }: RolloutContext, schedule: Schedule): readonly Part[] {
  const parts: Part[] = [];
  const { throughTime, cutAfter } = schedule;
  const add = (name: string, value: number, doc: string) =>
    parts.push({ kind: "const", name, doc, exported: false, value: text(literalText(value)) });
  if (handed !== undefined && throughTime.kind !== "detach") {
    if (cutAfter === undefined) {
      add("horizon", throughTime.horizon, "Segments between two cuts of the gradient.");
    } else {
      const value = text(`[${cutAfter.map(literalText).join(", ")}]`);
      const doc = "Segments, from 0, after which the gradient is cut.";
      parts.push({ kind: "const", name: "cutAfter", doc, exported: false, value });
    }
    if (throughTime.kind === "checkpoint") {
      add("every", throughTime.every, "Segments between two states that are kept.");
    }
  }
  if (schedule.stride < schedule.rollout) {
    add(
      "stride",
      schedule.stride,
      "Segments from the start of a rollout to the start of the next.",
    );
  }
  return parts;
}

function docOf({ handed, program }: RolloutContext): string {
  const { kind } = program.schedule.throughTime;
  if (handed === undefined || kind === "detach") {
    return (
      "Losses and gradients of a rollout. States are carried from segment to segment, gradient is " +
      "not: each segment is run forward and back on its own."
    );
  }
  switch (kind) {
    case "mrbp":
      return (
        "Losses and gradients of a rollout by memory replay back-propagation (Wu et al., Memformer, " +
        "arXiv 2010.06891). Sweep 1 computes only what the next states need and keeps the states that " +
        "enter each segment. Sweep 2 runs the segments again, last to first, and hands the gradient " +
        "of the entering states to the segment before."
      );
    case "bptt":
      return (
        "Losses and gradients of a rollout by back-propagation through time: the segments between two " +
        "cuts forward, keeping what their backward needs, then backward, last to first."
      );
    case "checkpoint":
      return (
        "Losses and gradients of a rollout by back-propagation through time with checkpoints: sweep 1 " +
        "keeps the states that enter every few segments. Then, last to first, each group of segments " +
        "is run forward, keeping what its backward needs, and backward."
      );
    default:
      return kind satisfies never;
  }
}

/** `handedOn`: the states whose gradient goes from segment to segment. */
function picked(context: RolloutContext, staged: Staged): readonly Part[] {
  const { handed } = context;
  const type = staged.handedType;
  if (handed === undefined || type === undefined || allHanded(context)) return [];
  if (pathsOf(handed).length === 0) return [];
  const expression = mapShape(handed, "states", text);
  const written = {
    name: "handedOn",
    doc: ["The states whose gradient is handed from segment to segment."],
    parameters: [{ name: "states", type }],
    returnType: type,
    lines: layOut("return ", expression, ";", 2).map((line) => ({ text: line })),
    types: [],
  };
  return [{ kind: "function", text: written }];
}
