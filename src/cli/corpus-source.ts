/** Segments for a program from a corpus: documents or a task. */

import { suggest } from "../parser/suggest.ts";
import type { ModelDefinition } from "../runtime/model.ts";
import type { SegmentSource } from "../runtime/training/source.ts";
import type { Task } from "../runtime/training/tasks.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import type { Corpus } from "./documents.ts";
import { InputError } from "./exit.ts";
import type { Runtime } from "./runtime.ts";

/** Episodes of a task that an evaluation reads. */
export const evaluationEpisodes = 200;

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
  const task = taskOf(runtime, corpus.name, definition);
  return new runtime.TaskSource(task, definition, { seed, split: "train" });
}

/**
 * What is to be said of a task whose answers no gradient connects with what they are about, though the schedule lets gradient cross
 * segments; undefined of any other.
 */
export function reachNote(
  runtime: Runtime,
  corpus: Corpus,
  definition: TrainingDefinition,
): string | undefined {
  if (corpus.kind !== "task") return undefined;
  const { name, length } = taskOf(runtime, corpus.name, definition);
  const { segment, rollout, throughTime } = definition.schedule;
  const [, horizon] = /horizon = (\d+)/.exec(throughTime) ?? [];
  // Who detaches knows that no gradient crosses segments; task:sort has as many segments as a rollout.
  if (name !== "task:recall" || horizon === undefined) return undefined;
  const segments = length / segment.tokens;
  const reach = Math.min(rollout, Number(horizon));
  if (reach >= segments) return undefined;
  return (
    `an episode of ${name} has ${segments} segments, and gradient crosses ${reach} at most, so none goes from an answer ` +
    `to what was shown: ${name}(segments = ${Math.max(2, reach)}), or a longer rollout and horizon, lets it`
  );
}

/** The held-out documents once, or fresh episodes of the task, as long as those of the training. */
export function evaluationSource(
  runtime: Runtime,
  corpus: Corpus,
  model: ModelDefinition,
  seed: number,
  training: TrainingDefinition | undefined,
): SegmentSource {
  if (corpus.kind === "documents") {
    return runtime.textSource(corpus.heldOut, model, { passes: "once", seed });
  }
  const task = taskOf(runtime, corpus.name, model, training);
  return new runtime.TaskSource(task, model, {
    seed,
    split: "evaluation",
    episodes: evaluationEpisodes,
  });
}

/** The task that a model learns. Throws InputError for a name that none has, SourceError where it does not suit the model. */
export function taskOf(
  runtime: Runtime,
  text: string,
  program: TrainingDefinition | ModelDefinition,
  training?: TrainingDefinition,
): Task {
  const [, name = ""] = /^task:\s*([^\s()]*)/.exec(text) ?? [];
  const names: readonly string[] = runtime.taskNames;
  if (names.includes(name)) return runtime.parseTask(text, program, training);
  const meant = suggest(name, names);
  throw new InputError(
    `there is no task:${name}; there are ${names.map((each) => `task:${each}`).join(" and ")}`,
    meant === undefined ? undefined : `did you mean task:${meant}?`,
    "MEM0911",
  );
}
