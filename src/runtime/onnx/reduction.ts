/** Sums, means and extremes over axes; softmax and cumulative sums along them. */
import { evaluate } from "../../ops/index.ts";
import { contraction } from "./contraction.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { product } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { primary, sizeOf, storedCount, storedOrder, stores, unionAxes, wide } from "./values.ts";

type Reduction = Lowering<"sum">;

/** The operand with `rest` where the mask is off. */
function masked(w: TensorWriter, x: Value, mask: Value | undefined, rest: number): Value {
  if (mask === undefined) return x;
  return w.pointwise("Where", [mask, x, w.number(rest, x.element)], x.element);
}

/** Entries along the axes of `over` that are not stored: each stored one stands for so many. */
function repeats(x: Value, over: readonly string[]): number {
  return product(over.filter((name) => !stores(x, name)).map((name) => sizeOf(x, name)));
}

/** The sum over axes, stored or not. */
export function sum(w: TensorWriter, x: Value, over: readonly string[]): Value {
  const stored = w.reduce("ReduceSum", x, over);
  const count = repeats(x, over);
  return count === 1 ? stored : w.pointwise("Mul", [stored, w.number(count, x.element)]);
}

const lowerSum: Reduction = ({ w }, [x, mask], { over }) => {
  const operand = x as Value;
  const numbers = operand.element === "bool" ? w.cast(operand, "int32") : operand;
  return [sum(w, masked(w, numbers, mask, 0), over)];
};

const mean: Reduction = ({ w }, [x, mask], { over }) => {
  const operand = x as Value;
  if (mask === undefined) return [w.reduce("ReduceMean", operand, over)];
  const total = sum(w, masked(w, operand, mask, 0), over);
  const along = operand.axes.filter(({ name }) => over.includes(name));
  // The mask may lack axes of the operand: each of its entries then counts for all of those.
  const spread = { ...mask, axes: unionAxes([mask, { axes: along }]) };
  const count = sum(w, w.cast(spread, "float32"), over);
  const atLeastOne = w.pointwise("Max", [count, w.number(1)]);
  return [w.pointwise("Div", [total, atLeastOne])];
};

/**
 * A single flag: some entry of a float32 value may be NaN. A sum shows it in one pass; that of
 * opposite infinities does too, so this decides what has to be looked at closely, not what the
 * result is.
 */
export function mayHoldNaN(w: TensorWriter, x: Value): string {
  const { name } = w.anyView(x, primary(x));
  const total = w.graph.node("ReduceSum", [name], { attributes: { keepdims: 0 } });
  return w.graph.node("IsNaN", [total]);
}

/** The largest or smallest over axes, NaN if one is: the operators may miss it. */
function extremeOf(w: TensorWriter, op: string, x: Value, over: readonly string[]): Value {
  const along = over.filter((name) => stores(x, name));
  const plain = () => w.reduce(op, x, over);
  if (x.element !== "float32" || along.length === 0) return plain();
  const exact = () => {
    const missing = w.cast(w.pointwise("IsNaN", [x], "bool"), "uint8");
    const spoilt = w.cast(w.reduce("ReduceMax", missing, over), "bool");
    return w.pointwise("Where", [spoilt, w.number(Number.NaN), plain()], "float32");
  };
  return w.branch(mayHoldNaN(w, x), "float32", exact, plain);
}

function extreme(op: string, real: number, int: number): Reduction {
  return ({ w }, [x, mask], { over }) => {
    const operand = x as Value;
    const rest = operand.element === "int32" ? int : real;
    return [extremeOf(w, op, masked(w, operand, mask, rest), over)];
  };
}

/**
 * log(sum(exp(x))) over axes, the largest entry taken out first; infinite ones are left to the
 * exponential.
 */
export function logSumExp(w: TensorWriter, x: Value, over: readonly string[]): Value {
  const largest = w.reduce("ReduceMax", x, over);
  const zero = w.number(0);
  const infinite = w.pointwise("IsInf", [largest], "bool");
  const top = w.pointwise("Where", [infinite, zero, largest], "float32");
  const powers = w.pointwise("Exp", [w.pointwise("Sub", [x, top])]);
  return w.pointwise("Add", [w.pointwise("Log", [sum(w, powers, over)]), top]);
}

const logsumexp: Reduction = ({ w }, [x, mask], { over }) => [
  logSumExp(w, masked(w, x as Value, mask, -Infinity), over),
];

const any: Reduction = ({ w }, [x, mask], { over }) => {
  const on = mask === undefined ? (x as Value) : w.pointwise("And", [x as Value, mask]);
  return [w.reduce("ReduceMax", on, over)];
};

const all: Reduction = ({ w }, [x, mask], { over }) => {
  const on =
    mask === undefined ? (x as Value) : w.pointwise("Or", [x as Value, w.pointwise("Not", [mask])]);
  return [w.reduce("ReduceMin", on, over)];
};

/**
 * Softmax of float32 over axes. Masked entries get exactly 0; where none is left, all of them do.
 */
export function softmax(w: TensorWriter, x: Value, over: readonly string[], mask?: Value): Value {
  if (mask === undefined) return plainSoftmax(w, stored(w, x, over), over);
  const all = unionAxes([x, mask]);
  const logits = stored(w, { ...x, axes: all }, over);
  const exact = () => masked(w, plainSoftmax(w, masked(w, logits, mask, -Infinity), over), mask, 0);
  if (2 * storedCount(mask) > storedCount(logits) || !coversAll(logits, mask)) return exact();
  // Min with -inf does what a choice would do, except for NaN, in a third of the time.
  const bounds = w.pointwise("Where", [mask, w.number(Infinity), w.number(-Infinity)], "float32");
  const rare = [
    mayHoldNaN(w, logits),
    ...(keepsOne(mask, over) ? [] : [leavesNone(w, mask, over)]),
  ];
  const condition = rare.length === 1 ? (rare[0] as string) : w.graph.node("Or", rare);
  return w.branch(condition, "float32", exact, () =>
    plainSoftmax(w, w.pointwise("Min", [logits, bounds]), over),
  );
}

/** The value with the given axes stored. */
function stored(w: TensorWriter, x: Value, over: readonly string[]): Value {
  const missing = over.some((name) => sizeOf(x, name) !== 1 && !stores(x, name));
  return missing ? w.materialize(x) : x;
}

function coversAll(x: Value, mask: Value): boolean {
  return storedOrder(mask).every((name) => stores(x, name));
}

function plainSoftmax(w: TensorWriter, x: Value, over: readonly string[]): Value {
  const { name, shape, order } = w.rows(x, over);
  const weights = w.graph.node("Softmax", [name], { attributes: { axis: -1 } });
  return w.made("float32", x.axes, order, { name: weights, shape });
}

/** A single flag: some row of a mask has no entry that is on. */
function leavesNone(w: TensorWriter, mask: Value, over: readonly string[]): string {
  const kept = w.reduce("ReduceMax", w.cast(mask, "uint8"), over);
  const view = w.anyView(kept, primary(kept));
  const least = w.graph.node("ReduceMin", [view.name], { attributes: { keepdims: 0 } });
  return w.graph.node("Equal", [least, w.graph.scalar("uint8", 0)]);
}

/** Whether a mask is known to leave at least one entry in every row. */
function keepsOne(mask: Value, over: readonly string[]): boolean {
  if (mask.constant === undefined) return false;
  const kept = evaluate("any", [mask.constant], {
    over: mask.constant.type.axes.map(({ name }) => name).filter((name) => over.includes(name)),
  });
  return kept[0]?.data.every((on) => on !== 0) ?? false;
}

const lowerSoftmax: Reduction = ({ w }, [x, mask], { over }) => [
  softmax(w, x as Value, over, mask),
];

/** p (d - sum(p d)): the gradient of a softmax p. */
const softmaxGradient: Lowering<"softmaxGradient"> = ({ w }, [p, d], { over }) => {
  const [weights, gradient] = [p as Value, d as Value];
  const total = contraction(w, weights, gradient, over);
  return [w.pointwise("Mul", [w.pointwise("Sub", [gradient, total]), weights])];
};

const cumsum: Lowering<"cumsum"> = ({ w }, [x], { over, reverse = false }) => {
  const operand = x as Value;
  if (sizeOf(operand, over) === 1) return [operand];
  const value = stores(operand, over) ? operand : w.materialize(operand);
  const placement = { order: storedOrder(value) };
  const { name, shape, dims } = w.separated(value, w.place(value, placement.order), [over]);
  const axis = w.graph.scalar("int64", dims[0] as number);
  const sums = w.graph.node("CumSum", [name, axis], { attributes: { reverse: reverse ? 1 : 0 } });
  return [w.made(value.element, value.axes, placement.order, { name: sums, shape })];
};

export const reductions = {
  sum: lowerSum,
  mean,
  max: extreme("ReduceMax", -Infinity, -2147483648),
  min: extreme("ReduceMin", Infinity, 2147483647),
  logsumexp,
  any,
  all,
  softmax: lowerSoftmax,
  softmaxGradient,
  cumsum,
  contract: ({ w, wanted }, [left, right], { over }) => {
    const [a, b] = [left as Value, right as Value];
    if (a.element !== "int32") return [contraction(w, a, b, over, { wanted: wanted[0] ?? [] })];
    const missing = wide(a.axes).filter(({ name }) => over.includes(name) && !stores(a, name));
    const products = w.pointwise("Mul", [missing.length > 0 ? w.materialize(a) : a, b]);
    return [sum(w, products, over)];
  },
} satisfies Partial<LoweringTable>;
