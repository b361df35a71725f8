/**
 * Names that generated text has of its own, in one place: a function called after a block of the spec gets none of them.
 * Text that binds a new one puts it here; a test calls blocks, axes and loops like all that files bind.
 */

/** What the runtime gives a file, in the order of its import. */
export const IMPORTED = [
  { name: "defineModel", type: false },
  { name: "defineTraining", type: false },
  { name: "Builder", type: true },
  { name: "DeviceTensor", type: true },
  { name: "RolloutResult", type: true },
  { name: "Run", type: true },
  { name: "SegmentBatch", type: true },
  { name: "Tensor", type: true },
  { name: "Tree", type: true },
] as const;

/** What a file defines under these names and no other. */
const DEFINED = [
  "dims",
  "cutAfter",
  "every",
  "handedOn",
  "horizon",
  "modulo",
  "rollout",
  "roundHalfEven",
  "stride",
  "zeros",
] as const;

/** Names of the top level. No other variable of the file is called so. */
export const FILE_NAMES: readonly string[] = [...IMPORTED.map(({ name }) => name), ...DEFINED];

/** The builder, the first parameter of each function that is staged. */
export const BUILDER = "g";

/**
 * What hand-written text binds inside functions: parameters and variables of plans, of rollouts and of arithmetic. All
 * others are given out by `Names`, which know the functions of the file.
 */
export const LOCAL_NAMES: readonly string[] = [
  BUILDER,
  ...["own", "inputs", "outputs", "residuals", "losses", "counts", "next", "weight"],
  ...["dNext", "back"],
  ...["run", "parameters", "states", "segments", "weights", "gradients", "entering", "following"],
  ...["s", "draws", "first", "ends", "end", "last", "state", "start", "stop", "there", "kept"],
  ...["total", "sum", "tokens", "powers", "listed", "given", "_"],
  ...["a", "b", "x", "nearest"],
];
