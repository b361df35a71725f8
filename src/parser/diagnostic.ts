/** Errors and warnings about a spec, as data. They are rendered elsewhere; their codes live in a registry. */
import type { Span } from "./tree.ts";

export type Severity = "error" | "warning";

export interface Note {
  readonly message: string;
  readonly span?: Span;
}

export interface Diagnostic {
  /** Stable, e.g. `MEM0123`. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong: expected and found, in one sentence. */
  readonly message: string;
  readonly span: Span;
  /** What else matters: where an axis or a name came from. */
  readonly notes: readonly Note[];
  /** What to do: a did-you-mean, a legal range, a command. */
  readonly help?: string;
}

/** A file as the compiler sees it. `path` is for messages and for resolving imports, never opened by the core. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}
