/** `linear_scan(a, b over T, from = M)`: every step of h = a * h + b. */

import { emit } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { restartedScan } from "../instances/restart.ts";
import { requireAxis } from "../names/axes.ts";
import { problem } from "../problem.ts";
import {
  argument,
  named,
  oneAxis,
  onlyCount,
  type Rule,
  type Rules,
  tensorAt,
} from "./arguments.ts";

const linearScanRule: Rule = (place, call, hint) => {
  onlyCount(call, [2], ["over"], ["from"]);
  const { span } = call;
  const [factor, term] = [argument(call, 0, "a factor"), argument(call, 1, "a term")];
  const axis = requireAxis(place, oneAxis(place, call, term));
  const from = named(call, "from");
  if (from === undefined)
    throw problem(
      "MEM0142",
      span,
      "linear_scan needs a start: linear_scan(a, b over T, from = M).",
    );
  const real = (tensor: TensorEntity) =>
    tensor.number === "int" ? emit(place, "real", [tensor], {}, { span }) : tensor;
  const [a, b, start] = [tensorAt(place, factor), tensorAt(place, term), tensorAt(place, from)].map(
    real,
  );
  if (a === undefined || b === undefined || start === undefined)
    throw new Error("Three operands are evaluated.");
  const restart = start.restart?.(axis, span);
  const [factors, terms] =
    restart === undefined ? [a, b] : restartedScan(place, a, b, restart, span);
  return emit(
    place,
    "linearScan",
    [factors, terms, start],
    { over: axis.name },
    { span, hints: [hint] },
  );
};

export const recurrenceRules: Rules = new Map<string, Rule>([["linear_scan", linearScanRule]]);
