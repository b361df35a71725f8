/**
 * Sums, means, extremes and the like over named axes, and operations along an axis that keep the
 * shape.
 */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  countOf,
  elementCount,
  mixNumbers,
  operands,
  requireAxes,
  requireAxis,
  requireFlag,
  requireNumbers,
  resultType,
  without,
} from "./axes.ts";
import { allocateFor, layout, reorder } from "./strided.ts";
import type { Axis, HostData, HostTensor, NumberKind, OpDefinition, TensorType } from "./types.ts";

type Reduction = OpDefinition<OpAttributes<number>["sum"]>;
type Search = OpDefinition<OpAttributes<number>["argmax"]>;
type CumulativeSum = OpDefinition<OpAttributes<number>["cumsum"]>;

/**
 * Reduces entries begin .. begin + length - 1 of `values`, those alone whose flag in `mask` is on.
 */
type Fold = (
  values: HostData,
  mask: HostData | undefined,
  begin: number,
  length: number,
  kind: NumberKind,
) => number;

/** The operand, its mask, and their axes aligned. Throws OpError for a mask that is not a flag. */
export function maskedOperand(inputs: readonly TensorType[]): {
  readonly x: Operand;
  readonly axes: Axis[];
} {
  const all = operands(inputs, "the operand", "the mask");
  const [x, mask] = all as [Operand, Operand | undefined];
  if (mask !== undefined) requireFlag(mask);
  return { x, axes: alignAxes(all) };
}

/**
 * A tensor and its mask laid out as rows: one row, of the entries along `over`, for each place of
 * the `kept` axes.
 */
export interface Rows {
  readonly values: HostData;
  readonly mask: HostData | undefined;
  readonly kept: readonly Axis[];
  /** `kept`, then the axes of the rows. */
  readonly axes: readonly Axis[];
  readonly count: number;
  readonly length: number;
}

export function rowsOf(x: HostTensor, mask: HostTensor | undefined, over: readonly string[]): Rows {
  const types = mask === undefined ? [x.type] : [x.type, mask.type];
  const all = alignAxes(operands(types, "the operand", "the mask"));
  const kept = without(all, over);
  const along = all.filter(({ name }) => over.includes(name));
  const axes = [...kept, ...along];
  return {
    values: layout(x, axes),
    mask: mask === undefined ? undefined : layout(mask, axes),
    kept,
    axes,
    count: countOf(kept),
    length: countOf(along),
  };
}

interface ReductionRule {
  readonly doc: string;
  readonly kind: (x: Operand) => NumberKind;
  /** Operations for each entry that takes part. */
  readonly cost?: number;
  readonly numbers?: "real";
  readonly fold: Fold;
}

function reduction({ doc, kind, cost = 1, numbers, fold }: ReductionRule): Reduction {
  return {
    doc,
    arity: 1,
    masked: true,
    ...(numbers === undefined ? {} : { numbers }),
    type(inputs, { over }) {
      const { x, axes } = maskedOperand(inputs);
      requireAxes(x, over);
      return [resultType(kind(x), without(axes, over))];
    },
    flops: (inputs) => cost * elementCount(maskedOperand(inputs)),
    evaluate: ([x, mask], { over }, [type]) => {
      const result = type as TensorType;
      const { values, mask: on, count, length } = rowsOf(x as HostTensor, mask, over);
      const data = allocateFor(result);
      for (let row = 0; row < count; row++) {
        data[row] = fold(values, on, row * length, length, result.kind);
      }
      return [{ type: result, data }];
    },
  };
}

/** Sum of the entries that take part. */
const total: Fold = (values, mask, begin, length) => {
  let sum = 0;
  for (let i = begin; i < begin + length; i++) {
    if (mask === undefined || mask[i] !== 0) sum += values[i] as number;
  }
  return sum;
};

const mean: Fold = (values, mask, begin, length, kind) => {
  let count = length;
  if (mask !== undefined) {
    count = 0;
    for (let i = begin; i < begin + length; i++) count += mask[i] as number;
  }
  return count === 0 ? 0 : total(values, mask, begin, length, kind) / count;
};

const largest: Fold = (values, mask, begin, length, kind) => {
  let best = kind === "int" ? -2147483648 : -Infinity;
  for (let i = begin; i < begin + length; i++) {
    if (mask === undefined || mask[i] !== 0) best = Math.max(best, values[i] as number);
  }
  return best;
};

const smallest: Fold = (values, mask, begin, length, kind) => {
  let best = kind === "int" ? 2147483647 : Infinity;
  for (let i = begin; i < begin + length; i++) {
    if (mask === undefined || mask[i] !== 0) best = Math.min(best, values[i] as number);
  }
  return best;
};

/** log(sum(exp(x))), the largest entry taken out first. */
export const logSumExp: Fold = (values, mask, begin, length) => {
  const top = largest(values, mask, begin, length, "real");
  if (top === Infinity || top === -Infinity) return top;
  let sum = 0;
  for (let i = begin; i < begin + length; i++) {
    if (mask === undefined || mask[i] !== 0) sum += Math.exp((values[i] as number) - top);
  }
  return top + Math.log(sum);
};

const anyOn: Fold = (values, mask, begin, length) => {
  for (let i = begin; i < begin + length; i++) {
    if (values[i] !== 0 && (mask === undefined || mask[i] !== 0)) return 1;
  }
  return 0;
};

const allOn: Fold = (values, mask, begin, length) => {
  for (let i = begin; i < begin + length; i++) {
    if (values[i] === 0 && (mask === undefined || mask[i] !== 0)) return 0;
  }
  return 1;
};

/**
 * Position in the row of the largest entry: the first of equals, a NaN only where there is nothing
 * else; 0 of nothing.
 */
const largestAt: Fold = (values, mask, begin, length) => {
  let found = -1;
  for (let i = 0; i < length; i++) {
    if (mask !== undefined && mask[begin + i] === 0) continue;
    const value = values[begin + i] as number;
    const best = values[begin + found] as number;
    if (found < 0 || value > best || (Number.isNaN(best) && !Number.isNaN(value))) found = i;
  }
  return Math.max(found, 0);
};

const numbersOf = (x: Operand): NumberKind => mixNumbers([x]);
const real = (x: Operand): NumberKind => {
  requireNumbers([x]);
  return "real";
};
const flag = (x: Operand): NumberKind => {
  requireFlag(x);
  return "flag";
};

/** Softmax of one row of logits; masked entries get 0, a row without entries all 0. */
function softmaxRow(
  values: HostData,
  mask: HostData | undefined,
  begin: number,
  length: number,
  result: Float64Array,
): void {
  const top = largest(values, mask, begin, length, "real");
  let sum = 0;
  for (let i = begin; i < begin + length; i++) {
    if (mask !== undefined && mask[i] === 0) continue;
    const e = Math.exp((values[i] as number) - top);
    result[i] = e;
    sum += e;
  }
  if (sum === 0) return;
  for (let i = begin; i < begin + length; i++) result[i] = (result[i] as number) / sum;
}

/** Softmax of every row. */
export function softmaxRows({ values, mask, count, length }: Rows): Float64Array {
  const result = new Float64Array(values.length);
  for (let row = 0; row < count; row++) softmaxRow(values, mask, row * length, length, result);
  return result;
}

const softmax: Reduction = {
  doc:
    "exp(x) / sum(exp(x)) over the axes; masked entries get 0, and all of them 0 if none is " +
    "left.",
  arity: 1,
  masked: true,
  numbers: "real",
  type(inputs, { over }) {
    const { x, axes } = maskedOperand(inputs);
    requireNumbers([x]);
    requireAxes(x, over);
    return [resultType("real", axes)];
  },
  flops: (inputs) => 5 * elementCount(maskedOperand(inputs)),
  evaluate: ([x, mask], { over }, [type]) => {
    const result = type as TensorType;
    const rows = rowsOf(x as HostTensor, mask, over);
    return [{ type: result, data: reorder(softmaxRows(rows), rows.axes, result.axes) }];
  },
};

const argmax: Search = {
  doc:
    "Index of the largest entry along the axis: the first of equals, NaN last; 0 if none is " +
    "left.",
  arity: 1,
  masked: true,
  type(inputs, { over }) {
    const { x, axes } = maskedOperand(inputs);
    requireNumbers([x]);
    requireAxis(x, over);
    return [resultType("int", without(axes, [over]))];
  },
  flops: (inputs) => elementCount(maskedOperand(inputs)),
  evaluate: ([x, mask], { over }, [type]) => {
    const result = type as TensorType;
    const { values, mask: on, count, length } = rowsOf(x as HostTensor, mask, [over]);
    const data = allocateFor(result);
    for (let row = 0; row < count; row++) {
      data[row] = largestAt(values, on, row * length, length, "int");
    }
    return [{ type: result, data }];
  },
};

const cumsum: CumulativeSum = {
  doc: "Sum of the entries up to and including each one along the axis; from it on, if reversed.",
  arity: 1,
  type(inputs, { over }) {
    const [x] = operands(inputs, "the operand") as [Operand];
    requireAxis(x, over);
    return [resultType(mixNumbers([x]), x.type.axes)];
  },
  flops: (inputs) => elementCount(maskedOperand(inputs)),
  evaluate: ([x], { over, reverse = false }, [type]) => {
    const result = type as TensorType;
    const { values, axes, count, length } = rowsOf(x as HostTensor, undefined, [over]);
    const sums = allocateFor({ kind: result.kind, axes });
    for (let row = 0; row < count; row++) {
      let sum = 0;
      for (let n = 0; n < length; n++) {
        const i = row * length + (reverse ? length - 1 - n : n);
        sum += values[i] as number;
        sums[i] = sum;
      }
    }
    return [{ type: result, data: reorder(sums, axes, result.axes) }];
  },
};

export const reductions = {
  sum: reduction({
    doc: "Sum over the axes; of a flag, the number that are on.",
    kind: (x) => (x.type.kind === "flag" ? "int" : x.type.kind),
    fold: total,
  }),
  mean: reduction({
    doc: "Mean over the axes; 0 of nothing.",
    kind: real,
    numbers: "real",
    fold: mean,
  }),
  max: reduction({
    doc: "Largest over the axes, NaN if one is; -inf (the least int) of nothing.",
    kind: numbersOf,
    fold: largest,
  }),
  min: reduction({
    doc: "Smallest over the axes, NaN if one is; +inf (the greatest int) of nothing.",
    kind: numbersOf,
    fold: smallest,
  }),
  logsumexp: reduction({
    doc: "log(sum(exp(x))) over the axes; -inf of nothing.",
    kind: real,
    cost: 4,
    numbers: "real",
    fold: logSumExp,
  }),
  any: reduction({ doc: "On if one is on; off of nothing.", kind: flag, fold: anyOn }),
  all: reduction({ doc: "On if all are on; on of nothing.", kind: flag, fold: allOn }),
  softmax,
  argmax,
  cumsum,
};
