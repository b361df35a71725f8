/**
 * The training loop: segments of a source through rollouts of the definition, gradients of `updateEvery` rollouts into one update.
 * Everything follows from (definition, source, seed, engine): a run that is stopped and resumed gives the same bytes as one that is not.
 */
import type { HostTensor } from "../../ops/index.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { Tree } from "../model.ts";
import { createRun, type EngineRun } from "../run.ts";
import type { SegmentBatch, TrainingDefinition } from "../training.ts";
import { saveCheckpoint } from "./checkpoint.ts";
import type { CheckpointOrigin } from "./checkpoint-record.ts";
import { diagnoseRollout, grownState, NonFiniteError } from "./finite.ts";
import { initialParameters } from "./initializer.ts";
import { LossMeans } from "./loss-means.ts";
import { peakResidentBytes, perplexityOf, perplexityTerm, type StepMetrics } from "./metrics.ts";
import { createOptimizer, type Optimizer, type OptimizerState, rateFactor } from "./optimizer.ts";
import { checkSeed } from "./random.ts";
import type { SegmentSource } from "./source.ts";
import type { TrainingState } from "./state.ts";
import {
  downloadTree,
  initialStates,
  leavesByAddress,
  segmentDraws,
  uploadInputs,
  uploadTree,
} from "./tensors.ts";

export interface TrainOptions {
  readonly definition: TrainingDefinition;
  readonly engine: Engine;
  readonly source: SegmentSource;
  readonly seed: number;
  /** Optimiser steps in all, those before a resume included; also where a decaying rate ends. The schedule's without. */
  readonly steps?: number;
  /** Continues from here; `seed` must be the same. */
  readonly resume?: TrainingState;
  /** First values of some parameters, by address, in place of their initialisers (pre-trained weights). */
  readonly parameters?: ReadonlyMap<string, HostTensor>;
  /** Called after each step. `state()` reads everything back from the engine: for checkpoints, not for every step. */
  readonly onStep?: (metrics: StepMetrics, state: () => TrainingState) => void | Promise<void>;
  /** Saves a checkpoint after every `every` steps, and one at the end, aborted or not; none if no step was made after a resume. */
  readonly checkpoint?: CheckpointSchedule;
  /** When aborted, the step under way is finished and `train` returns. */
  readonly signal?: AbortSignal;
  /** Seconds; for `tokensPerSecond`. */
  readonly clock?: () => number;
}

export interface CheckpointSchedule {
  /** The training's folder. */
  readonly folder: string;
  /** Steps from one checkpoint to the next; only the one at the end without. */
  readonly every?: number;
  /** How many checkpoints stay; 3 unless said. */
  readonly keep?: number;
  /** Where the definition came from, for the record. */
  readonly origin?: CheckpointOrigin;
}

export interface TrainResult {
  readonly state: TrainingState;
  /** Path of the checkpoint that was saved of this state, if one was. */
  readonly checkpoint?: string;
  readonly stopped: "steps" | "aborted" | "no more data";
}

/** Trains until `steps`, an abort or the end of the data. Throws NonFiniteError where the numbers break down. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const trainer = new Trainer(options);
  try {
    return await trainer.run();
  } finally {
    await trainer.release();
  }
}

/** What the rollouts of one step gave. */
interface StepSums {
  readonly gradients: Tree<DeviceTensor>;
  readonly tokens: number;
}

interface Rollout {
  readonly states: Tree<DeviceTensor>;
  readonly segments: readonly SegmentBatch[];
}

class Trainer {
  readonly #options: TrainOptions;
  readonly #steps: number;
  readonly #run: EngineRun;
  readonly #optimizer: Optimizer;
  readonly #clock: () => number;
  #step = 0;
  #saved: { readonly step: number; readonly path: string } | undefined;
  #parameters: Tree<DeviceTensor>;
  #moments: OptimizerState;
  #states: Tree<DeviceTensor>;

  constructor(options: TrainOptions) {
    const { definition, engine, seed, resume } = options;
    checkSeed(seed);
    this.#options = options;
    this.#steps = options.steps ?? definition.schedule.steps;
    this.#run = createRun(engine);
    this.#optimizer = createOptimizer(definition, this.#steps);
    this.#clock = options.clock ?? (() => performance.now() / 1000);
    if (resume === undefined) {
      const first = new Map(initialParameters(definition, seed));
      for (const [address, tensor] of options.parameters ?? []) first.set(address, tensor);
      this.#parameters = uploadTree(engine, first);
      this.#moments = this.#optimizer.initial(this.#run, this.#parameters);
      this.#states = initialStates(engine, definition, definition.schedule.batch);
      return;
    }
    if (resume.seed !== seed) {
      throw new RangeError(`The run to resume has seed ${resume.seed}, not ${seed}.`);
    }
    this.#step = resume.step;
    this.#parameters = uploadTree(engine, resume.parameters);
    this.#moments = {
      first: uploadTree(engine, resume.optimizer.first),
      second: uploadTree(engine, resume.optimizer.second),
    };
    this.#states = uploadTree(engine, resume.states);
    options.source.restore(resume.position);
  }

  async run(): Promise<TrainResult> {
    const stopped = await this.#loop();
    const state = this.#state();
    const { checkpoint, resume } = this.#options;
    if (checkpoint === undefined) return { state, stopped };
    // What was resumed and not changed is on the disk already.
    if ((this.#saved?.step ?? resume?.step) !== this.#step) this.#save(state);
    return { state, stopped, ...(this.#saved && { checkpoint: this.#saved.path }) };
  }

  async #loop(): Promise<TrainResult["stopped"]> {
    const { signal, onStep, checkpoint } = this.#options;
    while (this.#step < this.#steps) {
      if (signal?.aborted) return "aborted";
      const metrics = await this.#trainStep();
      if (metrics === undefined) return "no more data";
      await onStep?.(metrics, () => this.#state());
      const due = checkpoint?.every !== undefined && this.#step % checkpoint.every === 0;
      if (due) this.#save(this.#state());
    }
    return "steps";
  }

  #save(state: TrainingState): void {
    const { checkpoint, definition, engine } = this.#options;
    if (checkpoint === undefined) return;
    const { folder, keep, origin } = checkpoint;
    const path = saveCheckpoint(folder, state, {
      definition,
      steps: this.#steps,
      realBytes: engine.realBytes,
      ...(origin === undefined ? {} : { origin }),
      ...(keep === undefined ? {} : { keep }),
    });
    this.#saved = { step: state.step, path };
  }

  async release(): Promise<void> {
    await this.#run.release();
  }

  /** One update; undefined, with nothing changed, if the source has no whole step left. */
  async #trainStep(): Promise<StepMetrics | undefined> {
    const started = this.#clock();
    const { definition, engine, source } = this.#options;
    const { optimizer, updateEvery } = definition.schedule;
    const position = source.position();
    const rollouts: Rollout[] = [];
    const means = new LossMeans(engine);
    let sums: StepSums | undefined;
    let states = this.#states;
    for (let i = 0; i < updateEvery; i++) {
      const segments = this.#segments(i);
      if (segments === undefined) {
        source.restore(position);
        return undefined;
      }
      const rollout = { states, segments };
      rollouts.push(rollout);
      const result = await this.#rollOut(rollout);
      states = result.states;
      for (const [s, { tokens }] of segments.entries()) {
        const [losses, counts] = [result.losses[s], result.counts?.[s]];
        if (losses !== undefined) means.add({ losses, tokens, ...(counts && { counts }) });
      }
      sums = {
        gradients: await this.#run.add(sums?.gradients, result.gradients),
        tokens: segments.reduce((count, { tokens }) => count + tokens, sums?.tokens ?? 0),
      };
    }
    if (sums === undefined) return undefined;
    const losses = means.means();
    const counted = Object.values(losses).filter((term) => term !== null);
    const loss = counted.length === 0 ? null : counted.reduce((total, term) => total + term, 0);
    await this.#requireFinite(loss ?? 0, "the loss", rollouts);
    const updated = await this.#optimizer.update(
      this.#run,
      this.#parameters,
      sums.gradients,
      this.#moments,
      this.#step,
    );
    const gradientNorm = engine.download(updated.gradientNorm).data[0] as number;
    await this.#requireFinite(gradientNorm, "the norm of the gradient", rollouts);
    const rate = optimizer.rate * rateFactor(optimizer, this.#step, this.#steps);
    const used = rollouts.flatMap(({ states: entered, segments }) => [
      entered,
      ...segments.flatMap(({ inputs, draws }) => [inputs, draws]),
    ]);
    const before = [this.#parameters, this.#moments.first, this.#moments.second, ...used];
    this.#parameters = updated.parameters;
    this.#moments = updated.state;
    this.#states = states;
    this.#step++;
    this.#run.discard(sums.gradients);
    this.#discardBut(before, [
      updated.parameters,
      updated.state.first,
      updated.state.second,
      states,
    ]);

    const seconds = this.#clock() - started;
    const term = perplexityTerm(Object.keys(losses));
    return {
      step: this.#step,
      loss,
      losses,
      ...(term === undefined ? {} : { perplexity: perplexityOf(losses[term]) }),
      tokens: sums.tokens,
      tokensPerSecond: seconds > 0 ? sums.tokens / seconds : 0,
      seconds,
      rate,
      gradientNorm,
      peakResidentBytes: peakResidentBytes(),
    };
  }

  /** Discards the tensors of trees but those that others still hold. */
  #discardBut(trees: readonly Tree<DeviceTensor>[], held: readonly Tree<DeviceTensor>[]): void {
    const kept = new Set(held.flatMap((tree) => [...leavesByAddress(tree).values()]));
    for (const tree of trees) {
      this.#run.discard([...leavesByAddress(tree).values()].filter((leaf) => !kept.has(leaf)));
    }
  }

  /** Segments of the step's i-th rollout on the engine; undefined if the source has no whole rollout left. */
  #segments(rollout: number): readonly SegmentBatch[] | undefined {
    const { definition, engine, seed, source } = this.#options;
    const { schedule } = definition;
    const segments = source.next();
    if (segments.length < schedule.rollout) return undefined;
    return segments.map((segment, i) => ({
      inputs: uploadInputs(engine, segment),
      draws: segmentDraws(
        engine,
        definition,
        { seed, step: this.#step, segment: rollout * schedule.rollout + i },
        schedule.batch,
      ),
      tokens: segment.tokens,
    }));
  }

  #rollOut({ states, segments }: Rollout) {
    return this.#options.definition.rollout(this.#run, this.#parameters, states, segments);
  }

  async #requireFinite(value: number, what: string, rollouts: readonly Rollout[]): Promise<void> {
    if (Number.isFinite(value)) return;
    const cause = await diagnoseRollout(this.#run, async (run) => {
      for (const { states, segments } of rollouts) {
        await this.#options.definition.rollout(run, this.#parameters, states, segments);
      }
    });
    // The states that enter later rollouts of the step are of its own making.
    const [first] = rollouts;
    const fresh = first?.segments[0]?.inputs.fresh;
    const grown = first && grownState(this.#options.engine, first.states, fresh);
    const sentence = `Step ${this.#step + 1}: ${what} is ${value}.`;
    const message = [sentence, cause, grown?.message].filter((part) => part !== undefined);
    throw new NonFiniteError(message.join(" "), { step: this.#step, state: grown?.address });
  }

  #state(): TrainingState {
    const { engine, seed, source } = this.#options;
    return {
      step: this.#step,
      seed,
      parameters: downloadTree(engine, this.#parameters),
      optimizer: {
        first: downloadTree(engine, this.#moments.first),
        second: downloadTree(engine, this.#moments.second),
      },
      states: downloadTree(engine, this.#states),
      position: source.position(),
    };
  }
}
