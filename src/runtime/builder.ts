/**
 * The recording builder: generated code calls its operations, one method per entry of the op table, on named-axis tensors.
 * Running a generated function on it yields a plan. Operations on values known in advance are evaluated at once, in float64.
 */
import type { OpAttributes, OpName, TensorType } from "../ops/index.ts";

/** A value of a plan being staged. */
export interface Tensor {
  readonly type: TensorType;
}

export type Operand = Tensor | number | boolean;

/** Operations with an optional `where` mask beside their attributes. */
type Masked = "sum" | "mean" | "max" | "min" | "logsumexp" | "any" | "all" | "argmax" | "softmax" | "attention";
type OneInput =
  | "neg" | "exp" | "log" | "log1p" | "sqrt" | "rsqrt" | "tanh" | "sigmoid" | "softplus" | "erf" | "sin" | "cos" | "abs" | "sign" | "floor" | "round" | "relu" | "not" | "real" | "int" | "stop";
// The interface is written out in full below by its implementer: a mapped type over OpName giving, for example,
//   add(left: Operand, right: Operand): Tensor
//   contract(left: Tensor, right: Tensor, attributes: { over: readonly string[] }): Tensor
//   softmax(x: Tensor, attributes: { over: readonly string[]; where?: Operand }): Tensor
//   topK(x: Tensor, attributes): readonly [Tensor, Tensor]
//   join(pieces: readonly Operand[], attributes): Tensor
//   index(attributes): Tensor
export type Builder = {
  /** Size of an axis of a tensor. Throws if it has none of that name. */
  size(x: Tensor, axis: string): number;
} & Record<OpName, (...operands: never[]) => never>; // placeholder type until the implementation lands
export type { Masked, OneInput, OpAttributes };
