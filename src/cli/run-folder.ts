/** Where a training keeps its checkpoints and metrics. */
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError } from "./exit.ts";

export interface RunFolder {
  readonly path: string;
  /** As the user may write it after `--out`. */
  readonly shown: string;
}

/**
 * The folder named by `out`, else `runs/<spec>`: a new run takes the first of `runs/memformer`, `runs/memformer-2`, … that is
 * free, a resumed one the last that is taken. A folder with another training is never written into.
 */
export async function runFolder(
  spec: string,
  out: string | undefined,
  resume: boolean,
  folder: string,
): Promise<RunFolder> {
  if (out !== undefined) {
    const path = resolve(folder, out);
    const holds = await holdsTraining(path);
    if (resume && !holds) throw noTraining(out);
    if (!resume && holds) {
      throw new InputError(
        `${out} holds a training already`,
        "continue it with --resume, or choose another folder with --out",
        "MEM0917",
      );
    }
    return { path, shown: out };
  }
  const base = `runs/${basename(spec).replace(/\.mem$/, "")}`;
  let taken: string | undefined;
  for (let number = 1; ; number += 1) {
    const shown = number === 1 ? base : `${base}-${number}`;
    if (!(await holdsTraining(resolve(folder, shown)))) {
      if (!resume) return { path: resolve(folder, shown), shown };
      if (taken === undefined) {
        throw noTraining(base);
      }
      return { path: resolve(folder, taken), shown: taken };
    }
    taken = shown;
  }
}

function noTraining(shown: string): InputError {
  return new InputError(
    `there is no training in ${shown}`,
    "train first, or name the folder",
    "MEM0913",
  );
}

/** Whether a training has begun here: it leaves metrics with its first step, and checkpoints later. */
async function holdsTraining(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (!found.isDirectory()) throw new InputError(`${path} is not a folder`, undefined, "MEM0915");
  const entries = await readdir(path).catch(() => {
    throw new InputError(`${path} cannot be read`, undefined, "MEM0915");
  });
  return entries.includes("latest") || entries.includes(metricsName);
}

const metricsName = "metrics.jsonl";

/** The log of every step in a run's folder. */
export function metricsPath({ path }: RunFolder): string {
  return join(path, metricsName);
}
