/** Where generated files state what they are; both functions return what they are given. */
import type { ModelDefinition } from "./model.ts";
import type { TrainingDefinition } from "./training.ts";

/**
 * Declares a model: what `evaluate` and `generate` programs export. The segment function keeps its
 * exact type, so that a call of it on a run gives a result with the model's own names.
 */
export function defineModel<Segment extends ModelDefinition["segment"]>(
  definition: Omit<ModelDefinition, "segment"> & { readonly segment: Segment },
): Omit<ModelDefinition, "segment"> & { readonly segment: Segment } {
  return definition;
}

/** Declares how a model is trained: what a training file exports. */
export function defineTraining(definition: TrainingDefinition): TrainingDefinition {
  return definition;
}
