/** Runs golden cases and says how they went. */
import { type Dirent, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Engine, HostTensor } from "memc/runtime";
import type { PassOptions } from "../../ir/passes/index.ts";
import { InputError } from "../exit.ts";
import type { Adapter, Expected } from "./adapter.ts";
import { type GoldenCase, readCase } from "./case.ts";
import { distance, exactDistance } from "./compare.ts";
import { infinityFormer } from "./infinity-former.ts";
import { LayoutError, toFile } from "./layout.ts";
import { memformer } from "./memformer.ts";
import { type Observed, observe } from "./observe.ts";
import { loadSpec } from "./programs.ts";
import { transformerXL } from "./transformer-xl.ts";

const adapters: readonly Adapter[] = [memformer, transformerXL, infinityFormer];

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  readonly compared: number;
  readonly excused: number;
  /** The tensor that is farthest off, as a multiple of what is allowed. */
  readonly worst?: { readonly tensor: string; readonly ratio: number };
  /** Why it failed, one a line. */
  readonly problems: readonly string[];
}

export interface RunnerOptions {
  readonly engine: Engine;
  /** Compiler passes; all of them unless said. */
  readonly passes?: PassOptions | "none";
}

/** Folders below `folder`, itself included, that hold a case and whose name matches. Sorted. */
export function findCases(folder: string, only = "*"): readonly string[] {
  const pattern = globPattern(only);
  const found: string[] = [];
  const walk = (path: string): void => {
    let entries: Dirent[];
    try {
      entries = readdirSync(path, { withFileTypes: true });
    } catch (error) {
      throw new InputError(error instanceof Error ? error.message : String(error));
    }
    if (entries.some((entry) => entry.name === "case.json")) {
      if (pattern.test(basename(path))) found.push(path);
      return;
    }
    for (const entry of entries) if (entry.isDirectory()) walk(join(path, entry.name));
  };
  walk(folder);
  return found.sort();
}

/** `*`, `?` and `{one,two}`, against a whole name. */
export function globPattern(glob: string): RegExp {
  let depth = 0;
  const source = [...glob].map((letter) => {
    if (letter === "*") return ".*";
    if (letter === "?") return ".";
    if (letter === "{") {
      depth++;
      return "(?:";
    }
    if (letter === "}" && depth > 0) {
      depth--;
      return ")";
    }
    if (letter === "," && depth > 0) return "|";
    return letter.replace(/[\\^$.+()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}${")".repeat(depth)}$`);
}

/** Runs the case in `folder`. Whatever is wrong with it is a failed result. */
export async function runCase(folder: string, options: RunnerOptions): Promise<CaseResult> {
  const name = basename(folder);
  try {
    return await compareCase(await readCase(folder), options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const text = error instanceof InputError ? error.message : (error.stack ?? error.message);
    return { name, passed: false, compared: 0, excused: 0, problems: [text] };
  }
}

async function compareCase(golden: GoldenCase, options: RunnerOptions): Promise<CaseResult> {
  const adapter = adapters.find(({ system }) => system === golden.system);
  if (adapter === undefined) throw new InputError(`there is no adapter for ${golden.system}`);
  const open = new Set(golden.outputs.keys());
  const problems: string[] = [];
  let worst: CaseResult["worst"];
  let compared = 0;
  for (const run of adapter.runs(golden)) {
    const programs = await loadSpec(run, options.passes ?? {});
    const observed = await observe(golden, run, programs, options.engine);
    for (const expected of run.expected) {
      if (!golden.outputs.has(expected.file)) continue; // a case need not keep everything
      if (!open.delete(expected.file)) throw new Error(`${expected.file} is compared twice.`);
      compared++;
      const ratio = compareTensor(golden, expected, observed, options.engine, problems);
      if (worst === undefined || ratio > worst.ratio) worst = { tensor: expected.file, ratio };
      if (!(ratio <= 1)) problems.push(`${expected.file}: ${ratio.toPrecision(3)} x tolerance`);
    }
  }
  const excuses = adapter.excused(golden);
  const left = [...open].filter((file) => !excuses.some((excuse) => excuse.file.test(file)));
  for (const file of left) problems.push(`${file} is not compared`);
  return {
    name: golden.name,
    passed: problems.length === 0 && compared > 0,
    compared,
    excused: open.size - left.length,
    ...(worst && { worst }),
    problems,
  };
}

function compareTensor(
  golden: GoldenCase,
  { file, layout, from }: Expected,
  observed: Observed,
  engine: Engine,
  problems: string[],
): number {
  const wanted = golden.outputs.get(file);
  const found: HostTensor[] = [];
  for (const source of from) {
    const tensor = observed(source);
    if (tensor === undefined) problems.push(`${file}: nothing at ${JSON.stringify(source)}`);
    else found.push(tensor);
  }
  if (wanted === undefined || found.length < from.length) return Number.POSITIVE_INFINITY;
  try {
    const laidOut = toFile(found, layout, wanted.shape);
    if (golden.exact.has(file)) return exactDistance(laidOut, wanted.data);
    const { outputs, grads } = golden.tolerance[engine.realBytes === 8 ? "float64" : "float32"];
    return distance(laidOut, wanted.data, file.startsWith("grad") ? grads : outputs);
  } catch (error) {
    if (!(error instanceof LayoutError)) throw error;
    problems.push(`${file}: ${error.message}`);
    return Number.POSITIVE_INFINITY;
  }
}
