/** Sums, means and extremes over axes; softmax and cumulative sums along them. */
import { contraction } from "./contraction.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { product } from "./shapes.ts";
import type { TensorWriter, Value } from "./tensors.ts";
import { sizeOf, storedOrder, stores, unionAxes, wide } from "./tensors.ts";

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

function extreme(op: string, real: number, int: number): Reduction {
  return ({ w }, [x, mask], { over }) => {
    const operand = x as Value;
    const rest = operand.element === "int32" ? int : real;
    return [w.reduce(op, masked(w, operand, mask, rest), over)];
  };
}

/** log(sum(exp(x))) over axes, the largest entry taken out first; infinite ones are left to the exponential. */
export function logSumExp(w: TensorWriter, x: Value, over: readonly string[]): Value {
  const largest = w.reduce("ReduceMax", x, over);
  const zero = w.number(0);
  const infinite = w.pointwise("IsInf", [largest], "bool");
  const top = w.pointwise("Where", [infinite, zero, largest], "float32");
  const powers = w.pointwise("Exp", [w.pointwise("Sub", [x, top])]);
  return w.pointwise("Add", [w.pointwise("Log", [sum(w, powers, over)]), top]);
}

const logsumexp: Reduction = ({ w }, [x, mask], { over }) => {
  const value = masked(w, x as Value, mask, Number.NEGATIVE_INFINITY);
  const count = repeats(value, over);
  const narrow = logSumExp(w, value, over);
  return [count === 1 ? narrow : w.pointwise("Add", [narrow, w.number(Math.log(count))])];
};

const any: Reduction = ({ w }, [x, mask], { over }) => {
  const on = mask === undefined ? (x as Value) : w.pointwise("And", [x as Value, mask]);
  return [w.reduce("ReduceMax", on, over)];
};

const all: Reduction = ({ w }, [x, mask], { over }) => {
  const on =
    mask === undefined
      ? (x as Value)
      : w.pointwise("Or", [x as Value, w.pointwise("Not", [mask])]);
  return [w.reduce("ReduceMin", on, over)];
};

/** Softmax of float32 over axes. Masked entries get exactly 0; where none is left, all of them do. */
export function softmax(
  w: TensorWriter,
  x: Value,
  over: readonly string[],
  mask?: Value,
): Value {
  const logits = masked(w, x, mask, Number.NEGATIVE_INFINITY);
  const missing = over.some((name) => sizeOf(logits, name) !== 1 && !stores(logits, name));
  const value = missing ? w.materialize(logits) : logits;
  const rows = w.rows(value, over);
  const name = w.graph.node("Softmax", [rows.name], { attributes: { axis: -1 } });
  const weights = w.made("float32", value.axes, rows.order, { name, shape: rows.shape });
  // A row without entries is NaN so far.
  return masked(w, weights, mask, 0);
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
  max: extreme("ReduceMax", Number.NEGATIVE_INFINITY, -2147483648),
  min: extreme("ReduceMin", Number.POSITIVE_INFINITY, 2147483647),
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
} satisfies LoweringTable<
  | "sum"
  | "mean"
  | "max"
  | "min"
  | "logsumexp"
  | "any"
  | "all"
  | "softmax"
  | "softmaxGradient"
  | "cumsum"
  | "contract"
>;
