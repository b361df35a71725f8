/** The schedule of `train`, `evaluate` or `generate`: its entries, what stands for those not said, and what must fit together. */

import type { ProgramDefinition, ScheduleEntry, Span } from "../../../parser/tree.ts";
import type { OptimizerInfo, Program, Schedule } from "../../program.ts";
import { problem, type Report, warning } from "../problem.ts";
import { applyOverrides, settingFile } from "./command-line.ts";
import { dataEntries } from "./data.ts";
import { readEntry, refuseFixedDraws, warnOfProgram } from "./entry.ts";
import { group } from "./optimizer.ts";
import { readSetting, type Setting, type Settings } from "./setting.ts";
import { count, type Mutable, standsTwice, unit } from "./values.ts";

/** A schedule with the `set` entries, which change what is computed. */
export interface CheckedSchedule {
  readonly schedule: Omit<Schedule, "segment"> & {
    readonly segment: { readonly tokens: number; readonly span: Span | undefined };
  };
  /** Values of options and dims by address. */
  readonly settings: Settings;
}

/** Whether what has a span in a schedule is from the command line, which is read as a file of this name. */
export const fromCommandLine = (span: Span | undefined): boolean => span?.file === settingFile;

export const adamw: OptimizerInfo = {
  name: "adamw",
  rate: 1e-3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  warmup: 0,
  decay: "none",
};

const defaults: CheckedSchedule["schedule"] = {
  segment: { tokens: 64, span: undefined },
  batch: 16,
  batching: "streams",
  rollout: 1,
  stride: 1,
  throughTime: { kind: "detach" },
  segmentWeights: { kind: "uniform" },
  optimizer: adamw,
  groups: [],
  freeze: [],
  updateEvery: 1,
  data: [],
  steps: 1000,
  draws: "fresh",
};

/**
 * Reads a program's entries; `base` gives what it does not say (evaluate and generate follow train). `overrides` are the settings
 * of the command line, of which those like `train.batch` are entries; `at` is where their problems are reported.
 */
export function checkSchedule(
  kind: Program["kind"],
  definition: ProgramDefinition | undefined,
  base: CheckedSchedule["schedule"] | undefined,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): CheckedSchedule {
  const schedule: Mutable<CheckedSchedule["schedule"]> = { ...(base ?? defaults) };
  const settings = new Map<string, Setting>();
  const seen = new Map<string, Span>();
  const groups: ScheduleEntry[] = [];
  const sources = new Map<string, Span>();
  let stride: number | undefined;
  for (const entry of definition?.entries ?? []) {
    report.attempt(() => {
      const word = entry.word.text;
      refuseSecond(entry.word, seen);
      seen.set(word, entry.word.span);
      warnOfProgram(kind, word, entry.span, report);
      if (word === "set") readSetting(entry, settings);
      // The first entry of the program stands for all that its base says.
      else if (word === "data")
        schedule.data = [
          ...(sources.size === 0 ? [] : schedule.data),
          ...dataEntries(entry, sources),
        ];
      else if (word === "stride") {
        stride = count(entry, 1);
        unit(entry, ["segments", "segment"]);
      } else readEntry(entry, schedule, groups);
      refuseFixedDraws(kind, word, schedule, entry.span);
    });
  }
  schedule.stride =
    stride ??
    (base === undefined || schedule.rollout !== base.rollout ? schedule.rollout : base.stride);
  const changed = [...overrides.keys()].some((address) => address.startsWith(`${kind}.`));
  if (changed) applyOverrides(kind, schedule, overrides, at, report, groups);
  for (const entry of groups) {
    report.attempt(() => {
      schedule.groups = [...schedule.groups, group(entry, schedule.optimizer)];
    });
  }
  // The other programs only hand on what is said of training.
  if (kind === "train") {
    report.attempt(() => checkTogether(definition?.program.span ?? at, schedule));
    warnOfHorizon(definition?.program.span ?? at, schedule, report);
    warnOfStride(seen.get("stride"), schedule, report);
  }
  return { schedule, settings };
}

const repeatable: ReadonlySet<string> = new Set(["group", "set", "freeze", "data"]);

/** Entries that say the same: how the segments of a rollout are weighed. */
const weighing: readonly string[] = ["segment_weights", "average"];

function refuseSecond(
  { text, span }: ScheduleEntry["word"],
  seen: ReadonlyMap<string, Span>,
): void {
  const same = weighing.includes(text) ? weighing : [text];
  const earlier = same.find((word) => seen.has(word));
  if (earlier === undefined || repeatable.has(text)) return;
  const first = seen.get(earlier) ?? span;
  if (earlier === text) throw standsTwice({ text, span }, first);
  const message = `${text} says how segments are weighed, and so does ${earlier}.`;
  const notes = [{ message: "The first is here.", span: first }];
  throw problem("MEM0300", span, message, { notes });
}

/** Gradient never crosses the edge between rollouts, however long the horizon. */
function warnOfHorizon(
  span: Span,
  { rollout, throughTime }: CheckedSchedule["schedule"],
  report: Report,
): void {
  if (throughTime.kind === "detach" || throughTime.horizon <= rollout) return;
  const message = `A horizon of ${throughTime.horizon} segments is longer than the rollout of ${rollout}, beyond which no gradient goes.`;
  report.add(
    warning("MEM0318", span, message, { help: `rollout ${throughTime.horizon} segments` }),
  );
}

/** A rollout of examples is one document, and the next is another. */
function warnOfStride(
  span: Span | undefined,
  { batching }: CheckedSchedule["schedule"],
  report: Report,
): void {
  if (span === undefined || batching !== "examples") return;
  report.add(
    warning(
      "MEM0327",
      span,
      "stride says nothing of examples, of which each rollout has new ones.",
    ),
  );
}

function checkTogether(span: Span, schedule: CheckedSchedule["schedule"]): void {
  const { rollout, stride, cutAfter, segmentWeights: weights } = schedule;
  if (stride > rollout)
    throw problem("MEM0314", span, `stride ${stride} skips segments of a rollout of ${rollout}.`, {
      help: `stride is at most ${rollout}.`,
    });
  const late = cutAfter?.find((position) => position >= rollout - 1);
  if (late !== undefined)
    throw problem(
      "MEM0315",
      span,
      `There is no edge after segment ${late} in a rollout of ${rollout} (segments count from 0).`,
    );
  if (weights.kind === "list" && weights.weights.length !== rollout) {
    throw problem(
      "MEM0308",
      span,
      `${weights.weights.length} segment weights for a rollout of ${rollout} segments.`,
    );
  }
}
