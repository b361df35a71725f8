/** What a schedule names in the model: inputs of `data`, parameters of `group` and `freeze`. */

import { suggest } from "../../../parser/suggest.ts";
import type { ProgramDefinition } from "../../../parser/tree.ts";
import type { Program } from "../../program.ts";
import { problem, type Report, warning } from "../problem.ts";
import { pathOf } from "./values.ts";

/** Reports names of inputs that the model has not, and paths that match none of its parameters. */
export function checkReferences(
  program: Program,
  definition: ProgramDefinition | undefined,
  report: Report,
): void {
  const inputs = program.inputs.map(({ name }) => name);
  const addresses = program.parameters.map(({ path }) => path.join("."));
  for (const entry of definition?.entries ?? []) {
    if (entry.word.text === "data") {
      for (const { name, source } of program.schedule.data) {
        const unknown = [name, source].find((each) => !inputs.includes(each));
        // An input may be missing because what it needs could not be read.
        if (unknown === undefined || report.unread.words.size > 0) continue;
        const near = suggest(unknown, inputs);
        report.add(
          problem("MEM0317", entry.span, `The model has no input ${unknown}.`, {
            help: near === undefined ? undefined : `Did you mean ${near}?`,
          }).diagnostic,
        );
      }
    }
    // A parameter may be missing because of what is wrong.
    if (!report.sound) continue;
    if (entry.word.text !== "group" && entry.word.text !== "freeze") continue;
    for (const value of entry.values) {
      const pattern = pathOf(value);
      if (pattern === undefined || addresses.some((address) => matches(pattern, address))) continue;
      report.add(
        warning("MEM0316", value.span, `No parameter is called ${pattern}.`, {
          help: "`*` is one step of a path, `**` any number: **.bias, layer[*].attention.Wq.",
        }),
      );
    }
  }
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
