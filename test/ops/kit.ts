/**
 * What the op tests share: tensors from a rule, a slow reading of entries by axis names, random
 * numbers from a seed.
 */
import { expect } from "vitest";
import type { HostTensor, NumberKind, OpAttributes, OpName } from "../../src/ops/index.ts";
import { evaluate, hostTensor, operations } from "../../src/ops/index.ts";

/** All names of operations, in the order of the table. */
export const operationNames = Object.keys(operations) as readonly OpName[];

export type Sizes = Readonly<Record<string, number>>;
export type Place = Readonly<Record<string, number>>;

/** All places of an index space, row-major. */
export function places(sizes: Sizes): Place[] {
  return Object.entries(sizes).reduce<Place[]>(
    (found, [name, size]) =>
      found.flatMap((place) => Array.from({ length: size }, (_, i) => ({ ...place, [name]: i }))),
    [{}],
  );
}

/** A tensor whose entry at each place is given by a rule. */
export function tensor(kind: NumberKind, sizes: Sizes, rule: (place: Place) => number): HostTensor {
  return hostTensor(kind, sizes, places(sizes).map(rule));
}

export const real = (sizes: Sizes, entries: readonly number[]) =>
  hostTensor("real", sizes, entries);
export const int = (sizes: Sizes, entries: readonly number[]) => hostTensor("int", sizes, entries);
export const flag = (sizes: Sizes, entries: readonly number[]) =>
  hostTensor("flag", sizes, entries);

/** The entry of a tensor at a place, which may name more axes than it has. */
export function read({ type, data }: HostTensor, place: Place): number {
  const offset = type.axes.reduce((n, { name, size }) => n * size + (place[name] as number), 0);
  return data[offset] as number;
}

export function sizesOf({ type }: HostTensor): Sizes {
  return Object.fromEntries(type.axes.map(({ name, size }) => [name, size]));
}

/** The one result of an operation. */
export function apply<Name extends OpName>(
  op: Name,
  inputs: readonly HostTensor[],
  attributes: OpAttributes<number>[Name],
): HostTensor {
  const results = evaluate(op, inputs, attributes);
  expect(results).toHaveLength(1);
  return results[0] as HostTensor;
}

/**
 * Checks every entry against a rule, up to a relative and absolute tolerance; NaN and infinities
 * exactly.
 */
export function expectEntries(
  actual: HostTensor,
  sizes: Sizes,
  rule: (place: Place) => number,
  tolerance = 0,
): void {
  expect(Object.entries(sizesOf(actual)).sort()).toEqual(Object.entries(sizes).sort());
  for (const place of places(sizes)) {
    const found = read(actual, place);
    const wanted = rule(place);
    const near = Math.abs(found - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
    if (!near && !Object.is(found + 0, wanted + 0)) {
      expect.fail(`${found} instead of ${wanted} at ${JSON.stringify(place)}`);
    }
  }
}

/**
 * A generator (mulberry32) of uniform numbers, whose seed is printed; set MEMC_SEED to repeat a
 * run.
 */
export function randomFrom(name: string) {
  const seed = Number(process.env.MEMC_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`${name}: MEMC_SEED=${seed}`);
  let state = seed >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(uniform() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const shuffled = <T>(list: readonly T[]): T[] => {
    const rest = [...list];
    return list.map(() => rest.splice(below(rest.length), 1)[0] as T);
  };
  /** Each name with a probability of two thirds, in any order, with its size. */
  const some = (sizes: Sizes): Sizes =>
    Object.fromEntries(shuffled(Object.entries(sizes)).filter(() => uniform() < 0.67));
  /** A size: often odd or prime, at times 1, seldom 0. */
  const size = (): number => pick([1, 2, 3, 5, 7, 3, 2, 4, uniform() < 0.3 ? 0 : 6]);
  const reals = (sizes: Sizes) => tensor("real", sizes, () => uniform() * 4 - 2);
  const ints = (sizes: Sizes, from: number, to: number) =>
    tensor("int", sizes, () => from + below(to - from));
  const flags = (sizes: Sizes) => tensor("flag", sizes, () => below(2));
  return { uniform, below, pick, shuffled, some, size, reals, ints, flags };
}

export type Random = ReturnType<typeof randomFrom>;
