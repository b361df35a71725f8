/** What a training run is made of between two steps. */
import type { HostTensor } from "../../ops/index.ts";
import type { Position } from "./source.ts";

/** All that a training run continues from, on the host. */
export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  readonly seed: number;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly optimizer: {
    readonly first: ReadonlyMap<string, HostTensor>;
    readonly second: ReadonlyMap<string, HostTensor>;
  };
  /** States that enter the next rollout, `[batch, …]`, by address. */
  readonly states: ReadonlyMap<string, HostTensor>;
  /** Where the source continues. */
  readonly position: Position;
}
