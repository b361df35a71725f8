/** Checks a spec: names, axes, kinds, options, states; gives a graph for each program (decision 1: pure, no files). */
import type { Diagnostic, SourceFile } from "../../parser/diagnostic.ts";
import { parse } from "../../parser/index.ts";
import { suggest } from "../../parser/suggest.ts";
import type { FileTree, ProgramDefinition } from "../../parser/tree.ts";
import type { CheckedModel, Program } from "../program.ts";
import { compareParameters } from "./agree.ts";
import { resolveDefinitions } from "./names/definitions.ts";
import { mentionedFiles } from "./names/library.ts";
import { axisNames, resolveNames } from "./names/resolve.ts";
import { isProbed } from "./probe.ts";
import { Exhausted, problem, Report, warning } from "./problem.ts";
import { checkProgram } from "./program.ts";
import { type CheckedSchedule, checkSchedule } from "./schedules/schedule.ts";
import { pathOf } from "./schedules/values.ts";

export interface CheckOptions {
  /** Values by address that replace the spec's: `mem.count` → `16`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Names of values to make visible: the last segment of their addresses; `next M` for a written state. */
  readonly probes?: readonly string[];
}

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** Only without errors. */
  readonly model?: CheckedModel;
}

/** Checks the main file. Library files are those whose path begins with `std/`. */
export function check(
  sources: readonly SourceFile[],
  main: string,
  options: CheckOptions = {},
): Checked {
  const mentioned = mentionedFiles(sources);
  const checked = attempt(mentioned, main, options);
  // What is wrong is said with the whole library in sight: the name that was meant may be in any file of it.
  const complete = checked.diagnostics.length === 0 || mentioned.length === sources.length;
  return complete ? checked : attempt(sources, main, options);
}

function attempt(sources: readonly SourceFile[], main: string, options: CheckOptions): Checked {
  const report = new Report();
  try {
    return checkFiles(sources, main, options, report);
  } catch (error) {
    if (error instanceof Exhausted) return { diagnostics: report.list() };
    throw error;
  }
}

const parsedFiles = new WeakMap<SourceFile, ReturnType<typeof parse>>();

/** The tree of a file: the same one for the same file object, since the library is checked with every spec. */
function parsedOnce(source: SourceFile): ReturnType<typeof parse> {
  const known = parsedFiles.get(source) ?? parse(source);
  parsedFiles.set(source, known);
  return known;
}

function checkFiles(
  sources: readonly SourceFile[],
  main: string,
  options: CheckOptions,
  report: Report,
): Checked {
  const trees = new Map<string, FileTree>();
  const library: FileTree[] = [];
  let syntaxFailed = false;
  for (const source of sources) {
    const parsed = parsedOnce(source);
    for (const diagnostic of parsed.diagnostics) {
      report.add(diagnostic);
      syntaxFailed ||= diagnostic.severity === "error";
    }
    if (parsed.tree === undefined) continue;
    if (source.path.startsWith("std/")) library.push(parsed.tree);
    else trees.set(source.path, parsed.tree);
  }
  const resolved = resolveDefinitions({ library, trees, resolve: relative }, main, report);
  const { model } = resolved;
  const axes = new Set<string>();
  const imported = new Set<string>();
  for (const tree of [...library, ...trees.values()]) axisNames(tree, axes);
  for (const tree of trees.values()) {
    for (const item of tree.items)
      if (item.kind === "import") for (const name of item.names) imported.add(name.text);
  }
  for (const [path, tree] of trees) {
    const definitions = resolved.files.get(path);
    if (definitions !== undefined)
      resolveNames(
        tree,
        path === main ? model : undefined,
        definitions,
        { axes, imported },
        report,
      );
  }
  if (model === undefined) {
    if (!syntaxFailed) {
      const span = { file: main, start: 0, end: 0 };
      report.add(
        problem("MEM0320", span, "This file has no model.", { help: "model Name { … }" })
          .diagnostic,
      );
    }
    return { diagnostics: report.list() };
  }
  const settings = new Map(Object.entries(options.settings ?? {}));
  const probes = new Set((options.probes ?? []).map(lastSegment));
  const used = new Set<string>();
  const make = (kind: Program["kind"], schedule: CheckedSchedule) =>
    checkProgram({ kind, resolved, model, schedule, report, sources, settings, probes, used });
  const find = (kind: string): ProgramDefinition | undefined => {
    const all = resolved.programs.filter((each) => each.program.text === kind);
    const second = all[1];
    if (second !== undefined)
      report.add(problem("MEM0300", second.program.span, `${kind} stands twice.`).diagnostic);
    return all[0];
  };
  const trainDefinition = find("train");
  const trainSchedule = checkSchedule(
    "train",
    trainDefinition,
    undefined,
    settings,
    model.name.span,
    report,
  );
  const evaluateSchedule = checkSchedule(
    "evaluate",
    find("evaluate"),
    trainSchedule.schedule,
    settings,
    model.name.span,
    report,
  );
  const generateDefinition = find("generate");
  const generateSchedule = checkSchedule(
    "generate",
    generateDefinition,
    evaluateSchedule.schedule,
    settings,
    model.name.span,
    report,
  );
  const evaluated = make("evaluate", evaluateSchedule);
  const trained = trainDefinition === undefined ? undefined : make("train", trainSchedule);
  const generated =
    generateDefinition === undefined ? undefined : make("generate", generateSchedule);
  const spans = new Map([
    ...trainSchedule.settingSpans,
    ...evaluateSchedule.settingSpans,
    ...generateSchedule.settingSpans,
  ]);
  for (const name of new Set([...settings.keys(), ...spans.keys()])) {
    if (used.has(name) || /^(train|evaluate|generate)\./.test(name)) continue;
    // Addresses are only known where the model could be made.
    if (evaluated === undefined) continue;
    const near = suggest(name, [...evaluated.addresses, ...(trained?.addresses ?? [])]);
    const help = near === undefined ? undefined : `Did you mean ${near}?`;
    report.add(
      problem(
        "MEM0321",
        spans.get(name) ?? model.name.span,
        `There is nothing to set at ${name}.`,
        { help },
      ).diagnostic,
    );
  }
  const made = [evaluated, trained, generated].flatMap((each) => each?.program ?? []);
  for (const name of report.failed ? [] : probes) {
    if (made.some((program) => isProbed(program, name))) continue;
    const message = `Nothing in ${model.name.text} is called ${name}, so there is nothing to probe.`;
    // Not an error: what a probe names may exist under other options only.
    report.add(warning("MEM0110", model.name.span, message));
  }
  if (trained !== undefined) checkReferences(trained.program, trainDefinition, report);
  if (report.failed || syntaxFailed || evaluated === undefined)
    return { diagnostics: report.list() };
  for (const other of [trained, generated])
    compareParameters(evaluated.program, other?.program, model, report);
  if (report.failed) return { diagnostics: report.list() };
  return {
    diagnostics: report.list(),
    model: {
      name: model.name.text,
      ...(model.doc === undefined ? {} : { doc: model.doc }),
      file: main.split("/").at(-1) ?? main,
      dims: evaluated.program.dims,
      programs: {
        evaluate: evaluated.program,
        ...(trained === undefined ? {} : { train: trained.program }),
        ...(generated === undefined ? {} : { generate: generated.program }),
      },
    },
  };
}

/** What a schedule names in the model: inputs of `data`, parameters of `group` and `freeze`. */
function checkReferences(
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
        if (unknown === undefined) continue;
        const near = suggest(unknown, inputs);
        report.add(
          problem("MEM0317", entry.span, `The model has no input ${unknown}.`, {
            help: near === undefined ? undefined : `Did you mean ${near}?`,
          }).diagnostic,
        );
      }
    }
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
function matches(pattern: string, address: string): boolean {
  const steps = pattern.split(/[.[]/).map((step) => step.replace(/\]$/, ""));
  const text = steps.map((step) => {
    if (step === "**") return "(?:[^.]+\\.)*";
    if (step === "*") return "[^.]+\\.";
    const exact = step.replace(/[^\w]/g, "\\$&");
    return /^\d+$/.test(step) ? `(?:${exact}|\\*)\\.` : `${exact}\\.`;
  });
  return new RegExp(`^${text.join("")}`).test(`${address}.`);
}

function lastSegment(address: string): string {
  const name =
    address
      .replace(/\[[^\]]*\]/g, "")
      .split(".")
      .at(-1) ?? address;
  return address.includes(".next.") ? `next ${name}` : name;
}

/** Path of an imported file, relative to the importing one, without `..` steps left. */
function relative(from: string, target: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
