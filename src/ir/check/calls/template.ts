/** A block checked for one set of options and argument types; calls of the same kind share it. */

import type { NumberKind } from "../../../ops/index.ts";
import type { GraphFunction } from "../../graph.ts";
import type { Declaration } from "../declaration.ts";
import type { CheckedAxis } from "../entities.ts";
import type { Implicit } from "../frame.ts";
import type { SeenAxes } from "../instances/body.ts";
import type { LossTerm } from "../loss-terms.ts";

export interface Template {
  readonly graph: GraphFunction;
  /** What it returns, in order; axes by the names they have inside. */
  readonly returns: readonly ReturnType[];
  /** Its own addressed tensors, relative to the call. */
  readonly declarations: readonly Declaration[];
  /** Tensors that instances in the memory's body need of the caller, by dotted path. */
  readonly seen: ReadonlyMap<string, Declaration>;
  /** Axes of their states that calls in it bound. */
  readonly seenAxes: readonly SeenAxes[];
  /** Its loss terms, relative to the call. */
  readonly losses: readonly LossTerm[];
  /** Arguments that the compiler added. */
  readonly implicit: ReadonlyMap<string, Implicit>;
  /** Axes of the instance's states that it writes, under `next NAME`. */
  readonly members: ReadonlyMap<
    string,
    { readonly axes: readonly CheckedAxis[]; readonly number: NumberKind }
  >;
}

export interface ReturnType {
  readonly name: string;
  readonly number: NumberKind;
  readonly axes: readonly CheckedAxis[];
  readonly batch: boolean;
  readonly constant: boolean;
}
