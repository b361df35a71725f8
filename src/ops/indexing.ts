/** Reading and writing at computed places (R19), and the searches that compute them (R17). */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  countOf,
  elementCount,
  entries,
  findAxis,
  mixNumbers,
  operands,
  requireAxes,
  requireAxis,
  requireInt,
  requireInteger,
  requireNumbers,
  requireSize,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { rowsOf } from "./reduce.ts";
import { replaceAxis } from "./shape.ts";
import { allocateFor, reorder, sizesOf, stridesAlong, walk } from "./strided.ts";
import type { Axis, HostData, HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OPEN, OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;
type ScatterAttributes = OpAttributes<number>["scatterAdd"];

const gather: Rule<"gather"> = {
  doc: "Entries of x at the indices i: i's axes replace one axis of x; out of range reads 0 (off).",
  arity: 2,
  indices: [1],
  type(inputs, { axis }) {
    const [x, i] = operands(inputs, "the operand", "the index") as [Operand, Operand];
    requireAxis(x, axis);
    requireInt(i);
    const kept = { ...x, type: { ...x.type, axes: without(x.type.axes, [axis]) } };
    alignAxes([kept, i]);
    const added = i.type.axes.filter(({ name }) => findAxis(kept.type, name) === undefined);
    return [resultType(x.type.kind, replaceAxis(x.type.axes, axis, added))];
  },
  flops: () => 0,
  evaluate: ([x, i], { axis }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const { type: indexType, data: index } = i as HostTensor;
    const result = type as TensorType;
    const out = allocateFor(result);
    const size = findAxis(own, axis)?.size ?? 0;
    const [step = 0] = stridesAlong(own.axes, [{ name: axis, size }]);
    // An axis of the index may have the name of the axis it replaces: along it x does not move.
    const along = stridesAlong(own.axes, result.axes).map((stride, a) =>
      result.axes[a]?.name === axis ? 0 : stride,
    );
    const strides = [
      stridesAlong(result.axes, result.axes),
      along,
      stridesAlong(indexType.axes, result.axes),
    ];
    walk(sizesOf(result.axes), strides, ([o = 0, p = 0, q = 0], length, [, dp = 0, dq = 0]) => {
      if (dq === 0 && dp === 1) {
        const at = index[q] as number;
        const begin = p + at * step;
        if (at >= 0 && at < size) out.set(data.subarray(begin, begin + length), o);
        return;
      }
      for (let n = 0; n < length; n++, p += dp, q += dq) {
        const at = index[q] as number;
        if (at >= 0 && at < size) out[o + n] = data[p + at * step] as number;
      }
    });
    return [{ type: result, data: out }];
  },
};

function scatterType(inputs: readonly TensorType[], attributes: ScatterAttributes): TensorType {
  const { over, axis, size } = attributes;
  const [v, i] = operands(inputs, "the value", "the index") as [Operand, Operand];
  requireInt(i);
  requireSize(`the size of axis ${axis}`, size);
  const axes = alignAxes([v, i]);
  requireAxes({ role: "the value with its index", type: { kind: v.type.kind, axes } }, over);
  return resultType(v.type.kind, [...without(axes, over), { name: axis, size }]);
}

/**
 * Hands each value whose index is in range to `write`, with the place it goes to: row-major, `over`
 * innermost in its order.
 */
function scatter(
  inputs: readonly HostTensor[],
  { over, axis, size }: ScatterAttributes,
  type: TensorType,
  write: (out: HostData, place: number, value: number) => void,
): readonly HostTensor[] {
  const [v, i] = inputs as [HostTensor, HostTensor];
  const out = allocateFor(type);
  const all = alignAxes(operands([v.type, i.type], "the value", "the index"));
  const kept = without(all, over);
  const inner = over.flatMap((name) => all.filter((axis) => axis.name === name));
  const visited: Axis[] = [...kept, ...inner];
  const [step = 0] = stridesAlong(type.axes, [{ name: axis, size }]);
  const target = stridesAlong(type.axes, visited).map((stride, a) =>
    a < kept.length ? stride : 0,
  );
  const strides = [target, stridesAlong(v.type.axes, visited), stridesAlong(i.type.axes, visited)];
  const { data: values } = v;
  const { data: index } = i;
  walk(sizesOf(visited), strides, ([o = 0, p = 0, q = 0], length, [d = 0, dp = 0, dq = 0]) => {
    for (let n = 0; n < length; n++, o += d, p += dp, q += dq) {
      const at = index[q] as number;
      if (at >= 0 && at < size) write(out, o + at * step, values[p] as number);
    }
  });
  return [{ type, data: out }];
}

const scatterAdd: Rule<"scatterAdd"> = {
  doc:
    "Adds values into a new axis at the indices i, summed over the listed axes; out of range is" +
    " dropped.",
  arity: 2,
  indices: [1],
  type(inputs, attributes) {
    requireNumbers(operands(inputs, "the value", "the index"));
    return [scatterType(inputs, attributes)];
  },
  flops: (inputs) => elementCount({ axes: alignAxes(operands(inputs, "the value")) }),
  evaluate: (inputs, attributes, [type]) =>
    scatter(inputs, attributes, type as TensorType, (out, place, value) => {
      out[place] = (out[place] as number) + value;
    }),
};

const scatterPut: Rule<"scatterPut"> = {
  doc:
    "Puts values into a new axis at the indices i; of several the last along the listed axes " +
    "stays, " +
    "row-major in their order.",
  arity: 2,
  indices: [1],
  type: (inputs, attributes) => [scatterType(inputs, attributes)],
  flops: () => 0,
  evaluate: (inputs, attributes, [type]) =>
    scatter(inputs, attributes, type as TensorType, (out, place, value) => {
      out[place] = value;
    }),
};

/** Whether `a` at a lower index stands before `b` in descending order: larger, or not NaN. */
const above = (a: number, b: number): boolean => a > b || (Number.isNaN(b) && !Number.isNaN(a));

/**
 * Writes the places of the k largest of entries begin .. begin + length - 1 to `chosen`,
 * descending. A list of the best so far is kept in order; an entry goes behind its equals, so that
 * ties keep the lowest index first.
 */
function chooseLargest(values: HostData, begin: number, length: number, chosen: Int32Array): void {
  const k = chosen.length;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const value = values[begin + i] as number;
    if (count === k) {
      const worst = values[begin + (chosen[k - 1] as number)] as number;
      if (!above(value, worst)) continue;
    }
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (above(value, values[begin + (chosen[middle] as number)] as number)) high = middle;
      else low = middle + 1;
    }
    if (count < k) count++;
    chosen.copyWithin(low + 1, low, count - 1);
    chosen[low] = i;
  }
}

const topK: Rule<"topK"> = {
  doc:
    "The k largest along an axis, descending, ties lowest index first, NaN last: values and " +
    "indices.",
  arity: 1,
  results: 2,
  type(inputs, { over, k, into }) {
    const [x] = operands(inputs, "the operand") as [Operand];
    const kind = mixNumbers([x]);
    const { size } = requireAxis(x, over);
    requireInteger(`the number of entries chosen over ${over}`, k, 0);
    if (size !== OPEN && k > size) {
      throw new OpError(
        `Axis ${over} of ${typeText(x.type)} has ${entries(size)}, too few to choose ${k}.`,
      );
    }
    const axes = replaceAxis(x.type.axes, over, [{ name: into, size: k }]);
    return [resultType(kind, axes), resultType("int", axes)];
  },
  flops: (inputs) => elementCount({ axes: inputs[0]?.axes ?? [] }),
  evaluate: ([x], { over, k, into }, types) => {
    const [valueType, indexType] = types as [TensorType, TensorType];
    const { values, kept, count, length } = rowsOf(x as HostTensor, undefined, [over]);
    const axes = [...kept, { name: into, size: k }];
    const found = allocateFor({ kind: valueType.kind, axes });
    const places = new Int32Array(countOf(axes));
    for (let row = 0; row < count; row++) {
      const chosen = places.subarray(row * k, (row + 1) * k);
      if (k > 0) chooseLargest(values, row * length, length, chosen);
      for (let n = 0; n < k; n++) {
        found[row * k + n] = values[row * length + (chosen[n] as number)] as number;
      }
    }
    return [
      { type: valueType, data: reorder(found, axes, valueType.axes) },
      { type: indexType, data: reorder(places, axes, indexType.axes) },
    ];
  },
};

/** Ascending, NaN last; equals by index. */
function ascending(values: HostData, begin: number, a: number, b: number): number {
  const x = values[begin + a] as number;
  const y = values[begin + b] as number;
  if (x < y) return -1;
  if (x > y) return 1;
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
}

const order: Rule<"order"> = {
  doc: "Indices that sort an axis ascending: stable, NaN last.",
  arity: 1,
  type(inputs, { over }) {
    const [x] = operands(inputs, "the operand") as [Operand];
    requireNumbers([x]);
    requireAxis(x, over);
    return [resultType("int", x.type.axes)];
  },
  flops: (inputs) => elementCount({ axes: inputs[0]?.axes ?? [] }),
  evaluate: ([x], { over }, [type]) => {
    const result = type as TensorType;
    const { values, axes, count, length } = rowsOf(x as HostTensor, undefined, [over]);
    const places = new Int32Array(count * length);
    for (let row = 0; row < count; row++) {
      const begin = row * length;
      const sorted = places.subarray(begin, begin + length);
      for (let i = 0; i < length; i++) sorted[i] = i;
      sorted.sort((a, b) => ascending(values, begin, a, b));
    }
    return [{ type: result, data: reorder(places, axes, result.axes) }];
  },
};

export const indexing = { gather, scatterAdd, scatterPut, topK, order };
