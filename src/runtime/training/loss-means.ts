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

/**
 * Each term's mean over segments: one that the spec weighs counts in each segment as its weights there, any other as the segment's
 * valid tokens. 0 where nothing counts.
 */
export class LossMeans {
  readonly #engine: Engine;
  readonly #terms = new Map<string, { readonly sum: number; readonly weight: number }>();

  readonly #weighed = new Set<string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  add({ losses, counts = {}, tokens }: SegmentLosses): void {
    const number = (tensor: DeviceTensor) => this.#engine.download(tensor).data[0] as number;
    const counted = leavesByAddress(counts);
    for (const [address, tensor] of leavesByAddress(losses)) {
      const count = counted.get(address);
      if (count !== undefined) this.#weighed.add(address);
      const weight = count === undefined ? tokens : number(count);
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
  means(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#terms].map(([address, { sum, weight }]) => [
        address,
        weight === 0 ? sum : sum / weight,
      ]),
    );
  }
}
