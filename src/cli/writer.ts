/**
 * Writes the files of a build: all or nothing, only what changed, and never over a file that memc did not write or that was
 * edited since.
 */
import { randomBytes } from "node:crypto";
import {
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { InputError, systemReason } from "./exit.ts";
import {
  isPlainPath,
  type Manifest,
  manifestName,
  manifestText,
  type OwnedFile,
  readManifest,
  textHash,
} from "./manifest.ts";

/** `path` is below the output folder, with forward slashes. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

export interface Difference {
  readonly path: string;
  readonly change: "create" | "update" | "delete";
}

/** A file that stands in the way, and why. */
export interface Obstacle {
  readonly path: string;
  readonly reason: "foreign" | "edited" | "not a file" | "outside";
}

/** What writing would do. */
export interface OutputPlan {
  readonly folder: string;
  readonly differences: readonly Difference[];
  readonly unchanged: readonly string[];
  readonly obstacles: readonly Obstacle[];
  /** Text by path, of the files to create or update. */
  readonly texts: ReadonlyMap<string, string>;
  readonly before: Manifest;
  readonly after: Manifest;
}

/**
 * Compares the folder with what a build of `spec` (its file name) gives with these options of the command line. Files this spec owned and no longer makes are
 * deleted; files of other specs in the same folder are left alone. Nothing is written.
 */
export async function planOutput(
  folder: string,
  spec: string,
  files: readonly OutputFile[],
  options = "",
): Promise<OutputPlan> {
  const before = await readManifest(folder);
  const differences: Difference[] = [];
  const unchanged: string[] = [];
  const obstacles: Obstacle[] = [];
  const texts = new Map<string, string>();
  const after = new Map<string, OwnedFile>(before);
  const made = new Set<string>();
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!isPlainPath(path) || made.has(path)) {
      throw new Error(`a build cannot write ${JSON.stringify(path)}`);
    }
    made.add(path);
    const hash = textHash(text);
    const found = await examine(folder, path, before.get(path));
    after.set(path, { spec, sha256: [hash], ...(options && { options }) });
    if (found.state === "absent") {
      differences.push({ path, change: "create" });
      texts.set(path, text);
    } else if (found.state !== "special" && found.hash === hash) {
      unchanged.push(path);
    } else {
      if (found.state === "special") obstacles.push({ path, reason: found.reason });
      else if (found.state !== "owned") obstacles.push({ path, reason: found.state });
      differences.push({ path, change: "update" });
      texts.set(path, text);
    }
  }
  for (const [path, owned] of before) {
    if (owned.spec !== spec || made.has(path)) continue;
    after.delete(path);
    const found = await examine(folder, path, owned);
    if (found.state === "absent") continue;
    if (found.state === "special") obstacles.push({ path, reason: found.reason });
    else if (found.state !== "owned") obstacles.push({ path, reason: found.state });
    differences.push({ path, change: "delete" });
  }
  return { folder, differences, unchanged, obstacles, texts, before, after };
}

type Found =
  | { readonly state: "absent" }
  | { readonly state: "owned" | "edited" | "foreign"; readonly hash: string }
  | { readonly state: "special"; readonly reason: "not a file" | "outside" };

async function examine(folder: string, path: string, owned: OwnedFile | undefined): Promise<Found> {
  const place = join(folder, path);
  const stat = await lstat(place).catch(absentOrThrow);
  if (!(await parentInside(folder, place))) return { state: "special", reason: "outside" };
  if (stat === undefined) return { state: "absent" };
  if (!stat.isFile()) return { state: "special", reason: "not a file" };
  const hash = textHash(await readFile(place, "utf8"));
  if (owned === undefined) return { state: "foreign", hash };
  return { state: owned.sha256.includes(hash) ? "owned" : "edited", hash };
}

/** Whether the folder of `place` is, symbolic links resolved, below `folder`; true while it does not exist. */
async function parentInside(folder: string, place: string): Promise<boolean> {
  const [root, parent] = await Promise.all([
    realpath(folder).catch(() => undefined),
    realpath(dirname(place)).catch(() => undefined),
  ]);
  if (root === undefined || parent === undefined) return true;
  return parent === root || parent.startsWith(root.endsWith(sep) ? root : root + sep);
}

function absentOrThrow(error: unknown): undefined {
  if (error instanceof Error && "code" in error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new InputError(
      `the output folder cannot be read: ${systemReason(error)}`,
      "choose another folder with --out",
      "MEM0919",
    );
  }
  throw error;
}

/**
 * Carries out a plan. Every text is first written beside its place under a temporary name; then the manifest says that both
 * old and new texts are ours; then each file is renamed into place; then the manifest is final. If anything fails, what was
 * renamed is put back. With obstacles it throws, unless `force` says to write over files (never over folders or links out).
 */
export async function writeOutput(plan: OutputPlan, force: boolean): Promise<void> {
  const inTheWay = plan.obstacles.filter(({ reason }) => {
    return !force || reason === "not a file" || reason === "outside";
  });
  if (inTheWay.length > 0) throw refusal(plan.folder, inTheWay);
  const final = manifestText(plan.after);
  if (plan.differences.length === 0 && final === manifestText(plan.before)) return;

  const undo: (() => Promise<unknown>)[] = [];
  const temporary = new Map<string, string>();
  try {
    await makeFolder(plan.folder, undo);
    for (const [path, text] of plan.texts) {
      await makeFolder(dirname(join(plan.folder, path)), undo);
      temporary.set(path, await writeBeside(join(plan.folder, path), text));
    }
    const manifestPlace = join(plan.folder, manifestName);
    const previous = await readFile(manifestPlace, "utf8").catch(() => undefined);
    undo.push(() => putBack(manifestPlace, previous));
    await replace(manifestPlace, manifestText(during(plan)));
    for (const { path, change } of plan.differences) {
      const place = join(plan.folder, path);
      const old = change === "create" ? undefined : await readFile(place);
      undo.push(() => putBack(place, old));
      const made = temporary.get(path);
      if (made === undefined) await rm(place);
      else await rename(made, place);
      temporary.delete(path);
    }
    await replace(manifestPlace, final);
  } catch (error) {
    // The temporary files first, as a folder that is to go must be empty.
    for (const made of temporary.values()) await rm(made, { force: true }).catch(() => undefined);
    for (const step of undo.reverse()) await step().catch(() => undefined);
    if (error instanceof Error && "code" in error) {
      throw new InputError(
        `nothing was written to ${plan.folder}: ${systemReason(error)}`,
        "make room or choose another folder with --out, then build again",
        "MEM0915",
      );
    }
    throw error;
  }
}

/** The manifest while files are renamed: a build that is interrupted here still knows every file as its own. */
function during(plan: OutputPlan): Manifest {
  const both = new Map<string, OwnedFile>(plan.before);
  for (const [path, owned] of plan.after) {
    const [hash = ""] = owned.sha256;
    const old = plan.before.get(path)?.sha256.filter((other) => other !== hash) ?? [];
    both.set(path, { ...owned, sha256: [hash, ...old] });
  }
  return both;
}

/**
 * Creates a folder and those above it, one by one: Node's own recursion never ends where the system says that a folder does not exist
 * and cannot be made, as below /proc. Undoing removes the ones that were made.
 */
async function makeFolder(folder: string, undo: (() => Promise<unknown>)[]): Promise<void> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory()) return;
  const above = dirname(folder);
  if (above !== folder) await makeFolder(above, undo);
  await mkdir(folder);
  undo.push(() => rmdir(folder));
}

async function writeBeside(place: string, text: string | Uint8Array): Promise<string> {
  const path = join(dirname(place), `.memc-${randomBytes(6).toString("hex")}.tmp`);
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  }
  return path;
}

async function replace(place: string, text: string | Uint8Array): Promise<void> {
  const made = await writeBeside(place, text);
  try {
    await rename(made, place);
  } catch (error) {
    await rm(made, { force: true });
    throw error;
  }
}

async function putBack(place: string, old: string | Uint8Array | undefined): Promise<void> {
  if (old === undefined) await rm(place, { force: true });
  else await replace(place, old);
}

function refusal(folder: string, obstacles: readonly Obstacle[]): InputError {
  const lines = obstacles.map(({ path, reason }) => `  ${path} ${explanation[reason]}`);
  const forced = obstacles.every(({ reason }) => reason === "foreign" || reason === "edited");
  return new InputError(
    `nothing was written to ${folder}:\n${lines.join("\n")}`,
    forced
      ? "move the files away, choose another folder with --out, or write over them with --force"
      : "move them away, or choose another folder with --out",
    "MEM0919",
  );
}

const explanation = {
  foreign: "was not written by memc",
  edited: "was edited since memc wrote it",
  "not a file": "is not a regular file",
  outside: "is in a folder that leads outside, through a symbolic link",
} as const satisfies Readonly<Record<Obstacle["reason"], string>>;
