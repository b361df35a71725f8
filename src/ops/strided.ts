/**
 * Index arithmetic over named axes: strides, walks along several tensors at once, copies and maps.
 */
import { countOf } from "./axes.ts";
import type { Axis, HostData, HostTensor, NumberKind, TensorType } from "./types.ts";
import { OPEN, OpError } from "./types.ts";

/** Uninitialised (zero) storage for entries of a kind. */
export function allocate(kind: NumberKind, count: number): HostData {
  switch (kind) {
    case "real":
      return new Float64Array(count);
    case "int":
      return new Int32Array(count);
    case "flag":
      return new Uint8Array(count);
    default:
      return kind satisfies never;
  }
}

/** Storage for a type whose sizes are all known. */
export function allocateFor(type: TensorType): HostData {
  const open = type.axes.find(({ size }) => size === OPEN);
  if (open !== undefined) throw new OpError(`The size of axis ${open.name} is not known yet.`);
  return allocate(type.kind, countOf(type.axes));
}

/** Row-major strides, in entries. */
export function stridesOf(axes: readonly Axis[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let a = axes.length - 1; a >= 0; a--) {
    strides[a] = stride;
    stride *= (axes[a] as Axis).size;
  }
  return strides;
}

/** Strides of a row-major tensor along each of `axes`, 0 along one that it does not have. */
export function stridesAlong(own: readonly Axis[], axes: readonly Axis[]): number[] {
  const strides = stridesOf(own);
  return axes.map(({ name }) => {
    const position = own.findIndex((axis) => axis.name === name);
    return position < 0 ? 0 : (strides[position] as number);
  });
}

export function sizesOf(axes: readonly Axis[]): number[] {
  return axes.map(({ size }) => size);
}

/**
 * Visits an index space in row-major order along several tensors at once. `run` gets, for each
 * straight run of `length` entries, the offset where each tensor's run begins; `steps` are the
 * tensors' strides within it. Adjacent axes that are one straight line in every tensor are visited
 * as one.
 */
export function walk(
  sizes: readonly number[],
  strides: readonly (readonly number[])[],
  run: (offsets: readonly number[], length: number, steps: readonly number[]) => void,
): void {
  const merged: number[] = [];
  const along: number[][] = strides.map(() => []);
  for (let a = 0; a < sizes.length; a++) {
    const size = sizes[a] as number;
    if (size === 0) return;
    if (size === 1) continue;
    const last = merged.length - 1;
    const straight =
      last >= 0 && strides.every((of, t) => along[t]?.[last] === (of[a] as number) * size);
    if (straight) merged[last] = (merged[last] as number) * size;
    else merged.push(size);
    strides.forEach((of, t) => {
      (along[t] as number[])[merged.length - 1] = of[a] as number;
    });
  }
  const length = merged.pop() ?? 1;
  const steps = along.map((of) => of[merged.length] ?? 0);
  const offsets = strides.map(() => 0);
  const position = merged.map(() => 0);
  for (;;) {
    run(offsets, length, steps);
    let a = merged.length - 1;
    for (; a >= 0; a--) {
      const next = (position[a] as number) + 1;
      if (next < (merged[a] as number)) {
        position[a] = next;
        for (let t = 0; t < offsets.length; t++) {
          offsets[t] = (offsets[t] as number) + ((along[t] as number[])[a] as number);
        }
        break;
      }
      position[a] = 0;
      for (let t = 0; t < offsets.length; t++) {
        offsets[t] = (offsets[t] as number) - (next - 1) * ((along[t] as number[])[a] as number);
      }
    }
    if (a < 0) return;
  }
}

/**
 * A part of a tensor's storage: where its first entry is and the strides along the axes being
 * walked.
 */
export interface Part {
  readonly data: HostData;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies `source` to `target`, two parts over the same index space. */
export function copyPart(sizes: readonly number[], source: Part, target: Part): void {
  const { data: from, offset: fromStart } = source;
  const { data: to, offset: toStart } = target;
  walk(sizes, [source.strides, target.strides], ([p = 0, q = 0], length, [dp = 0, dq = 0]) => {
    let s = fromStart + p;
    let t = toStart + q;
    if (dp === 1 && dq === 1 && length >= 16) {
      to.set(from.subarray(s, s + length), t);
      return;
    }
    for (let n = 0; n < length; n++, s += dp, t += dq) to[t] = from[s] as number;
  });
}

/** Adds `source` to `target`, two parts over the same index space. */
export function addPart(sizes: readonly number[], source: Part, target: Part): void {
  const { data: from, offset: fromStart } = source;
  const { data: to, offset: toStart } = target;
  walk(sizes, [source.strides, target.strides], ([p = 0, q = 0], length, [dp = 0, dq = 0]) => {
    let s = fromStart + p;
    let t = toStart + q;
    for (let n = 0; n < length; n++, s += dp, t += dq) {
      to[t] = (to[t] as number) + (from[s] as number);
    }
  });
}

/**
 * Entries of `data`, row-major over `from`, in the row-major order of `to`; repeated along axes
 * that `from` lacks.
 */
export function reorder(data: HostData, from: readonly Axis[], to: readonly Axis[]): HostData {
  const inOrder = from.length === to.length && from.every(({ name }, i) => name === to[i]?.name);
  if (inOrder) return data;
  const result = emptyLike(data, countOf(to));
  copyPart(
    sizesOf(to),
    { data, offset: 0, strides: stridesAlong(from, to) },
    { data: result, offset: 0, strides: stridesOf(to) },
  );
  return result;
}

/** A tensor's entries in the row-major order of `axes`, as `reorder`. */
export function layout(tensor: HostTensor, axes: readonly Axis[]): HostData {
  return reorder(tensor.data, tensor.type.axes, axes);
}

/** As `layout`, in real numbers. */
export function realLayout(tensor: HostTensor, axes: readonly Axis[]): Float64Array {
  const data = layout(tensor, axes);
  return data instanceof Float64Array ? data : Float64Array.from(data);
}

function emptyLike(data: HostData, count: number): HostData {
  if (data instanceof Float64Array) return new Float64Array(count);
  return data instanceof Int32Array ? new Int32Array(count) : new Uint8Array(count);
}

/** f of every entry. */
export function map1(type: TensorType, a: HostTensor, f: (a: number) => number): HostTensor {
  const data = allocateFor(type);
  const x = layout(a, type.axes);
  for (let i = 0; i < data.length; i++) data[i] = f(x[i] as number);
  return { type, data };
}

/** f of the entries of two tensors aligned by axis name. */
export function map2(
  type: TensorType,
  a: HostTensor,
  b: HostTensor,
  f: (a: number, b: number) => number,
): HostTensor {
  const data = allocateFor(type);
  const { axes } = type;
  const { data: x } = a;
  const { data: y } = b;
  const strides = [
    stridesOf(axes),
    stridesAlong(a.type.axes, axes),
    stridesAlong(b.type.axes, axes),
  ];
  walk(sizesOf(axes), strides, ([o = 0, p = 0, q = 0], length, [, dp = 0, dq = 0]) => {
    for (let n = 0; n < length; n++, p += dp, q += dq) {
      data[o + n] = f(x[p] as number, y[q] as number);
    }
  });
  return { type, data };
}

/** f of the entries of three tensors aligned by axis name. */
export function map3(
  type: TensorType,
  a: HostTensor,
  b: HostTensor,
  c: HostTensor,
  f: (a: number, b: number, c: number) => number,
): HostTensor {
  const data = allocateFor(type);
  const { axes } = type;
  const { data: x } = a;
  const { data: y } = b;
  const { data: z } = c;
  const strides = [
    stridesOf(axes),
    stridesAlong(a.type.axes, axes),
    stridesAlong(b.type.axes, axes),
    stridesAlong(c.type.axes, axes),
  ];
  walk(
    sizesOf(axes),
    strides,
    ([o = 0, p = 0, q = 0, r = 0], length, [, dp = 0, dq = 0, dr = 0]) => {
      for (let n = 0; n < length; n++, p += dp, q += dq, r += dr) {
        data[o + n] = f(x[p] as number, y[q] as number, z[r] as number);
      }
    },
  );
  return { type, data };
}
