/** Choosing and placing by index: `top`, `order`, `add`, `put` (rules R17 and R19). */

import { axisNumber, emit, emitAll, writable } from "../emit.ts";
import { evaluateNumber, evaluateTensor } from "../expressions/expression.ts";
import { axisOf } from "../expressions/reshape.ts";
import { requireAxis } from "../names/axes.ts";
import { problem } from "../problem.ts";
import {
  argument,
  asName,
  newAxis,
  oneAxis,
  onlyCount,
  overOf,
  type Rule,
  type Rules,
  tensorAt,
} from "./arguments.ts";

const topRule: Rule = (place, call) => {
  onlyCount(call, [2], ["over"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(place, call, each));
  const counted = argument(call, 1, "a count");
  const count = evaluateNumber(place, counted.value);
  if (!count.integer || count.value < 0 || count.value > axis.size) {
    throw problem(
      "MEM0151",
      counted.span,
      `Axis ${axis.name} has ${axis.size} entries; the top ${count.value} cannot be taken.`,
    );
  }
  const into = asName(call, counted);
  const attributes = { over: axis.name, k: writable(place.scope, count), into: into.text };
  const axes = [newAxis(place, into.text, count)];
  const [values, indices] = emitAll(place, "topK", [tensor], attributes, { span: call.span, axes });
  if (values === undefined || indices === undefined) throw new Error("topK gives two results.");
  return {
    kind: "tuple",
    items: [
      { name: "values", value: values },
      { name: "indices", value: indices },
    ],
  };
};

const orderRule: Rule = (place, call, hint) => {
  onlyCount(call, [1], ["over"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(place, call, each)).name;
  return emit(place, "order", [tensor], { over }, { span: call.span, hints: [hint] });
};

const scatterRule =
  (word: "add" | "put", op: "scatterAdd" | "scatterPut"): Rule =>
  (place, call, hint) => {
    onlyCount(call, [1], ["over", "at"]);
    const each = argument(call, 0, "a tensor");
    if (each.at === undefined)
      throw problem("MEM0142", each.span, `${word} needs \`at AXIS = index\`.`);
    const tensor = tensorAt(place, each);
    const indices = evaluateTensor(place, each.at.index);
    const axis = requireAxis(place, each.at.axis);
    const attributes = {
      over: overOf(place, call, each).map((name) => name.text),
      axis: axis.name,
      size: writable(place.scope, axisNumber(place.scope, axis)),
    };
    return emit(place, op, [tensor, indices], attributes, {
      span: call.span,
      hints: [hint],
      axes: [axis],
    });
  };

export const indexingRules: Rules = new Map<string, Rule>([
  ["top", topRule],
  ["order", orderRule],
  ["add", scatterRule("add", "scatterAdd")],
  ["put", scatterRule("put", "scatterPut")],
]);
