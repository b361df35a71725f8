/**
 * Evaluation: the segments of a source in order, states carried from one to the next, as a reader would meet them. Means
 * of losses over segments are taken as in training, and perplexity is exp of the main one in both.
 */
import { BATCH, type HostTensor, hostTensor, type TensorType } from "../../ops/index.ts";
import type { Builder, Tensor } from "../builder.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { ModelDefinition, SegmentResult, Tree } from "../model.ts";
import { createRun, type EngineRun } from "../run.ts";
import { callFor } from "./calls.ts";
import { LossMeans } from "./loss-means.ts";
import { perplexityOf, perplexityTerm } from "./metrics.ts";
import type { HostSegment, SegmentSource } from "./source.ts";
import { initialStates, segmentDraws, uploadInputs, uploadTree } from "./tensors.ts";

export interface EvaluateOptions {
  readonly model: ModelDefinition;
  readonly engine: Engine;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  /** A source that ends, made for this model's schedule. */
  readonly source: SegmentSource;
  /** Seed of the draws, if the model has any. */
  readonly seed: number;
  /** Reads no more segments than this. */
  readonly segments?: number;
  readonly signal?: AbortSignal;
  readonly onSegment?: (segments: number) => void;
}

export interface Evaluation {
  /** Valid tokens. */
  readonly tokens: number;
  /** Each loss term by address: its mean over the segments (see LossMeans), null where it counts nothing. */
  readonly losses: Readonly<Record<string, number | null>>;
  /**
   * exp of the term called `main`, or of the only term, as in training: of what the model is trained for, with its weights. Null where
   * that counts nothing.
   */
  readonly perplexity?: number | null;
  /**
   * Sum of the weights that its loss is the mean by, of a term that is several (see the language's `repeat`) of each of them; absent where
   * the spec does not weigh it and every valid token counts once.
   */
  readonly weight?: number;
  /**
   * Mean cross-entropy of the logits with the target over all scored positions, each counted once: what the loss is not where it weighs them
   * differently. Only of a model whose loss the spec weighs, and which has logits.
   */
  readonly crossEntropy?: number;
  /** Share of scored positions where the largest logit is the target's; absent without logits. */
  readonly accuracy?: number;
  /** Positions that accuracy counts: the answers of a task, every token of a text. */
  readonly scored: number;
}

/** Draws in evaluation are keyed by a step that no training reaches. */
export const EVALUATION_STEP = 0xffffffff;

/** The output that classifies tokens: real [batch, T, classes], called `logits` or the only one of this form. */
export interface Classifier {
  readonly output: string;
  readonly classes: string;
}

/** Finds the output with logits among a segment's outputs; undefined if there is none, or several of no clear name. */
export function findClassifier(
  outputs: Readonly<Record<string, { readonly type: TensorType }>>,
  axis: string,
): Classifier | undefined {
  const found = Object.entries(outputs).flatMap(([output, { type }]): readonly Classifier[] => {
    const names = type.axes.map(({ name }) => name);
    const [classes, ...more] = names.filter((name) => name !== BATCH && name !== axis);
    const fits = names.includes(BATCH) && names.includes(axis) && more.length === 0;
    return type.kind === "real" && fits && classes !== undefined ? [{ output, classes }] : [];
  });
  return (
    found.find(({ output }) => output === "logits") ?? (found.length === 1 ? found[0] : undefined)
  );
}

/** The one int target along the segment's axis, which the logits stand for; undefined if there is none, or several. */
export function findTarget({ inputs, schedule }: ModelDefinition): string | undefined {
  const { axis } = schedule.segment;
  const targets = Object.entries(inputs).filter(([, { role, kind, axes }]) => {
    return role === "target" && kind === "int" && Object.keys(axes).join() === axis;
  });
  return targets.length === 1 ? targets[0]?.[0] : undefined;
}

/** What the staged function gives of one segment, on the engine. */
interface SegmentScore {
  readonly losses: Tree<DeviceTensor>;
  readonly counts?: Tree<DeviceTensor>;
  readonly next: Tree<DeviceTensor>;
  /** How many answers are right at scored positions; absent without logits. */
  readonly correct?: DeviceTensor;
  /** Sum of the cross-entropy at scored positions; only where losses are weighed. */
  readonly entropy?: DeviceTensor;
}

/** A model's segment with its score; the logits stay on the engine. */
function scoring(model: ModelDefinition) {
  const { axis } = model.schedule.segment;
  const target = findTarget(model);
  return function evaluate(
    g: Builder,
    own: never,
    inputs: Readonly<Record<string, Tensor>>,
    scored: Tensor,
  ) {
    const { outputs, next, losses, counts }: SegmentResult = model.segment(g, own, inputs as never);
    const given = { losses, next, ...(counts && { counts }) };
    const classifier = findClassifier(outputs, axis);
    const logits = classifier && outputs[classifier.output];
    const labels = target === undefined ? undefined : inputs[target];
    if (!classifier || !logits || !labels) return given;
    const [classes, positions] = [{ over: classifier.classes }, { over: [BATCH, axis] }];
    const right = g.equal(g.argmax(logits, classes), labels);
    const correct = g.sum(g.and(right, scored), positions);
    if (counts === undefined) return { ...given, correct };
    const entropy = g.where(scored, g.crossEntropy(logits, labels, classes), 0);
    return { ...given, correct, entropy: g.sum(entropy, positions) };
  };
}

/** Evaluates parameters on a source. Throws RangeError where the source gives nothing. */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const run = createRun(options.engine);
  try {
    return await evaluateOn(run, options);
  } finally {
    await run.release();
  }
}

async function evaluateOn(run: EngineRun, options: EvaluateOptions): Promise<Evaluation> {
  const { model, engine, source, signal } = options;
  const staged = scoring(model);
  const parameters = uploadTree(engine, options.parameters);
  const limit = options.segments ?? Number.POSITIVE_INFINITY;
  const means = new LossMeans(engine);
  let states = initialStates(engine, model, model.schedule.batch);
  let [tokens, scored, correct, entropy, count] = [0, 0, 0, 0, 0];
  let classified = true;
  const number = (tensor: DeviceTensor) => engine.download(tensor).data[0] as number;
  for (const segment of segmentsOf(source)) {
    if (count >= limit || signal?.aborted) break;
    const draws = drawsOf(options, count);
    const inputs = uploadInputs(engine, segment);
    const result: SegmentScore = await callFor(
      run,
      staged,
      run.merge(parameters, states, draws),
      inputs,
      engine.upload(scoredTensor(model, segment)),
    );
    for (const tree of [states, draws, inputs]) run.discard(tree);
    states = result.next;
    tokens += segment.tokens;
    scored += segment.scored.reduce((sum, on) => sum + on, 0);
    means.add({ ...result, tokens: segment.tokens });
    if (result.correct === undefined) classified = false;
    else correct += number(result.correct);
    if (result.entropy !== undefined) entropy += number(result.entropy);
    count++;
    options.onSegment?.(count);
  }
  if (tokens === 0) throw new RangeError("There are no tokens to evaluate on.");
  const losses = means.means();
  const term = perplexityTerm(Object.keys(losses));
  const weight = term === undefined ? undefined : means.weightOf(term);
  return {
    tokens,
    losses,
    ...(term === undefined ? {} : { perplexity: perplexityOf(losses[term]) }),
    ...(weight === undefined ? {} : { weight }),
    ...(weight !== undefined && classified && scored > 0 ? { crossEntropy: entropy / scored } : {}),
    ...(classified && scored > 0 ? { accuracy: correct / scored } : {}),
    scored,
  };
}

function* segmentsOf(source: SegmentSource): Generator<HostSegment> {
  for (let segments = source.next(); segments.length > 0; segments = source.next()) yield* segments;
}

/** Draws of a segment: fresh ones for each, or the same for all, as the schedule says. */
function drawsOf({ model, engine, seed }: EvaluateOptions, index: number): Tree<DeviceTensor> {
  const segment = model.schedule.draws === "fresh" ? index : 0;
  const key = { seed, step: EVALUATION_STEP, segment };
  return segmentDraws(engine, model, key, model.schedule.batch);
}

function scoredTensor({ schedule }: ModelDefinition, { scored }: HostSegment): HostTensor {
  const { axis, tokens } = schedule.segment;
  const axes = [
    { name: BATCH, size: schedule.batch },
    { name: axis, size: tokens },
  ];
  return hostTensor("flag", axes, scored);
}
