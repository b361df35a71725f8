/** Loss terms of a function in the making, and how they leave it and arrive where it is called (rule R14). */
import type { Span } from "../../parser/tree.ts";
import type { FunctionBuilder } from "../function-builder.ts";
import type { Port, Value } from "../graph.ts";
import { clash } from "./addresses.ts";

/** What made a term: the loss statement, a call of a block by its name, or a call of an instance. */
export interface LossOrigin {
  readonly kind: "statement" | "call" | "instance";
  readonly span: Span;
}

export interface LossTerm {
  readonly path: readonly string[];
  /** Scalar. */
  readonly value: Value;
  /** Sum of the weights, a scalar; absent where the spec does not weigh the term, save in scans, whose means they make. */
  readonly count?: Value;
  /** The spec weighs the term. */
  readonly weighed: boolean;
  readonly origin: LossOrigin;
  /**
   * Its address is that of this function: the statement is here or in a scan, not in a repeat or a block that is called; or it is in a
   * method that is called here, since a loss in a method is the instance's.
   */
  readonly own: boolean;
}

const helps = {
  statement: "Give one of them another name.",
  call: "Give one call a name of its own: `f(x) as other`.",
  instance:
    "An instance gives one term of a name: call it once, name the losses of its methods apart, or state the loss where it is called.",
} as const satisfies Readonly<Record<LossOrigin["kind"], string>>;

/** Adds a term whose address is free: that of no other term, and neither above nor below one. */
export function addLoss(terms: LossTerm[], term: LossTerm): void {
  const { path, origin } = term;
  const other = terms.find((each) =>
    path.every((segment, i) => i >= each.path.length || segment === each.path[i]),
  );
  if (other === undefined) {
    terms.push(term);
    return;
  }
  throw clash(
    "loss",
    { path, at: origin.span },
    { path: other.path, at: other.origin.span },
    helps[origin.kind],
  );
}

/** Makes the terms results of the function; returns how many results that were. */
export function addLossResults(builder: FunctionBuilder, terms: readonly LossTerm[]): number {
  for (const { path, value } of terms) builder.result(value, { role: "loss", path });
  const counted = terms.flatMap(({ path, count }) =>
    count === undefined ? [] : [{ path, count }],
  );
  for (const { path, count } of counted) builder.result(count, { role: "count", path });
  return terms.length + counted.length;
}

/** The term that a function has at the port. */
export function termInside(terms: readonly LossTerm[], { path }: Port): LossTerm {
  const address = path.join(".");
  const term = terms.find((each) => each.path.join(".") === address);
  if (term === undefined) throw new Error(`There is no loss ${address} in the function.`);
  return term;
}

/** Takes what a call gives at one of its ports, if that is a term or the count of one; its place is below `prefix`. */
export function takeLossResult(
  terms: LossTerm[],
  prefix: readonly string[],
  port: Port,
  value: Value,
  { origin, weighed }: Pick<LossTerm, "origin" | "weighed">,
): void {
  take(terms, prefix, port, value, { origin, weighed, own: origin.kind === "instance" });
}

/** Takes in the same way what a loop gives, whose body has the terms `inside`. */
export function takeLoopLoss(
  terms: LossTerm[],
  prefix: readonly string[],
  port: Port,
  value: Value,
  inside: readonly LossTerm[],
): void {
  const { origin, weighed } = termInside(inside, port);
  take(terms, prefix, port, value, { origin, weighed, own: false });
}

function take(
  terms: LossTerm[],
  prefix: readonly string[],
  { role, path }: Port,
  value: Value,
  from: Pick<LossTerm, "origin" | "weighed" | "own">,
): void {
  const below = [...prefix, ...path];
  if (role === "loss") addLoss(terms, { path: below, value, ...from });
  if (role !== "count") return;
  const address = below.join(".");
  const position = terms.findIndex((term) => term.path.join(".") === address);
  const term = terms[position];
  if (term === undefined) throw new Error(`There is no loss ${address} to count.`);
  terms[position] = { ...term, count: value };
}
