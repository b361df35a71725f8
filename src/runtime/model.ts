/**
 * What a generated file declares about a model, and the types its functions use.
 * A tree of tensors follows the addresses of a spec: `own.layer[3].attention.Wq`.
 */
import type { NumberKind } from "../ops/index.ts";
import type { Builder, Tensor } from "./builder.ts";

/** Nested records and arrays with tensors (or other leaves) at the ends. */
export type Tree<Leaf> = Leaf | { readonly [name: string]: Tree<Leaf> } | readonly Tree<Leaf>[];

/** Axis names to sizes, in order. The batch is not listed. */
export type Axes = Readonly<Record<string, number>>;

/**
 * Initial values of a parameter (R21). Fans: product of the sizes of the axes before / after the
 * arrow.
 */
export type Initializer =
  | { readonly kind: "normal"; readonly mean: number; readonly deviation: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "glorot" } // uniform, +-sqrt(6 / (in + out))
  | { readonly kind: "uniform_fan" } // uniform, +-1 / sqrt(in)
  | { readonly kind: "normal_fan" } // normal, deviation 1 / sqrt(in)
  | { readonly kind: "orthogonal" }
  | { readonly kind: "computed"; readonly compute: (g: Builder) => Tensor }; // `starts expression`

export interface ParameterDeclaration {
  readonly axes: Axes;
  /**
   * How many of `axes`, from the left, stand before the arrow (the in axes); absent without an
   * arrow.
   */
  readonly inAxes?: number;
  readonly start: Initializer;
  /** Doc comment of the spec, if any. */
  readonly doc?: string;
}

export interface StateDeclaration {
  readonly axes: Axes;
  readonly kind: NumberKind;
  readonly gradient: "through" | "stop";
}

export interface InputDeclaration {
  readonly axes: Axes;
  readonly kind: NumberKind;
  /** Exclusive upper bound of an int input (`in vocab`). */
  readonly range?: number;
  readonly role: "input" | "target";
}

export interface DrawDeclaration {
  readonly axes: Axes;
  readonly distribution:
    | { readonly kind: "uniform" }
    | { readonly kind: "normal" }
    | { readonly kind: "bernoulli"; readonly probability: number }
    | { readonly kind: "integer"; readonly below: number };
  /** One draw for the whole batch instead of one an example. */
  readonly shared: boolean;
}

/**
 * Addresses of everything that has one. A repeat of n iterations is written `layer[*n]`:
 * `layer[*4].attention.Wq` declares `layer[0].attention.Wq` … `layer[3].attention.Wq`.
 */
export interface Declarations {
  readonly parameters: Readonly<Record<string, ParameterDeclaration>>;
  readonly states: Readonly<Record<string, StateDeclaration>>;
  readonly draws: Readonly<Record<string, DrawDeclaration>>;
  readonly inputs: Readonly<Record<string, InputDeclaration>>;
}

/**
 * A segment's function: `own` holds parameters, carried states and draws at their addresses,
 * `inputs` the model's inputs and targets by name, besides `fresh` [batch] (this example's stream
 * starts here) and `valid` [batch, T] (this token exists).
 */
export type SegmentFunction = (
  g: Builder,
  own: Tree<Tensor>,
  inputs: Readonly<Record<string, Tensor>>,
) => SegmentResult;

export interface SegmentResult {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The states after the segment, at their addresses. */
  readonly next: Tree<Tensor>;
  /** Loss terms at their addresses; each a scalar that already holds its weight. */
  readonly losses: Tree<Tensor>;
  /** Sums of the weights of the terms that the spec weighs (`weighted by`), at the terms' addresses. */
  readonly counts?: Tree<Tensor>;
}

/** How a program without training walks through its data. Sizes in tokens and streams. */
export interface ReadingSchedule {
  readonly segment: { readonly axis: string; readonly tokens: number };
  readonly batch: number;
  readonly batching: "streams" | "examples";
  /** Where each input comes from: another input, `ahead` tokens or one whole segment further. */
  readonly data: Readonly<
    Record<string, { readonly source: string; readonly ahead: number | "segment" }>
  >;
  readonly draws: "fresh" | "fixed";
}

/** What a generated file hands to `defineModel`. */
export interface ModelDefinition extends Declarations {
  readonly name: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly schedule: ReadingSchedule;
  /** As SegmentFunction, with the types of `own` and `inputs` that the generated file declares. */
  readonly segment: (g: Builder, own: never, inputs: never) => SegmentResult;
}
