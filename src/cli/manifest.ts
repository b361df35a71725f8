/** `.memc-manifest.json`: which files of a folder memc wrote, from which spec, and what it wrote. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError, systemReason } from "./exit.ts";

export const manifestName = ".memc-manifest.json";

/** A file memc wrote. While a build is being committed there are two hashes: of the text before and of the text after. */
export interface OwnedFile {
  /** Name of the spec it came from, without folders. */
  readonly spec: string;
  readonly sha256: readonly string[];
  /** Options of the command line that it was built with, as a shell takes them; none where it was built of the spec as it is. */
  readonly options?: string;
}

/** By path from the folder, with forward slashes. */
export type Manifest = ReadonlyMap<string, OwnedFile>;

/** Hash of a text as it is in the repository: a checkout may have turned line ends into CR LF. */
export function textHash(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("hex");
}

/** A path a manifest or a build may name: below the folder, plain, the same on every system. */
export function isPlainPath(path: string): boolean {
  const parts = path.split("/");
  return (
    path.length <= 255 &&
    parts.every((part) => /^[A-Za-z0-9_@-][A-Za-z0-9_.@-]*$/.test(part) && !part.endsWith("."))
  );
}

/** The manifest of a folder; empty where there is none. One that memc cannot have written is an error. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw new InputError(
      `${path} cannot be read: ${systemReason(error)}`,
      "choose another folder with --out",
      "MEM0919",
    );
  }
  const manifest = parseManifest(text);
  if (manifest === undefined) {
    throw new InputError(
      `${path} is damaged, so memc does not know which files of the folder are its own`,
      `delete ${manifestName} and the generated files beside it, then build again`,
      "MEM0919",
    );
  }
  return manifest;
}

/** Undefined for any text that `manifestText` does not make. */
export function parseManifest(text: string): Manifest | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(content) || content.form !== 1 || !isRecord(content.files)) return undefined;
  const manifest = new Map<string, OwnedFile>();
  for (const [path, owned] of Object.entries(content.files)) {
    if (!isPlainPath(path) || !isRecord(owned)) return undefined;
    const { spec, sha256, options } = owned;
    const hashes: readonly unknown[] = Array.isArray(sha256) ? sha256 : [sha256];
    if (typeof spec !== "string" || !hashes.every(isHash)) return undefined;
    if (options !== undefined && typeof options !== "string") return undefined;
    manifest.set(path, { spec, sha256: hashes, ...(options && { options }) });
  }
  return manifest;
}

/** Sorted, so that the same build gives the same bytes. */
export function manifestText(manifest: Manifest): string {
  const files = [...manifest.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { spec, sha256, options }]) => {
      return [path, { spec, ...(options && { options }), sha256: sha256[1] ? sha256 : sha256[0] }];
    });
  return `${JSON.stringify({ form: 1, files: Object.fromEntries(files) }, undefined, 2)}\n`;
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
