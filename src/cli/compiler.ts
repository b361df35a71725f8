/** Between the command line and the pure core: reads the files a spec needs, compiles them, shows the diagnostics. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { PassOptions } from "../ir/passes/index.ts";
import type { Diagnostic, SourceFile } from "../parser/diagnostic.ts";
import type { Span } from "../parser/tree.ts";
import { InternalError } from "./crash.ts";
import type { Settings } from "./settings.ts";
import { readSources } from "./sources.ts";
import type { Terminal } from "./terminal.ts";

export interface CompileOptions {
  /** Values by address that replace the spec's: `mem.count` → `16`. */
  readonly settings: Settings;
  /** Which passes run, and who is told of them; all unless said. */
  readonly passes?: PassOptions | "none";
  /** Addresses of values that the generated code makes visible, with `gradient.` before them their gradients too (`--probe`). */
  readonly probes?: readonly string[];
}

/** What the core makes of a set of files; `files` only without errors. */
export interface CompileResult {
  readonly diagnostics: readonly Diagnostic[];
}

export type Compile<Result extends CompileResult> = (
  files: readonly SourceFile[],
  main: string,
  options: CompileOptions,
) => Result | Promise<Result>;

export interface Compiled<Result extends CompileResult> {
  /** With their paths as the user knows them, like those of the diagnostics. */
  readonly files: readonly SourceFile[];
  /** The text of the spec itself. */
  readonly main: string;
  /** Of files that could not be read, and of what is written in those that could. */
  readonly diagnostics: readonly Diagnostic[];
  /** Undefined where the spec itself could not be read. */
  readonly result: Result | undefined;
}

/** Reads `spec`, a path from the shell's folder, with its imports and the library, and hands them to `compile`. */
export async function compileSpec<Result extends CompileResult>(
  spec: string,
  options: CompileOptions,
  compile: Compile<Result>,
  terminal: Terminal,
): Promise<Compiled<Result>> {
  const { main, files, diagnostics, readable, shown } = await readSources(spec, terminal.folder);
  const shownFiles = files.map(({ path, text }) => ({ path: shown(path), text }));
  const present = (list: readonly Diagnostic[]) => list.map((one) => withPaths(one, shown));
  const mainText = files.find(({ path }) => path === main)?.text ?? "";
  if (!readable)
    return {
      main: mainText,
      files: shownFiles,
      diagnostics: present(diagnostics),
      result: undefined,
    };
  try {
    const result = await compile(files, main, options);
    // An import that could not be read is said once, with the reason only the reader knows.
    const others = result.diagnostics.filter(({ span }) => {
      return !diagnostics.some(
        (one) => one.span.file === span.file && one.span.start === span.start,
      );
    });
    return {
      files: shownFiles,
      main: mainText,
      diagnostics: present([...diagnostics, ...others]),
      result,
    };
  } catch (error) {
    throw new InternalError(error, shownFiles);
  }
}

/** Whether there is such a spec; if not, the terminal says so: before it is said that nothing was trained of it. */
export async function specExists(spec: string, terminal: Terminal): Promise<boolean> {
  if (existsSync(resolve(terminal.folder, spec))) return true;
  const compiled = await compileSpec(spec, { settings: {} }, () => ({ diagnostics: [] }), terminal);
  return !(await showDiagnostics(compiled, "text", terminal));
}

/** A diagnostic with the files of its places as the user knows them. */
function withPaths(diagnostic: Diagnostic, shown: (path: string) => string): Diagnostic {
  const placed = (span: Span) => ({ ...span, file: shown(span.file) });
  const notes = diagnostic.notes.map((note) => {
    return note.span === undefined ? note : { ...note, span: placed(note.span) };
  });
  return { ...diagnostic, span: placed(diagnostic.span), notes };
}

export type DiagnosticFormat = "text" | "json";

/**
 * Prints diagnostics: text to the error stream, JSON (always, so that a tool finds it) to the output. Tells whether there is
 * an error among them.
 */
export async function showDiagnostics(
  { files, diagnostics }: Pick<Compiled<CompileResult>, "files" | "diagnostics">,
  format: DiagnosticFormat,
  terminal: Terminal,
): Promise<boolean> {
  if (format === "json") {
    const { renderJson } = await import("../parser/render.ts");
    terminal.out(withNewline(renderJson(diagnostics, files)));
  } else if (diagnostics.length > 0) {
    const { renderText } = await import("../parser/render.ts");
    terminal.err(withNewline(renderText(diagnostics, files, { color: terminal.color })));
    terminal.err(`${counted(diagnostics)}\n`);
  }
  return diagnostics.some(({ severity }) => severity === "error");
}

function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function counted(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  const parts = [plural(errors, "error"), plural(warnings, "warning")];
  return parts.filter((part) => !part.startsWith("0 ")).join(", ");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
