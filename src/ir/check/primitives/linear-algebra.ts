/** `solve`, `svd` and `eigh` of matrices known before anything runs. */

import type { OpName } from "../../../ops/index.ts";
import type { Call } from "../../../parser/tree.ts";
import { emit, emitAll, type Place } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import { axisOf } from "../expressions/reshape.ts";
import { problem } from "../problem.ts";
import {
  argument,
  asName,
  calleeText,
  onlyCount,
  overOf,
  type Rule,
  type Rules,
  tensorAt,
} from "./arguments.ts";

const largestMatrix = 8192;

function rowAndColumn(
  place: Place,
  call: Call,
  names: boolean,
): { matrix: TensorEntity; row: string; column: string } {
  const each = argument(call, 0, "a matrix");
  const [row, column, ...more] = overOf(place, call, each);
  // `as` names the axis of singular values, else the call in the argument.
  const matrix = names ? evaluateTensor(place, each.value) : tensorAt(place, each);
  if (row === undefined || column === undefined || more.length > 0) {
    throw problem(
      "MEM0155",
      each.span,
      `${calleeText(call)} needs the matrix's two axes: \`over (ROW, COLUMN)\`.`,
    );
  }
  if (!matrix.constant) {
    throw problem(
      "MEM0115",
      call.span,
      `${calleeText(call)} is only for values known before anything runs.`,
      {
        help: "Its matrix may be made of numbers, index(…), dims and consts.",
      },
    );
  }
  const axes = [axisOf(matrix, row), axisOf(matrix, column)] as const;
  const large = axes.find((axis) => axis.size > largestMatrix);
  if (large !== undefined) {
    throw problem(
      "MEM0261",
      each.span,
      `Axis ${large.name} of the matrix has ${large.size} entries; ${calleeText(call)} takes at most ${largestMatrix}.`,
    );
  }
  return { matrix, row: axes[0].name, column: axes[1].name };
}

const solveRule: Rule = (place, call, hint) => {
  onlyCount(call, [2], ["over"]);
  const { matrix, row, column } = rowAndColumn(place, call, false);
  const right = tensorAt(place, argument(call, 1, "a right side"));
  if (!right.constant)
    throw problem("MEM0115", call.span, "solve is only for values known before anything runs.");
  return emit(place, "solve", [matrix, right], { row, column }, { span: call.span, hints: [hint] });
};

const decompositionRule =
  (op: "svd" | "eigh", names: readonly string[]): Rule =>
  (place, call) => {
    onlyCount(call, [1], ["over"]);
    const { matrix, row, column } = rowAndColumn(place, call, true);
    const into = asName(call, argument(call, 0, "a matrix")).text;
    const results = emitAll<Extract<OpName, "svd" | "eigh">>(
      place,
      op,
      [matrix],
      { row, column, into },
      { span: call.span },
    );
    return { kind: "tuple", items: results.map((value, i) => ({ name: names[i] ?? "", value })) };
  };

export const linearAlgebraRules: Rules = new Map<string, Rule>([
  ["solve", solveRule],
  ["svd", decompositionRule("svd", ["values", "left", "right"])],
  ["eigh", decompositionRule("eigh", ["values", "vectors"])],
]);
