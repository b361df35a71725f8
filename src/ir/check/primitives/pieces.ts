/** Pieces of an axis: `join`, `first`, `last`, `shift`, `reverse`, `window`. */

import type { Call } from "../../../parser/tree.ts";
import { literal } from "../../symbolic.ts";
import { aliased, refuseClauses } from "../calls/clauses.ts";
import { axisNumber, emit, type Place, writable } from "../emit.ts";
import { evaluateNumber, evaluateStatic, evaluateTensor } from "../expressions/expression.ts";
import { axisOf } from "../expressions/reshape.ts";
import { arithmetic, plainNumber } from "../expressions/static.ts";
import { problem } from "../problem.ts";
import {
  argument,
  asName,
  named,
  newAxis,
  oneAxis,
  onlyCount,
  type Rule,
  type Rules,
  tensorAt,
} from "./arguments.ts";

const joinRule: Rule = (place, call, hint) => {
  const given = call.arguments;
  const last = given.at(-1);
  if (last === undefined) throw problem("MEM0140", call.span, "join needs tensors.");
  const into = asName(call, last);
  const inputs = given.map((each) => {
    refuseClauses("join", each, ["over"]);
    return evaluateTensor(place, each === last ? each.value : aliased(each));
  });
  const pieces = given.map((each, position) => {
    const tensor = inputs[position];
    if (each.over === undefined || tensor === undefined) return null;
    return axisOf(tensor, oneAxis(place, call, each));
  });
  const size = pieces
    .map((axis) => (axis === null ? plainNumber(1, true) : axisNumber(place.scope, axis)))
    .reduce((left, right) => arithmetic("+", left, right));
  const axis = newAxis(place, into.text, size);
  const attributes = { pieces: pieces.map((each) => each?.name ?? null), into: into.text };
  return emit(place, "join", inputs, attributes, { span: call.span, hints: [hint], axes: [axis] });
};

const endRule =
  (word: "first" | "last"): Rule =>
  (place, call, hint) => {
    onlyCount(call, [1, 2], ["over"]);
    const each = argument(call, 0, "a tensor");
    const tensor = tensorAt(place, each);
    const axis = axisOf(tensor, oneAxis(place, call, each));
    const counted = call.arguments[1];
    const count =
      counted === undefined ? plainNumber(1, true) : evaluateNumber(place, counted.value);
    if (!count.integer || count.value < 0 || count.value > axis.size) {
      throw problem(
        "MEM0151",
        counted?.span ?? call.span,
        `Axis ${axis.name} has ${axis.size} entries; ${count.value} cannot be taken.`,
      );
    }
    const name = counted === undefined ? null : (counted.as?.text ?? axis.name);
    const whole = axisNumber(place.scope, axis);
    const start = word === "first" ? plainNumber(0, true) : arithmetic("-", whole, count);
    const attributes = {
      axis: axis.name,
      start: writable(place.scope, start),
      size: writable(place.scope, count),
      into: name,
    };
    const axes = name === null ? [] : [newAxis(place, name, count)];
    return emit(place, "slice", [tensor], attributes, { span: call.span, hints: [hint], axes });
  };

function optional(place: Place, call: Call, name: string, otherwise: number) {
  const each = named(call, name);
  return writable(
    place.scope,
    each === undefined ? plainNumber(otherwise, true) : evaluateNumber(place, each.value),
  );
}

const shiftRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over", "by"], ["fill"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(place, call, each));
  if (each.by === undefined)
    throw problem("MEM0142", each.span, "shift needs `by N`: shift(x over T by 1).");
  const by = writable(place.scope, evaluateNumber(place, each.by));
  const filled = named(call, "fill");
  const fillWith =
    filled === undefined ? plainNumber(0, true) : evaluateStatic(place, filled.value);
  const fill =
    fillWith.kind === "flag"
      ? literal(fillWith.value ? 1 : 0)
      : fillWith.kind === "number"
        ? writable(place.scope, fillWith)
        : undefined;
  if (fill === undefined)
    throw problem("MEM0122", filled?.span ?? call.span, "fill is a number or a flag.");
  return emit(
    place,
    "shift",
    [tensor],
    { axis: axis.name, by, fill },
    { span: call.span, hints: [hint] },
  );
};

const reverseRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(place, call, each)).name;
  return emit(place, "reverse", [tensor], { axis }, { span: call.span, hints: [hint] });
};

const windowRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over"], ["size", "from", "step", "every"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(place, call, each));
  const last = call.arguments.at(-1);
  const sized = named(call, "size");
  if (last === undefined || sized === undefined)
    throw problem("MEM0142", call.span, "window needs size = k.");
  const into = asName(call, last);
  const count = evaluateNumber(place, sized.value);
  const attributes = {
    axis: axis.name,
    size: writable(place.scope, count),
    from: optional(place, call, "from", 0),
    step: optional(place, call, "step", 1),
    every: optional(place, call, "every", 1),
    into: into.text,
  };
  const axes = [newAxis(place, into.text, count)];
  return emit(place, "window", [tensor], attributes, { span: call.span, hints: [hint], axes });
};

export const pieceRules: Rules = new Map<string, Rule>([
  ["join", joinRule],
  ["first", endRule("first")],
  ["last", endRule("last")],
  ["shift", shiftRule],
  ["reverse", reverseRule],
  ["window", windowRule],
]);
