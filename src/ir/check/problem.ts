/** Collecting diagnostics while checking: a problem stops the statement it is in, never the check. */
import type { Diagnostic, Note } from "../../parser/diagnostic.ts";
import type { Span } from "../../parser/tree.ts";
import type { CheckCode } from "./codes.ts";

/** Thrown where a statement cannot go on. */
export class Problem extends Error {
  readonly diagnostic: Diagnostic;
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

/** Diagnostics of one check, each reported once however often its block is specialised. */
export class Report {
  private readonly found = new Map<string, Diagnostic>();

  add(diagnostic: Diagnostic): void {
    const key = `${diagnostic.code} ${diagnostic.span.file} ${diagnostic.span.start} ${diagnostic.span.end}`;
    if (!this.found.has(key)) this.found.set(key, diagnostic);
  }

  /** Runs a step; records its problem. True if it went through. */
  attempt(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (error) {
      if (error instanceof Problem) {
        this.add(error.diagnostic);
        if (fatal.has(error.diagnostic.code)) throw new Exhausted(error.message);
      } else if (!(error instanceof Silenced)) throw error;
      return false;
    }
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
