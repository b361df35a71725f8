/**
 * The gradient of every operation: how the cotangents of its operands follow from those of its
 * results. One entry an operation; a missing one is a compile error.
 */
import type { OpName } from "../../ops/index.ts";
import type { GradientRule } from "./rules/context.ts";
import { elementwiseRules } from "./rules/elementwise.ts";
import { fusedRules } from "./rules/fused.ts";
import { indexingRules } from "./rules/indexing.ts";
import { reduceRules } from "./rules/reduce.ts";
import { shapeRules } from "./rules/shape.ts";

export type { Contribution, GradientContext, GradientRule } from "./rules/context.ts";

/** Derivative zero wherever it exists, or no gradient by rule R13. */
const none = "none";

/**
 * Made by passes out of gradients, or for compile-time tensors alone: differentiating it is an
 * error.
 */
const unsupported = "unsupported";

export type RuleTable = {
  readonly [Name in OpName]: GradientRule<Name> | typeof none | typeof unsupported;
};

export const rules: RuleTable = {
  ...elementwiseRules,
  ...reduceRules,
  ...shapeRules,
  ...indexingRules,
  ...fusedRules,
  sign: none,
  floor: none,
  round: none,
  not: none,
  int: none,
  stop: none,
  floorDiv: none,
  mod: none,
  equal: none,
  notEqual: none,
  less: none,
  lessEqual: none,
  greater: none,
  greaterEqual: none,
  and: none,
  or: none,
  any: none,
  all: none,
  argmax: none,
  index: none,
  fill: none,
  values: none,
  order: none,
  solve: unsupported,
  svd: unsupported,
  eigh: unsupported,
  crossEntropyGradient: unsupported,
  softmaxGradient: unsupported,
  layerNormGradient: unsupported,
};
