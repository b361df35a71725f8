/** What eval and sample read: which checkpoint, and the settings that it was trained with. */
import { resolve } from "node:path";
import type { CheckpointRecord } from "../runtime/training/checkpoint-record.ts";
import type { DataOfRun } from "./run-data.ts";
import { latestRun, listed } from "./run-folder.ts";
import type { Runtime } from "./runtime.ts";
import { type Settings, settingsOfRun, settingsText } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface Trained {
  /** A training's folder, a checkpoint's, or a `.safetensors` file. */
  readonly path: string;
  /** Those of the training and of the command line. */
  readonly settings: Settings;
  /** The run; undefined for a `.safetensors` file, which says nothing of one. */
  readonly run: (DataOfRun & { readonly record: CheckpointRecord }) | undefined;
}

/**
 * The checkpoint that `--checkpoint` names, or the latest below `runs/`; a line on the error stream says which. A `.safetensors` file
 * says nothing of settings.
 */
export async function findTrained(
  spec: string,
  checkpoint: string | undefined,
  given: Settings,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Trained> {
  const found =
    checkpoint === undefined
      ? await latestRun(spec, terminal.folder, runtime)
      : { folder: { path: resolve(terminal.folder, checkpoint), shown: checkpoint }, others: [] };
  const { path, shown } = found.folder;
  if (path.endsWith(".safetensors")) return { path, settings: given, run: undefined };
  const { step, record } = runtime.summarizeCheckpoint(path);
  const stored = record.settings ?? {};
  const settings = settingsOfRun(given, { shown, settings: stored });
  terminal.err(`${shown}: step ${step} of ${record.steps}${settingsText(stored)}\n`);
  if (found.others.length > 0) {
    terminal.err(`note: --checkpoint names another training: ${listed(found.others)}\n`);
  }
  return { path, settings, run: { shown, data: record.trainedOn, record } };
}
