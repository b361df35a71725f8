/**
 * Where generated files state what they are; both functions return what they are given, with its
 * exact type.
 */
import type { ModelDefinition } from "./model.ts";
import type { TrainingDefinition } from "./training.ts";

/** Declares a model: what `evaluate` and `generate` programs export. */
export function defineModel<const Definition extends ModelDefinition>(
  definition: Definition,
): Definition {
  return definition;
}

/** Declares how a model is trained: what a training file exports. */
export function defineTraining<const Definition extends TrainingDefinition>(
  definition: Definition,
): Definition {
  return definition;
}
