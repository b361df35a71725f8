/** `dim` and `const`: what is known before anything runs. */

import type { AxisDeclaration, Expression, Name } from "../../../parser/tree.ts";
import { commandLineNotes } from "../command-line-notes.ts";
import type { Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluateStatic, evaluateTensor } from "../expressions/expression.ts";
import { staticText } from "../expressions/static.ts";
import { problem } from "../problem.ts";
import { declaredAxes, matchAxes } from "./axes.ts";

/** `dim K = width / heads`: a whole number that is also the size of axis K. */
export function dimEntity(place: Place, name: string, value: Expression): Entity {
  const number = evaluateStatic(place, value);
  if (number.kind !== "number" || !Number.isInteger(number.value) || number.value < 0) {
    throw problem(
      "MEM0114",
      value.span,
      `dim ${name} must be a whole number of at least 0, not ${staticText(number)}${undivided(place, value)}.`,
      { notes: commandLineNotes(place, value) },
    );
  }
  const { dim: _, ...rest } = number;
  return { ...rest, integer: true, dim: name, from: value.span };
}

/** Of a quotient of whole numbers that is none itself: what does not divide what. */
function undivided(place: Place, value: Expression): string {
  if (value.kind !== "binary" || value.operator !== "/") return "";
  const side = (part: Expression): string | undefined => {
    const number = evaluateStatic(place, part);
    if (number.kind !== "number" || !Number.isInteger(number.value)) return undefined;
    return part.kind === "reference" ? `${part.name.text} = ${number.value}` : `${number.value}`;
  };
  const [left, right] = [side(value.left), side(value.right)];
  return left === undefined || right === undefined ? "" : `: ${right} does not divide ${left}`;
}

/** `const G[N, L] = e`: known before anything runs. */
export function constEntity(
  place: Place,
  name: Name,
  axes: readonly AxisDeclaration[],
  value: Expression,
): Entity {
  const declared = declaredAxes(place, axes);
  const tensor = evaluateTensor(place, value, name.text);
  if (!tensor.constant) {
    throw problem(
      "MEM0115",
      value.span,
      `const ${name.text} depends on something that is only known while running.`,
      {
        help: "A const is made of numbers, index(…), dims and other consts.",
      },
    );
  }
  return matchAxes(place, tensor, declared, name);
}
