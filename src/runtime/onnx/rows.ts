/** Reading the entries of an axis at places that are known while compiling. */
import type { Axis } from "../../ops/index.ts";
import { product } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { primary, sizeOf, stores, uniform, wide } from "./values.ts";

/**
 * Entries `places` of `axis`, where -1 reads 0 (off). They are row-major over the axes `into`,
 * which replace it: `axes` are all axes of the result.
 */
export function rowsAt(
  w: TensorWriter,
  input: Value,
  axis: string,
  places: readonly number[],
  axes: readonly Axis[],
  into: readonly string[],
): Value {
  const missing = places.includes(-1);
  const number = uniform(input);
  if (number !== undefined && (number === 0 || !missing)) {
    return { ...w.number(number, input.element), axes };
  }
  const x = stores(input, axis) ? input : w.materialize(input);
  const own = primary(x);
  const size = sizeOf(x, axis);
  // An axis of one entry has no dimension; a view gives it one.
  const order = size === 1 ? [axis, ...own.order] : own.order;
  const found = size === 1 ? withLeadingOne(w, x) : w.separated(x, own, [axis]);
  const [dim = 0] = found.dims;
  const added = wide(axes).filter(({ name }) => into.includes(name));
  const replacement = into.filter((name) => added.some((other) => other.name === name));
  const resultOrder = order.flatMap((name) => (name === axis ? replacement : [name]));
  const source = missing ? withZeroRow(w, x, found, dim) : found.name;
  const at = places.map((place) => (place === -1 ? size : place));
  const start = at[0] ?? 0;
  const count = at.length;
  const consecutive = at.every((place, i) => place === start + i);
  if (consecutive) {
    const bounds = [[start], [start + count], [dim]].map((list) => w.graph.integers(list));
    const shape = found.shape.map((entries, i) => (i === dim ? count : entries));
    const name = w.graph.node("Slice", [source, ...bounds]);
    return w.made(x.element, axes, resultOrder, { name, shape });
  }
  const [before, after] = [found.shape.slice(0, dim), found.shape.slice(dim + 1)].map(product);
  const entries = size + (missing ? 1 : 0);
  const middle = w.graph.node("Reshape", [
    source,
    w.graph.integers([before ?? 1, entries, after ?? 1]),
  ]);
  const shape = [before ?? 1, count, after ?? 1] as const;
  const index = (dims: readonly number[]) => w.graph.constant("int32", dims, Int32Array.from(at));
  return w.made(x.element, axes, resultOrder, { name: readAlong(w, middle, index, shape), shape });
}

interface Separated {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dims: readonly number[];
}

function withLeadingOne(w: TensorWriter, x: Value): Separated {
  const shape = [1, ...w.fullShape(x, primary(x).order)];
  return { name: w.view(x, primary(x), shape), shape, dims: [0] };
}

/** A copy with one more row along a dimension, of zeros. */
function withZeroRow(w: TensorWriter, x: Value, { name, shape }: Separated, dim: number): string {
  const pads = [...shape, ...shape].map((_, i) => (i === shape.length + dim ? 1 : 0));
  return w.graph.node("Pad", [name, w.graph.integers(pads), w.graph.scalar(x.element, 0)]);
}

/**
 * Reads the middle axis of `source` at `places`: the result has the shape [before, places, after].
 * `index` gives the places under a shape.
 */
export function readAlong(
  w: TensorWriter,
  source: string,
  index: (shape: readonly number[]) => string,
  [before, places, after]: readonly [number, number, number],
): string {
  if (after > 1) {
    return w.graph.node("Gather", [source, index([places])], { attributes: { axis: 1 } });
  }
  // Gather copies runs; for single entries GatherElements is ten times as fast.
  const one = index([1, places, 1]);
  const all =
    before === 1 ? one : w.graph.node("Expand", [one, w.graph.integers([before, places, 1])]);
  return w.graph.node("GatherElements", [source, all], { attributes: { axis: 1 } });
}

/** A name that no axis of a spec has. */
export const SUMMAND = "(summand)";

/**
 * For each list of places along `axis`, the sum of the entries there. The sums are row-major over
 * the axes `into`, which replace it: `axes` are all axes of the result.
 */
export function sumsOfRows(
  w: TensorWriter,
  x: Value,
  axis: string,
  sources: readonly (readonly number[])[],
  axes: readonly Axis[],
  into: readonly string[],
): Value {
  const most = Math.max(1, ...sources.map((places) => places.length));
  if (most === 1) {
    const places = sources.map(([place = -1]) => place);
    return rowsAt(w, x, axis, places, axes, into);
  }
  const places = sources.flatMap((list) => Array.from({ length: most }, (_, n) => list[n] ?? -1));
  const all = [...axes, { name: SUMMAND, size: most }];
  return w.reduce("ReduceSum", rowsAt(w, x, axis, places, all, [...into, SUMMAND]), [SUMMAND]);
}
