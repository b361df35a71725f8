/** What a reset must not do: it is what states enter by, so it comes before all that a segment writes (rule R9). */
import type { Span } from "../../../parser/tree.ts";
import { type Problem, problem } from "../problem.ts";

/** A call in a reset of what writes a state. */
export const writeInReset = (span: Span, title: string, state: string): Problem =>
  problem("MEM0185", span, `${title} writes ${state}, but no write stands in a reset.`, {
    help: "Call it outside, keep in a state what the reset asks, and read that state here: it is what was carried over.",
  });

/** `next M` in a reset, or a call of what reads it; `title` is what is called. */
export const nextInReset = (span: Span, title?: string): Problem =>
  problem(
    "MEM0185",
    span,
    `${title === undefined ? "A reset" : `${title}, called in a reset,`} reads what this segment writes, but resets come before all writes.`,
    { help: "A state's own name is, in a reset, what was carried over from the segment before." },
  );
