/**
 * How a side of a matrix product lies in memory, and the orders of axes in which both can be read
 * without a transpose.
 */
import { sameOrder } from "./shapes.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Placement, Value } from "./values.ts";
import { storedCount, storedOrder } from "./values.ts";

/**
 * B shared, F free (rows or columns), K summed. As the left factor: is it transposed, and is its
 * batch inside?
 */
const forms = [
  { pattern: "BFK", transposed: false, batchInside: false },
  { pattern: "BKF", transposed: true, batchInside: false },
  { pattern: "FBK", transposed: false, batchInside: true },
  { pattern: "KBF", transposed: true, batchInside: true },
] as const;

export type Form = (typeof forms)[number];
type Class = "B" | "F" | "K";

/** One side of the product as it will be read. */
export interface Reading {
  readonly value: Value;
  readonly form: Form;
  readonly placement: Placement;
  readonly free: readonly string[];
}

/** The forms that an order of axes can be read in. */
export function readings(
  order: readonly string[],
  shared: readonly string[],
  summed: readonly string[],
): Form[] {
  const classes = order.map((name): Class => classOf(name, shared, summed));
  const sequence = classes.filter((letter, i) => letter !== classes[i - 1]).join("");
  return forms.filter(({ pattern, batchInside }) => {
    if (batchInside && shared.length === 0) return false;
    return [...pattern].filter((letter) => sequence.includes(letter)).join("") === sequence;
  });
}

function classOf(name: string, shared: readonly string[], summed: readonly string[]): Class {
  if (shared.includes(name)) return "B";
  return summed.includes(name) ? "K" : "F";
}

/**
 * How a side can be read in place, given the order in which the other side has the shared and the
 * summed axes.
 */
function inPlace(
  value: Value,
  shared: readonly string[],
  summed: readonly string[],
): Reading | undefined {
  for (const placement of value.placements) {
    const { order } = placement;
    const of = (names: readonly string[]) => order.filter((name) => names.includes(name));
    if (!sameOrder(of(shared), shared) || !sameOrder(of(summed), summed)) continue;
    const [form] = readings(order, shared, summed);
    if (form === undefined) continue;
    const free = order.filter((name) => classOf(name, shared, summed) === "F");
    return { value, form, placement, free };
  }
  return undefined;
}

/** A side in an order that can be read, transposed if no placement will do. */
export function readable(
  w: TensorWriter,
  value: Value,
  shared: readonly string[],
  summed: readonly string[],
): Reading {
  const found = inPlace(value, shared, summed);
  if (found !== undefined) return found;
  const free = storedOrder(value).filter((name) => classOf(name, shared, summed) === "F");
  // Moving whole runs of the innermost axis is faster than moving single entries.
  const innermost = storedOrder(value).at(-1) ?? "";
  const [straight, transposed] = forms;
  return free.includes(innermost)
    ? { value, form: transposed, placement: w.place(value, [...shared, ...summed, ...free]), free }
    : { value, form: straight, placement: w.place(value, [...shared, ...free, ...summed]), free };
}

/** The orders of the shared and summed axes that make both sides move least. */
export function chooseOrders(
  a: Value,
  b: Value,
  shared: readonly string[],
  summed: readonly string[],
): { readonly shared: readonly string[]; readonly summed: readonly string[] } {
  let best = { shared, summed };
  let least = Number.POSITIVE_INFINITY;
  const orders = [...a.placements, ...b.placements].map(({ order }) => order);
  for (const batch of orders) {
    for (const inner of orders) {
      const choice = {
        shared: batch.filter((name) => shared.includes(name)),
        summed: inner.filter((name) => summed.includes(name)),
      };
      let cost = 0;
      for (const side of [a, b]) {
        if (side.constant !== undefined) continue;
        if (inPlace(side, choice.shared, choice.summed) === undefined) cost += storedCount(side);
      }
      if (cost < least) [least, best] = [cost, choice];
    }
  }
  return best;
}
