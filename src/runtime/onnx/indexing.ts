/** Reading and writing at computed places (R19). */
import type { Axis, OpAttributes } from "../../ops/index.ts";
import { layout } from "../../ops/strided.ts";
import { merged } from "./arrangement.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { sum } from "./reduction.ts";
import { readAlong, sumsOfRows } from "./rows.ts";
import { product, sameOrder } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Placement, Value } from "./values.ts";
import { primary, sizeOf, storedCount, storedOrder, stores, unionAxes, wide } from "./values.ts";

type Names = readonly string[];

/** Whether all entries of an index are known to lie in 0 … size - 1. */
export function inside({ range }: Value, size: number): boolean {
  return range !== undefined && range[0] >= 0 && range[1] < size;
}

/** Flags: which entries of an index lie in 0 … size - 1. */
export function inRange(w: TensorWriter, i: Value, size: number): Value {
  const notNegative = w.pointwise("GreaterOrEqual", [i, w.number(0, "int32")], "bool");
  const below = w.pointwise("Less", [i, w.number(size, "int32")], "bool");
  return w.pointwise("And", [notNegative, below]);
}

/** A single flag: some entry of a flag tensor is off. */
export function someOff(w: TensorWriter, on: Value): string {
  const { name } = w.anyView(on, primary(on));
  const bytes = w.graph.cast(name, "uint8");
  const least = w.graph.node("ReduceMin", [bytes], { attributes: { keepdims: 0 } });
  return w.graph.node("Equal", [least, w.graph.scalar("uint8", 0)]);
}

/** `x` where `on`, else 0 (off). */
export function orZero(w: TensorWriter, on: Value, x: Value): Value {
  if (x.element === "bool") return w.pointwise("And", [on, x]);
  return w.pointwise("Where", [on, x, w.number(0, x.element)], x.element);
}

/**
 * An index, with places along `shared` axes counted on: entry i of row s is entry s * size + i of
 * the flattened rows.
 */
function flattened(w: TensorWriter, i: Value, shared: Names, size: number): Value {
  if (shared.length === 0) return i;
  const axes = shared.map((name) => ({ name, size: sizeOf(i, name) }));
  const rows = product(axes.map((axis) => axis.size));
  const data = Int32Array.from({ length: rows }, (_, row) => row * size);
  const offsets = w.constant({ type: { kind: "int", axes }, data });
  return w.pointwise("Add", [i, offsets]);
}

/** A placement in which `names`, in this order, are side by side. */
function adjacent({ placements }: Value, names: Names): Placement | undefined {
  return placements.find(({ order }) => {
    const at = order.indexOf(names[0] as string);
    return at >= 0 && sameOrder(order.slice(at, at + names.length), names);
  });
}

/**
 * Results from this size on are not passed over again to clear entries out of range, unless there
 * are some.
 */
const LARGE_RESULT = 1 << 14;

/** Entries of x at the indices i along `axis`; out of range reads 0 (off). Shared axes align. */
export function gathered(w: TensorWriter, x: Value, index: Value, axis: string): Value {
  const size = sizeOf(x, axis);
  const kept = x.axes.filter(({ name }) => name !== axis);
  const axes = unionAxes([{ axes: kept }, index]);
  const on = inside(index, size) ? undefined : inRange(w, index, size);
  if (size === 1) {
    const only = { ...x, axes: kept };
    return { ...(on === undefined ? only : orZero(w, on, only)), axes };
  }
  const source = stores(x, axis) ? x : w.materialize(x);
  const read = (from: Value, at: Value): Value => ({ ...entriesAt(w, from, at, axis), axes });
  if (on === undefined) return read(source, index);
  const instead = (place: number) =>
    w.pointwise("Where", [on, index, w.number(place, "int32")], "int32");
  const count = product(wide(axes).map((entry) => entry.size));
  if (storedCount(source) < count / 2) return read(zeroPadded(w, source, axis), instead(size));
  const checked = (): Value => ({ ...orZero(w, on, read(source, instead(0))), axes });
  const sameOnBothSides = wide(index.axes).every(({ name }) => stores(index, name));
  if (count < LARGE_RESULT || !sameOnBothSides) return checked();
  return w.branch(someOff(w, on), x.element, checked, () => read(source, index));
}

/** Entries of x at indices that are all in range. */
function entriesAt(w: TensorWriter, x: Value, index: Value, axis: string): Value {
  const shared = storedOrder(x).filter((name) => name !== axis && stores(index, name));
  const rest = storedOrder(x).filter((name) => name !== axis && !shared.includes(name));
  const placement = adjacent(x, [...shared, axis]) ?? w.place(x, [...shared, axis, ...rest]);
  const { order } = placement;
  const outer = order.slice(0, order.indexOf(shared[0] ?? axis));
  const inner = order.slice(order.indexOf(axis) + 1);
  const counted = (names: Names) => product(names.map((name) => sizeOf(x, name)));
  const flat = flattened(w, index, shared, sizeOf(x, axis));
  const added = storedOrder(flat).filter((name) => !shared.includes(name));
  const places = w.place(flat, [...shared, ...added]);
  const shape = [counted(outer), product(w.fullShape(flat, places.order)), counted(inner)] as const;
  const name = readAlong(
    w,
    w.view(x, placement, [shape[0], counted(shared) * sizeOf(x, axis), shape[2]]),
    (dims) => w.view(flat, places, dims),
    shape,
  );
  const axes = unionAxes([{ axes: x.axes.filter((own) => own.name !== axis) }, index]);
  return w.made(x.element, axes, [...outer, ...shared, ...added, ...inner], { name, shape });
}

/** The value with one more entry along an axis, 0. */
function zeroPadded(w: TensorWriter, x: Value, axis: string): Value {
  const { order } = primary(x);
  const { name, shape, dims } = w.separated(x, primary(x), [axis]);
  const length = sizeOf(x, axis) + 1;
  const pads = [...shape, ...shape].map((_, i) => (i - shape.length === dims[0] ? 1 : 0));
  const zero = w.graph.scalar(x.element, 0);
  const padded = w.graph.node("Pad", [name, w.graph.integers(pads), zero]);
  const axes = x.axes.map((own) => (own.name === axis ? { name: axis, size: length } : own));
  const longer = shape.map((entries, i) => (i === dims[0] ? length : entries));
  return w.made(x.element, axes, order, { name: padded, shape: longer });
}

const gather: Lowering<"gather"> = ({ w }, [x, i], { axis }) => [
  gathered(w, x as Value, i as Value, axis),
];

type Scatter = OpAttributes<number>["scatterAdd"];

/** A value and its index with all axes that the index stores, and the axes of the result. */
interface ScatterParts {
  readonly v: Value;
  readonly i: Value;
  /** Axes of the index that the result keeps, and those it is searched along. */
  readonly kept: Names;
  readonly searched: Names;
  readonly axes: readonly Axis[];
}

function scatterParts(v: Value, i: Value, { over, axis, size }: Scatter): ScatterParts {
  const all = unionAxes([v, i]);
  const axes = [...all.filter(({ name }) => !over.includes(name)), { name: axis, size }];
  return {
    v: { ...v, axes: all },
    i,
    kept: storedOrder(i).filter((name) => !over.includes(name)),
    searched: over.filter((name) => stores(i, name)),
    axes,
  };
}

/** The value with every axis that the index stores. */
function spread(w: TensorWriter, v: Value, i: Value): Value {
  const needed = v.axes.filter(({ name }) => stores(v, name) || stores(i, name));
  return w.materialize({ ...v, axes: needed });
}

const scatterAdd: Lowering<"scatterAdd"> = ({ w }, [value, index], attributes) => {
  const { over, axis, size } = attributes;
  const parts = scatterParts(value as Value, index as Value, attributes);
  const { i, kept, searched, axes } = parts;
  // Along axes that the index lacks all values go to one place.
  const total = sum(
    w,
    parts.v,
    over.filter((name) => !stores(i, name)),
  );
  const known = knownSources(i, kept, searched, size);
  if (known !== undefined) return [sumOfKnown(w, total, i, known, parts, attributes)];
  const checked = !inside(i, size);
  const on = checked ? inRange(w, i, size) : undefined;
  const v = spread(w, on === undefined ? total : orZero(w, on, total), i);
  const safe = on === undefined ? i : w.pointwise("Where", [on, i, w.number(0, "int32")], "int32");
  const front = [...kept, ...searched];
  const rest = storedOrder(v).filter((name) => !front.includes(name));
  const counted = (names: Names) => product(names.map((name) => sizeOf(v, name)));
  const flat = flattened(w, safe, kept, size);
  const rows = counted(front);
  const length = counted(rest);
  const index1 = w.view(flat, w.place(flat, front), [rows, 1]);
  const places =
    length === 1 ? index1 : w.graph.node("Expand", [index1, w.graph.integers([rows, length])]);
  const updates = w.view(v, w.place(v, [...front, ...rest]), [rows, length]);
  const shape = [counted(kept) * size, length];
  const zeros = w.graph.node("Expand", [w.graph.scalar(v.element, 0), w.graph.integers(shape)]);
  // ScatterND would take whole rows, but its threads overwrite each other's sums.
  const name = w.graph.node("ScatterElements", [zeros, places, updates], {
    attributes: { axis: 0, reduction: { kind: "string", value: "add" } },
  });
  const order = [...kept, ...(size === 1 ? [] : [axis]), ...rest];
  return [w.made(v.element, axes, order, { name, shape })];
};

/**
 * For a known index: which of its entries, row-major over kept and searched axes, go to each entry
 * (kept, axis).
 */
function knownSources(
  i: Value,
  kept: Names,
  searched: Names,
  size: number,
): number[][] | undefined {
  if (i.constant === undefined) return undefined;
  const axes = [...kept, ...searched].map((name) => ({ name, size: sizeOf(i, name) }));
  const entries = layout(i.constant, axes);
  const inner = product(searched.map((name) => sizeOf(i, name)));
  const sources: number[][] = Array.from({ length: (entries.length / inner) * size }, () => []);
  entries.forEach((at, n) => {
    if (at >= 0 && at < size) sources[Math.floor(n / inner) * size + at]?.push(n);
  });
  const most = Math.max(1, ...sources.map((list) => list.length));
  // Beyond this the lists would mostly be filled up with zeros.
  return most * sources.length <= 2 * Math.max(entries.length, sources.length)
    ? sources
    : undefined;
}

const FLAT = "(flat)";

function sumOfKnown(
  w: TensorWriter,
  total: Value,
  i: Value,
  sources: readonly (readonly number[])[],
  { kept, searched, axes }: ScatterParts,
  { axis, size }: Scatter,
): Value {
  const front = [...kept, ...searched];
  const x = merged(w, spread(w, total, i), front, FLAT);
  const keptAxes = kept.map((name) => ({ name, size: sizeOf(i, name) }));
  const rest = x.axes.filter(({ name }) => name !== FLAT);
  const made = sumsOfRows(
    w,
    x,
    FLAT,
    sources,
    [...rest, ...keptAxes, { name: axis, size }],
    [...kept, axis],
  );
  return { ...made, axes };
}

const scatterPut: Lowering<"scatterPut"> = (context, [value, index], attributes) => {
  const { w } = context;
  const { over, axis, size } = attributes;
  const { v, i, kept, searched, axes } = scatterParts(value as Value, index as Value, attributes);
  // Along axes that the index lacks the last value stays.
  const last = over
    .filter((name) => !stores(i, name))
    .reduce((x, name) => lastEntry(w, x, name), v);
  const counts = searched.map((name) => ({ name, size: sizeOf(i, name) }));
  const count = product(counts.map((entry) => entry.size));
  const ranks = w.constant({
    type: { kind: "int", axes: counts },
    data: Int32Array.from({ length: count }, (_, n) => n),
  });
  const none = w.number(-1, "int32");
  const on = inRange(w, i, size);
  const safe = w.pointwise("Where", [on, i, w.number(0, "int32")], "int32");
  const rank = spread(w, w.pointwise("Where", [on, ranks, none], "int32"), i);
  const flat = flattened(w, safe, kept, size);
  const front = [...kept, ...searched];
  const entries = product(front.map((name) => sizeOf(i, name)));
  const rows = product(kept.map((name) => sizeOf(i, name)));
  const start = w.graph.node("Expand", [
    w.graph.scalar("int32", -1),
    w.graph.integers([rows * size]),
  ]);
  const winners = w.graph.node(
    "ScatterElements",
    [
      start,
      w.view(flat, w.place(flat, front), [entries]),
      w.view(rank, w.place(rank, front), [entries]),
    ],
    { attributes: { reduction: { kind: "string", value: "max" } } },
  );
  const keptAxes = kept.map((name) => ({ name, size: sizeOf(i, name) }));
  const winner = w.made(
    "int32",
    [...keptAxes, { name: axis, size }],
    [...kept, ...(size === 1 ? [] : [axis])],
    { name: winners, shape: [rows * size] },
  );
  if (searched.length === 0) {
    return [{ ...orZero(w, inRange(w, winner, 1), last), axes }];
  }
  const sourced = merged(w, spread(w, last, { ...i, placements: i.placements }), searched, FLAT);
  return [{ ...gathered(w, sourced, winner, FLAT), axes }];
};

/** The value at the end of an axis. */
function lastEntry(w: TensorWriter, x: Value, name: string): Value {
  const axes = x.axes.filter((axis) => axis.name !== name);
  if (!stores(x, name)) return { ...x, axes };
  const size = sizeOf(x, name);
  const found = w.separated(x, primary(x), [name]);
  const bounds = [[size - 1], [size], found.dims].map((list) => w.graph.integers(list));
  const cut = w.graph.node("Slice", [found.name, ...bounds]);
  const order = primary(x).order.filter((other) => other !== name);
  const shape = found.shape.map((entries, i) => (found.dims.includes(i) ? 1 : entries));
  return w.made(x.element, axes, order, { name: cut, shape });
}

export const indexing = { gather, scatterAdd, scatterPut } satisfies Partial<LoweringTable>;
