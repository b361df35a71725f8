/** The stable codes of diagnostics, what each means, and how one is made. */

import { syntaxCodes } from "./codes.ts";
import type { Diagnostic, Note, Severity } from "./diagnostic.ts";
import type { Span } from "./tree.ts";

/** One code's page: what `memc explain MEM0009` prints. */
export interface DiagnosticEntry {
  /** A few words: `Bracket never closed`. */
  readonly title: string;
  /** One paragraph: what the rule is and why it is there. */
  readonly explanation: string;
  /** The smallest spec with this fault. */
  readonly example: string;
  /** The same spec, mended. */
  readonly fix: string;
}

export type Code = `MEM${string}`;

export interface DiagnosticDetails {
  /** `error` if not said. */
  readonly severity?: Severity;
  readonly notes?: readonly Note[];
  readonly help?: string;
}

/** A diagnostic of any stage. */
export function diagnostic(
  code: Code,
  span: Span,
  message: string,
  details: DiagnosticDetails = {},
): Diagnostic {
  const { severity = "error", notes = [], help } = details;
  const base = { code, severity, message, span, notes };
  return help === undefined ? base : { ...base, help };
}

/** Codes of lexing and parsing: MEM0001 to MEM0099. */
export type SyntaxCode = keyof typeof syntaxCodes;

/** As `diagnostic`, for the codes of this stage alone. */
export function syntaxError(
  code: SyntaxCode,
  span: Span,
  message: string,
  details: DiagnosticDetails = {},
): Diagnostic {
  return diagnostic(code, span, message, details);
}

/** The codes of lexing and parsing with their pages. */
export const diagnostics: Readonly<Record<SyntaxCode, DiagnosticEntry>> = syntaxCodes;
