/** The few file operations that a checkpoint is made of, each one durable when it returns. Errors name the file they are about. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

export interface Disk {
  exists(path: string): boolean;
  /** Names in a folder, sorted; none if it does not exist. */
  list(folder: string): readonly string[];
  /** The bytes of a regular file. */
  read(path: string): Uint8Array;
  /** Makes a folder and those above it. */
  makeFolder(folder: string): void;
  /** Writes a new file and waits until it is on the disk. */
  write(path: string, bytes: Uint8Array): void;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(folder: string): void;
  /** Renames in one instant (replacing a file), and waits until the new name is on the disk. */
  rename(from: string, to: string): void;
  /** Removes a file or a folder with all it holds. */
  remove(path: string): void;
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  // Windows cannot open folders, and makes renames durable by itself.
  if (process.platform !== "win32") sync(folder);
}

/**
 * Makes a folder and those above it, one by one: Node's own recursion never ends where the system says that a folder does not
 * exist and cannot be made, as below /proc.
 */
export function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  mkdirSync(folder);
}

/** Does `work`; an error of the system that names no file, as of a full disk, gets `path`. */
export function namingFile(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof Error && !("path" in error)) Object.assign(error, { path });
    throw error;
  }
}

export const disk: Disk = {
  exists: existsSync,
  list: (folder) => (existsSync(folder) ? readdirSync(folder).sort() : []),
  read(path) {
    // A pipe would be waited for without end.
    if (statSync(path).isFile()) return readFileSync(path);
    throw Object.assign(new Error("it is not a regular file"), { code: "EINVAL", path });
  },
  makeFolder,
  write(path, bytes) {
    namingFile(path, () => writeFileSync(path, bytes, { flag: "w", flush: true }));
  },
  syncFolder,
  rename(from, to) {
    renameSync(from, to);
    syncFolder(dirname(to));
  },
  remove: (path) => rmSync(path, { recursive: true, force: true }),
};

/** Writes a file or replaces it, in one instant: whatever happens, the old one or the new one is there, whole. */
export function replaceFile(path: string, bytes: Uint8Array, on: Disk = disk): void {
  const saving = join(dirname(path), `.saving-${basename(path)}`);
  try {
    on.write(saving, bytes);
    on.rename(saving, path);
  } catch (error) {
    on.remove(saving);
    throw error;
  }
}
