/** What a checked spec is: programs (train, evaluate, generate), each a graph with the declarations and the schedule around it. */
import type { NumberKind } from "../ops/index.ts";
import type { Graph, GraphFunction, SymbolicNumber } from "./graph.ts";

export interface CheckedModel {
  /** As in the spec: `Memformer`. */
  readonly name: string;
  readonly doc?: string;
  /** The spec's file name without folders, for headings. */
  readonly file: string;
  /** Model-level dims in order, with their values in the evaluate program. */
  readonly dims: readonly Dim[];
  readonly programs: {
    readonly train?: Program;
    readonly evaluate: Program;
    readonly generate?: Program;
  };
}

export interface Dim {
  readonly name: string;
  readonly value: number;
  /** In terms of earlier dims: `width / heads`. */
  readonly size: SymbolicNumber;
}

export interface Program {
  readonly kind: "train" | "evaluate" | "generate";
  readonly graph: Graph;
  readonly dims: readonly Dim[];
  /** Paths have "*" for each copy: ["layer", "*", "attention", "Wq"]. */
  readonly parameters: readonly ParameterInfo[];
  readonly states: readonly StateInfo[];
  readonly draws: readonly DrawInfo[];
  readonly inputs: readonly InputInfo[];
  readonly outputs: readonly { readonly name: string; readonly doc?: string }[];
  /** Loss terms by path; each is a scalar result of the main function with role "loss". */
  readonly losses: readonly (readonly string[])[];
  readonly schedule: Schedule;
}

export interface SizedAxis {
  readonly name: string;
  readonly size: SymbolicNumber;
}

interface Addressed {
  readonly path: readonly string[];
  /** Sizes of the enclosing repeats, one for each "*" of the path. */
  readonly copies: readonly SymbolicNumber[];
  readonly axes: readonly SizedAxis[];
  readonly doc?: string;
  /** Spec entity it was declared in, for comments: `slots.write`. */
  readonly owner: string;
}

export interface ParameterInfo extends Addressed {
  readonly inAxes?: number;
  readonly start:
    | {
        readonly kind:
          | "normal"
          | "uniform"
          | "constant"
          | "glorot"
          | "uniform_fan"
          | "normal_fan"
          | "orthogonal";
        readonly arguments: readonly SymbolicNumber[];
      }
    /** `starts expression`: a function without inputs that returns the value. */
    | { readonly kind: "computed"; readonly compute: GraphFunction };
}

export interface StateInfo extends Addressed {
  readonly kind: NumberKind;
  readonly gradient: "through" | "stop";
}

export interface DrawInfo extends Addressed {
  readonly distribution: {
    readonly kind: "uniform" | "normal" | "bernoulli" | "integer";
    readonly arguments: readonly SymbolicNumber[];
  };
  readonly shared: boolean;
}

export interface InputInfo {
  readonly name: string;
  readonly role: "input" | "target";
  readonly kind: NumberKind;
  readonly axes: readonly SizedAxis[];
  readonly range?: SymbolicNumber;
  readonly doc?: string;
}

// ---------------------------------------------------------------- schedule

export interface Schedule {
  /** Tokens of a segment and the data axis they run along. */
  readonly segment: { readonly axis: string; readonly tokens: number };
  readonly batch: number;
  readonly batching: "streams" | "examples";
  /** Segments of one optimiser step, and how far the next step starts. */
  readonly rollout: number;
  readonly stride: number;
  readonly throughTime:
    | { readonly kind: "detach" }
    | { readonly kind: "bptt"; readonly horizon: number }
    | { readonly kind: "mrbp"; readonly horizon: number }
    | { readonly kind: "checkpoint"; readonly horizon: number; readonly every: number };
  /** `cut after 1, 2`: segments (from 0) after which gradient stops; undefined: after every horizon-th. */
  readonly cutAfter?: readonly number[];
  readonly segmentWeights:
    | { readonly kind: "uniform" | "last" | "tokens" }
    | { readonly kind: "powers"; readonly base: number }
    | { readonly kind: "list"; readonly weights: readonly number[] };
  readonly optimizer: OptimizerInfo;
  readonly groups: readonly {
    readonly paths: readonly string[];
    readonly rate?: number;
    readonly weightDecay?: number;
  }[];
  readonly freeze: readonly string[];
  /** Rollouts whose gradients are averaged before one update. */
  readonly updateEvery: number;
  /** Where each input comes from: another input, `ahead` tokens or one whole segment further. */
  readonly data: readonly {
    readonly name: string;
    readonly source: string;
    readonly ahead: number | "segment";
  }[];
  /** Optimiser steps when the command line names none. */
  readonly steps: number;
  readonly draws: "fresh" | "fixed";
}

export interface OptimizerInfo {
  readonly name: "adamw";
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest global gradient norm; undefined: no clipping. */
  readonly clip?: number;
  readonly warmup: number;
  readonly decay: "none" | "cosine" | "linear";
}
