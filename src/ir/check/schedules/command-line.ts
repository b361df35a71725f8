/** Entries from the command line: `--set train.batch=8`. */

import { parse } from "../../../parser/index.ts";
import { suggest } from "../../../parser/suggest.ts";
import type { ScheduleEntry, Span } from "../../../parser/tree.ts";
import type { Program } from "../../program.ts";
import { Problem, problem, type Report } from "../problem.ts";
import { readEntry, refuseFixedDraws, settableWords, warnOfProgram } from "./entry.ts";
import { group, optimizer, optimizerOptions } from "./optimizer.ts";
import type { CheckedSchedule } from "./schedule.ts";
import { count, type Mutable } from "./values.ts";

/** The file that the spans of such entries name. */
export const settingFile = "--set";

/** Entries from the command line: `train.batch=8`, `train.through_time=mrbp(horizon = 4)`, `train.optimizer.rate=1e-3`. */
export function applyOverrides(
  kind: Program["kind"],
  schedule: Mutable<CheckedSchedule["schedule"]>,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
  groups: ScheduleEntry[],
): void {
  const rollout = schedule.rollout;
  const before = schedule.stride;
  // Another program is warned of what is about training alone.
  const settable = settableWords("train");
  const isGroup = ([address]: readonly [string, string]) => Number(address === `${kind}.group`);
  // A group's numbers may be made of the optimiser's.
  for (const [address, text] of [...overrides].sort((a, b) => isGroup(a) - isGroup(b))) {
    const [program, word = "", option, ...more] = address.split(".");
    if (program !== kind) continue;
    const written = option === undefined ? `${word} ${text}` : `${word} adamw(${option} = ${text})`;
    report.attempt(() => {
      warnOfProgram(kind, word, at, report);
      if (!settable.includes(word) && !optimizerOptions.includes(word)) {
        const near = suggest(word, settable);
        const message = `${address} cannot be set to ${text}: There is no schedule entry ${word}.`;
        throw problem("MEM0173", at, message, {
          help: near === undefined ? `There are ${settable.join(", ")}.` : `Did you mean ${near}?`,
        });
      }
      // Only the optimiser has options with addresses of their own.
      const known = more.length === 0 && (option === undefined || word === "optimizer");
      if (known && option === undefined && optimizerOptions.includes(word)) {
        throw problem("MEM0173", at, `${word} is an option of the optimiser.`, {
          help: `Did you mean ${kind}.optimizer.${word}?`,
        });
      }
      const entry = known ? entryOf(kind, word, written) : undefined;
      if (entry === undefined) throw problem("MEM0173", at, `${address} cannot be set to ${text}.`);
      try {
        if (word === "group") group(entry, schedule.optimizer);
        if (word === "stride") schedule.stride = count(entry, 1);
        else if (option !== undefined) schedule.optimizer = optimizer(entry, schedule.optimizer);
        else readEntry(entry, schedule, groups);
        refuseFixedDraws(kind, word, schedule, at);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        const { code: _, message, help } = error.diagnostic;
        throw problem("MEM0173", at, `${address} cannot be set to ${text}: ${message}`, { help });
      }
    });
  }
  const follows = before === rollout && !overrides.has(`${kind}.stride`);
  if (follows) schedule.stride = schedule.rollout;
}

/** The one entry that a text is; undefined if it is anything else. */
function entryOf(kind: Program["kind"], word: string, written: string): ScheduleEntry | undefined {
  const { tree, diagnostics } = parse({ path: settingFile, text: `${kind} { ${written} }` });
  const [item, ...more] = tree?.items ?? [];
  if (diagnostics.length > 0 || more.length > 0 || item?.kind !== "program") return undefined;
  const [entry, ...others] = item.entries;
  return others.length === 0 && entry?.word.text === word && word !== "set" ? entry : undefined;
}
