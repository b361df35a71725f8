/**
 * Checkpoints. A training's folder holds complete checkpoints, `checkpoint-000120/`, and the file `latest` with the name of the newest:
 *
 *   model.safetensors      parameters, one tensor for each layer and parameter
 *   optimizer.safetensors  `first.` and `second.` moments of the trained parameters
 *   states.safetensors     carried states, `[batch, …]`
 *   training.json          step, seed, data position, schedule, where the code came from, and a digest of each file above
 *
 * A checkpoint is written under another name, brought to the disk, renamed, and then named by `latest`, which is itself replaced by a
 * rename: after a crash at any instant, `latest` names a complete checkpoint, the old one or the new one. Equal states give equal bytes.
 */
import { join } from "node:path";
import type { TensorType } from "../../ops/index.ts";
import type { TrainingDefinition } from "../training.ts";
import { parameterTypes, stateTypes } from "./addresses.ts";
import {
  CHECKPOINT_NAME,
  type CheckpointOrigin,
  type CheckpointRecord,
  type CheckpointSummary,
  checkpointFolder,
  LATEST,
  readChecked,
  readTraining,
  TENSOR_FILES,
  type TensorFile,
  trainingText,
} from "./checkpoint-record.ts";
import { type Disk, disk as realDisk } from "./disk.ts";
import { settingsOf } from "./optimizer.ts";
import type { TrainingState } from "./state.ts";
import { decode, encode } from "./tensor-files.ts";

export interface SaveOptions {
  /** What is trained; its name and schedule are kept. */
  readonly definition: Pick<TrainingDefinition, "name" | "schedule">;
  /** Steps that the training was started for; the schedule's unless said. */
  readonly steps?: number;
  /** Where the definition came from. */
  readonly origin?: CheckpointOrigin;
  /** Bytes of a real number in the files: `engine.realBytes`, with which nothing is lost. */
  readonly realBytes: 4 | 8;
  /** How many checkpoints stay, the new one included; 3 unless said. */
  readonly keep?: number;
  readonly disk?: Disk;
}

/**
 * Writes a checkpoint into a training's folder; gives its path. Where the disk fails it throws the system's error, and takes back what
 * was written of the new checkpoint.
 */
export function saveCheckpoint(folder: string, state: TrainingState, options: SaveOptions): string {
  const { realBytes, keep = 3, disk = realDisk } = options;
  disk.makeFolder(folder);
  const left = disk.list(folder).filter((name) => /^\.(saving|removing)-checkpoint-/.test(name));
  for (const name of left) disk.remove(join(folder, name));

  const moments = [
    ...[...state.optimizer.first].map(([name, tensor]) => [`first.${name}`, tensor] as const),
    ...[...state.optimizer.second].map(([name, tensor]) => [`second.${name}`, tensor] as const),
  ];
  const files: Readonly<Record<TensorFile, Uint8Array>> = {
    "model.safetensors": encode(state.parameters, realBytes),
    "optimizer.safetensors": encode(moments, realBytes),
    "states.safetensors": encode(state.states, realBytes),
  };
  const training = trainingText({ ...state, record: recordOf(options) }, files);
  const name = freeName(disk.list(folder), state.step);
  const saving = join(folder, `.saving-${name}`);
  const pointer = join(folder, `.saving-checkpoint-${LATEST}`);
  try {
    disk.makeFolder(saving);
    for (const file of TENSOR_FILES) disk.write(join(saving, file), files[file]);
    disk.write(join(saving, "training.json"), textBytes(training));
    disk.syncFolder(saving);
    disk.rename(saving, join(folder, name));
    disk.write(pointer, textBytes(`${name}\n`));
    disk.rename(pointer, join(folder, LATEST));
  } catch (error) {
    removeQuietly(disk, [saving, pointer]);
    throw error;
  }
  prune(disk, folder, name, keep);
  return join(folder, name);
}

function recordOf({ definition, steps, origin }: SaveOptions): CheckpointRecord {
  const { name: model, schedule } = definition;
  return { ...origin, model, schedule, steps: steps ?? schedule.steps };
}

/** What cannot be removed is removed by the next checkpoint; the error that led here says more. */
function removeQuietly(disk: Disk, paths: readonly string[]): void {
  for (const path of paths) {
    try {
      disk.remove(path);
    } catch {
      // See above.
    }
  }
}

/** A name for a checkpoint of this step that no folder has: training again into the same folder overwrites nothing. */
function freeName(taken: readonly string[], step: number): string {
  const base = `checkpoint-${String(step).padStart(6, "0")}`;
  let name = base;
  for (let i = 2; taken.includes(name); i++) name = `${base}-${i}`;
  return name;
}

/** Removes all but the newest checkpoints. A name disappears at once, whatever happens to the files under it. */
function prune(disk: Disk, folder: string, newest: string, keep: number): void {
  const order = (name: string): readonly number[] => {
    const [, step = "0", again = "1"] = CHECKPOINT_NAME.exec(name) ?? [];
    return [Number(step), Number(again)];
  };
  const others = disk
    .list(folder)
    .filter((name) => CHECKPOINT_NAME.test(name) && name !== newest)
    .sort((a, b) => {
      const [[stepA = 0, againA = 0], [stepB = 0, againB = 0]] = [order(a), order(b)];
      return stepB - stepA || againB - againA;
    });
  for (const name of others.slice(Math.max(0, keep - 1))) {
    const removing = join(folder, `.removing-${name}`);
    disk.rename(join(folder, name), removing);
    disk.remove(removing);
  }
}

export interface LoadedCheckpoint {
  readonly path: string;
  readonly state: TrainingState;
  readonly record: CheckpointRecord;
}

/**
 * Reads a checkpoint to continue a training: a `checkpoint-…` folder, or a training's folder for its latest. Throws CheckpointError
 * where a file is missing or damaged, or its tensors are not those that the definition declares.
 */
export function loadCheckpoint(
  path: string,
  definition: TrainingDefinition,
  disk: Disk = realDisk,
): LoadedCheckpoint {
  const folder = checkpointFolder(path, disk);
  const training = readTraining(folder, disk);
  const read = (file: TensorFile, declared: ReadonlyMap<string, TensorType>) =>
    decode(join(folder, file), readChecked(folder, file, training, disk), declared);

  const parameters = parameterTypes(definition);
  const moments = new Map<string, TensorType>();
  for (const [address, type] of parameters) {
    if (settingsOf(definition.schedule, address).frozen) continue;
    moments.set(`first.${address}`, type);
    moments.set(`second.${address}`, type);
  }
  // The model first: where it does not fit, its own names say why.
  const model = read("model.safetensors", parameters);
  const optimizer = read("optimizer.safetensors", moments);
  const momentsOf = (prefix: string) =>
    new Map(
      [...optimizer]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const { step, seed, position, record } = training;
  return {
    path: folder,
    state: {
      step,
      seed,
      parameters: model,
      optimizer: { first: momentsOf("first."), second: momentsOf("second.") },
      states: read("states.safetensors", stateTypes(definition, definition.schedule.batch)),
      position,
    },
    record,
  };
}

/**
 * What a checkpoint says of itself, without reading its tensors: a `checkpoint-…` folder, or a training's folder for its latest. Throws
 * CheckpointError.
 */
export function summarizeCheckpoint(path: string, disk: Disk = realDisk): CheckpointSummary {
  const folder = checkpointFolder(path, disk);
  const { step, seed, record } = readTraining(folder, disk);
  return { path: folder, step, seed, record };
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
