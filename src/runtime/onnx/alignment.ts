/** The layout in which an elementwise operation works: what makes its operands move least. */
import type { Axis } from "../../ops/index.ts";
import { fitsWithoutLeadingOnes, groupsOf, sameOrder, shapeOf } from "./shapes.ts";
import type { Placement, Value } from "./values.ts";
import { sizeOf, storedCount, storedOrder, stores } from "./values.ts";

/** The order of the result of an elementwise operation that makes the operands move least. */
export function commonOrder(operands: readonly Value[]): readonly string[] {
  const names = new Set(operands.flatMap(storedOrder));
  const most = Math.max(...operands.map((value) => storedOrder(value).length));
  const candidates = operands
    .filter((value) => storedOrder(value).length === most)
    .flatMap((value) => value.placements.map(({ order }) => order))
    .map((order) => [...order, ...[...names].filter((name) => !order.includes(name))]);
  const cost = (order: readonly string[]) =>
    operands.reduce((sum, value) => {
      const own = order.filter((name) => stores(value, name));
      const ready =
        value.constant !== undefined ||
        value.placements.some((placement) => sameOrder(placement.order, own));
      return ready ? sum : sum + storedCount(value);
    }, 0);
  let best: readonly string[] = candidates[0] ?? [];
  for (const order of candidates) if (cost(order) < cost(best)) best = order;
  return best;
}

/** The shape, with the axes that make up each dimension, that needs the fewest new views. */
export function commonShape(
  order: readonly string[],
  axes: readonly Axis[],
  placed: readonly { readonly value: Value; readonly placement: Placement }[],
): { readonly groups: readonly (readonly string[])[] } {
  const sizes = order.map((name) => sizeOf({ axes }, name));
  const full = order.map((name) => [name]);
  const candidates = placed
    .filter(({ placement }) => placement.order.length === order.length)
    .flatMap(({ placement }) => placement.views)
    .flatMap(({ shape }) => {
      const groups = groupsOf(sizes, shape);
      return groups === undefined
        ? []
        : [groups.map((group) => group.map((i) => order[i] as string))];
    });
  const misses = (groups: readonly (readonly string[])[]) => {
    let count = 0;
    for (const { value, placement } of placed) {
      const whole = groups.every((group) => {
        const inside = group.filter((name) => placement.order.includes(name)).length;
        return inside === 0 || inside === group.length;
      });
      if (!whole) return Number.POSITIVE_INFINITY;
      if (value.constant !== undefined) continue;
      const shape = shapeOf(groups, placement.order, value);
      const ready = placement.views.some((view) => fitsWithoutLeadingOnes(view.shape, shape));
      if (!ready && placement.views.length > 0) count++;
    }
    return count;
  };
  let best: readonly (readonly string[])[] = full;
  for (const groups of candidates) if (misses(groups) < misses(best)) best = groups;
  return { groups: best };
}
