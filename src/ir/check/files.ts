/** The files of one check: each parsed, imports resolved, and every name in them looked at. */
import type { Diagnostic, SourceFile } from "../../parser/diagnostic.ts";
import { parse } from "../../parser/index.ts";
import type { FileTree, Span } from "../../parser/tree.ts";
import { type Program as Resolved, resolveDefinitions } from "./names/definitions.ts";
import { axisNames, resolveNames } from "./names/resolve.ts";
import type { Report } from "./problem.ts";

/** Trees of the library and, by path, of the project's own files. */
export interface ReadFiles {
  readonly library: readonly FileTree[];
  readonly trees: ReadonlyMap<string, FileTree>;
  /** Of syntax: a tree with errors is partial. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is not in the trees because of them. */
  readonly skipped: readonly Span[];
}

/** Parses every file; library files are those whose path begins with `std/`. */
export function readFiles(sources: readonly SourceFile[]): ReadFiles {
  const trees = new Map<string, FileTree>();
  const library: FileTree[] = [];
  const diagnostics: Diagnostic[] = [];
  const skipped: Span[] = [];
  for (const source of sources) {
    const parsed = parsedOnce(source);
    diagnostics.push(...parsed.diagnostics);
    skipped.push(...parsed.skipped);
    if (parsed.tree === undefined) continue;
    if (source.path.startsWith("std/")) library.push(parsed.tree);
    else trees.set(source.path, parsed.tree);
  }
  return { library, trees, diagnostics, skipped };
}

/** What each file sees, and the model; reports unknown names wherever they stand. */
export function resolveFiles(
  { library, trees }: ReadFiles,
  main: string,
  report: Report,
): Resolved {
  const resolved = resolveDefinitions({ library, trees, resolve: relative }, main, report);
  const axes = new Set<string>();
  const imported = new Set<string>();
  for (const tree of [...library, ...trees.values()]) axisNames(tree, axes);
  for (const tree of trees.values()) {
    for (const item of tree.items)
      if (item.kind === "import") for (const name of item.names) imported.add(name.text);
  }
  for (const [path, tree] of trees) {
    const definitions = resolved.files.get(path);
    const model = path === main ? resolved.model : undefined;
    if (definitions !== undefined)
      resolveNames(tree, model, definitions, { axes, imported }, report);
  }
  return resolved;
}

const parsedFiles = new WeakMap<SourceFile, ReturnType<typeof parse>>();

/** The tree of a file: the same one for the same file object, since the library is checked with every spec. */
function parsedOnce(source: SourceFile): ReturnType<typeof parse> {
  const known = parsedFiles.get(source) ?? parse(source);
  parsedFiles.set(source, known);
  return known;
}

/** Path of an imported file, relative to the importing one, without `..` steps left. */
function relative(from: string, target: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
