/**
 * Operations that read an axis at a distance: shift, and the windows that convolutions and sliding
 * spans are made of.
 */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  elementCount,
  entries,
  findAxis,
  operands,
  requireAxis,
  requireEntry,
  requireInteger,
  requireNumbers,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { replaceAxis } from "./shape.ts";
import { addPart, allocateFor, copyPart, sizesOf, stridesAlong, stridesOf } from "./strided.ts";
import type { Axis, HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OPEN, OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;

const operandOf = (inputs: readonly TensorType[]) => operands(inputs, "the operand")[0] as Operand;

/** Row-major axes with the size of one of them changed. */
const resized = (axes: readonly Axis[], name: string, size: number): Axis[] =>
  axes.map((axis) => (axis.name === name ? { name, size } : axis));

const strideOf = (axes: readonly Axis[], name: string): number =>
  stridesAlong(axes, [{ name, size: 0 }])[0] as number;

const shift: Rule<"shift"> = {
  doc: "Moves entries along an axis: y[i] = x[i - by], and the fill where there is no such entry.",
  arity: 1,
  type(inputs, { axis, by, fill }) {
    const x = operandOf(inputs);
    requireAxis(x, axis);
    requireInteger(`the distance of a shift over ${axis}`, by);
    requireEntry(fill, x.type.kind);
    return [resultType(x.type.kind, x.type.axes)];
  },
  flops: () => 0,
  evaluate: ([x], { axis, by, fill }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    const size = findAxis(own, axis)?.size ?? 0;
    const out = allocateFor(result).fill(fill);
    const count = size - Math.abs(by);
    if (count > 0) {
      copyPart(
        sizesOf(resized(result.axes, axis, count)),
        {
          data,
          offset: Math.max(-by, 0) * strideOf(own.axes, axis),
          strides: stridesAlong(own.axes, result.axes),
        },
        {
          data: out,
          offset: Math.max(by, 0) * strideOf(result.axes, axis),
          strides: stridesOf(result.axes),
        },
      );
    }
    return [{ type: result, data: out }];
  },
};

/**
 * The geometry that window and its transpose share: entry (t, w) of the windows is entry t * every
 * + from + w * step.
 */
type Geometry = Pick<OpAttributes<number>["unwindow"], "axis" | "from" | "step" | "every" | "into">;

function requireGeometry({ axis, from, step, every }: Geometry): void {
  requireInteger(`the start of a window over ${axis}`, from);
  requireInteger(`the step of a window over ${axis}`, step);
  requireInteger(`the distance between windows over ${axis}`, every, 1);
}

/** Number of windows on an axis. Throws OpError for every other entry of an open axis. */
function windowCount({ axis, every }: Geometry, size: number): number {
  if (size !== OPEN) return Math.ceil(size / every);
  if (every === 1) return OPEN;
  throw new OpError(`Windows over ${axis} must begin at every entry, since its size is open.`);
}

/**
 * Calls `part` for each offset w in the windows, with the first t and the number of t whose entry t
 * * every + from + w * step lies on the axis of `length` entries, and that entry for the first t.
 */
function eachOffset(
  { from, step, every }: Geometry,
  size: number,
  length: number,
  part: (w: number, firstWindow: number, count: number, entry: number) => void,
): void {
  const windows = Math.ceil(length / every);
  for (let w = 0; w < size; w++) {
    const origin = from + w * step;
    const first = Math.max(0, Math.ceil(-origin / every));
    const end = Math.min(windows, Math.ceil((length - origin) / every));
    if (end > first) part(w, first, end - first, first * every + origin);
  }
}

const window: Rule<"window"> = {
  doc:
    "Entries t * every + from + w * step of an axis, for each t and w; 0 (off) where there is " +
    "none.",
  arity: 1,
  type(inputs, attributes) {
    const { axis, size, into } = attributes;
    const x = operandOf(inputs);
    requireGeometry(attributes);
    requireInteger(`the size of a window over ${axis}`, size, 0);
    const windows = windowCount(attributes, requireAxis(x, axis).size);
    const replaced = [
      { name: axis, size: windows },
      { name: into, size },
    ];
    return [resultType(x.type.kind, replaceAxis(x.type.axes, axis, replaced))];
  },
  flops: () => 0,
  evaluate: ([x], attributes, [type]) => {
    const { axis, size, every, into } = attributes;
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    const out = allocateFor(result);
    const target = without(result.axes, [into]);
    const strides = stridesAlong(result.axes, target);
    const source = stridesAlong(own.axes, target).map((stride, i) =>
      target[i]?.name === axis ? stride * every : stride,
    );
    const whole = findAxis(own, axis)?.size ?? 0;
    eachOffset(attributes, size, whole, (w, first, count, entry) => {
      copyPart(
        sizesOf(resized(target, axis, count)),
        { data, offset: entry * strideOf(own.axes, axis), strides: source },
        {
          data: out,
          offset: first * strideOf(result.axes, axis) + w * strideOf(result.axes, into),
          strides,
        },
      );
    });
    return [{ type: result, data: out }];
  },
};

const unwindow: Rule<"unwindow"> = {
  doc:
    "The transpose of window: adds every entry (t, w) to entry t * every + from + w * step of " +
    "the axis.",
  arity: 1,
  type(inputs, attributes) {
    const { axis, length, into } = attributes;
    const x = operandOf(inputs);
    requireNumbers([x]);
    requireGeometry(attributes);
    const { size: windows } = requireAxis(x, axis);
    requireAxis(x, into);
    if (length !== OPEN) requireInteger(`the length of axis ${axis}`, length, 0);
    const expected = windowCount(attributes, length);
    if (windows !== expected) {
      throw new OpError(
        `Axis ${axis} of ${typeText(x.type)} has ${entries(windows)}, but windows on ` +
          `${entries(length)} are ${expected}.`,
      );
    }
    const axes = without(x.type.axes, [into]);
    return [resultType(x.type.kind, resized(axes, axis, length))];
  },
  flops: (inputs) => elementCount(operandOf(inputs).type),
  evaluate: ([x], attributes, [type]) => {
    const { axis, every, into } = attributes;
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    const out = allocateFor(result);
    const strides = stridesOf(result.axes).map((stride, i) =>
      result.axes[i]?.name === axis ? stride * every : stride,
    );
    const size = findAxis(own, into)?.size ?? 0;
    const whole = findAxis(result, axis)?.size ?? 0;
    eachOffset(attributes, size, whole, (w, first, count, entry) => {
      addPart(
        sizesOf(resized(result.axes, axis, count)),
        {
          data,
          offset: first * strideOf(own.axes, axis) + w * strideOf(own.axes, into),
          strides: stridesAlong(own.axes, result.axes),
        },
        { data: out, offset: entry * strideOf(result.axes, axis), strides },
      );
    });
    return [{ type: result, data: out }];
  },
};

export const neighbours = { shift, window, unwindow };
