/** What eval and sample begin with: a training, and the programs of its spec with the settings that it was trained with. */
import { resolve } from "node:path";
import type { HostTensor } from "../ops/types.ts";
import type { ModelDefinition } from "../runtime/model.ts";
import type { CheckpointRecord } from "../runtime/training/checkpoint-record.ts";
import type { BuildResult } from "./build-result.ts";
import { type Compile, specExists } from "./compiler.ts";
import { loadPrograms, noteChangedCode, type Programs } from "./programs.ts";
import type { DataOfRun } from "./run-data.ts";
import { latestRun, listed } from "./run-folder.ts";
import { readingSizes } from "./run-sizes.ts";
import type { Runtime } from "./runtime.ts";
import { type Settings, settingsOfRun, settingsText } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface TrainedRequest {
  readonly spec: string;
  /** `--checkpoint`: a training's folder, a checkpoint in it, or a `.safetensors` file. */
  readonly checkpoint: string | undefined;
  /** Of the command line. */
  readonly settings: Settings;
}

interface Found {
  /** A training's folder, a checkpoint's, or a `.safetensors` file. */
  readonly path: string;
  /** Those of the training and of the command line. */
  readonly settings: Settings;
  /** The run; undefined for a `.safetensors` file, which says nothing of one. */
  readonly run: (DataOfRun & { readonly record: CheckpointRecord }) | undefined;
}

export interface Trained extends Pick<Found, "run"> {
  readonly programs: Programs;
  /** What was trained, for one of the programs. Throws CheckpointError, or InputError where sizes differ. */
  readonly parameters: (model: ModelDefinition) => ReadonlyMap<string, HostTensor>;
}

/**
 * Finds the checkpoint that was asked for, or the latest below `runs/`, and loads the programs of the spec. Undefined if the spec has
 * errors, which are then on the terminal.
 */
export async function loadTrained(
  request: TrainedRequest,
  load: () => Promise<Compile<BuildResult>>,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Trained | undefined> {
  if (!(await specExists(request.spec, terminal))) return undefined;
  const { path, settings, run } = await find(request, runtime, terminal);
  const { spec, settings: given } = request;
  const compile = await load();
  const programs = await loadPrograms(spec, { settings }, compile, terminal, run);
  if (programs === undefined) return undefined;
  if (run !== undefined) {
    await noteChangedCode({ spec, programs, settings, record: run.record }, compile, terminal);
  }
  const parameters = (model: ModelDefinition) =>
    readingSizes(
      () => runtime.loadParameters(path, model),
      { programs, run, given, states: false },
      runtime,
    );
  return { run, programs, parameters };
}

/** A line on the error stream says which checkpoint it is. A `.safetensors` file says nothing of settings. */
async function find(
  { spec, checkpoint, settings: given }: TrainedRequest,
  runtime: Runtime,
  terminal: Terminal,
): Promise<Found> {
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
    terminal.err(`note: other trainings of this spec, for --checkpoint: ${listed(found.others)}\n`);
  }
  return { path, settings, run: { shown, data: record.trainedOn, record } };
}
