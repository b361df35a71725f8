/**
 * Tensor types and the shape of an entry of the op table.
 *
 * Tensors have *named* axes everywhere in memc: in a spec, in the graph, in generated code and in a
 * plan. The order of `axes` is the order of the data in memory of a host tensor and the order used
 * for printing; operations never align by it (rule R2 of docs/language.md).
 */

/** What a tensor's entries are: real numbers, 32-bit integers or flags (on / off). */
export type NumberKind = "real" | "int" | "flag";

export interface Axis {
  readonly name: string;
  /** Number of entries along the axis; `OPEN` for the batch before a plan is staged. */
  readonly size: number;
}

/** The size of the batch axis in the graph: it is bound when a plan is staged. */
export const OPEN = -1;

/**
 * The implicit axis that the compiler adds to inputs, states and draws. Always first in a type's
 * order.
 */
export const BATCH = "batch";

export interface TensorType {
  readonly kind: NumberKind;
  readonly axes: readonly Axis[];
}

/** Storage of a tensor on the host, row-major in the order of `type.axes`. */
export type HostData = Float64Array | Int32Array | Uint8Array;

export interface HostTensor {
  readonly type: TensorType;
  readonly data: HostData;
}

/**
 * A shape, kind or attribute that an operation does not accept. The message is one sentence for a
 * user.
 */
export class OpError extends Error {}

/**
 * One entry of the op table. `A` is the type of the operation's attributes with plain numbers
 * (in the graph the same attributes hold symbolic numbers; their values are handed to these rules).
 */
export interface OpDefinition<A> {
  /** One sentence: what it computes, with the axes. */
  readonly doc: string;
  /** Number of tensor inputs, without the optional mask. `variadic`: one or more. */
  readonly arity: number | "variadic";
  /** Number of further inputs that may follow those of `arity`. */
  readonly optional?: number;
  /**
   * How int inputs are converted before computing. `real`: all become real. `mixed`: they become
   * real if one of the inputs is real. Absent: each input is taken as it is. Flags are never
   * converted.
   */
  readonly numbers?: "real" | "mixed";
  /** Positions of inputs that are indices: always int, never converted. */
  readonly indices?: readonly number[];
  /** Accepts one more input, a flag tensor that says which entries take part (rule R18). */
  readonly masked?: true;
  /** Number of results, 1 unless said. */
  readonly results?: number;
  /**
   * A change of names and shape only: no arithmetic, no bytes of its own when the layout allows.
   */
  readonly view?: true;
  /** Result types. Throws OpError. A mask, if present, is the last input. */
  type(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  /** Floating-point operations, a multiply-add counted as 2. */
  flops(inputs: readonly TensorType[], attributes: A): number;
  /** float64 evaluation. `results` are the types that `type` returned. */
  evaluate(
    inputs: readonly HostTensor[],
    attributes: A,
    results: readonly TensorType[],
  ): readonly HostTensor[];
}
