/** Along axes: `sum(x over T where m)`, `softmax(x over S)`, `cumsum(x over T)`. */

import type { Call, Name } from "../../../parser/tree.ts";
import { emit, type Place } from "../emit.ts";
import { axisOf } from "../expressions/reshape.ts";
import type { Entity } from "../frame.ts";
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
    if (name.text !== "batch") axisOf(tensor, name);
    else requireLoss(place, name);
  }
  const mask = maskOf(place, each);
  const operands = mask === undefined ? [tensor] : [tensor, mask];
  const over = names.map((name) => name.text);
  return emit(place, op, operands, { over }, { span: call.span, hints: [hint] });
}

function requireLoss(place: Place, name: Name): void {
  if (place.scope.inLoss) return;
  throw problem("MEM0145", name.span, "The batch may only be named in the equation of a loss.", {
    help: "Examples of a batch never see each other elsewhere (rule R14).",
  });
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
