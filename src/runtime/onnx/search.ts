/**
 * Searches along an axis (R17): ties give the lowest index first, NaN comes last.
 *
 * The operators keep ties in order but leave NaN open; whether there is one is looked up first (a
 * sum shows it, in a single pass), and only then are entries ranked anew, in float64, where there
 * is room below and above the infinities.
 */
import type { Lowering, LoweringTable } from "./lowering.ts";
import { mayHoldNaN } from "./reduction.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { primary, sizeOf, storedOrder, stores, unionAxes } from "./values.ts";

interface Sorting {
  readonly largest: boolean;
  readonly k: number;
  readonly into: string;
}

/** float32 as float64 with NaN beyond the last place: infinities move in, NaN takes theirs. */
function ranked(w: TensorWriter, x: Value, largest: boolean): Value {
  const worst = largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const inner = largest ? -Number.MAX_VALUE : Number.MAX_VALUE;
  const wide = w.cast(x, "float64");
  const bounded = w.pointwise(largest ? "Max" : "Min", [wide, w.number(inner, "float64")]);
  const number = w.pointwise("Equal", [x, x], "bool");
  return w.pointwise("Where", [number, bounded, w.number(worst, "float64")], "float64");
}

/** Places of the k first along `over` in order, int64 with axis `into`, innermost. */
function sortedPlaces(
  w: TensorWriter,
  x: Value,
  over: string,
  { largest, k, into }: Sorting,
): Value {
  const axes = [...x.axes.filter(({ name }) => name !== over), { name: into, size: k }];
  const sort = (value: Value) => {
    const { name, order, shape } = w.rows(value, [over]);
    const [, places = ""] = w.graph.nodes("TopK", [name, w.graph.integers([k])], 2, {
      attributes: { axis: -1, largest: largest ? 1 : 0, sorted: 1 },
    });
    const outer = order.slice(0, -1);
    const found = { name: places, shape: [...shape.slice(0, -1), k] };
    return w.made("int64", axes, k === 1 ? outer : [...outer, into], found);
  };
  if (x.element !== "float32") return sort(x);
  const condition = mayHoldNaN(w, x);
  return w.branch(
    condition,
    "int64",
    () => sort(ranked(w, x, largest)),
    () => sort(x),
  );
}

const topK: Lowering<"topK"> = ({ w }, [input], { over, k, into }) => {
  const given = input as Value;
  const axes = [...given.axes.filter(({ name }) => name !== over), { name: into, size: k }];
  if (sizeOf(given, over) === 1) {
    const view = w.viewed(given, axes, (order) => order) as Value;
    return [view, { ...w.number(0, "int32"), axes }];
  }
  const x = stores(given, over) ? given : w.materialize(given);
  const places = sortedPlaces(w, x, over, { largest: true, k, into });
  const rows = w.rows(x, [over]);
  const { name, shape } = w.anyView(places, primary(places));
  const values = w.graph.node("GatherElements", [rows.name, name], { attributes: { axis: -1 } });
  const found = w.made(x.element, axes, storedOrder(places), { name: values, shape });
  return [found, w.cast(places, "int32")];
};

const order: Lowering<"order"> = ({ w }, [input], { over }) => {
  const given = input as Value;
  const size = sizeOf(given, over);
  if (size === 1) return [{ ...w.number(0, "int32"), axes: given.axes }];
  const x = stores(given, over) ? given : w.materialize(given);
  const places = sortedPlaces(w, x, over, { largest: false, k: size, into: over });
  return [w.cast(places, "int32")];
};

const argmax: Lowering<"argmax"> = ({ w }, [input, mask], { over }) => {
  const given = input as Value;
  const size = sizeOf(given, over);
  if (size === 1) {
    const axes = unionAxes(mask === undefined ? [given] : [given, mask]);
    return [{ ...w.number(0, "int32"), axes: axes.filter(({ name }) => name !== over) }];
  }
  const x = stores(given, over) ? given : w.materialize(given);
  if (mask !== undefined) return [w.cast(firstOfLargest(w, x, mask, over), "int32")];
  if (x.element !== "float32") return [w.cast(argMax(w, x, over), "int32")];
  const found = w.branch(
    mayHoldNaN(w, x),
    "int64",
    () => firstOfLargest(w, x, undefined, over),
    () => argMax(w, x, over),
  );
  return [w.cast(found, "int32")];
};

/** Place of the first of the largest entries, int64; of numbers alone. */
function argMax(w: TensorWriter, x: Value, over: string): Value {
  const { name, shape, order } = w.rows(x, [over]);
  const found = w.graph.node("ArgMax", [name], { attributes: { axis: -1, keepdims: 1 } });
  const axes = x.axes.filter((axis) => axis.name !== over);
  return w.made("int64", axes, order.slice(0, -1), {
    name: found,
    shape: [...shape.slice(0, -1), 1],
  });
}

/**
 * As `argMax`, ranking entries 2 if they are largest, 1 if they take part at all (NaN), 0 if they
 * are masked.
 */
function firstOfLargest(w: TensorWriter, x: Value, mask: Value | undefined, over: string): Value {
  const number = w.pointwise("Equal", [x, x], "bool");
  const counts = mask === undefined ? number : w.pointwise("And", [number, mask]);
  const least = x.element === "int32" ? -2147483648 : Number.NEGATIVE_INFINITY;
  const entries = w.pointwise("Where", [counts, x, w.number(least, x.element)], x.element);
  const largest = w.reduce("ReduceMax", entries, [over]);
  const equal = w.pointwise("Equal", [entries, largest], "bool");
  const best = w.cast(w.pointwise("And", [equal, counts]), "int32");
  if (mask === undefined) return argMax(w, best, over);
  const present = w.cast(mask, "int32");
  return argMax(w, w.pointwise("Add", [best, present]), over);
}

export const searches = { topK, order, argmax } satisfies Partial<LoweringTable>;
