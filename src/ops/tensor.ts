/** Making and rearranging host tensors. */
import { axisList, elementCount, typeText } from "./axes.ts";
import { allocate, allocateFor, layout } from "./strided.ts";
import type { Axis, HostData, HostTensor, NumberKind, TensorType } from "./types.ts";
import { OpError } from "./types.ts";

/**
 * A host tensor of the given entries, row-major in the order of `axes` (a list, or names to sizes).
 * An array of the kind's own storage class is kept, not copied. Throws OpError if the count of
 * entries is wrong.
 */
export function hostTensor(
  kind: NumberKind,
  axes: readonly Axis[] | Readonly<Record<string, number>>,
  data: HostData | readonly number[],
): HostTensor {
  const list: readonly Axis[] = isList(axes)
    ? axes
    : Object.entries(axes).map(([name, size]) => ({ name, size }));
  const type: TensorType = { kind, axes: list };
  const storage = allocate(kind, 0);
  if (elementCount(type) !== data.length) {
    throw new OpError(
      `A tensor ${typeText(type)} has ${elementCount(type)} entries, not ${data.length}.`,
    );
  }
  if (data instanceof Float64Array && storage instanceof Float64Array) return { type, data };
  if (data instanceof Int32Array && storage instanceof Int32Array) return { type, data };
  if (data instanceof Uint8Array && storage instanceof Uint8Array) return { type, data };
  const copy = allocateFor(type);
  copy.set(data);
  return { type, data: copy };
}

function isList(axes: readonly Axis[] | Readonly<Record<string, number>>): axes is readonly Axis[] {
  return Array.isArray(axes);
}

/** A tensor without axes. A flag is 0 or 1. */
export function scalar(value: number, kind: NumberKind = "real"): HostTensor {
  return hostTensor(kind, [], [value]);
}

/** A tensor of zeros (off, for flags). Throws OpError if a size is open. */
export function zeros(type: TensorType): HostTensor {
  return { type, data: allocateFor(type) };
}

/**
 * The same tensor with its axes, and so its entries, in another order. Throws OpError unless
 * `order` names each axis once.
 */
export function transposeTo(tensor: HostTensor, order: readonly string[]): HostTensor {
  const { kind, axes } = tensor.type;
  const reordered = order.flatMap((name) => axes.filter((axis) => axis.name === name));
  if (
    reordered.length !== axes.length ||
    new Set(order).size !== order.length ||
    order.length !== axes.length
  ) {
    throw new OpError(
      `The order ${order.join(", ") || "of no axes"} must name each axis of ` +
        `${typeText(tensor.type)} once: ${axisList(axes)}.`,
    );
  }
  return { type: { kind, axes: reordered }, data: layout(tensor, reordered) };
}
