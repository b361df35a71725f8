/** What is wrong in some of a model's programs but not in others is said with what sets them apart. */
import type { Diagnostic, Note } from "../../../parser/diagnostic.ts";
import type { Program } from "../../program.ts";
import type { CheckCode } from "../codes.ts";
import type { Report } from "../problem.ts";
import { type CheckedSchedule, fromCommandLine } from "./schedule.ts";
import type { Setting } from "./setting.ts";

/** A program and what was found in it. */
export interface Found {
  readonly kind: Program["kind"];
  readonly schedule: CheckedSchedule;
  readonly report: Report;
}

/** Adds what was found in the programs to the report of them all. */
export function addFound(programs: readonly Found[], report: Report): void {
  const all = programs.map((program) => ({
    program,
    sentences: new Set(program.report.list().map(sentence)),
  }));
  for (const { program } of all) {
    for (const diagnostic of program.report.list()) {
      const others = all.flatMap((each) =>
        each.sentences.has(sentence(diagnostic)) ? [] : [each.program],
      );
      const isOfModel = diagnostic.severity === "error" && diagnostic.code !== ofTraining;
      const apart = isOfModel ? others.flatMap((other) => difference(program, other)) : [];
      report.add({ ...diagnostic, notes: [...diagnostic.notes, ...apart.slice(0, 1)] });
    }
  }
}

/** A model without a loss is none that trains, whatever is set. */
const ofTraining: CheckCode = "MEM0322";

/** What a setting says, wherever it stands. */
const written = (setting: Setting | undefined): string | undefined =>
  JSON.stringify(setting?.value, (key, part: unknown) => (key === "span" ? undefined : part));

const sentence = ({ code, message, span }: Diagnostic): string =>
  `${code} ${span.file} ${span.start} ${span.end} ${message}`;

/** How the computation of a program differs from that of another, if it does. */
function difference({ kind, schedule }: Found, { schedule: other }: Found): readonly Note[] {
  const { segment } = schedule.schedule;
  const all = new Set([...schedule.settings.keys(), ...other.settings.keys()]);
  const names = [...all].filter(
    (name) => written(schedule.settings.get(name)) !== written(other.settings.get(name)),
  );
  if (segment.tokens !== other.schedule.segment.tokens) {
    const set = fromCommandLine(segment.span);
    const message = `In ${kind}, where segment is ${segment.tokens}${set ? " (from the command line)" : ""}.`;
    return [{ message, ...(segment.span === undefined || set ? {} : { span: segment.span }) }];
  }
  return names.slice(0, 1).map((name) => {
    const span = schedule.settings.get(name)?.span;
    return span === undefined
      ? { message: `In ${kind}, where ${name} is not set.` }
      : { message: `In ${kind}, where ${name} is set.`, span };
  });
}
