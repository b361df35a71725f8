/** Segments for a program from a corpus: documents or a task. */
import type { ModelDefinition } from "../runtime/model.ts";
import type { SegmentSource } from "../runtime/training/source.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import type { Corpus } from "./documents.ts";
import type { Runtime } from "./runtime.ts";

/** Episodes of a task that an evaluation reads. */
const evaluationEpisodes = 200;

/** An endless source for training. */
export function trainingSource(
  runtime: Runtime,
  corpus: Corpus,
  definition: TrainingDefinition,
  seed: number,
): SegmentSource {
  if (corpus.kind === "documents") {
    return runtime.textSource(corpus.training, definition, { passes: "endless", seed });
  }
  const task = runtime.parseTask(corpus.name, definition);
  return new runtime.TaskSource(task, definition, { seed, split: "train" });
}

/** The held-out documents once, or fresh episodes of the task. */
export function evaluationSource(
  runtime: Runtime,
  corpus: Corpus,
  model: ModelDefinition,
  seed: number,
): SegmentSource {
  if (corpus.kind === "documents") {
    return runtime.textSource(corpus.heldOut, model, { passes: "once", seed });
  }
  const task = runtime.parseTask(corpus.name, model);
  return new runtime.TaskSource(task, model, {
    seed,
    split: "evaluation",
    episodes: evaluationEpisodes,
  });
}
