/**
 * Checkpoints. A training's folder holds complete checkpoints, `checkpoint-000120/`, and the file `latest` with the name of the newest:
 *
 *   model.safetensors      parameters, one tensor for each layer and parameter
 *   optimizer.safetensors  `first.` and `second.` moments of the trained parameters
 *   states.safetensors     carried states, `[batch, …]`
 *   training.json          step, seed, data position, schedule, spec hash, and a digest of each file above
 *
 * A checkpoint is written under another name, brought to the disk, renamed, and then named by `latest`, which is itself replaced by a
 * rename: after a crash at any instant, `latest` names a complete checkpoint, the old one or the new one. Equal states give equal bytes.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { HostTensor, TensorType } from "../../ops/index.ts";
import type { Declarations } from "../model.ts";
import type { TrainingDefinition } from "../training.ts";
import { parameterTypes, stateTypes } from "./addresses.ts";
import { type Disk, disk as realDisk } from "./disk.ts";
import { settingsOf } from "./optimizer.ts";
import type { Position } from "./source.ts";
import { CheckpointError, decode, encode } from "./tensor-files.ts";
import type { TrainingState } from "./trainer.ts";

/** What a checkpoint says of itself beside the numbers. */
export interface CheckpointRecord {
  /** Version of memc that trained. */
  readonly memc: string;
  /** Hash of the spec that the training code was made from. */
  readonly specHash: string;
  readonly model: string;
  readonly schedule: TrainingDefinition["schedule"];
  /** Steps that the training was started for. */
  readonly steps: number;
}

export interface SaveOptions {
  readonly record: CheckpointRecord;
  /** Bytes of a real number in the files; the engine's. */
  readonly realBytes: 4 | 8;
  /** How many checkpoints stay, the new one included; 3 unless said. */
  readonly keep?: number;
  readonly disk?: Disk;
}

const FORMAT = 1;
const FILES = ["model.safetensors", "optimizer.safetensors", "states.safetensors"] as const;
const LATEST = "latest";
const NAME = /^checkpoint-(\d{6,})(?:-(\d+))?$/;

/** Writes a checkpoint into a training's folder; gives its path. */
export function saveCheckpoint(
  folder: string,
  state: TrainingState,
  { record, realBytes, keep = 3, disk = realDisk }: SaveOptions,
): string {
  disk.makeFolder(folder);
  const left = disk.list(folder).filter((name) => /^\.(saving|removing)-checkpoint-/.test(name));
  for (const name of left) disk.remove(join(folder, name));

  const moments = [
    ...[...state.optimizer.first].map(([name, tensor]) => [`first.${name}`, tensor] as const),
    ...[...state.optimizer.second].map(([name, tensor]) => [`second.${name}`, tensor] as const),
  ];
  const files: Readonly<Record<(typeof FILES)[number], Uint8Array>> = {
    "model.safetensors": encode(state.parameters, realBytes),
    "optimizer.safetensors": encode(moments, realBytes),
    "states.safetensors": encode(state.states, realBytes),
  };
  const training = {
    format: FORMAT,
    ...record,
    step: state.step,
    seed: state.seed,
    // Draws are keyed by the step, so the step is all the state that the generator has.
    generator: { name: "philox4x32-10", step: state.step },
    data: state.position,
    files: Object.fromEntries(
      FILES.map((name) => [name, { bytes: files[name].length, sha256: sha256(files[name]) }]),
    ),
  };
  const name = freeName(disk.list(folder), state.step);
  const saving = join(folder, `.saving-${name}`);
  disk.makeFolder(saving);
  for (const file of FILES) disk.write(join(saving, file), files[file]);
  disk.write(join(saving, "training.json"), textBytes(`${JSON.stringify(training, null, 2)}\n`));
  disk.syncFolder(saving);
  disk.rename(saving, join(folder, name));
  const pointer = join(folder, `.saving-checkpoint-${LATEST}`);
  disk.write(pointer, textBytes(`${name}\n`));
  disk.rename(pointer, join(folder, LATEST));
  prune(disk, folder, name, keep);
  return join(folder, name);
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
    const [, step = "0", again = "1"] = NAME.exec(name) ?? [];
    return [Number(step), Number(again)];
  };
  const others = disk
    .list(folder)
    .filter((name) => NAME.test(name) && name !== newest)
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
  const read = (file: (typeof FILES)[number], declared: ReadonlyMap<string, TensorType>) =>
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
  const {
    step,
    seed,
    data,
    files: _files,
    format: _format,
    generator: _generator,
    ...record
  } = training;
  return {
    path: folder,
    state: {
      step,
      seed,
      parameters: model,
      optimizer: { first: momentsOf("first."), second: momentsOf("second.") },
      states: read("states.safetensors", stateTypes(definition, definition.schedule.batch)),
      position: data,
    },
    record,
  };
}

/**
 * Reads the parameters alone, for evaluation and sampling: from a checkpoint, a training's folder, or a safetensors file. Throws
 * CheckpointError as loadCheckpoint does.
 */
export function loadParameters(
  path: string,
  declarations: Declarations,
  disk: Disk = realDisk,
): ReadonlyMap<string, HostTensor> {
  const declared = parameterTypes(declarations);
  if (path.endsWith(".safetensors")) return decode(path, readFile(path, disk), declared);
  const folder = checkpointFolder(path, disk);
  const file = "model.safetensors";
  const bytes = readChecked(folder, file, readTraining(folder, disk), disk);
  return decode(join(folder, file), bytes, declared);
}

function checkpointFolder(path: string, disk: Disk): string {
  if (disk.exists(join(path, "training.json"))) return path;
  const latest = join(path, LATEST);
  if (!disk.exists(latest)) {
    throw new CheckpointError(
      `There is no checkpoint in ${path}: it has neither training.json nor latest.`,
    );
  }
  const name = new TextDecoder().decode(disk.read(latest)).trim();
  if (!NAME.test(name)) throw new CheckpointError(`${latest} names no checkpoint.`);
  return join(path, name);
}

interface TrainingFile extends CheckpointRecord {
  readonly format: number;
  readonly step: number;
  readonly seed: number;
  readonly generator: unknown;
  readonly data: Position;
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

function readTraining(folder: string, disk: Disk): TrainingFile {
  const path = join(folder, "training.json");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(readFile(path, disk)));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(`${path} is not valid JSON.`);
  }
  if (!isRecord(value)) throw new CheckpointError(`${path} does not hold an object.`);
  if (value.format !== FORMAT) {
    throw new CheckpointError(
      `${path} has format ${JSON.stringify(value.format)}; this version of memc reads ${FORMAT}.`,
    );
  }
  for (const [key, fits] of Object.entries(TRAINING_FIELDS)) {
    if (!fits(value[key])) throw new CheckpointError(`${path} has no valid \`${key}\`.`);
  }
  return value as unknown as TrainingFile; // each field that is used has just been checked
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): boolean => typeof value === "string";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
const TRAINING_FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  step: isCount,
  seed: isCount,
  steps: isCount,
  memc: isText,
  specHash: isText,
  model: isText,
  schedule: isRecord,
  data: isRecord,
  files: (value) =>
    isRecord(value) &&
    FILES.every((file) => {
      const entry = value[file];
      return isRecord(entry) && isCount(entry.bytes) && isText(entry.sha256);
    }),
};

function readFile(path: string, disk: Disk): Uint8Array {
  if (!disk.exists(path)) throw new CheckpointError(`${path} is missing.`);
  return disk.read(path);
}

/** The bytes of a file, which must be those that training.json says. */
function readChecked(folder: string, file: string, training: TrainingFile, disk: Disk): Uint8Array {
  const path = join(folder, file);
  const bytes = readFile(path, disk);
  const expected = training.files[file];
  if (bytes.length !== expected?.bytes) {
    throw new CheckpointError(
      `${path} has ${bytes.length} bytes; ${expected?.bytes} were written.`,
    );
  }
  if (sha256(bytes) !== expected.sha256) {
    throw new CheckpointError(`${path} is not what was written: its SHA-256 differs.`);
  }
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
