/** Checks a spec: names, axes, kinds, options, states; gives a graph for each program (decision 1: pure, no files). */
import type { Diagnostic, SourceFile } from "../../parser/diagnostic.ts";
import { suggest } from "../../parser/suggest.ts";
import type { ModelDefinition, ProgramDefinition } from "../../parser/tree.ts";
import type { CheckedModel, Program } from "../program.ts";
import { compareParameters } from "./agree.ts";
import { type ReadFiles, readFiles, resolveFiles } from "./files.ts";
import type { Instance } from "./instances/instance.ts";
import { warnOfUnwritten } from "./instances/segment-end.ts";
import type { Program as Resolved } from "./names/definitions.ts";
import { mentionedFiles } from "./names/library.ts";
import { warnOfUnused } from "./names/unused.ts";
import { isProbed } from "./probe.ts";
import { Exhausted, problem, Report, warning } from "./problem.ts";
import { checkProgram, type MadeProgram } from "./program.ts";
import { addFound, type Found } from "./schedules/differences.ts";
import { settableWords } from "./schedules/entry.ts";
import { checkReferences } from "./schedules/references.ts";
import { type CheckedSchedule, checkSchedule } from "./schedules/schedule.ts";
import { readCommandLine, type Settings } from "./schedules/setting.ts";
import { warnOfUntrained } from "./schedules/untrained.ts";
import { unreadLines } from "./unread.ts";

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
  const files = readFiles(sources);
  const errors = files.diagnostics.filter(({ severity }) => severity === "error");
  const unread = [...errors.map(({ span }) => span), ...files.skipped];
  const report = new Report(unreadLines(sources, unread));
  for (const diagnostic of files.diagnostics) report.add(diagnostic);
  try {
    return checkFiles(files, { sources, main, options }, report);
  } catch (error) {
    if (error instanceof Exhausted) return { diagnostics: report.list() };
    throw error;
  }
}

/** What a check was asked for. */
interface Asked {
  readonly sources: readonly SourceFile[];
  readonly main: string;
  readonly options: CheckOptions;
}

function checkFiles(files: ReadFiles, { sources, main, options }: Asked, report: Report): Checked {
  const resolved = resolveFiles(files, main, report);
  const { model } = resolved;
  if (model === undefined) {
    if (!report.failed) reportMissingModel(main, report);
    return { diagnostics: report.list() };
  }
  const texts = new Map(Object.entries(options.settings ?? {}));
  const settings = readCommandLine(texts, model.name.span, report);
  const schedules = checkSchedules(resolved, model, texts, report);
  const probes = new Set((options.probes ?? []).map(lastSegment));
  const programs = checkPrograms(schedules, { resolved, model, report, sources, settings, probes });
  reportUnusedSettings(programs, schedules, settings, model, report);
  if (!report.failed) reportUnmatchedProbes(programs, probes, model, report);
  const { train, evaluate, generate } = programs.made;
  if (train !== undefined) {
    const at = model.name.span;
    checkReferences(train.program, schedules.definitions.train, texts, at, report);
  }
  if (!report.failed && evaluate !== undefined) {
    for (const other of [train, generate])
      compareParameters(evaluate.program, other?.program, model, report);
  }
  // What is without effect may follow from what is wrong.
  if (report.sound) {
    warnOfUnused([...files.trees.values()], report);
    warnOfUnwritten(programs.memories, files.trees.values(), report);
    const trained = schedules.definitions.train?.program;
    if (train !== undefined && trained !== undefined)
      warnOfUntrained(train.program, train.declarations, trained, report);
  }
  return report.failed || evaluate === undefined
    ? { diagnostics: report.list() }
    : {
        diagnostics: report.list(),
        model: assembleModel(main, model, { evaluate, train, generate }),
      };
}

function reportMissingModel(main: string, report: Report): void {
  const span = { file: main, start: 0, end: 0 };
  report.add(
    problem("MEM0320", span, "This file has no model.", { help: "model Name { … }" }).diagnostic,
  );
}

/** One of something for each program of a model. */
type ByKind<Each> = Readonly<Record<Program["kind"], Each>>;

interface Schedules {
  /** As they stand in the file; `evaluate` is built without one too. */
  readonly definitions: ByKind<ProgramDefinition | undefined>;
  readonly checked: ByKind<CheckedSchedule>;
}

/** Reads the schedules: `evaluate` begins with what `train` says, `generate` with what `evaluate` says. */
function checkSchedules(
  { programs }: Resolved,
  model: ModelDefinition,
  texts: ReadonlyMap<string, string>,
  report: Report,
): Schedules {
  const find = (kind: Program["kind"]): ProgramDefinition | undefined => {
    const [first, second] = programs.filter((each) => each.program.text === kind);
    if (second !== undefined)
      report.add(problem("MEM0300", second.program.span, `${kind} stands twice.`).diagnostic);
    return first;
  };
  const definitions = {
    train: find("train"),
    evaluate: find("evaluate"),
    generate: find("generate"),
  };
  const read = (kind: Program["kind"], base: CheckedSchedule | undefined) =>
    checkSchedule(kind, definitions[kind], base?.schedule, texts, model.name.span, report);
  const train = read("train", undefined);
  const evaluate = read("evaluate", train);
  const generate = read("generate", evaluate);
  return { definitions, checked: { train, evaluate, generate } };
}

interface Programs {
  readonly made: ByKind<MadeProgram | undefined>;
  /** Addresses of the settings that some program has. */
  readonly used: ReadonlySet<string>;
  readonly memories: readonly Instance[];
}

/** Makes the programs that the file has a schedule for, and `evaluate` in any case. */
function checkPrograms(
  { definitions, checked }: Schedules,
  given: Omit<Parameters<typeof checkProgram>[0], "kind" | "schedule" | "used" | "memories">,
): Programs {
  const used = new Set<string>();
  const memories = new Map<string, Instance>();
  const found: Found[] = [];
  const make = (kind: Program["kind"]) => {
    const [schedule, report] = [checked[kind], new Report(given.report.unread)];
    found.push({ kind, schedule, report });
    return checkProgram({ ...given, kind, schedule, report, used, memories });
  };
  try {
    const evaluate = make("evaluate");
    const train = definitions.train && make("train");
    const generate = definitions.generate && make("generate");
    return { made: { train, evaluate, generate }, used, memories: [...memories.values()] };
  } finally {
    addFound(found, given.report);
  }
}

/** Settings that no program has anything for. */
function reportUnusedSettings(
  { made, used }: Programs,
  { checked }: Schedules,
  settings: Settings,
  model: ModelDefinition,
  report: Report,
): void {
  // Addresses are only known where the whole model could be made.
  if (made.evaluate === undefined || report.unread.words.size > 0) return;
  const { train, evaluate, generate } = checked;
  const all = [settings, train.settings, evaluate.settings, generate.settings];
  const addresses = [...made.evaluate.addresses, ...(made.train?.addresses ?? [])];
  for (const kind of ["train", "evaluate", "generate"] as const)
    addresses.push(...settableWords(kind).map((word) => `${kind}.${word}`));
  for (const [name, { span }] of new Map(all.flatMap((each) => [...each]))) {
    if (used.has(name)) continue;
    const near = nearAddress(name, addresses);
    const help = near === undefined ? undefined : `Did you mean ${near}?`;
    const message = `There is nothing to set at ${name}.`;
    report.add(problem("MEM0321", span ?? model.name.span, message, { help }).diagnostic);
  }
}

/** The address that was meant: cut short, as in eval.segment, misspelt, or without the steps before its last one. */
function nearAddress(name: string, addresses: readonly string[]): string | undefined {
  const last = (address: string): string => address.split(".").at(-1) ?? address;
  const wanted = last(name);
  const before = name.slice(0, -wanted.length - 1);
  const longer = addresses.find((each) => last(each) === wanted && each.startsWith(before));
  if (before !== "" && longer !== undefined) return longer;
  const lasts = addresses.map(last);
  const near = suggest(name, addresses);
  if (near !== undefined && last(near) === wanted) return near;
  const found = lasts.includes(wanted) ? wanted : (near ?? suggest(wanted, lasts));
  const shown = addresses.filter((address) => address === found || last(address) === found);
  return shown.length === 0 ? undefined : [...new Set(shown)].slice(0, 3).join(" or ");
}

/** A probe shows a tensor. That there is none of a name is not an error: it may exist under other options. */
function reportUnmatchedProbes(
  { made }: Programs,
  probes: ReadonlySet<string>,
  model: ModelDefinition,
  report: Report,
): void {
  const programs = [made.evaluate, made.train, made.generate].flatMap((each) => each ?? []);
  const { span } = model.name;
  for (const name of probes) {
    if (programs.some(({ program }) => isProbed(program, name))) continue;
    const other = programs.find(({ withoutProbe }) => withoutProbe.has(name))?.withoutProbe;
    if (other !== undefined) {
      const message = `${name} is ${other.get(name)}: there is no tensor of that name to probe.`;
      report.add(problem("MEM0201", span, message).diagnostic);
      continue;
    }
    const message = `Nothing in ${model.name.text} is called ${name}, so there is nothing to probe.`;
    report.add(warning("MEM0110", span, message));
  }
}

function assembleModel(
  main: string,
  model: ModelDefinition,
  {
    evaluate,
    train,
    generate,
  }: ByKind<MadeProgram | undefined> & { readonly evaluate: MadeProgram },
): CheckedModel {
  return {
    name: model.name.text,
    ...(model.doc === undefined ? {} : { doc: model.doc }),
    file: main.split("/").at(-1) ?? main,
    dims: evaluate.program.dims,
    programs: {
      evaluate: evaluate.program,
      ...(train === undefined ? {} : { train: train.program }),
      ...(generate === undefined ? {} : { generate: generate.program }),
    },
  };
}

/** The name that a probe's address ends in. */
function lastSegment(address: string): string {
  const name =
    address
      .replace(/\[[^\]]*\]/g, "")
      .split(".")
      .at(-1) ?? address;
  return address.includes(".next.") ? `next ${name}` : name;
}
