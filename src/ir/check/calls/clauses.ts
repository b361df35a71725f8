/** Words around an argument: `x over T`, `x by 1`, `x at E = i`, `x where m`, `f(x) as name`, and the stated order of axes, `x[S, E]`. */
import type { Argument, Expression } from "../../../parser/tree.ts";
import { problem } from "../problem.ts";

/** `axes` is the order of axes in brackets. `as` is no such word: it names an axis or a call. */
export type Clause = "over" | "by" | "at" | "where" | "axes";

const clauses: readonly Clause[] = ["over", "by", "at", "where", "axes"];

/** Throws at a word that means nothing to what is called, rather than leave it out. */
export function refuseClauses(title: string, each: Argument, allowed: readonly Clause[]): void {
  const stray = clauses.find((clause) => each[clause] !== undefined && !allowed.includes(clause));
  if (stray === undefined) return;
  const word = stray === "axes" ? "axes in brackets" : `\`${stray}\``;
  const help =
    allowed.length === 0
      ? undefined
      : `It takes ${allowed.map((clause) => (clause === "axes" ? "axes in brackets" : clause)).join(", ")}.`;
  throw problem("MEM0144", each.span, `${title} takes no ${word} here.`, { help });
}

/** `f(g(x) as name)`: the name is the inner call's. */
export function aliased({ value, as }: Argument): Expression {
  if (as === undefined) return value;
  if (value.kind === "call" && value.alias === undefined) return { ...value, alias: as };
  throw problem("MEM0144", as.span, "Only a call can be named with `as` here.");
}
