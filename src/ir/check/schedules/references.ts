/** What a schedule names in the model: inputs of `data`, parameters of `group` and `freeze`. */

import { suggest } from "../../../parser/suggest.ts";
import type { ProgramDefinition, Span } from "../../../parser/tree.ts";
import type { Program } from "../../program.ts";
import { setAt } from "../command-line-notes.ts";
import { problem, type Report, warning } from "../problem.ts";
import { isName, someNode } from "../syntax.ts";
import { pathOf } from "./values.ts";

/** `overrides` are the settings of the command line; what is wrong with those of the schedule is said at `at`. */
export function checkReferences(
  program: Program,
  definition: ProgramDefinition | undefined,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): void {
  checkData(program, definition, overrides, at, report);
  // A parameter may be missing because of what is wrong.
  if (report.sound) checkPaths(program, definition, at, report);
}

function checkData(
  { kind, inputs, schedule }: Program,
  definition: ProgramDefinition | undefined,
  overrides: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): void {
  // An input may be missing because what it needs could not be read.
  if (report.unread.words.size > 0) return;
  const names = inputs.map(({ name }) => name);
  const address = `${kind}.data`;
  const isSet = overrides.has(address);
  for (const { name, source } of schedule.data) {
    const unknown = [name, source].find((each) => !names.includes(each));
    if (unknown === undefined) continue;
    const near = suggest(unknown, names);
    const written = definition?.entries.find(
      (entry) =>
        entry.word.text === "data" &&
        someNode(entry, (node) => isName(node) && node.text === unknown),
    );
    report.add(
      problem("MEM0317", isSet ? at : (written?.span ?? at), `The model has no input ${unknown}.`, {
        notes: isSet ? [setAt(address)] : [],
        help: near === undefined ? undefined : `Did you mean ${near}?`,
      }).diagnostic,
    );
  }
}

function checkPaths(
  { kind, parameters, schedule }: Program,
  definition: ProgramDefinition | undefined,
  at: Span,
  report: Report,
): void {
  const addresses = parameters.map(({ path }) => path.join("."));
  const isUnmatched = (pattern: string) => !addresses.some((each) => matches(pattern, each));
  const help = "`*` is one step of a path, `**` any number: **.bias, layer[*].attention.Wq.";
  const none = (patterns: readonly string[]) => `No parameter is called ${patterns.join(" or ")}.`;
  const written = new Set<string>();
  for (const { word, values } of definition?.entries ?? []) {
    if (word.text !== "group" && word.text !== "freeze") continue;
    for (const value of values) {
      const pattern = pathOf(value);
      if (pattern === undefined) continue;
      written.add(pattern);
      if (isUnmatched(pattern))
        report.add(warning("MEM0316", value.span, none([pattern]), { help }));
    }
  }
  const patterns = {
    freeze: schedule.freeze,
    group: schedule.groups.flatMap(({ paths }) => paths),
  };
  const set = Object.entries(patterns).flatMap(([word, each]) => {
    const unmatched = each.filter((pattern) => !written.has(pattern) && isUnmatched(pattern));
    return unmatched.length === 0 ? [] : [{ address: `${kind}.${word}`, unmatched }];
  });
  if (set.length === 0) return;
  const message = none(set.flatMap(({ unmatched }) => unmatched));
  const notes = set.map(({ address }) => setAt(address));
  report.add(warning("MEM0316", at, message, { notes, help }));
}

/** Whether a pattern names a parameter, or something that holds it; a number stands for one copy. */
export function matches(pattern: string, address: string): boolean {
  const steps = pattern.split(/[.[]/).map((step) => step.replace(/\]$/, ""));
  const text = steps.map((step) => {
    if (step === "**") return "(?:[^.]+\\.)*";
    if (step === "*") return "[^.]+\\.";
    const exact = step.replace(/[^\w]/g, "\\$&");
    return /^\d+$/.test(step) ? `(?:${exact}|\\*)\\.` : `${exact}\\.`;
  });
  return new RegExp(`^${text.join("")}`).test(`${address}.`);
}
