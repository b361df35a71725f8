/**
 * The operations memc knows and the attributes each one takes.
 *
 * `N` is the type of a number: `number` in a plan and in the evaluation rules, a symbolic number in
 * the graph (where `sqrt(K)` stays readable down to the generated code).
 */

export interface NamedSize<N> {
  readonly name: string;
  readonly size: N;
}

export interface Nothing {
  readonly [none: string]: never;
}

/** Axes summed, normalised or searched. */
export interface Over {
  readonly over: readonly string[];
}

export interface OpAttributes<N> {
  // Elementwise, one input. Inputs real (int becomes real), result real, unless said.
  neg: Nothing; // real or int
  exp: Nothing;
  log: Nothing;
  log1p: Nothing;
  sqrt: Nothing;
  rsqrt: Nothing;
  tanh: Nothing;
  sigmoid: Nothing;
  softplus: Nothing;
  erf: Nothing;
  sin: Nothing;
  cos: Nothing;
  abs: Nothing; // real or int
  sign: Nothing; // real or int; sign(0) = 0
  floor: Nothing; // real to real
  round: Nothing; // real to real, ties to even
  relu: Nothing; // gradient 0 at 0
  not: Nothing; // flag
  real: Nothing; // int or flag to real; real unchanged
  int: Nothing; // real (truncated toward 0) or flag to int; int unchanged
  stop: Nothing; // identity that carries no gradient

  // Elementwise, aligned by axis name: left operand's axes, then the new ones of the right; `batch`
  // first (R1, R2).
  // real/int mix to real; flag never mixes.
  add: Nothing;
  sub: Nothing;
  mul: Nothing;
  div: Nothing; // real division, also of two ints
  pow: Nothing; // real, also of two ints
  minimum: Nothing;
  maximum: Nothing;
  floorDiv: Nothing; // int by int, floors; by 0 gives 0
  mod: Nothing; // int by int, result has the divisor's sign; by 0 gives 0
  equal: Nothing; // any kind with its own; flag result
  notEqual: Nothing;
  less: Nothing;
  lessEqual: Nothing;
  greater: Nothing;
  greaterEqual: Nothing;
  and: Nothing; // flags
  or: Nothing;
  where: Nothing; // (flag, a, b)
  clip: Nothing; // (x, low, high); gradient 1 on the bounds

  // Reductions; an optional mask, aligned by axis name (its own axes stay), leaves entries out
  // (R18: nothing left gives 0, or -inf for max and logsumexp, +inf for min).
  sum: Over; // of a flag counts: int
  mean: Over;
  max: Over; // real or int
  min: Over;
  logsumexp: Over;
  any: Over; // flag
  all: Over;
  argmax: { readonly over: string }; // int; lowest index among ties, NaN last

  // Along an axis, shape kept.
  softmax: Over; // masked entries get exactly 0; nothing left gives all 0
  cumsum: { readonly over: string; readonly reverse?: boolean }; // inclusive

  /** Sum of products over the named axes, which both sides have; every other shared axis aligns. */
  contract: Over;

  // Shape.
  split: { readonly axis: string; readonly into: readonly NamedSize<N>[] }; // first name slowest
  merge: { readonly axes: readonly string[]; readonly into: string }; // first name slowest
  rename: { readonly names: Readonly<Record<string, string>> }; // old to new
  /**
   * Entries start .. start + size - 1 of an axis, called `into` afterwards; null drops it (size 1).
   */
  slice: {
    readonly axis: string;
    readonly start: N;
    readonly size: N;
    readonly into: string | null;
  };
  /**
   * Concatenation. pieces[i] is the axis of input i that is joined, null for an input without one
   * (counts 1). All other axes align; one that an input lacks is repeated. `into` is where the
   * first input with an axis has it, else last.
   */
  join: { readonly pieces: readonly (string | null)[]; readonly into: string };
  /**
   * Repeats the tensor along axes it does not have; they come last, in the order given (batch
   * first).
   */
  broadcast: { readonly axes: readonly NamedSize<N>[] };
  /** y[i] = x[i - by], `fill` where that is out of range. `by` may be negative. */
  shift: { readonly axis: string; readonly by: N; readonly fill: N };
  reverse: { readonly axis: string };
  /** y[t, w] = x[t * every + from + w * step], 0 out of range; axis keeps its name with
   * ceil(size / every) entries, the new axis `into` has `size` entries and follows it. */
  window: {
    readonly axis: string;
    readonly size: N;
    readonly from: N;
    readonly step: N;
    readonly every: N;
    readonly into: string;
  };
  /**
   * Transpose of window: adds every y[t, w] to x[t * every + from + w * step]; `length` entries
   * along `axis`.
   */
  unwindow: {
    readonly axis: string;
    readonly length: N;
    readonly from: N;
    readonly step: N;
    readonly every: N;
    readonly into: string;
  };

  // Made from nothing (no inputs).
  index: { readonly axis: string; readonly size: N }; // int 0, 1, … along the axis
  fill: {
    readonly value: N;
    readonly axes: readonly NamedSize<N>[];
    readonly kind: "real" | "int" | "flag"; // flag: 0 or 1
  };
  values: { readonly list: readonly N[]; readonly into: string }; // real [into]

  // Indexing (R19). Indices are int.
  /**
   * (x, i): replaces `axis` of x by the axes of i; axes shared by x and i align; out of range reads
   * 0 (off).
   */
  gather: { readonly axis: string };
  /**
   * (v, i): out[e] = sum over `over` of v where i = e; new axis `axis` of `size` entries, last; v
   * may lack axes of i.
   */
  scatterAdd: { readonly over: readonly string[]; readonly axis: string; readonly size: N };
  /** As scatterAdd, but the later element wins; entries nobody writes are 0. */
  scatterPut: { readonly over: readonly string[]; readonly axis: string; readonly size: N };
  /**
   * The k largest along `over`, descending, ties lowest index first, NaN last: (values, indices),
   * axis called `into`.
   */
  topK: { readonly over: string; readonly k: N; readonly into: string };
  /** Indices that sort ascending, stable, NaN last; shape kept, int. */
  order: { readonly over: string };

  /**
   * (a, b, start): y[t] = a[t] * y[t - 1] + b[t] with y[-1] = start; all steps. a and b align,
   * start lacks `over`.
   */
  linearScan: { readonly over: string };

  // Linear algebra in float64; only for compile-time tensors.
  /**
   * (m, b): x with m x = b; m has axes `row` and `column` of one size, b has `row`; x has `column`
   * in its place.
   */
  solve: { readonly row: string; readonly column: string };
  /**
   * m[row, column] = left[row, into] * value[into] * right[into, column]: (value, left, right),
   * values descending.
   */
  svd: { readonly row: string; readonly column: string; readonly into: string };
  /** Symmetric m[row, column]: (value[into] ascending, vector[row, into]). */
  eigh: { readonly row: string; readonly column: string; readonly into: string };

  // What the compiler's passes make of patterns, and what their gradients need.
  /**
   * (x, weight, bias?) : activation(x . weight over `over` + bias). Activation none, relu, tanh,
   * sigmoid, gelu (erf form).
   */
  linear: {
    readonly over: readonly string[];
    readonly activation: "none" | "relu" | "tanh" | "sigmoid" | "gelu";
  };
  /** (logits, labels): logsumexp(logits over axis) - logits at axis = labels. */
  crossEntropy: { readonly over: string };
  /** (logits, labels, d): d * (softmax(logits over axis) - one_hot(labels)). */
  crossEntropyGradient: { readonly over: string };
  /** (p, d): p * (d - sum(p * d over axes)). */
  softmaxGradient: Over;
  /**
   * (x, gain, bias): (x - mean) * rsqrt(variance + epsilon) * gain + bias over one axis. Results:
   * y, mean, inverse deviation.
   */
  layerNorm: { readonly over: string; readonly epsilon: N };
  /** (x, gain, mean, inverse, d): gradient with respect to x. */
  layerNormGradient: { readonly over: string };
  /**
   * (query, key, value; mask): softmax(query . key over `width` * scale over `keys`) . value over
   * `keys`. Results: output, probabilities.
   */
  attention: { readonly width: string; readonly keys: string; readonly scale: N };
}

export type OpName = keyof OpAttributes<number>;
