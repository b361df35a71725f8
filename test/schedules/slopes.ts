/**
 * Slopes of the loss of a rollout by central differences, in float64 along random directions that bring no value near a kink. What a
 * schedule or a spec cuts is held at the values it has without the step (rules R13 and R15).
 */
import { expect } from "vitest";
import { generator } from "../codegen/tensors.ts";
import { keepsMargin, withDistances } from "./kinks.ts";
import { type Example, type HostTensor, type Programs, roll } from "./kit.ts";

const STEP = 1e-5;
/** How much farther from a kink than a step takes it each value is. */
export const MARGIN = 4;
export type Tensors = ReadonlyMap<string, HostTensor>;

/** a + distance * b, entry by entry, for the addresses of a. */
function moved(a: Tensors, b: Tensors, distance: number): Tensors {
  return new Map(
    Array.from(a, ([address, { type, data: from }]) => {
      const along = b.get(address)?.data;
      return [
        address,
        { type, data: Float64Array.from(from, (x, i) => x + distance * (along?.[i] ?? 0)) },
      ];
    }),
  );
}

function randomDirection(like: Tensors, seed: number): Tensors {
  const next = generator(seed);
  return new Map(
    Array.from(like, ([address, { type, data: from }]) => [
      address,
      { type, data: Float64Array.from(from, () => next()) },
    ]),
  );
}

/** States that enter each segment, and the example they belong to. */
export async function trajectory(
  programs: Programs,
  example: Example,
): Promise<readonly Tensors[]> {
  const states = [example.states];
  for (let s = 0; s < example.segments.length; s++) {
    const entering = { ...example, states: states[s] ?? new Map() };
    states.push((await roll(programs, entering, [s, s + 1])).states);
  }
  return states;
}

export interface Cuts {
  /** Segments after which every state is cut. */
  readonly after: readonly number[];
  /** Weights of the segments' losses, together 1. */
  readonly weights: readonly number[];
}

/**
 * The weighted loss of a rollout, one segment at a time: states that are cut enter with the values
 * in `frozen`.
 */
export async function lossOf(
  programs: Programs,
  example: Example,
  frozen: readonly Tensors[],
  { after, weights }: Cuts,
): Promise<number> {
  let states = example.states;
  let total = 0;
  for (const [s, weight] of weights.entries()) {
    const held = frozen[s] ?? new Map<string, HostTensor>();
    const cut = after.includes(s - 1);
    const entering = new Map(
      Array.from(states, ([address, tensor]) => {
        const pattern = address.replace(/\[\d+\]/g, "[*]");
        const [, declared] = Object.entries(programs.training.states).find(
          ([declaration]) => declaration.replace(/\[\*\d+\]/g, "[*]") === pattern,
        ) ?? ["", undefined];
        const stays = cut || declared?.gradient === "stop";
        return [address, (stays && held.get(address)) || tensor] as const;
      }),
    );
    const rolled = await roll(programs, { ...example, states: entering }, [s, s + 1]);
    total += weight * (rolled.losses[0] ?? Number.NaN);
    states = rolled.states;
  }
  return total;
}

/** A slope of a loss along a random direction, and the gradient's product with that direction. */
export interface Slope {
  readonly slope: number;
  readonly product: number;
  /** How many values on the way go into operations with kinks. */
  readonly kinked: number;
}

/** The slopes of `loss` in two random directions, without those that bring a value near a kink. */
export async function slopesOf(
  gradients: Tensors,
  parameters: Tensors,
  loss: (parameters: Tensors) => Promise<number>,
): Promise<readonly Slope[]> {
  const slopes: Slope[] = [];
  const lossAt = (at: Tensors) => withDistances(() => loss(at));
  const { entries } = await lossAt(parameters);
  for (let seed = 21; slopes.length < 2; seed++) {
    if (seed > 40) throw new Error("The example itself lies at a kink: give it another seed.");
    const direction = randomDirection(parameters, seed);
    const ahead = await lossAt(moved(parameters, direction, STEP));
    const behind = await lossAt(moved(parameters, direction, -STEP));
    const kept = keepsMargin(entries, [ahead.entries, behind.entries], MARGIN);
    console.log(`direction from seed ${seed}${kept ? "" : ", left out: near a kink"}`);
    if (!kept) continue;
    const slope = (ahead.result - behind.result) / (2 * STEP);
    slopes.push({ slope, product: dot(direction, gradients), kinked: entries.length });
  }
  return slopes;
}

function dot(direction: Tensors, gradients: Tensors): number {
  let product = 0;
  for (const [address, { data: along }] of direction) {
    const gradient = gradients.get(address)?.data;
    along.forEach((x, i) => {
      product += x * (gradient?.[i] ?? 0);
    });
  }
  return product;
}

/**
 * Expects the gradient of the rollout to be the slope of `loss`, to 1e-6 of its size. Gives the number of values on the way that go
 * into operations with kinks.
 */
export async function expectSlope(
  gradients: Tensors,
  parameters: Tensors,
  loss: (parameters: Tensors) => Promise<number>,
): Promise<number> {
  const measured = await slopesOf(gradients, parameters, loss);
  for (const { slope, product } of measured) {
    expect(Math.abs(slope), "a slope to measure").toBeGreaterThan(1e-3);
    expect(Math.abs(product - slope) / Math.abs(slope)).toBeLessThan(1e-6);
  }
  return measured[0]?.kinked ?? 0;
}
