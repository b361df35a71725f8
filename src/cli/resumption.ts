/** A training that goes on: what it was started with, and how much of it is left. */
import type { CheckpointSummary } from "../runtime/training/checkpoint-record.ts";
import { InputError } from "./exit.ts";
import { type RunFolder, resumedRunFolder } from "./run-folder.ts";
import type { Runtime } from "./runtime.ts";
import { type Settings, settingsOfRun } from "./settings.ts";

export interface ResumptionRequest {
  readonly spec: string;
  readonly out: string | undefined;
  /** Of the command line; undefined where it leaves them to the run. */
  readonly seed: number | undefined;
  readonly steps: number | undefined;
  readonly settings: Settings;
}

export interface Resumption {
  readonly folder: RunFolder;
  readonly checkpoint: CheckpointSummary;
  /** Those of the training and of the command line. */
  readonly settings: Settings;
  /** Those of the command line alone. */
  readonly given: Settings;
  readonly seed: number;
  /** Steps in all. */
  readonly steps: number;
}

/**
 * Finds the training that goes on, by `--out` or below `runs/`, and joins what the command line says with what the training was
 * started with. Throws InputError where they contradict each other.
 */
export async function findResumption(
  { spec, out, seed, steps, settings }: ResumptionRequest,
  shell: string,
  runtime: Runtime,
): Promise<Resumption> {
  const folder = await resumedRunFolder(spec, out, shell, runtime);
  const { shown } = folder;
  const checkpoint = runtime.summarizeCheckpoint(folder.path);
  if (seed !== undefined && seed !== checkpoint.seed) {
    throw new InputError(
      `the training in ${shown} has seed ${checkpoint.seed}, not ${seed}`,
      "leave --seed out, or train anew with another --out",
      "MEM0917",
    );
  }
  if (steps !== undefined && steps < checkpoint.step) {
    throw new InputError(
      `the training in ${shown} has done ${checkpoint.step} steps, more than --steps ${steps}`,
      `--steps is the total: give more than ${checkpoint.step}, or train anew with another --out`,
      "MEM0917",
    );
  }
  const stored = checkpoint.record.settings ?? {};
  return {
    folder,
    checkpoint,
    settings: settingsOfRun(settings, { shown, settings: stored }),
    given: settings,
    seed: checkpoint.seed,
    steps: steps ?? checkpoint.record.steps,
  };
}
