/** One entry of a schedule, by its first word. */

import { suggest } from "../../../parser/suggest.ts";
import type { ScheduleEntry, Span } from "../../../parser/tree.ts";
import type { Program } from "../../program.ts";
import { problem, type Report, warning } from "../problem.ts";
import { dataEntries } from "./data.ts";
import { optimizer, optimizerOptions, paths } from "./optimizer.ts";
import { adamw, type CheckedSchedule } from "./schedule.ts";
import { segmentWeights, throughTime } from "./through-time.ts";
import { count, type Mutable, numbersAfter, onlyWord, unit } from "./values.ts";

/** The first words of entries. */
export const scheduleWords = [
  "segment",
  "batch",
  "rollout",
  "stride",
  "through_time",
  "cut",
  "segment_weights",
  "average",
  "optimizer",
  "group",
  "freeze",
  "update",
  "data",
  "steps",
  "draws",
  "batching",
  "set",
] as const;

/** What the programs that read, a segment at a time, may say too; all else is about training alone. */
const readingWords: ReadonlySet<string> = new Set([
  "segment",
  "batch",
  "data",
  "draws",
  "batching",
  "set",
]);

/** The entries of a program that an address names: `set` is itself one of settings. */
export const settableWords = (kind: Program["kind"]): readonly string[] =>
  scheduleWords.filter((each) => each !== "set" && (kind === "train" || readingWords.has(each)));

/** Warns of an entry about training in another program. */
export function warnOfProgram(
  kind: Program["kind"],
  word: string,
  span: Span,
  report: Report,
): void {
  const known: readonly string[] = scheduleWords;
  if (kind === "train" || readingWords.has(word) || !known.includes(word)) return;
  report.add(
    warning("MEM0327", span, `${word} says nothing in ${kind}, as it is about training.`, {
      help: "Write it in train.",
    }),
  );
}

/** Training draws new numbers for each segment, by its seed. */
export function refuseFixedDraws(
  kind: Program["kind"],
  word: string,
  { draws }: CheckedSchedule["schedule"],
  span: Span,
): void {
  if (kind !== "train" || word !== "draws" || draws === "fresh") return;
  throw problem("MEM0328", span, "Training draws new random numbers for each segment.", {
    help: "Write it in evaluate or generate: evaluate { draws fixed }.",
  });
}

/** `groups` takes those of the optimiser, whose numbers are worked out when its own are known. */
export function readEntry(
  entry: ScheduleEntry,
  schedule: Mutable<CheckedSchedule["schedule"]>,
  groups: ScheduleEntry[],
): void {
  const word = entry.word.text;
  switch (word) {
    case "segment":
      schedule.segment = { tokens: count(entry, 1), span: entry.span };
      unit(entry, ["tokens", "token"]);
      return;
    case "batch":
      schedule.batch = count(entry, 1);
      if (unit(entry, ["streams", "examples", "stream", "example"])?.startsWith("example"))
        schedule.batching = "examples";
      return;
    case "batching": {
      const kind = onlyWord(entry, ["streams", "examples"]);
      schedule.batching = kind === "examples" ? "examples" : "streams";
      return;
    }
    case "rollout":
      schedule.rollout = count(entry, 1);
      unit(entry, ["segments", "segment"]);
      return;
    case "through_time":
      schedule.throughTime = throughTime(entry);
      return;
    case "cut":
      schedule.cutAfter = numbersAfter(entry, "after", ["segments", "segment"]);
      return;
    case "segment_weights":
      schedule.segmentWeights = segmentWeights(entry);
      return;
    case "average":
      onlyWord(entry, ["tokens"]);
      schedule.segmentWeights = { kind: "tokens" };
      return;
    case "optimizer":
      schedule.optimizer = optimizer(entry, adamw);
      return;
    case "group":
      groups.push(entry);
      return;
    case "freeze":
      schedule.freeze = [...schedule.freeze, ...paths(entry)];
      return;
    case "update":
      schedule.updateEvery = numbersAfter(entry, "every", ["rollouts", "rollout"])[0] ?? 1;
      return;
    case "data":
      schedule.data = dataEntries(entry);
      return;
    case "steps":
      schedule.steps = count(entry, 1);
      unit(entry, []);
      return;
    case "draws": {
      const kind = onlyWord(entry, ["fresh", "fixed"]);
      schedule.draws = kind === "fixed" ? "fixed" : "fresh";
      return;
    }
    default: {
      if (optimizerOptions.includes(word)) {
        throw problem("MEM0301", entry.word.span, `${word} is an option of the optimiser.`, {
          help: `optimizer adamw(${word} = …)`,
        });
      }
      const near = suggest(word, scheduleWords);
      throw problem("MEM0301", entry.word.span, `There is no schedule entry ${word}.`, {
        help:
          near === undefined ? `There are ${scheduleWords.join(", ")}.` : `Did you mean ${near}?`,
      });
    }
  }
}
