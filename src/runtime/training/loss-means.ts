/** Means of loss terms over several segments, as training and evaluation report them. */
import type { DeviceTensor, Engine } from "../engine.ts";
import type { Tree } from "../model.ts";
import { leavesByAddress } from "./tensors.ts";

/** What one segment gave. */
export interface SegmentLosses {
  /** Scalars at the terms' addresses. */
  readonly losses: Tree<DeviceTensor>;
  /** Sums of the weights of the terms that the spec weighs. */
  readonly counts?: Tree<DeviceTensor>;
  /** Valid tokens. */
  readonly tokens: number;
}

/** The weights of a loss's entries sum to less than 0, so their mean is none. The term has its address. */
export class NegativeWeightError extends RangeError {}

/**
 * Each term's mean over segments: one that the spec weighs counts in each segment as its weights there, any other as the segment's
 * valid tokens. Null where nothing counts.
 */
export class LossMeans {
  readonly #engine: Engine;
  readonly #terms = new Map<string, { readonly sum: number; readonly weight: number }>();

  readonly #weighed = new Set<string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Throws NegativeWeightError where the weights of a term sum to less than 0. */
  add({ losses, counts = {}, tokens }: SegmentLosses): void {
    const number = (tensor: DeviceTensor) => this.#engine.download(tensor).data[0] as number;
    const counted = leavesByAddress(counts);
    for (const [address, tensor] of leavesByAddress(losses)) {
      const count = counted.get(address);
      if (count !== undefined) this.#weighed.add(address);
      const weight = count === undefined ? tokens : number(count);
      if (weight < 0) {
        throw new NegativeWeightError(
          `In one segment the weights of the loss ${address} sum to ${weight}, which is less than 0.`,
        );
      }
      const before = this.#terms.get(address) ?? { sum: 0, weight: 0 };
      // A broken number stays one, even where it counts nothing.
      const sum = before.sum + number(tensor) * weight;
      this.#terms.set(address, { sum, weight: before.weight + weight });
    }
  }

  /** Sum of the weights of a term that the spec weighs; undefined for others. */
  weightOf(address: string): number | undefined {
    return this.#weighed.has(address) ? this.#terms.get(address)?.weight : undefined;
  }

  /** By address. */
  means(): Readonly<Record<string, number | null>> {
    return Object.fromEntries(
      [...this.#terms].map(([address, { sum, weight }]) => {
        // What nothing counts sums to 0, unless a number is broken.
        if (weight === 0) return [address, sum === 0 ? null : sum];
        return [address, sum / weight];
      }),
    );
  }
}
