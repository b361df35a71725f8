/**
 * What a system's adapter says about a case: which specs of `specs/` to run with which options, and which tensor of the files is
 * which tensor of the spec. It holds no arithmetic: a layout is all that may lie between the two (rule R8).
 */
import type { GoldenCase } from "./case.ts";

/** Where a tensor of the spec is found. Segments count from 0. */
export type Source =
  /** An output of the model. */
  | { readonly kind: "output"; readonly segment: number; readonly name: string }
  /** A state after the segment. */
  | { readonly kind: "next"; readonly segment: number; readonly address: string }
  /** A named value, asked for as a probe. */
  | { readonly kind: "value"; readonly segment: number; readonly address: string }
  /** A loss term of a segment, without its weight. */
  | { readonly kind: "loss"; readonly segment: number; readonly address: string }
  /** The loss of the whole rollout: the terms of all segments by their weights (rule R15). */
  | { readonly kind: "total" }
  /** Gradient of the total with respect to a named value of a segment, an input or an entering state. */
  | { readonly kind: "gradient"; readonly segment: number; readonly address: string }
  /** Gradient of the total with respect to a parameter. */
  | { readonly kind: "parameter"; readonly address: string };

/** Tensors of a file that the spec takes; several addresses where the file holds them joined. */
export interface Given {
  readonly file: string;
  readonly layout: string;
  readonly to: readonly string[];
}

/** A tensor of the outputs, if the case has it, and what must be equal to it. */
export interface Expected {
  readonly file: string;
  readonly layout: string;
  readonly from: readonly Source[];
}

export interface SpecRun {
  /** A file of `specs/`. */
  readonly spec: string;
  /** Options, dims and schedule by address. */
  readonly settings: Readonly<Record<string, string>>;
  readonly batch: number;
  /** From `weights.safetensors`. Their gradients are compared with `grad/FILE` through the same layout. */
  readonly weights: readonly Given[];
  /** Whether weights are left for the case's other runs. */
  readonly others?: boolean;
  /** Parameters that the case does not have, since nothing it runs reads them; they start as the spec says. */
  readonly fresh: readonly string[];
  /** From `inputs.safetensors`, for each segment: inputs of the model by name. */
  readonly segments: readonly (readonly Given[])[];
  /** Draws of each segment by address; those not given are drawn. */
  readonly draws?: readonly (readonly Given[])[];
  /** States that enter segment 0. Without, every example starts fresh. */
  readonly states?: readonly Given[];
  /** Whole-number states that enter segment 0, equal for all examples. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly expected: readonly Expected[];
}

/** A tensor of the outputs that no spec computes, with the reason that `docs/golden.md` gives. */
export interface Excused {
  readonly file: RegExp;
  readonly reason: string;
}

export interface Adapter {
  readonly system: string;
  readonly excused: (golden: GoldenCase) => readonly Excused[];
  readonly runs: (golden: GoldenCase) => readonly SpecRun[];
}

/** The whole numbers below `count`. */
export function below(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** One file tensor for one tensor of the spec. */
export function given(file: string, layout: string, ...to: readonly string[]): Given {
  return { file, layout, to };
}

export function expected(file: string, layout: string, ...from: readonly Source[]): Expected {
  return { file, layout, from };
}

/** The gradients of a run's weights, as the outputs that hold them. */
export function weightGradients(weights: readonly Given[]): readonly Expected[] {
  return weights.map(({ file, layout, to }) => ({
    file: `grad/${file}`,
    layout,
    from: to.map((address) => ({ kind: "parameter", address }) as const),
  }));
}
