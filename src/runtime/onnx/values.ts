/**
 * Values of a graph under construction: which axes they have, and where their entries are.
 *
 * A value's entries may be in memory in several orders of its axes (`placements`), each under
 * several shapes (`views`: a Reshape costs next to nothing, a Transpose a pass over memory). Axes
 * of one entry have no place in an order; axes along which all entries repeat are not stored at
 * all.
 */
import type { Axis, HostTensor, NumberKind } from "../../ops/index.ts";
import type { Element } from "./model.ts";

export interface View {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface Placement {
  /** Names of the stored axes of more than one entry, outermost first. */
  readonly order: readonly string[];
  /** The same entries under different shapes; new ones are added as they are needed. */
  readonly views: View[];
  /** Declares an input of the graph, which takes whatever shape is asked for first. */
  readonly declare?: (shape: readonly number[]) => string;
}

export interface Value {
  readonly element: Element;
  /** All axes; their order means nothing. */
  readonly axes: readonly Axis[];
  /** At least one, all of the same stored axes; transposed ones are added as they are needed. */
  readonly placements: Placement[];
  /** The entries, where they are known while compiling. */
  readonly constant?: HostTensor;
  /** Least and greatest value that an int may have, where that is known. */
  readonly range?: Range;
}

export type Range = readonly [low: number, high: number];

/** The element type that holds a kind of number. */
export function elementOf(kind: NumberKind): Element {
  switch (kind) {
    case "real":
      return "float32";
    case "int":
      return "int32";
    case "flag":
      return "bool";
    default:
      return kind satisfies never;
  }
}

/** Axes of more than one entry. */
export function wide(axes: readonly Axis[]): Axis[] {
  return axes.filter(({ size }) => size !== 1);
}

export function sizeOf(value: Pick<Value, "axes">, name: string): number {
  return value.axes.find((axis) => axis.name === name)?.size ?? 1;
}

export function countOf(axes: readonly Axis[]): number {
  return axes.reduce((count, { size }) => count * size, 1);
}

/** Names of the stored axes, in the order in which they were first laid out. */
export function storedOrder(value: Value): readonly string[] {
  return primary(value).order;
}

export function primary(value: Value): Placement {
  return value.placements[0] as Placement;
}

export function stores(value: Value, name: string): boolean {
  return storedOrder(value).includes(name);
}

/** Number of entries in memory. */
export function storedCount(value: Value): number {
  return storedOrder(value).reduce((count, name) => count * sizeOf(value, name), 1);
}

/** Axes of all values, each name once. */
export function unionAxes(values: readonly Pick<Value, "axes">[]): Axis[] {
  const all = new Map<string, Axis>();
  for (const { axes } of values) for (const axis of axes) all.set(axis.name, axis);
  return [...all.values()];
}

/** The number that all entries of a constant are, if there is one. */
export function uniform(value: Value): number | undefined {
  if (value.constant === undefined || storedOrder(value).length > 0) return undefined;
  return value.constant.data[0];
}

/** Least and greatest entry. */
export function rangeOf({ data }: HostTensor): Range {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const entry of data) {
    low = Math.min(low, entry);
    high = Math.max(high, entry);
  }
  return [low, high];
}

/** Whether all entries of a tensor along an axis are equal. */
export function repeats({ type, data }: HostTensor, name: string): boolean {
  const at = type.axes.findIndex((axis) => axis.name === name);
  const size = type.axes[at]?.size ?? 1;
  const inner = countOf(type.axes.slice(at + 1));
  for (let i = 0; i < data.length; i++) {
    const first = i - (Math.floor(i / inner) % size) * inner;
    if (!Object.is(data[i], data[first])) return false;
  }
  return size > 0;
}
