/** `loss name = e weighted by w`: one number for the batch (rule R14). */

import type { Expression, LossStatement } from "../../../parser/tree.ts";
import { calculate, literal } from "../../symbolic.ts";
import { toValue, valueOfTensor } from "../calls/results.ts";
import { asTensor, axisNumber, emit, type Place, writable } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import { plainNumber } from "../expressions/static.ts";
import { addLoss } from "../loss-terms.ts";
import { globalTensor, validOf } from "../names/globals.ts";
import { problem } from "../problem.ts";

/**
 * One term: sum(w * e) / sum(w) over the batch and all axes; 0 where there is nothing to count (rule R14). Where the spec says what w is,
 * sum(w) is kept beside it, for means over several segments.
 */
export function loss(place: Place, statement: LossStatement): void {
  const { frame, prefix } = place.scope;
  const overBatch: Place = { ...place, scope: place.scope.withBatch() };
  const { span } = statement;
  const given = evaluateTensor(overBatch, statement.value);
  const value = given.number === "real" ? given : emit(overBatch, "real", [given], {}, { span });
  const weight = lossWeight(overBatch, statement, value);
  const weighed = statement.weight !== undefined;
  const mean: Mean =
    weight === undefined
      ? { value: plainMean(overBatch, value, span), count: constant(overBatch, 1, span) }
      : weightedMean(overBatch, value, weight, span);
  const total = valueOfTensor(toValue(overBatch, mean.value, span));
  frame.builder.suggestName(total, statement.name.text);
  addLoss(frame.losses, {
    path: [...prefix, statement.name.text],
    value: total,
    ...((weighed || frame.inScan) && {
      count: valueOfTensor(toValue(overBatch, mean.count, span)),
    }),
    weighed,
    origin: { kind: "statement", span: statement.name.span },
    own: true,
  });
}

/** What a term counts: entries where the mask is on, each as much as its factor says. */
interface Weight {
  readonly mask?: TensorEntity;
  readonly factor?: TensorEntity;
}

/** Undefined where every entry counts the same. */
function lossWeight(
  place: Place,
  statement: LossStatement,
  value: TensorEntity,
): Weight | undefined {
  const { span } = statement;
  const given =
    statement.weight === undefined ? undefined : evaluateTensor(place, statement.weight);
  const existing = existingEntries(place, value, given, span);
  if (given === undefined) return existing && { mask: existing };
  const stray = given.axes.find((axis) => !value.axes.some((own) => own.name === axis.name));
  if (stray !== undefined) {
    throw problem(
      "MEM0237",
      statement.weight?.span ?? span,
      `The weight has axis ${stray.name}, which the loss has not.`,
    );
  }
  if (given.number === "flag") {
    return { mask: existing ? emit(place, "and", [given, existing], {}, { span }) : given };
  }
  const factor = given.number === "real" ? given : emit(place, "real", [given], {}, { span });
  return existing ? { mask: existing, factor } : { factor };
}

/**
 * On for the entries that exist: where the token does, on each axis that is the segment's, or of a value without one where the example has
 * any; in a scan along the segment, where the token of the step does, too. Undefined if all do.
 */
function existingEntries(
  place: Place,
  value: TensorEntity,
  weight: TensorEntity | undefined,
  span: Expression["span"],
): TensorEntity | undefined {
  const valid = value.axes.flatMap((axis) => {
    const flags = validOf(place, axis, span);
    return flags.kind === "tensor" ? [flags] : [];
  });
  const ofExamples = valid.length === 0 && (value.batch || weight?.batch === true);
  const counted =
    ofExamples || place.scope.frame.inScan ? [globalTensor(place, { kind: "counted" }, span)] : [];
  const [first, ...more] = [...valid, ...counted];
  if (first === undefined) return undefined;
  return more.reduce((both, flags) => emit(place, "and", [both, flags], {}, { span }), first);
}

interface Mean {
  readonly value: TensorEntity;
  /** Sum of the weights. */
  readonly count: TensorEntity;
}

function plainMean(place: Place, value: TensorEntity, span: Expression["span"]): TensorEntity {
  const over = [...(value.batch ? ["batch"] : []), ...value.axes.map((axis) => axis.name)];
  if (over.length === 0) return emit(place, "real", [value], {}, { span });
  return emit(place, "mean", [value], { over }, { span });
}

function weightedMean(
  place: Place,
  value: TensorEntity,
  { mask, factor }: Weight,
  span: Expression["span"],
): Mean {
  const zero = constant(place, 0, span);
  // Entries that do not count must not show, whatever they are: a factor of 0 would leave a NaN.
  const masked = (tensor: TensorEntity, hint: string) =>
    mask === undefined
      ? tensor
      : emit(place, "where", [mask, tensor, zero], {}, { span, hints: [hint] });
  const product =
    factor === undefined
      ? value
      : emit(place, "mul", [value, factor], {}, { span, hints: ["weighted"] });
  const weighted = masked(product, "weighted");
  const over = [...(weighted.batch ? ["batch"] : []), ...weighted.axes.map((axis) => axis.name)];
  const total = emit(place, "sum", [weighted], { over }, { span, hints: ["total"] });
  const weight = weightOf(place, mask, factor && masked(factor, "weight"), span);
  const counted = [...(weight.batch ? ["batch"] : []), ...weight.axes.map((axis) => axis.name)];
  const partial =
    counted.length === 0
      ? weight
      : emit(place, "sum", [weight], { over: counted }, { span, hints: ["count"] });
  const count = others(place, weighted, weight, partial, span);
  return { value: quotient(place, total, count, span), count };
}

/** A total by what it counts; 0 where that is nothing. */
export function quotient(
  place: Place,
  total: TensorEntity,
  count: TensorEntity,
  span: Expression["span"],
): TensorEntity {
  const [zero, one] = [constant(place, 0, span), constant(place, 1, span)];
  const something = emit(place, "greater", [count, zero], {}, { span, hints: ["something"] });
  const divisor = emit(place, "where", [something, count, one], {}, { span, hints: ["divisor"] });
  return emit(place, "div", [total, divisor], {}, { span });
}

/** How much each entry counts, as a number. */
function weightOf(
  place: Place,
  mask: TensorEntity | undefined,
  factor: TensorEntity | undefined,
  span: Expression["span"],
): TensorEntity {
  if (factor !== undefined) return factor;
  if (mask === undefined) return constant(place, 1, span);
  return emit(place, "real", [mask], {}, { span, hints: ["weight"] });
}

/** A real number as an operand. */
function constant(place: Place, value: number, span: Expression["span"]): TensorEntity {
  return asTensor(place.scope, plainNumber(value, false), span);
}

/** The weights' sum counts every entry of the axes that only the value has: what has the batch has a mask, which has it too. */
function others(
  place: Place,
  product: TensorEntity,
  weight: TensorEntity,
  partial: TensorEntity,
  span: Expression["span"],
): TensorEntity {
  const missing = product.axes.filter((axis) => !weight.axes.some((own) => own.name === axis.name));
  const sizes = missing.map((axis) => writable(place.scope, axisNumber(place.scope, axis)));
  const factor = sizes.reduce((count, size) => calculate("*", count, size), literal(1));
  if (factor.value === 1) return partial;
  const { value } = factor;
  const number = {
    kind: "number",
    value,
    integer: false,
    written: factor,
    declared: factor,
  } as const;
  return emit(place, "mul", [partial, asTensor(place.scope, number, span)], {}, { span });
}
