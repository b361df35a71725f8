/**
 * Sums of products as matrix products.
 *
 * The axes of a product fall into four classes: shared (both sides have them, the result too), rows
 * (left only), columns (right only) and summed. FusedMatMul reads a side in place if its classes
 * are contiguous and lie as one of `forms` says; the orders are chosen so that the fewest entries
 * have to be transposed, and the result's so that its consumers like it.
 */
import type { Axis } from "../../ops/index.ts";
import { float } from "./graph.ts";
import type { Attribute } from "./model.ts";
import { MICROSOFT } from "./model.ts";
import type { Reading } from "./reading.ts";
import { chooseOrders, readable, readings } from "./reading.ts";
import { product, sameOrder } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value, View } from "./values.ts";
import { sizeOf, storedCount, storedOrder, stores, unionAxes, wide } from "./values.ts";

export interface ContractionOptions {
  /** Factor of the whole product. */
  readonly scale?: number;
  /** The order in which the result's consumers would like its axes. */
  readonly wanted?: readonly string[];
  /** Added to the product. */
  readonly bias?: Value;
}

/** The sum over `over` of the products of two float32 values. */
export function contraction(
  w: TensorWriter,
  left: Value,
  right: Value,
  over: readonly string[],
  { scale = 1, wanted = [], bias }: ContractionOptions = {},
): Value {
  const axes = unionAxes([left, right]).filter(({ name }) => !over.includes(name));
  const summed = wide(left.axes)
    .map(({ name }) => name)
    .filter((name) => over.includes(name));
  const a = sumUnshared(w, left, right, summed);
  const b = sumUnshared(w, right, left, summed);
  // Where neither side stores a summed axis, each of its entries adds the same.
  const repeated = summed.filter((name) => !stores(left, name) && !stores(right, name));
  const factor = scale * product(repeated.map((name) => sizeOf(left, name)));
  const both = summed.filter((name) => stores(a, name) && stores(b, name));
  const shared = storedOrder(a).filter((name) => stores(b, name) && !both.includes(name));
  const rows = storedOrder(a).filter((name) => !stores(b, name));
  const columns = storedOrder(b).filter((name) => !stores(a, name));
  const biased = (value: Value): Value => {
    const sum = { ...value, axes };
    return bias === undefined ? sum : w.pointwise("Add", [sum, bias]);
  };
  if (both.length === 0) return biased(scaled(w, w.pointwise("Mul", [a, b]), factor));
  const narrow = shared.length > 0 && (rows.length === 0 || columns.length === 0);
  if (narrow && prefersSum(a, b, shared, both)) {
    const products = w.pointwise("Mul", [a, b]);
    return biased(scaled(w, w.reduce("ReduceSum", products, both), factor));
  }
  const { rows: first, columns: second, ...sizes } = sides(w, a, b, shared, both, wanted);
  const inside = bias !== undefined && addable(bias, second, shared);
  const made = inside
    ? biasedProduct(w, first, second, sizes, factor, bias)
    : matrixProduct(w, first, second, sizes, factor);
  return inside ? { ...made, axes } : biased(made);
}

/** Multiplies by a number. */
export function scaled(w: TensorWriter, value: Value, factor: number): Value {
  return factor === 1 ? value : w.pointwise("Mul", [value, w.number(factor)]);
}

/** Sums a side over the summed axes that the other side does not store. */
function sumUnshared(
  w: TensorWriter,
  value: Value,
  other: Value,
  summed: readonly string[],
): Value {
  const own = summed.filter((name) => stores(value, name) && !stores(other, name));
  return own.length === 0 ? value : w.reduce("ReduceSum", value, own);
}

/**
 * With a single row or column, a matrix product reads each entry of the large side once and gains
 * nothing over a product and a sum, which need no order; it wins where it can read in place and its
 * matrices are not tiny.
 */
function prefersSum(
  a: Value,
  b: Value,
  shared: readonly string[],
  summed: readonly string[],
): boolean {
  const large = storedCount(a) >= storedCount(b) ? a : b;
  const perMatrix = storedCount(large) / product(shared.map((name) => sizeOf(a, name)));
  if (perMatrix < 1024) return true;
  return !large.placements.some(({ order }) => readings(order, shared, summed).length > 0);
}

interface Sizes {
  /** Axes of the stack of products, outermost in both sides. */
  readonly shared: readonly Axis[];
  readonly summed: number;
}

/**
 * Both sides as they will be read; the axis that the result's consumers want innermost is a column.
 */
function sides(
  w: TensorWriter,
  a: Value,
  b: Value,
  shared: readonly string[],
  summed: readonly string[],
  wanted: readonly string[],
): Sizes & { readonly rows: Reading; readonly columns: Reading } {
  const orders = chooseOrders(a, b, shared, summed);
  const first = readable(w, a, orders.shared, orders.summed);
  const second = readable(w, b, orders.shared, orders.summed);
  const place = (names: readonly string[]) =>
    Math.max(-1, ...names.map((name) => wanted.indexOf(name)));
  const [rows, columns] =
    place(first.free) > place(second.free) ? [second, first] : [first, second];
  return {
    rows,
    columns,
    shared: orders.shared.map((name) => ({ name, size: sizeOf(a, name) })),
    summed: product(orders.summed.map((name) => sizeOf(a, name))),
  };
}

/** Whether a bias is a vector along the columns of a product that is not stacked. */
function addable(bias: Value, { free }: Reading, shared: readonly string[]): boolean {
  const own = storedOrder(bias);
  return (
    shared.length === 0 &&
    own.length === free.length &&
    own.length > 0 &&
    own.every((name) => free.includes(name))
  );
}

function freeCount({ value, free }: Reading): number {
  return product(free.map((name) => sizeOf(value, name)));
}

function matrixProduct(
  w: TensorWriter,
  rows: Reading,
  columns: Reading,
  { shared, summed }: Sizes,
  scale: number,
): Value {
  const stack = shared.length > 0 ? stackShape(rows, columns, shared, summed) : undefined;
  const left = stack === undefined ? leftView(w, rows, summed) : matrixView(w, rows, summed, stack);
  const right = matrixView(w, columns, summed, stack);
  const attributes = flags(rows, columns, scale);
  const inputs = [left.name, right.name];
  const name =
    Object.keys(attributes).length === 0
      ? w.graph.node("MatMul", inputs)
      : w.graph.node("FusedMatMul", inputs, { domain: MICROSOFT, attributes });
  const outer = stack === undefined ? rowsShape(rows, left) : [...stack, freeCount(rows)];
  return result(w, rows, columns, shared, { name, shape: [...outer, freeCount(columns)] });
}

/**
 * Dimensions of a stack of products: those that both sides' tensors have already, if they agree.
 */
function stackShape(
  rows: Reading,
  columns: Reading,
  shared: readonly Axis[],
  summed: number,
): readonly number[] {
  const flat = [product(shared.map(({ size }) => size))];
  const readings = [rows, columns];
  if (readings.some(({ form }) => form.batchInside)) return flat;
  const ready = readings.map((reading) => {
    const matrix = matrixShape(reading, summed);
    const { views } = reading.placement;
    return views.flatMap(({ shape }) =>
      shape.length > 2 && sameOrder(shape.slice(-2), matrix) ? [shape.slice(0, -2)] : [],
    );
  });
  const hits = (stack: readonly number[]) =>
    ready.filter((stacks) => stacks.some((other) => sameOrder(other, stack))).length;
  let best: readonly number[] = flat;
  for (const stack of ready.flat()) if (hits(stack) > hits(best)) best = stack;
  return best;
}

/**
 * A single product with a bias along its columns: the sum starts from the bias, which saves a pass.
 */
function biasedProduct(
  w: TensorWriter,
  rows: Reading,
  columns: Reading,
  { summed }: Sizes,
  scale: number,
  bias: Value,
): Value {
  const left = matrixView(w, rows, summed, undefined);
  const right = matrixView(w, columns, summed, undefined);
  const addend = w.view(bias, w.place(bias, columns.free), [freeCount(columns)]);
  const name = w.graph.node("Gemm", [left.name, right.name, addend], {
    attributes: flags(rows, columns, scale),
  });
  const shape = [freeCount(rows), freeCount(columns)];
  return result(w, rows, columns, [], { name, shape });
}

/**
 * A right factor that is transposed has its columns first: the form of a left factor that is not.
 */
function flags(rows: Reading, columns: Reading, scale: number): Record<string, number | Attribute> {
  return {
    ...(rows.form.transposed ? { transA: 1 } : {}),
    ...(columns.form.transposed ? {} : { transB: 1 }),
    ...(rows.form.batchInside ? { transBatchA: 1 } : {}),
    ...(columns.form.batchInside ? { transBatchB: 1 } : {}),
    ...(scale === 1 ? {} : { alpha: float(scale) }),
  };
}

function result(
  w: TensorWriter,
  rows: Reading,
  columns: Reading,
  shared: readonly Axis[],
  view: View,
): Value {
  const order = [...shared.map(({ name }) => name), ...rows.free, ...columns.free];
  return w.made("float32", unionAxes([rows.value, columns.value]), order, view);
}

/** Shape of the rows of an unstacked left factor. */
function rowsShape({ form }: Reading, { shape }: View): number[] {
  return form.transposed ? [...shape.slice(1)] : [...shape.slice(0, -1)];
}

/**
 * Without shared axes the left factor may keep its shape, [rows…, summed]: one product all the
 * same.
 */
function leftView(w: TensorWriter, reading: Reading, summed: number): View {
  const ready = reading.placement.views.find(
    ({ shape }) => shape.length > 1 && shape.at(-1) === summed,
  );
  return ready !== undefined && !reading.form.transposed
    ? ready
    : matrixView(w, reading, summed, undefined);
}

/** Rows and columns of a side as it lies in memory. */
function matrixShape(reading: Reading, summed: number): readonly [number, number] {
  const free = freeCount(reading);
  return reading.form.transposed ? [summed, free] : [free, summed];
}

/** A side as one matrix, or as a stack of matrices. */
function matrixView(
  w: TensorWriter,
  reading: Reading,
  summed: number,
  stack: readonly number[] | undefined,
): View {
  const { value, placement, form } = reading;
  const [outer, inner] = matrixShape(reading, summed);
  const shape =
    stack === undefined
      ? [outer, inner]
      : form.batchInside
        ? [outer, ...stack, inner]
        : [...stack, outer, inner];
  return { name: w.view(value, placement, shape), shape };
}
