/** What a rule that lowers one operation of the op table gets and gives. */
import type { OpAttributes, OpName, TensorType } from "../../ops/index.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";

export interface LoweringContext {
  readonly w: TensorWriter;
  readonly results: readonly TensorType[];
  /** For each result, all its axes in the order in which its consumers would like them. */
  readonly wanted: readonly (readonly string[])[];
}

/**
 * Emits the nodes of one operation. Inputs have at least one entry and are converted as the op
 * table's `numbers` says; a mask, if present, is the last one.
 */
export type Lowering<Name extends OpName> = (
  context: LoweringContext,
  inputs: readonly Value[],
  attributes: OpAttributes<number>[Name],
) => readonly Value[];

/** One rule an operation. */
export type LoweringTable = { readonly [Name in OpName]: Lowering<Name> };
