/** What a generated training file declares, and the run it is given. */
import type { HostTensor } from "../ops/index.ts";
import type { Builder, Tensor } from "./builder.ts";
import type { DeviceTensor } from "./engine.ts";
import type { Declarations, Tree } from "./model.ts";

/**
 * Schedule of `train`, as literal values in the generated file. Times in optimiser steps, sizes in
 * tokens and segments.
 */
export interface TrainingSchedule {
  readonly segment: { readonly axis: string; readonly tokens: number };
  readonly batch: number;
  readonly batching: "streams" | "examples";
  readonly rollout: number;
  readonly stride: number;
  readonly throughTime: string; // "mrbp(horizon = 8)", for people
  readonly optimizer: {
    readonly name: "adamw";
    readonly rate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly clip?: number;
    readonly warmup: number;
    readonly decay: "none" | "cosine" | "linear";
  };
  readonly groups: readonly {
    readonly paths: readonly string[];
    readonly rate?: number;
    readonly weightDecay?: number;
  }[];
  readonly freeze: readonly string[];
  readonly updateEvery: number;
  readonly data: Readonly<
    Record<string, { readonly source: string; readonly ahead: number | "segment" }>
  >;
  readonly steps: number;
}

/**
 * Runs functions of the generated code on an engine. `call` stages and compiles a function at its
 * first use with tensors of these shapes, then reuses the plan: horizon 32 compiles nothing that
 * horizon 1 does not.
 */
export interface Run {
  call<Result extends object>(
    staged: (g: Builder, ...inputs: never[]) => Result,
    ...inputs: readonly object[] // trees: an interface of the generated file is no Tree for TypeScript
  ): Promise<OnEngine<Result>>;
  scalar(value: number): DeviceTensor;
  /**
   * One tree with the leaves of all: parameters, states and draws, each a tree by address, become
   * the `own` of a segment function. Arrays are merged element by element. No address is in two of
   * the trees.
   */
  merge(...trees: readonly Tree<DeviceTensor>[]): Tree<DeviceTensor>;
  /** Tensors of zeros, shaped like the given tree. */
  zeros<Like extends object>(like: Like): Like;
  /** Adds trees of one shape, which are discarded; `undefined` counts as zeros. */
  add<Term extends object>(total: Term | undefined, term: Term): Promise<Term>;
  /**
   * Frees the tensors of a tree, which are not read again: without it they are held until the
   * collector finds them.
   */
  discard(tree: object): void;
}

/** The tree that a staged function returns, with its tensors on an engine. */
export type OnEngine<Result> = Result extends Tensor
  ? DeviceTensor
  : Tree<Tensor> extends Result // a tree of unknown form, which would expand without end
    ? Tree<DeviceTensor>
    : { readonly [Key in keyof Result]: OnEngine<Result[Key]> };

/**
 * One segment of a rollout: its inputs (with `fresh` and `valid`), its draws by address, and the
 * count of its valid tokens.
 */
export interface SegmentBatch {
  readonly inputs: Readonly<Record<string, DeviceTensor>>;
  readonly draws: Tree<DeviceTensor>;
  readonly tokens: number;
}

export interface RolloutResult {
  /**
   * Loss terms of each segment, scalars without segment weights, at their addresses (`{ main }`, `{
   * layer: [{ mem: { kl } }, …] }`).
   */
  readonly losses: readonly Tree<DeviceTensor>[];
  /** Sums of the weights of the terms that the spec weighs (`weighted by`), of each segment, at the terms' addresses. */
  readonly counts?: readonly Tree<DeviceTensor>[];
  readonly gradients: Tree<DeviceTensor>;
  /** States that enter the next rollout: those after `stride` segments of this one. */
  readonly states: Tree<DeviceTensor>;
}

export interface TrainingDefinition extends Declarations {
  readonly name: string;
  readonly schedule: TrainingSchedule;
  /** Losses and gradients of a rollout: the algorithm that `throughTime` names. */
  readonly rollout: (
    run: Run,
    parameters: Tree<DeviceTensor>,
    states: Tree<DeviceTensor>,
    segments: readonly SegmentBatch[],
  ) => Promise<RolloutResult>;
}

export type { HostTensor };
