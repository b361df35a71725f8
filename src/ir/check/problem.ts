/** Collecting diagnostics while checking: a problem stops the statement it is in, never the check. */
import type { Diagnostic, Note } from "../../parser/diagnostic.ts";
import type { Span } from "../../parser/tree.ts";
import type { CheckCode } from "./codes.ts";
import { nothingUnread, type Unread } from "./unread.ts";

/** Thrown where a statement cannot go on. */
export class Problem extends Error {
  readonly diagnostic: Diagnostic;
  /** What led to the code it is in, innermost first: calls of the block around it. */
  readonly origins: Note[] = [];
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

/** Thrown when a limit of the whole check is reached: nothing more is checked. */
export class Exhausted extends Error {}

const fatal: ReadonlySet<string> = new Set<CheckCode>(["MEM0262", "MEM0263", "MEM0265"]);

/** Thrown on the use of a name whose own statement failed: reported there already. */
export class Silenced extends Error {}

interface Extra {
  readonly notes?: readonly Note[];
  readonly help?: string | undefined;
}

export function problem(code: CheckCode, span: Span, message: string, extra: Extra = {}): Problem {
  return new Problem({
    code,
    severity: "error",
    message,
    span,
    notes: extra.notes ?? [],
    ...(extra.help === undefined ? {} : { help: extra.help }),
  });
}

export function warning(
  code: CheckCode,
  span: Span,
  message: string,
  extra: Extra = {},
): Diagnostic {
  return { ...problem(code, span, message, extra).diagnostic, severity: "warning" };
}

const samePlace = (a: Span | undefined, b: Span | undefined): boolean =>
  a?.file === b?.file && a?.start === b?.start && a?.end === b?.end;

/** What led to an error may have gone through the same place twice. */
const isFirst = (note: Note, position: number, notes: readonly Note[]): boolean =>
  notes.findIndex(({ message, span }) => message === note.message && samePlace(span, note.span)) ===
  position;

/** The library's files are not what a user can mend. */
const isLibrary = ({ span }: Note): boolean => span?.file.startsWith("std/") ?? false;
const mostOrigins = 3;

/** Diagnostics of one check, each reported once however often its block is specialised. */
export class Report {
  private readonly found = new Map<string, Diagnostic>();
  /** How often a step met an error, be it one that another step met before, or gave up because of one. */
  private failures = 0;
  /** Calls that are being checked, outermost first. */
  private readonly origins: Note[] = [];
  /** What could not be read, so that nothing is said about what is missing because of it. */
  readonly unread: Unread;

  constructor(unread: Unread = nothingUnread) {
    this.unread = unread;
  }

  /** `origins`: what led there within the step that failed, innermost first. */
  add(diagnostic: Diagnostic, origins: readonly Note[] = []): void {
    if (diagnostic.severity === "error") this.failures += 1;
    const key = `${diagnostic.code} ${diagnostic.span.file} ${diagnostic.span.start} ${diagnostic.span.end}`;
    if (this.found.has(key)) return;
    if (diagnostic.code >= "MEM0100" && this.unread.holds(diagnostic.span)) return;
    const all = [...origins, ...this.origins.toReversed()].filter(
      (note) => !isLibrary(note) && !samePlace(note.span, diagnostic.span),
    );
    const shown =
      all.length <= mostOrigins ? all : [...all.slice(0, mostOrigins - 1), ...all.slice(-1)];
    const notes =
      diagnostic.severity === "error" ? [...diagnostic.notes, ...shown] : diagnostic.notes;
    this.found.set(key, { ...diagnostic, notes: notes.filter(isFirst) });
  }

  /** Runs a step in code that stands elsewhere; what is wrong there is said with what led to it. */
  within<Result>(origin: Note, step: () => Result): Result {
    this.origins.push(origin);
    try {
      return step();
    } catch (error) {
      if (error instanceof Problem) error.origins.push(origin);
      throw error;
    } finally {
      this.origins.pop();
    }
  }

  /** Runs a step; records its problem. True if it went through. */
  attempt(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof Problem) {
        this.add(error.diagnostic, error.origins);
        if (fatal.has(error.diagnostic.code)) throw new Exhausted(error.message);
      } else if (error instanceof Silenced) this.failures += 1;
      else throw error;
      return false;
    }
  }

  /** Runs a step made of attempts; true if all of them went through, also where nothing new was said of one that did not. */
  allOf(step: () => void): boolean {
    const before = this.failures;
    step();
    return this.failures === before;
  }

  /** Nothing is wrong so far, and everything was read: what is missing is missing. */
  get sound(): boolean {
    return !this.failed && this.unread.words.size === 0;
  }

  get failed(): boolean {
    return [...this.found.values()].some((diagnostic) => diagnostic.severity === "error");
  }

  /** In the order of files and positions. */
  list(): readonly Diagnostic[] {
    return [...this.found.values()].sort(
      (a, b) =>
        a.span.file.localeCompare(b.span.file) ||
        a.span.start - b.span.start ||
        a.code.localeCompare(b.code),
    );
  }
}
