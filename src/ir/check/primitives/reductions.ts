/** Along axes: `sum(x over T where m)`, `softmax(x over S)`, `cumsum(x over T)`. */

import type { Call, Name, Span } from "../../../parser/tree.ts";
import { asTensor, emit, type Place } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { axisOf } from "../expressions/reshape.ts";
import { plainNumber } from "../expressions/static.ts";
import { globalTensor } from "../names/globals.ts";
import { problem } from "../problem.ts";
import {
  argument,
  maskOf,
  oneAxis,
  onlyCount,
  overOf,
  type Rule,
  type Rules,
  tensorAt,
} from "./arguments.ts";

const reductions = ["sum", "mean", "any", "all", "logsumexp", "softmax"] as const;

export function reduce(
  place: Place,
  call: Call,
  op: (typeof reductions)[number] | "min" | "max",
  hint: string | undefined,
): Entity {
  onlyCount(call, [1], ["over", "where"]);
  const each = argument(call, 0, "a tensor");
  const names = overOf(place, call, each);
  const tensor = tensorAt(place, each);
  for (const name of names) {
    if (name.text !== "batch") axisOf(tensor, name, ["batch"]);
    else requireBatch(place, name, call);
  }
  const mask = maskOf(place, each);
  const operands = mask === undefined ? [tensor] : [tensor, mask];
  const over = names.map((name) => name.text);
  const reduced = emit(place, op, operands, { over }, { span: call.span, hints: [hint] });
  const alongSegment = tensor.axes.some((axis) => axis.data && over.includes(axis.name));
  return mask !== undefined && infiniteOfNothing.has(op) && alongSegment && reduced.batch
    ? finiteWhereAbsent(place, reduced, call.span, hint)
    : reduced;
}

const infiniteOfNothing: ReadonlySet<string> = new Set(["min", "max", "logsumexp"]);

/**
 * An example without a valid token has nothing left under any mask, which is the data's doing and not the spec's: it gives 0, since
 * what an infinity reaches has no gradient, not even one that counts 0 times.
 */
function finiteWhereAbsent(
  place: Place,
  reduced: TensorEntity,
  span: Span,
  hint: string | undefined,
): TensorEntity {
  const present = globalTensor(place, { kind: "present" }, span);
  const zero = asTensor(place.scope, plainNumber(0, reduced.number === "int"), span);
  return emit(place, "where", [present, reduced, zero], {}, { span, hints: [hint] });
}

function requireBatch({ scope, checker }: Place, name: Name, call: Call): void {
  if (scope.seesBatch) {
    checker.noteBatch(call.span);
    return;
  }
  throw problem(
    "MEM0145",
    name.span,
    "The batch may only be named in the equation of a loss and under `when training`.",
    {
      help: "Examples of a batch never see each other elsewhere (rule R14).",
    },
  );
}

const reductionRule =
  (op: (typeof reductions)[number]): Rule =>
  (place, call, hint) =>
    reduce(place, call, op, hint);

const argmaxRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over", "where"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(place, call, each)).name;
  const mask = maskOf(place, each);
  const operands = mask === undefined ? [tensor] : [tensor, mask];
  return emit(place, "argmax", operands, { over }, { span: call.span, hints: [hint] });
};

const cumsumRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(place, call, each)).name;
  return emit(place, "cumsum", [tensor], { over }, { span: call.span, hints: [hint] });
};

export const reductionRules: Rules = new Map<string, Rule>([
  ...reductions.map((op) => [op, reductionRule(op)] as const),
  ["argmax", argmaxRule],
  ["cumsum", cumsumRule],
]);
