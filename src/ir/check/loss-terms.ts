/** Loss terms of a function in the making, and how they leave it and arrive where it is called (rule R14). */
import type { FunctionBuilder } from "../function-builder.ts";
import type { Port, Value } from "../graph.ts";

export interface LossTerm {
  readonly path: readonly string[];
  /** Scalar. */
  readonly value: Value;
  /** Sum of the weights, a scalar; absent where the spec does not weigh the term. */
  readonly count?: Value;
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

/** Takes what a call or loop gives at one of its ports, if that is a term or the count of one; its place is below `prefix`. */
export function takeLossResult(
  terms: LossTerm[],
  prefix: readonly string[],
  { role, path }: Port,
  value: Value,
): void {
  const below = [...prefix, ...path];
  if (role === "loss") terms.push({ path: below, value });
  if (role !== "count") return;
  const address = below.join(".");
  const position = terms.findIndex((term) => term.path.join(".") === address);
  const term = terms[position];
  if (term === undefined) throw new Error(`There is no loss ${address} to count.`);
  terms[position] = { ...term, count: value };
}
