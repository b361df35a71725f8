/** The words of the primitive vocabulary that are called like functions. */
export const unaryPrimitives = [
  "exp", "log", "log1p", "sqrt", "rsqrt", "tanh", "sigmoid", "softplus", "erf", "sin", "cos",
  "abs", "sign", "floor", "round", "relu", "real", "int", "stop",
] as const;

export const reductionPrimitives = [
  "sum", "mean", "any", "all", "argmax", "logsumexp", "softmax", "cumsum",
] as const;

export const primitiveNames: readonly string[] = [
  ...unaryPrimitives,
  ...reductionPrimitives,
  "min", "max", "clip", "where", "index", "valid", "size", "index_of", "root", "values",
  "join", "first", "last", "shift", "reverse", "window", "top", "order", "add", "put",
  "linear_scan", "solve", "svd", "eigh",
];
