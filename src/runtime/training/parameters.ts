/** Parameters alone, without what a training needs besides: for reading and sampling, and for other programs. */
import { dirname, join } from "node:path";
import type { HostTensor } from "../../ops/index.ts";
import type { Declarations } from "../model.ts";
import { parameterTypes } from "./addresses.ts";
import { checkpointFolder, readChecked, readFile, readTraining } from "./checkpoint-record.ts";
import { type Disk, disk as realDisk, replaceFile } from "./disk.ts";
import { decode, encode } from "./tensor-files.ts";

export interface SaveParametersOptions {
  /** Bytes of a real number in the file: 4, which other programs expect, unless said. */
  readonly realBytes?: 4 | 8;
  readonly disk?: Disk;
}

/**
 * Writes parameters to a `.safetensors` file, a tensor for each address; an old file of that name is replaced in one instant. Folders
 * above it are made.
 */
export function saveParameters(
  path: string,
  parameters: ReadonlyMap<string, HostTensor>,
  { realBytes = 4, disk = realDisk }: SaveParametersOptions = {},
): void {
  if (!path.endsWith(".safetensors")) {
    throw new RangeError(`${path} must end in .safetensors, by which loadParameters knows it.`);
  }
  const bytes = encode(parameters, realBytes);
  disk.makeFolder(dirname(path));
  replaceFile(path, bytes, disk);
}

/**
 * Reads the parameters that a model declares: from a `.safetensors` file, a checkpoint, or a training's folder for its latest. Throws
 * CheckpointError where a file is missing or damaged, or its tensors are not those of the model.
 */
export function loadParameters(
  path: string,
  declarations: Declarations,
  disk: Disk = realDisk,
): ReadonlyMap<string, HostTensor> {
  const declared = parameterTypes(declarations);
  if (path.endsWith(".safetensors")) {
    return decode(path, readFile(path, disk, "missing"), declared);
  }
  const folder = checkpointFolder(path, disk);
  const file = "model.safetensors";
  const bytes = readChecked(folder, file, readTraining(folder, disk), disk);
  return decode(join(folder, file), bytes, declared);
}
