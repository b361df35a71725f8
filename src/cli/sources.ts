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

/**
 * Paths have forward slashes and start at the project's folder, wherever the shell is, so that what is made of them is the
 * same everywhere; those of the library are `std/….mem`.
 */
export interface Sources {
  /** Path of the spec that was asked for. */
  readonly main: string;
  /** The spec, what it imports, and the library; the spec with an empty text if it cannot be read. */
  readonly files: readonly SourceFile[];
  /** Files that could not be read, at the import that names them. */
  readonly diagnostics: readonly Diagnostic[];
  /** Whether the spec itself could be read. */
  readonly readable: boolean;
  /** A path as the user knows it: from the shell's folder if it is below, else from the root of the disk. */
  readonly shown: (path: string) => string;
}

/**
 * Reads `spec` (a path from `folder`) and, transitively, its imports. An import is relative to its file and must stay in the
 * project: below the nearest folder with a package.json, or without one below the spec's folder, symbolic links resolved.
 */
export async function readSources(spec: string, folder: string): Promise<Sources> {
  const { parse } = await import("../parser/index.ts");
  const asked = resolve(folder, spec);
  const place = await realpath(dirname(asked)).catch(() => dirname(asked));
  const start = join(place, basename(asked));
  const root = await projectRoot(place);
  const shell = await realpath(folder).catch(() => folder);
  const library = await readLibrary();

  const texts = new Map<string, string>();
  const problems: { readonly at: string; readonly problem: Problem }[] = [];
  const queue: { readonly path: string; readonly at: string; readonly span: Range }[] = [
    { path: start, at: start, span: { start: 0, end: 0 } },
  ];
  let readable = true;
  let size = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { path, at, span } = next;
    if (texts.has(path)) continue;
    const name = displayPath(path, shell);
    const report = (code: FileCode, message: string, help?: string) =>
      problems.push({ at, problem: { code, message, span, help } });
    if (path !== start && !(isBelow(path, root) && (await staysInside(path, root)))) {
      report(
        "MEM0905",
        `${name} is outside the project ${displayPath(root, shell)}`,
        "move the file into the project, or put a package.json into a folder above both",
      );
      continue;
    }
    const read = await readText(path);
    if (!("text" in read)) {
      if (path === start) {
        texts.set(path, "");
        readable = false;
      }
      const help = path === start ? await specsNearby(path, read.code) : encodingHelp(read.code);
      report(read.code, `${name} ${read.reason}`, help);
      continue;
    }
    size += read.text.length;
    if (texts.size >= limits.files || size > limits.bytes) {
      report("MEM0903", `there are more than ${limits.files} files or ${limits.bytes} bytes`);
      break;
    }
    texts.set(path, read.text);
    for (const item of parse({ path, text: read.text }).tree?.items ?? []) {
      if (item.kind !== "import") continue;
      const objection = importObjection(item);
      if (objection !== undefined) problems.push({ at: path, problem: objection });
      else
        queue.push({ path: join(dirname(path), item.from.text), at: path, span: item.from.span });
    }
  }

  const base = baseFolder([...texts.keys()], root);
  const named = (path: string) => withSlashes(relative(base, path));
  const display = new Map([...texts.keys()].map((path) => [named(path), displayPath(path, shell)]));
  // A spec that cannot be read has no text to point into.
  const read = [...texts].filter(([path]) => readable || path !== start);
  return {
    main: named(start),
    files: [...read.map(([path, text]) => ({ path: named(path), text })), ...library],
    diagnostics: problems.map(({ at, problem }) => toDiagnostic(named(at), problem)),
    readable,
    shown: (path) => display.get(path) ?? path,
  };
}

type Range = Pick<Span, "start" | "end">;

interface Problem {
  readonly code: FileCode;
  readonly message: string;
  readonly span: Range;
  readonly help: string | undefined;
}

function toDiagnostic(file: string, { code, message, span, help }: Problem): Diagnostic {
  const place = { file, start: span.start, end: span.end };
  const diagnostic = { code, severity: "error", message, span: place, notes: [] } as const;
  return help === undefined ? diagnostic : { ...diagnostic, help };
}

/** The project's folder; the one above it if a file of the project would be taken for one of the library. */
function baseFolder(paths: readonly string[], root: string): string {
  const like = paths.some((path) => withSlashes(relative(root, path)).startsWith("std/"));
  return like ? dirname(root) : root;
}

/** The files of `specs/std`, as `std/attention.mem` and so on. */
async function readLibrary(): Promise<readonly SourceFile[]> {
  const damaged = (what: string) =>
    new InputError(`memc's standard library is damaged: ${what}`, "install memc again", "MEM0921");
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

/** The nearest folder at or above the spec's with a package.json; without one the spec's own. */
async function projectRoot(own: string): Promise<string> {
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
  if (path === folder) return ".";
  return withSlashes(isBelow(path, folder) ? relative(folder, path) : path);
}

function withSlashes(path: string): string {
  return sep === "/" ? path : path.split(sep).join("/");
}

function importObjection({ from: { text, span } }: Import): Problem | undefined {
  const objection = (what: string, help?: string): Problem => {
    return { code: "MEM0906", message: `the import "${text}" ${what}`, span, help };
  };
  if (text.includes("\\")) return objection("has a backslash", "write it with /");
  if (isAbsolute(text) || text.startsWith("/") || /^[A-Za-z][A-Za-z+.-]*:/.test(text)) {
    return objection(
      "is not a relative path",
      'write the path from this file, such as "memories/fifo.mem"',
    );
  }
  if (!text.endsWith(".mem") || text.includes("\0")) return objection("is not a .mem file");
  return undefined;
}

function encodingHelp(code: FileCode): string | undefined {
  return code === "MEM0904" ? "a spec is text; save it as UTF-8, or name another file" : undefined;
}

/** For a spec that is not there: the name it may have been meant to be, or the specs of the folder. */
async function specsNearby(path: string, code: FileCode): Promise<string | undefined> {
  if (code !== "MEM0900" && code !== "MEM0901") return encodingHelp(code);
  const folder = code === "MEM0901" ? path : dirname(path);
  const entries = await readdir(folder).catch(() => []);
  const specs = entries.filter((name) => name.endsWith(".mem")).sort();
  if (specs.length === 0) return undefined;
  const { suggest } = await import("../parser/suggest.ts");
  const meant = code === "MEM0900" ? suggest(basename(path), specs) : undefined;
  if (meant !== undefined) return `did you mean ${meant}?`;
  const listed = specs.slice(0, 5).join(", ");
  const held = `${listed}${specs.length > 5 ? ", …" : ""}`;
  return code === "MEM0901" ? `name one of its specs: ${held}` : `the folder holds ${held}`;
}
