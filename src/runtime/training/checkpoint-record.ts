/**
 * `training.json`: what a checkpoint says of itself. It comes from anywhere, as the rest of a checkpoint does, so a field is believed
 * only after it has been checked.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { TrainingDefinition } from "../training.ts";
import type { Disk } from "./disk.ts";
import type { Position } from "./source.ts";
import { CheckpointError, type CheckpointFault } from "./tensor-files.ts";

/** Which data a training was started with, as the command line named it; with neither it is the demo novel. */
export interface TrainingData {
  /** A file, a folder, or `task:NAME`. */
  readonly data?: string;
  /** Held-out data of its own. */
  readonly valid?: string;
}

/** Where the training code came from. Nothing of it is needed to go on; a program of your own may leave all of it out. */
export interface CheckpointOrigin {
  /** Version of memc that generated the code. */
  readonly memc?: string;
  /** Name of the spec's file, without folders. */
  readonly spec?: string;
  /** Hash of what the code was generated from. */
  readonly specHash?: string;
  /** Options and dims that replaced the spec's, by address: `mem.count` → `16`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The model's dims as they were, whoever set them. */
  readonly dims?: Readonly<Record<string, number>>;
  /** What the command line trains on. */
  readonly trainedOn?: TrainingData;
}

/** What a checkpoint says of itself beside the numbers. */
export interface CheckpointRecord extends CheckpointOrigin {
  readonly model: string;
  readonly schedule: TrainingDefinition["schedule"];
  /** Steps that the training was started for. */
  readonly steps: number;
}

/** A checkpoint without its tensors. */
export interface CheckpointSummary {
  /** Path of the checkpoint's folder. */
  readonly path: string;
  /** Optimiser steps done. */
  readonly step: number;
  readonly seed: number;
  readonly record: CheckpointRecord;
}

/** A checkpoint's files of tensors. */
export const TENSOR_FILES = [
  "model.safetensors",
  "optimizer.safetensors",
  "states.safetensors",
] as const;

export type TensorFile = (typeof TENSOR_FILES)[number];

interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** `training.json` as it is read. */
export interface TrainingFile extends Omit<CheckpointSummary, "path"> {
  readonly position: Position;
  readonly files: Readonly<Record<TensorFile, FileDigest>>;
}

const FORMAT = 1;
/** Name of the file in a training's folder that names its newest checkpoint. */
export const LATEST = "latest";
export const CHECKPOINT_NAME = /^checkpoint-(\d{6,})(?:-(\d+))?$/;

/** The text of `training.json`. Equal content gives equal bytes. */
export function trainingText(
  { step, seed, record, position }: Omit<TrainingFile, "files">,
  files: Readonly<Record<TensorFile, Uint8Array>>,
): string {
  const content = {
    format: FORMAT,
    ...record,
    step,
    seed,
    // Draws are keyed by the step, so the step is all the state that the generator has.
    generator: { name: "philox4x32-10", step },
    data: position,
    files: Object.fromEntries(
      TENSOR_FILES.map((name) => [
        name,
        { bytes: files[name].length, sha256: sha256(files[name]) },
      ]),
    ),
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The folder of a checkpoint: `path` itself, or the latest in a training's folder. Throws CheckpointError. */
export function checkpointFolder(path: string, disk: Disk): string {
  if (disk.exists(join(path, "training.json"))) return path;
  const latest = join(path, LATEST);
  if (!disk.exists(latest)) {
    throw new CheckpointError(
      `There is no checkpoint in ${path}: it has neither training.json nor latest.`,
      "missing",
    );
  }
  const name = new TextDecoder().decode(readFile(latest, disk)).trim();
  if (!CHECKPOINT_NAME.test(name)) throw new CheckpointError(`${latest} names no checkpoint.`);
  return join(path, name);
}

/** Reads `training.json` of a checkpoint's folder. Throws CheckpointError. */
export function readTraining(folder: string, disk: Disk): TrainingFile {
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
  for (const [key, fits] of Object.entries(fields)) {
    if (!fits(value[key])) throw new CheckpointError(`${path} has no valid \`${key}\`.`);
  }
  return trainingFile(value as unknown as CheckedFields); // each field has just been checked
}

/** The fields of `training.json` that are read. */
interface CheckedFields extends CheckpointRecord {
  readonly step: number;
  readonly seed: number;
  readonly data: Position;
  readonly files: TrainingFile["files"];
}

/** Only what was checked is taken over; a file may hold anything else besides. */
function trainingFile(checked: CheckedFields): TrainingFile {
  const { memc, spec, specHash, settings, dims, trainedOn, model, schedule, steps, step, seed } =
    checked;
  return {
    step,
    seed,
    position: checked.data,
    files: checked.files,
    record: {
      ...(memc === undefined ? {} : { memc }),
      ...(spec === undefined ? {} : { spec }),
      ...(specHash === undefined ? {} : { specHash }),
      ...(settings === undefined ? {} : { settings }),
      ...(dims === undefined ? {} : { dims }),
      ...(trainedOn === undefined ? {} : { trainedOn: onlyData(trainedOn) }),
      model,
      schedule,
      steps,
    },
  };
}

function onlyData({ data, valid }: TrainingData): TrainingData {
  return {
    ...(data === undefined ? {} : { data }),
    ...(valid === undefined ? {} : { valid }),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Fits = (value: unknown) => boolean;
const isText: Fits = (value) => typeof value === "string";
/** What a command line can name: it is shown to people, and may be read. */
const isDataName: Fits = (value) =>
  typeof value === "string" && /^\P{Cc}+$/u.test(value) && value.length <= 4096;
const isCount: Fits = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const optional = (fits: Fits): Fits => {
  return (value) => value === undefined || fits(value);
};

const fields: Readonly<Record<keyof CheckedFields, Fits>> = {
  step: isCount,
  seed: isCount,
  steps: isCount,
  memc: optional(isText),
  spec: optional(isText),
  specHash: optional(isText),
  settings: optional((value) => isRecord(value) && Object.values(value).every(isText)),
  dims: optional((value) => isRecord(value) && Object.values(value).every(Number.isFinite)),
  trainedOn: optional(
    (value) =>
      isRecord(value) && optional(isDataName)(value.data) && optional(isDataName)(value.valid),
  ),
  model: isText,
  schedule: isRecord,
  data: isRecord,
  files: (value) =>
    isRecord(value) &&
    TENSOR_FILES.every((file) => {
      const entry = value[file];
      return isRecord(entry) && isCount(entry.bytes) && isText(entry.sha256);
    }),
};

/** The bytes of a file. Throws CheckpointError where it is missing, which is `absence`, or cannot be read. */
export function readFile(
  path: string,
  disk: Disk,
  absence: CheckpointFault = "damaged",
): Uint8Array {
  if (!disk.exists(path)) throw new CheckpointError(`${path} is missing.`, absence);
  try {
    return disk.read(path);
  } catch (error) {
    // `EACCES: permission denied, open '/x'`: what the system says, without its own names.
    if (!(error instanceof Error && "code" in error)) throw error;
    const reason = error.message.replace(/^E[A-Z]+: ([^,]+).*$/, "$1");
    throw new CheckpointError(`${path} cannot be read: ${reason}.`);
  }
}

/** The bytes of a file of tensors, which must be those that `training.json` says. Throws CheckpointError. */
export function readChecked(
  folder: string,
  file: TensorFile,
  { files }: TrainingFile,
  disk: Disk,
): Uint8Array {
  const path = join(folder, file);
  const bytes = readFile(path, disk);
  const expected = files[file];
  if (bytes.length !== expected.bytes) {
    throw new CheckpointError(`${path} has ${bytes.length} bytes; ${expected.bytes} were written.`);
  }
  if (sha256(bytes) !== expected.sha256) {
    throw new CheckpointError(`${path} is not what was written: its SHA-256 differs.`);
  }
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
