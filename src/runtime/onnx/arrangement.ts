/** Operations that rename, cut, put together, repeat and move entries. */
import { type Axis, newName, type OpAttributes } from "../../ops/index.ts";
import type { Lowering, LoweringTable } from "./lowering.ts";
import { rowsAt, sumsOfRows } from "./rows.ts";
import { product, sameOrder } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import {
  primary,
  sizeOf,
  storedCount,
  storedOrder,
  stores,
  uniform,
  unionAxes,
  wide,
} from "./values.ts";

type Names = readonly string[];

function replaced(axes: readonly Axis[], name: string, by: readonly Axis[]): Axis[] {
  return axes.flatMap((axis) => (axis.name === name ? by : [axis]));
}

/** A constant that repeats one number is that number along whatever axes. */
function uniformWith(w: TensorWriter, x: Value, axes: readonly Axis[]): Value | undefined {
  const number = uniform(x);
  return number === undefined ? undefined : { ...w.number(number, x.element), axes };
}

const rename: Lowering<"rename"> = ({ w }, [input], { names }) => {
  const x = input as Value;
  const renamed = (name: string) => newName(names, name);
  const axes = x.axes.map(({ name, size }) => ({ name: renamed(name), size }));
  return [uniformWith(w, x, axes) ?? (w.viewed(x, axes, (order) => order.map(renamed)) as Value)];
};

const split: Lowering<"split"> = ({ w }, [input], { axis, into }) => {
  const x = input as Value;
  const axes = replaced(x.axes, axis, into);
  const parts = wide(into).map(({ name }) => name);
  const cut = (order: Names) => order.flatMap((name) => (name === axis ? parts : [name]));
  return [uniformWith(w, x, axes) ?? (w.viewed(x, axes, cut) as Value)];
};

const merge: Lowering<"merge"> = ({ w }, [input], { axes, into }) => [
  merged(w, input as Value, axes, into),
];

/** The value with `parts`, the first slowest, as one axis. */
export function merged(w: TensorWriter, x: Value, parts: Names, into: string): Value {
  const size = product(parts.map((name) => sizeOf(x, name)));
  const whole = { name: into, size };
  const axes = [...x.axes.filter(({ name }) => !parts.includes(name)), whole];
  const repeated = uniformWith(w, x, axes);
  if (repeated !== undefined) return repeated;
  const inside = wide(x.axes).filter(({ name }) => parts.includes(name));
  // An axis that repeats can stay unstored only if all parts do.
  const partly = inside.some(({ name }) => stores(x, name));
  const whollyStored = inside.every(({ name }) => stores(x, name));
  const value = partly && !whollyStored ? w.materialize(x) : x;
  const names = parts.filter((name) => sizeOf(x, name) !== 1);
  const joined = (order: Names): Names | undefined => {
    const at = order.indexOf(names[0] ?? "");
    if (at < 0) return order;
    if (!sameOrder(order.slice(at, at + names.length), names)) return undefined;
    return [...order.slice(0, at), into, ...order.slice(at + names.length)];
  };
  const found = w.viewed(value, axes, joined);
  if (found !== undefined) return found;
  const order = storedOrder(value);
  w.place(
    value,
    order.flatMap((name) =>
      name === lastOf(order, names) ? names : names.includes(name) ? [] : [name],
    ),
  );
  return w.viewed(value, axes, joined) as Value;
}

/** The one of `names` that is innermost in `order`. */
function lastOf(order: Names, names: Names): string | undefined {
  return order.filter((name) => names.includes(name)).at(-1);
}

const slice: Lowering<"slice"> = (context, [input], { axis, start, size, into }) => {
  const { w } = context;
  const x = input as Value;
  const kept = into === null ? [] : [{ name: into, size }];
  const axes = replaced(x.axes, axis, kept);
  if (size === sizeOf(x, axis) && into !== null)
    return rename(context, [x], { names: { [axis]: into } });
  const number = uniformWith(w, x, axes);
  if (number !== undefined) return [number];
  // Of entries that repeat there are fewer now.
  if (!stores(x, axis)) return [w.viewed(x, axes, (order) => order) as Value];
  const ready = primary(x);
  const { name, shape, dims } = w.separated(x, ready, [axis]);
  const [dim = 0] = dims;
  const cut = w.graph.node("Slice", [
    name,
    ...[start, start + size, dim].map((n) => w.graph.integers([n])),
  ]);
  const order = ready.order.flatMap((own) =>
    own !== axis ? [own] : size === 1 || into === null ? [] : [into],
  );
  const left = shape.map((whole, i) => (i === dim ? size : whole));
  return [w.made(x.element, axes, order, { name: cut, shape: left })];
};

const join: Lowering<"join"> = ({ w }, inputs, { pieces, into }) => {
  // Every piece gets the joined axis under its new name.
  const named = inputs.map((x, i) => {
    const piece = pieces[i] ?? null;
    const size = piece === null ? 1 : sizeOf(x, piece);
    const axes =
      piece === null
        ? [...x.axes, { name: into, size }]
        : replaced(x.axes, piece, [{ name: into, size }]);
    const renamed = (order: Names) => order.map((name) => (name === piece ? into : name));
    return { value: uniformWith(w, x, axes) ?? (w.viewed(x, axes, renamed) as Value), size };
  });
  const others = unionAxes(named.map(({ value }) => value)).filter(({ name }) => name !== into);
  const stored = wide(others).filter(({ name }) => named.some(({ value }) => stores(value, name)));
  const order = joinOrder(
    named.map(({ value }) => value),
    into,
    stored.map(({ name }) => name),
  );
  const at = order.indexOf(into);
  const shape = order.map((name) => stored.find((axis) => axis.name === name)?.size ?? 1);
  const names = named.map(({ value, size }) => {
    const own = [...stored, { name: into, size }];
    const full = w.materialize({ ...value, axes: own });
    const placement = w.place(
      full,
      order.filter((name) => name !== into || size !== 1),
    );
    return w.view(
      full,
      placement,
      shape.map((entries, i) => (i === at ? size : entries)),
    );
  });
  const size = named.reduce((sum, piece) => sum + piece.size, 0);
  const name =
    names.length === 1
      ? (names[0] as string)
      : w.graph.node("Concat", names, { attributes: { axis: at } });
  const joined = shape.map((entries, i) => (i === at ? size : entries));
  const element = inputs[0]?.element ?? "float32";
  const axes = [...others, { name: into, size }];
  return [
    w.made(element, axes, size === 1 ? order.filter((n) => n !== into) : order, {
      name,
      shape: joined,
    }),
  ];
};

/**
 * The order of a join: that of its largest piece; the joined axis outermost if that piece does not
 * store it.
 */
function joinOrder(values: readonly Value[], into: string, stored: Names): Names {
  const largest = values.reduce((a, b) => (storedCount(b) > storedCount(a) ? b : a));
  const base = storedOrder(largest);
  const missing = stored.filter((name) => !base.includes(name));
  return [...(base.includes(into) ? [] : [into]), ...missing, ...base];
}

const broadcast: Lowering<"broadcast"> = ({ w }, [input], { axes: added }) => {
  const x = input as Value;
  const axes = [...x.axes, ...added];
  return [uniformWith(w, x, axes) ?? { ...x, axes }];
};

const reverse: Lowering<"reverse"> = ({ w }, [input], { axis }) => {
  const x = input as Value;
  if (!stores(x, axis)) return [x];
  const placement = primary(x);
  const { name, shape, dims } = w.separated(x, placement, [axis]);
  const parameters = [[-1], [-Number.MAX_SAFE_INTEGER], dims, [-1]];
  const turned = w.graph.node("Slice", [name, ...parameters.map((p) => w.graph.integers(p))]);
  return [w.made(x.element, x.axes, placement.order, { name: turned, shape })];
};

const shift: Lowering<"shift"> = ({ w }, [input], { axis, by, fill }) => {
  const x = input as Value;
  const size = sizeOf(x, axis);
  if (by === 0 || uniform(x) === fill) return [x];
  if (Math.abs(by) >= size) return [{ ...w.number(fill, x.element), axes: x.axes }];
  const value = stores(x, axis) ? x : w.materialize(x);
  const placement = primary(value);
  const { name, shape, dims } = w.separated(value, placement, [axis]);
  const pads = [...shape, ...shape].map(() => 0);
  const [dim = 0] = dims;
  pads[dim] = by;
  pads[shape.length + dim] = -by;
  const moved = w.graph.node("Pad", [
    name,
    w.graph.integers(pads),
    w.graph.scalar(value.element, fill),
  ]);
  return [w.made(value.element, value.axes, placement.order, { name: moved, shape })];
};

/**
 * Entry t * every + from + w * step of an axis of `length` entries for each (t, w), -1 out of
 * range.
 */
function windowEntries(
  { from, step, every }: Pick<OpAttributes<number>["window"], "from" | "step" | "every">,
  size: number,
  length: number,
): number[][] {
  return Array.from({ length: Math.ceil(length / every) }, (_, t) =>
    Array.from({ length: size }, (_, n) => {
      const entry = t * every + from + n * step;
      return entry >= 0 && entry < length ? entry : -1;
    }),
  );
}

const window: Lowering<"window"> = ({ w }, [input], attributes) => {
  const { axis, size, into } = attributes;
  const x = input as Value;
  const length = sizeOf(x, axis);
  const entries = windowEntries(attributes, size, length).flat();
  const windows = entries.length / size;
  const axes = replaced(x.axes, axis, [
    { name: axis, size: windows },
    { name: into, size },
  ]);
  return [rowsAt(w, x, axis, entries, axes, [axis, into])];
};

const unwindow: Lowering<"unwindow"> = ({ w }, [input], attributes) => {
  const { axis, length, into } = attributes;
  const x = input as Value;
  const size = sizeOf(x, into);
  const sources: number[][] = Array.from({ length }, () => []);
  const entries = windowEntries(attributes, size, length).flat();
  entries.forEach((entry, n) => {
    if (entry >= 0) sources[entry]?.push(n);
  });
  const rest = x.axes.filter(({ name }) => name !== axis && name !== into);
  const axes = [...rest, { name: axis, size: length }];
  return [sumsOfRows(w, merged(w, x, [axis, into], axis), axis, sources, axes, [axis])];
};

const index: Lowering<"index"> = ({ w }, _, { axis, size }) => [
  w.list(
    Array.from({ length: size }, (_, i) => i),
    axis,
    "int32",
  ),
];

const fill: Lowering<"fill"> = ({ w, results }, _, { value, axes }) => {
  const element =
    results[0]?.kind === "flag" ? "bool" : results[0]?.kind === "int" ? "int32" : "float32";
  return [{ ...w.number(value, element), axes }];
};

const values: Lowering<"values"> = ({ w }, _, { list, into }) => [w.list(list, into, "float32")];

export const arrangement = {
  rename,
  split,
  merge,
  slice,
  join,
  broadcast,
  reverse,
  shift,
  window,
  unwindow,
  index,
  fill,
  values,
} satisfies Partial<LoweringTable>;
