/**
 * What a training step costs in memory before anything runs: the rollout of the generated code, and
 * the update after it, run on tensors without entries. Every call is staged, so its plan is the one
 * that an engine would compile; what is held between the calls follows from who still needs it.
 *
 * A tensor lives from the call that makes it until the rollout discards it; what nobody discards lives
 * to the end of the step. Parameters, moments, inputs and draws belong to the training loop, which
 * holds them for the whole step.
 */
import { BATCH, type TensorType } from "../ops/index.ts";
import type { DeviceTensor } from "./engine.ts";
import type { Declarations, ModelDefinition, Tree } from "./model.ts";
import type { Plan } from "./plan.ts";
import { PlanningRun, type StepPlan, type StepPlannerOptions } from "./planning-run.ts";
import { type StageOptions, stage } from "./stage.ts";
import { batched, expandDeclarations, parameterTypes, stateTypes } from "./training/addresses.ts";
import { createOptimizer } from "./training/optimizer.ts";
import { drawType } from "./training/random.ts";
import type { RolloutResult, SegmentBatch, TrainingDefinition } from "./training.ts";
import { flatten, isTyped, nest } from "./tree.ts";

/**
 * Plans a training step: the rollout of `definition` once for each rollout of an update, the sums of
 * their gradients, and the update.
 */
export async function planStep(
  definition: TrainingDefinition,
  options: StepPlannerOptions,
): Promise<StepPlan> {
  const run = new PlanningRun(options);
  const { schedule } = definition;
  const optimizer = createOptimizer(definition, schedule.steps);
  const parameters = run.hold("parameters", parameterTypes(definition));
  const initial = optimizer.initial(run, parameters); // zeros, which the run keeps
  const moved = new Map(
    flatten<DeviceTensor>(initial.first, isTyped).map(({ name, leaf }) => [name, leaf.type]),
  );
  const moments = { first: run.hold("optimizer", moved), second: run.hold("optimizer", moved) };
  let states = run.hold("states", stateTypes(definition, schedule.batch));
  let gradients: Tree<DeviceTensor> | undefined;
  for (let i = 0; i < schedule.updateEvery; i++) {
    const segments = Array.from({ length: schedule.rollout }, () => segmentOf(run, definition));
    const result: RolloutResult = await definition.rollout(run, parameters, states, segments);
    states = result.states;
    gradients = (await run.add(
      gradients as object | undefined,
      result.gradients,
    )) as Tree<DeviceTensor>;
  }
  run.updating = true;
  await optimizer.update(run, parameters, gradients ?? {}, moments, 0);
  return run.finish();
}

/** The plan of a model's segment, as its reading schedule runs it; with `probes` their values are outputs. */
export function planSegment(
  model: ModelDefinition,
  { probes = false }: Pick<StageOptions, "probes"> = {},
): Plan {
  const { batch, segment } = model.schedule;
  const draws = Array.from(expandDeclarations(model.draws), ([address, declaration]) => {
    return [address, drawType(declaration, batch)] as const;
  });
  const own = nest([...parameterTypes(model), ...stateTypes(model, batch), ...draws]);
  const inputs = nest(inputTypes(model, batch, segment));
  const names = ["own", "inputs"];
  return stage("segment", model.segment, [own, inputs], { names, probes }).plan;
}

/** Types of a segment's inputs by name, `fresh` and `valid` among them. */
function inputTypes(
  declarations: Pick<Declarations, "inputs">,
  batch: number,
  segment: { readonly axis: string; readonly tokens: number },
): ReadonlyMap<string, TensorType> {
  const inputs = new Map<string, TensorType>();
  for (const [name, { kind, axes }] of Object.entries(declarations.inputs)) {
    inputs.set(name, batched(kind, axes, batch));
  }
  inputs.set("fresh", { kind: "flag", axes: [{ name: BATCH, size: batch }] });
  inputs.set("valid", batched("flag", { [segment.axis]: segment.tokens }, batch));
  return inputs;
}

/** One segment's tensors, as the training loop uploads them. */
function segmentOf(run: PlanningRun, definition: TrainingDefinition): SegmentBatch {
  const { batch, segment } = definition.schedule;
  const inputs = inputTypes(definition, batch, segment);
  const draws = new Map(
    Array.from(expandDeclarations(definition.draws), ([address, declaration]) => [
      address,
      drawType(declaration, batch),
    ]),
  );
  return {
    inputs: run.hold("inputs", inputs) as Readonly<Record<string, DeviceTensor>>, // one record
    draws: run.hold("inputs", draws),
    tokens: batch * segment.tokens,
  };
}
