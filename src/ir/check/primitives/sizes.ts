/** Positions, sizes and lists: `index(T)`, `valid(T)`, `size(list)`, `values(list as W)`. */

import type { Argument, Call } from "../../../parser/tree.ts";
import { literal } from "../../symbolic.ts";
import { axisNumber, emit, type Place, writable } from "../emit.ts";
import type { CheckedAxis, TensorEntity } from "../entities.ts";
import { evaluateNumber, evaluateStatic } from "../expressions/expression.ts";
import { arithmetic, plainNumber, type Static, sameStatic } from "../expressions/static.ts";
import type { Frame } from "../frame.ts";
import { findAxis, requireAxis } from "../names/axes.ts";
import { capture } from "../names/capture.ts";
import { validOf } from "../names/globals.ts";
import { problem } from "../problem.ts";
import {
  argument,
  asName,
  calleeText,
  newAxis,
  onlyCount,
  type Rule,
  type Rules,
} from "./arguments.ts";

function axisArgument(place: Place, call: Call): CheckedAxis {
  const each = argument(call, 0, "an axis");
  if (each.value.kind === "reference") return requireAxis(place, each.value.name);
  throw problem("MEM0146", each.span, `${calleeText(call)} takes the name of an axis.`);
}

const indexRule: Rule = (place, call, hint) => {
  onlyCount(call, [1]);
  return indexAlong(place, axisArgument(place, call), call, hint);
};

/** Positions along an axis; inside a scan over it, the current step's. */
function indexAlong(
  place: Place,
  axis: CheckedAxis,
  call: Call,
  hint: string | undefined,
): TensorEntity {
  const { scope, checker } = place;
  const { outer } = scope.frame;
  if (outer !== undefined && steps(scope.frame, axis.name)) {
    return capture(scope, "index", indexAlong({ checker, scope: outer }, axis, call, "index"));
  }
  const size = writable(scope, axisNumber(scope, axis));
  return emit(
    place,
    "index",
    [],
    { axis: axis.name, size },
    { span: call.span, hints: [hint], axes: [axis] },
  );
}

/** Whether the function is in a scan over the axis. */
function steps(frame: Frame, axis: string): boolean {
  return (
    frame.stepAxis?.name === axis || (frame.outer !== undefined && steps(frame.outer.frame, axis))
  );
}

const validRule: Rule = (place, call) => {
  onlyCount(call, [1]);
  return validOf(place, axisArgument(place, call), call.span);
};

function listArgument(place: Place, each: Argument): readonly Static[] {
  const value = evaluateStatic(place, each.value);
  if (value.kind === "list") return value.items;
  throw problem("MEM0147", each.span, "A list is needed here.");
}

const sizeRule: Rule = (place, call) => {
  onlyCount(call, [1]);
  const { value, span } = argument(call, 0, "a list");
  const name = value.kind === "reference" ? value.name.text : undefined;
  if (name !== undefined && findAxis(place, name) !== undefined) {
    const help = `An axis is its own size: write ${name}.`;
    throw problem("MEM0147", span, "A list is needed here.", { help });
  }
  return plainNumber(listArgument(place, argument(call, 0, "a list")).length, true);
};

const indexOfRule: Rule = (place, call) => {
  onlyCount(call, [2]);
  const items = listArgument(place, argument(call, 0, "a list"));
  const wanted = evaluateStatic(place, argument(call, 1, "a value").value);
  const position = items.findIndex((item) => sameStatic(item, wanted));
  if (position < 0) throw problem("MEM0148", call.span, "The list does not hold this value.");
  return plainNumber(position, true);
};

const rootRule: Rule = (place, call) => {
  onlyCount(call, [1]);
  const number = evaluateNumber(place, argument(call, 0, "a square number").value);
  if (Number.isInteger(Math.sqrt(number.value))) return arithmetic("root", number);
  throw problem("MEM0149", call.span, `${number.value} is not the square of a whole number.`);
};

const valuesRule: Rule = (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a list");
  const into = asName(call, each);
  const list = listArgument(place, each).map((item) => {
    if (item.kind !== "number")
      throw problem("MEM0147", each.span, "A list of numbers is needed here.");
    return literal(item.value);
  });
  const axis = newAxis(place, into.text, plainNumber(list.length, true));
  return emit(
    place,
    "values",
    [],
    { list, into: into.text },
    { span: call.span, hints: [hint], axes: [axis] },
  );
};

export const sizeRules: Rules = new Map<string, Rule>([
  ["index", indexRule],
  ["valid", validRule],
  ["size", sizeRule],
  ["index_of", indexOfRule],
  ["root", rootRule],
  ["values", valuesRule],
]);
