/** Arithmetic on shapes (lists of sizes) and on orders of axis names. */
import type { Axis } from "../../ops/index.ts";

export function sameOrder<T extends string | number>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((entry, i) => entry === b[i]);
}

export function product(sizes: readonly number[]): number {
  return sizes.reduce((count, size) => count * size, 1);
}

/** Equal but for ones at the front, which broadcasting adds by itself. */
export function fitsWithoutLeadingOnes(a: readonly number[], b: readonly number[]): boolean {
  return sameOrder(withoutLeadingOnes(a), withoutLeadingOnes(b));
}

function withoutLeadingOnes(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((size) => size !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/**
 * Which of the sizes (none of them 1) each dimension of `shape` is the product of, as positions;
 * a dimension of 1 has none. Undefined if a dimension cuts through a size.
 */
export function groupsOf(
  sizes: readonly number[],
  shape: readonly number[],
): number[][] | undefined {
  const groups: number[][] = [];
  let next = 0;
  for (const dim of shape) {
    const group: number[] = [];
    let count = 1;
    while (count < dim && next < sizes.length) {
      group.push(next);
      count *= sizes[next++] as number;
    }
    if (count !== dim) return undefined;
    groups.push(group);
  }
  return next === sizes.length ? groups : undefined;
}

/**
 * The shape that an operand with the axes `order` has beside one of `groups`: 1 where it lacks a
 * group's axes.
 */
export function shapeOf(
  groups: readonly (readonly string[])[],
  order: readonly string[],
  { axes }: { readonly axes: readonly Axis[] },
): number[] {
  return groups.map((group) =>
    product(
      group
        .filter((name) => order.includes(name))
        .map((name) => axes.find((axis) => axis.name === name)?.size ?? 1),
    ),
  );
}

/** The shape that tensors of the given shapes broadcast to. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((shape) => shape[i - rank + shape.length] ?? 1)),
  );
}
