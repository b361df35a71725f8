/**
 * The recording builder: generated code calls its operations, one method per entry of the op table,
 * on named-axis tensors. Running a generated function on it yields a plan. Operations on values
 * known in advance are evaluated at once, in float64.
 *
 * Every method takes its operands by position, then one attributes object (absent for operations
 * without attributes). Operands may be numbers or booleans: a whole number against an int tensor is
 * int, any other number is real, a boolean is a flag. The mask of rule R18 is `where` in the
 * attributes object.
 */
import type { OpAttributes, OpName, TensorType } from "../ops/index.ts";

/** A value of a plan being staged. */
export interface Tensor {
  readonly type: TensorType;
}

export type Operand = Tensor | number | boolean;

type One = [x: Operand];
type Pair = [left: Operand, right: Operand];

/**
 * Operands of each method, in order, before its attributes. A mask and a bias are not among them.
 */
interface Operands {
  neg: One;
  exp: One;
  log: One;
  log1p: One;
  sqrt: One;
  rsqrt: One;
  tanh: One;
  sigmoid: One;
  softplus: One;
  erf: One;
  sin: One;
  cos: One;
  abs: One;
  sign: One;
  floor: One;
  round: One;
  relu: One;
  not: One;
  real: One;
  int: One;
  stop: One;
  add: Pair;
  sub: Pair;
  mul: Pair;
  div: Pair;
  pow: [base: Operand, exponent: Operand];
  minimum: Pair;
  maximum: Pair;
  floorDiv: Pair;
  mod: Pair;
  equal: Pair;
  notEqual: Pair;
  less: Pair;
  lessEqual: Pair;
  greater: Pair;
  greaterEqual: Pair;
  and: Pair;
  or: Pair;
  where: [condition: Operand, on: Operand, off: Operand];
  clip: [x: Operand, low: Operand, high: Operand];
  sum: One;
  mean: One;
  max: One;
  min: One;
  logsumexp: One;
  any: One;
  all: One;
  argmax: One;
  softmax: One;
  cumsum: One;
  contract: Pair;
  split: One;
  merge: One;
  rename: One;
  slice: One;
  join: [pieces: readonly Operand[]];
  broadcast: One;
  shift: One;
  reverse: One;
  window: One;
  unwindow: One;
  index: [];
  fill: [];
  values: [];
  gather: [x: Operand, indices: Operand];
  scatterAdd: [values: Operand, indices: Operand];
  scatterPut: [values: Operand, indices: Operand];
  topK: One;
  order: One;
  linearScan: [a: Operand, b: Operand, start: Operand];
  solve: [matrix: Operand, right: Operand];
  svd: One;
  eigh: One;
  linear: [x: Operand, weight: Operand];
  crossEntropy: [logits: Operand, labels: Operand];
  crossEntropyGradient: [logits: Operand, labels: Operand, d: Operand];
  softmaxGradient: [p: Operand, d: Operand];
  layerNorm: [x: Operand, gain: Operand, bias: Operand];
  layerNormGradient: [x: Operand, gain: Operand, mean: Operand, inverse: Operand, d: Operand];
  attention: [query: Operand, key: Operand, value: Operand];
}

/** Results of the operations that have several. */
interface SeveralResults {
  topK: readonly [values: Tensor, indices: Tensor];
  svd: readonly [value: Tensor, left: Tensor, right: Tensor];
  eigh: readonly [value: Tensor, vector: Tensor];
  layerNorm: readonly [y: Tensor, mean: Tensor, inverse: Tensor];
  attention: readonly [output: Tensor, probabilities: Tensor];
}

/** Operands that are given by name, beside the attributes. */
interface NamedOperands {
  sum: Where;
  mean: Where;
  max: Where;
  min: Where;
  logsumexp: Where;
  any: Where;
  all: Where;
  argmax: Where;
  softmax: Where;
  attention: Where;
  linear: { readonly bias?: Operand | undefined };
}

interface Where {
  /** The entries that take part: a flag tensor (rule R18). */
  readonly where?: Operand | undefined;
}

type Given<Name extends OpName> = OpAttributes<number>[Name] &
  (Name extends keyof NamedOperands ? NamedOperands[Name] : unknown);

/** The last argument of a method: none when the operation has no attributes. */
type Last<Name extends OpName> = string extends keyof OpAttributes<number>[Name]
  ? []
  : [attributes: Given<Name>];

/** What the method of an operation returns. */
export type Returned<Name extends OpName> = Name extends keyof SeveralResults
  ? SeveralResults[Name]
  : Tensor;

type Methods = {
  readonly [Name in keyof OpAttributes<number>]: (
    ...operands: [...Operands[Name], ...Last<Name>]
  ) => Returned<Name>;
};

export interface Builder extends Methods {
  /** Number of entries of an axis of a tensor. Throws StagingError if it has none of that name. */
  size(x: Tensor, axis: string): number;
  /**
   * The same builder, whose probes are named below this path: `g.scope("layer", 3, "attention")`
   * puts them under `layer[3].attention`.
   */
  scope(...names: readonly (string | number)[]): Builder;
  /**
   * Adds a plan output `probe.<path>.<name>` or `probe.gradient.<path>.<name>`, if this staging
   * asks for probes.
   */
  probe(name: string, of: "value" | "gradient", x: Operand): void;
}
