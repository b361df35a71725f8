/** Finds and reads a spec, what it imports, and the standard library: all the text the compiler will see. */
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Diagnostic, SourceFile } from "../parser/diagnostic.ts";
import type { Import, Span } from "../parser/tree.ts";
import type { FileCode } from "./codes.ts";
import { InputError } from "./exit.ts";
import { libraryFolder } from "./package.ts";
import { readText } from "./read-text.ts";

/** Files of one build beside the library, and their bytes together. */
const limits = { files: 1000, bytes: 16 * 1024 * 1024 };

export interface Sources {
  /** `path` of the spec that was asked for. */
  readonly main: string;
  /** The spec, what it imports, and the library (`std/….mem`); unreadable ones with an empty text. */
  readonly files: readonly SourceFile[];
  /** Files that could not be read, at the import that names them. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads `spec` (a path from `folder`) and, transitively, its imports. An import is relative to its file and must stay in the
 * project: below the nearest folder with a package.json, or without one below the spec's folder, symbolic links resolved.
 * Paths in the result use forward slashes and are relative to `folder` where the file is below it.
 */
export async function readSources(spec: string, folder: string): Promise<Sources> {
  const { parse } = await import("../parser/index.ts");
  const start = resolve(folder, spec);
  const main = displayPath(start, folder);
  const root = await projectRoot(start);
  const files = new Map<string, SourceFile>();
  const diagnostics: Diagnostic[] = [];
  const queue: { readonly path: string; readonly span: Span }[] = [
    { path: start, span: { file: main, start: 0, end: 0 } },
  ];
  let bytes = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const path = displayPath(next.path, folder);
    if (files.has(path)) continue;
    const report = (code: FileCode, message: string, help?: string) =>
      diagnostics.push(about(code, message, next.span, help));
    if (next.path !== start && !(await staysInside(next.path, root))) {
      report(
        "MEM0905",
        `${path} is outside the project ${displayPath(root, folder)}`,
        "move the file into the project, or run memc from a folder with a package.json above both",
      );
      continue;
    }
    const read = await readText(next.path);
    if (!("text" in read)) {
      if (next.path === start) files.set(path, { path, text: "" });
      const help = next.path === start ? await specsNearby(next.path, read.code) : undefined;
      report(read.code, `${path} ${read.reason}`, help);
      continue;
    }
    bytes += read.text.length;
    if (files.size >= limits.files || bytes > limits.bytes) {
      report("MEM0903", `${main} imports more than ${limits.files} files or ${limits.bytes} bytes`);
      break;
    }
    const file = { path, text: read.text };
    files.set(path, file);
    for (const item of parse(file).tree?.items ?? []) {
      if (item.kind !== "import") continue;
      const objection = importObjection(item);
      if (objection !== undefined) diagnostics.push(objection);
      else queue.push({ path: join(dirname(next.path), item.from.text), span: item.from.span });
    }
  }
  return { main, files: [...files.values(), ...(await readLibrary())], diagnostics };
}

/** The files of `specs/std`, as `std/attention.mem` and so on. */
async function readLibrary(): Promise<readonly SourceFile[]> {
  const damaged = (what: string) =>
    new InputError(`memc's standard library is damaged: ${what}`, "install memc again");
  const entries = await readdir(libraryFolder).catch(() => {
    throw damaged("specs/std does not exist");
  });
  const names = entries.filter((name) => name.endsWith(".mem")).sort();
  return Promise.all(
    names.map(async (name) => {
      const read = await readText(join(libraryFolder, name));
      if ("text" in read) return { path: `std/${name}`, text: read.text };
      throw damaged(`specs/std/${name} ${read.reason}`);
    }),
  );
}

/** The nearest folder at or above the spec's with a package.json; without one the spec's own. Symbolic links resolved. */
async function projectRoot(spec: string): Promise<string> {
  const own = await realpath(dirname(spec)).catch(() => dirname(spec));
  for (let folder = own; ; folder = dirname(folder)) {
    const found = await stat(join(folder, "package.json")).catch(() => undefined);
    if (found?.isFile() === true) return folder;
    if (dirname(folder) === folder) return own;
  }
}

/** Whether the file, or where it would be if it existed, is below `root` once symbolic links are resolved. */
async function staysInside(path: string, root: string): Promise<boolean> {
  let existing = path;
  let rest = "";
  for (;;) {
    const real = await realpath(existing).catch(() => undefined);
    if (real !== undefined) return isBelow(join(real, rest), root);
    rest = join(basename(existing), rest);
    if (dirname(existing) === existing) return false;
    existing = dirname(existing);
  }
}

function isBelow(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function displayPath(path: string, folder: string): string {
  const way = relative(folder, path);
  const shown = way === "" ? "." : isBelow(path, folder) ? way : path;
  return sep === "/" ? shown : shown.split(sep).join("/");
}

function importObjection({ from }: Import): Diagnostic | undefined {
  const { text, span } = from;
  if (text.includes("\\")) {
    return about("MEM0906", `the import "${text}" has a backslash`, span, "write it with /");
  }
  if (isAbsolute(text) || text.startsWith("/") || /^[A-Za-z][A-Za-z+.-]*:/.test(text)) {
    return about(
      "MEM0906",
      `the import "${text}" is not a relative path`,
      span,
      'write the path from this file, such as "memories/fifo.mem"',
    );
  }
  if (!text.endsWith(".mem") || text.includes("\0")) {
    return about("MEM0906", `the import "${text}" is not a .mem file`, span);
  }
  return undefined;
}

function about(code: FileCode, message: string, span: Span, help?: string): Diagnostic {
  const diagnostic = { code, severity: "error", message, span, notes: [] } as const;
  return help === undefined ? diagnostic : { ...diagnostic, help };
}

/** For a spec that is not there: the name it may have been meant to be, or the specs of the folder. */
async function specsNearby(path: string, code: FileCode): Promise<string | undefined> {
  const folder = code === "MEM0901" ? path : dirname(path);
  const entries = await readdir(folder).catch(() => []);
  const specs = entries.filter((name) => name.endsWith(".mem")).sort();
  if (specs.length === 0) return undefined;
  const { suggest } = await import("../parser/suggest.ts");
  const meant = code === "MEM0900" ? suggest(basename(path), specs) : undefined;
  if (meant !== undefined) return `did you mean ${meant}?`;
  const shown = specs.slice(0, 5).join(", ");
  return `the folder holds ${shown}${specs.length > 5 ? ", …" : ""}`;
}
