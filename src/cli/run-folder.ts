/** Where trainings keep their checkpoints and metrics, and which of them belong to a spec. */
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError } from "./exit.ts";
import type { Runtime } from "./runtime.ts";

export interface RunFolder {
  readonly path: string;
  /** As the user may write it after `--out`. */
  readonly shown: string;
}

/**
 * The folder of a new training: the one named by `out`, else the first of `runs/memformer`, `runs/memformer-2`, … that is free. A
 * folder with another training is never written into.
 */
export async function newRunFolder(
  spec: string,
  out: string | undefined,
  folder: string,
): Promise<RunFolder> {
  if (out === undefined) return (await numberedRuns(spec, folder)).free;
  const named = { path: resolve(folder, out), shown: out };
  if ((await findTraining(named.path)) === "none") return named;
  throw new InputError(
    `${out} holds a training already`,
    "continue it with --resume, or choose another folder with --out",
    "MEM0917",
  );
}

/** Where the training is that goes on: the folder named by `out`, else the last of `runs/memformer`, `runs/memformer-2`, …. */
export async function resumedRunFolder(
  spec: string,
  out: string | undefined,
  folder: string,
  runtime: Runtime,
): Promise<RunFolder> {
  const named = out === undefined ? undefined : { path: resolve(folder, out), shown: out };
  const found = named ?? (await numberedRuns(spec, folder)).taken.at(-1);
  const state = found === undefined ? "none" : await findTraining(found.path);
  if (found !== undefined && state === "checkpoints") return found;
  const others = await otherRuns(spec, folder, found, runtime);
  const shown = found?.shown ?? firstRun(spec);
  throw state === "none"
    ? noTraining(shown, others, "--out")
    : noCheckpoint(shown, others, "--out");
}

export interface FoundRun {
  readonly folder: RunFolder;
  /** Other trainings of the spec below `runs/`, the newest first, for a note. */
  readonly others: readonly string[];
}

/** The last of `runs/memformer`, `runs/memformer-2`, … that has a checkpoint. */
export async function latestRun(spec: string, folder: string, runtime: Runtime): Promise<FoundRun> {
  const { taken } = await numberedRuns(spec, folder);
  let found: RunFolder | undefined;
  for (const each of taken) {
    if ((await findTraining(each.path)) === "checkpoints") found = each;
  }
  const others = await otherRuns(spec, folder, found, runtime);
  if (found !== undefined) return { folder: found, others };
  const [begun] = taken;
  throw begun === undefined
    ? noTraining(firstRun(spec), others, "--checkpoint")
    : noCheckpoint(begun.shown, others, "--checkpoint");
}

/** `runs/memformer` of `specs/memformer.mem`. */
function firstRun(spec: string): string {
  return `runs/${basename(spec).replace(/\.mem$/, "")}`;
}

async function numberedRuns(
  spec: string,
  folder: string,
): Promise<{ readonly taken: readonly RunFolder[]; readonly free: RunFolder }> {
  const taken: RunFolder[] = [];
  for (let number = 1; ; number += 1) {
    const shown = number === 1 ? firstRun(spec) : `${firstRun(spec)}-${number}`;
    const each = { path: resolve(folder, shown), shown };
    if ((await findTraining(each.path)) === "none") return { taken, free: each };
    taken.push(each);
  }
}

/** The folders of `runs/` but `except` that hold a checkpoint of this spec, the newest first: `runs/wide (step 300)`. */
async function otherRuns(
  spec: string,
  folder: string,
  except: RunFolder | undefined,
  runtime: Runtime,
): Promise<readonly string[]> {
  const runs = resolve(folder, "runs");
  const found: { readonly text: string; readonly time: number }[] = [];
  for (const name of await readdir(runs).catch(() => [])) {
    const path = join(runs, name);
    if (path === except?.path) continue;
    const latest = await stat(join(path, "latest")).catch(() => undefined);
    if (latest === undefined) continue;
    try {
      const { step, record } = runtime.summarizeCheckpoint(path);
      if (record.spec !== basename(spec)) continue;
      found.push({ text: `runs/${name} (step ${step})`, time: latest.mtimeMs });
    } catch (error) {
      // One that cannot be read is nothing to propose.
      if (!(error instanceof runtime.CheckpointError)) throw error;
    }
  }
  return found.sort((a, b) => b.time - a.time).map(({ text }) => text);
}

function noTraining(shown: string, others: readonly string[], option: string): InputError {
  return new InputError(
    `there is no training in ${shown}`,
    others.length === 0 ? `train first, or name the folder with ${option}` : choice(others, option),
    "MEM0913",
  );
}

function noCheckpoint(shown: string, others: readonly string[], option: string): InputError {
  return new InputError(
    `${shown} holds no checkpoint yet: the training stopped before its first one`,
    others.length === 0 ? "train anew with another --out" : choice(others, option),
    "MEM0913",
  );
}

/** `name one of the trainings of this spec with --out: runs/wide (step 300), …` */
function choice(others: readonly string[], option: string): string {
  return `name one of the trainings of this spec with ${option}: ${listed(others)}`;
}

/** The first few of a list, and how many more. */
export function listed(others: readonly string[]): string {
  const more = others.length - 8;
  return `${others.slice(0, 8).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Whether a training has begun here: it leaves metrics with its first step, and checkpoints later. */
async function findTraining(path: string): Promise<"none" | "begun" | "checkpoints"> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return "none";
  if (!found.isDirectory()) {
    throw new InputError(
      `${path} is not a folder`,
      "name a folder with --out; it is made if it is not there",
      "MEM0915",
    );
  }
  const entries = await readdir(path).catch(() => {
    throw new InputError(`${path} cannot be read`, "choose another folder with --out", "MEM0915");
  });
  if (entries.includes("latest")) return "checkpoints";
  return entries.includes(metricsName) ? "begun" : "none";
}

const metricsName = "metrics.jsonl";

/** The log of every step in a run's folder. */
export function metricsPath({ path }: RunFolder): string {
  return join(path, metricsName);
}
