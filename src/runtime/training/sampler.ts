/**
 * Reading and sampling token by token (rule R11): the open segment is run again from its entering states with `valid` marking
 * the tokens that exist, and its states are committed when it is full.
 *
 * Logits at a position stand for the token that the model's target has there. With `labels = tokens ahead 1` that is the
 * next token, in the same segment. With `following = tokens ahead segment` (an encoder-decoder that predicts the next
 * segment) it is a token of the next segment: the open segment is one that has all its tokens, and what is known of the next one is
 * fed back as its target, which the decoder reads shifted by one. Tokens of a target that do not exist yet hold 0.
 */
import { type HostTensor, scalar } from "../../ops/index.ts";
import type { Builder, Tensor } from "../builder.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { ModelDefinition, SegmentResult, Tree } from "../model.ts";
import { createRun, type EngineRun } from "../run.ts";
import { stage, typesOf } from "../stage.ts";
import { callFor } from "./calls.ts";
import { EVALUATION_STEP, findClassifier, findTarget } from "./evaluator.ts";
import { NonFiniteError } from "./finite.ts";
import { RandomWords } from "./random.ts";
import { type InputFeed, inputFeeds, SourceError, segmentOf } from "./source.ts";
import { initialStates, segmentDraws, uploadInputs, uploadTree } from "./tensors.ts";

export interface ReaderOptions {
  readonly model: ModelDefinition;
  readonly engine: Engine;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  /** Seed of the draws in the model, if it has any. */
  readonly seed: number;
}

/** Tokens that a text needs before the model predicts the one after it: 1, or a segment's where it predicts the next segment. */
export function shortestPrompt(model: ModelDefinition): number {
  const target = findTarget(model);
  const feed = inputFeeds(model).find(({ name }) => name === target);
  return feed?.kind === "tokens" ? feed.ahead : 1;
}

/** One text read token by token. Throws SourceError for a model whose inputs or outputs do not allow it. */
export class TokenReader {
  readonly #options: ReaderOptions;
  readonly #run: EngineRun;
  readonly #parameters: Tree<DeviceTensor>;
  readonly #feeds: readonly InputFeed[];
  readonly #step: ReturnType<typeof lastLogits>;
  /** How far the token that logits stand for lies ahead of their position. */
  readonly #ahead: number;
  #states: Tree<DeviceTensor>;
  /** Tokens from the open segment's first on. */
  #open: number[] = [];
  #segments = 0;
  #logits: Float64Array | undefined;
  /** States after the open segment, where they are known already. */
  #next: Tree<DeviceTensor> | undefined;
  #statesReadTargets: boolean | undefined;

  constructor(options: ReaderOptions) {
    const { model, engine, parameters } = options;
    this.#feeds = inputFeeds(model);
    for (const feed of this.#feeds) {
      if (feed.kind !== "tokens" || feed.ahead === 0) continue;
      if (model.inputs[feed.name]?.role === "input") {
        throw new SourceError(
          `Input ${feed.name} is made of later tokens, which do not exist yet.`,
        );
      }
    }
    this.#options = options;
    this.#run = createRun(engine);
    this.#parameters = uploadTree(engine, parameters);
    this.#step = lastLogits(model);
    this.#ahead = shortestPrompt(model);
    this.#states = initialStates(engine, model, 1);
  }

  /** Reads tokens; the states of a segment are committed once tokens after it are to be predicted. */
  async read(tokens: Iterable<number>): Promise<void> {
    const { tokens: length } = this.#options.model.schedule.segment;
    const before = this.#open.length;
    for (const token of tokens) {
      this.#requireInRange(token);
      this.#open.push(token);
    }
    if (this.#open.length === before) return;
    while (this.#open.length - this.#ahead >= length) await this.#commit();
    const position = this.#open.length - this.#ahead;
    if (position < 0) return;
    const { logits, next, readTargets } = await this.#runSegment(position);
    this.#logits = Float64Array.from(this.#options.engine.download(logits).data);
    // Targets of the segment's last positions may not exist yet; its states are final if they do not depend on them.
    if (this.#open.length >= length && !readTargets) this.#next = next;
  }

  /** Logits of the token after the last one read. Throws RangeError while too little has been read. */
  get logits(): Float64Array {
    if (this.#logits === undefined) {
      throw new RangeError(`Nothing has been read yet, or less than ${this.#ahead} tokens.`);
    }
    return this.#logits;
  }

  async release(): Promise<void> {
    await this.#run.release();
  }

  #requireInRange(token: number): void {
    for (const feed of this.#feeds) {
      if (feed.kind === "tokens" && !(token >= 0 && token < feed.below)) {
        throw new SourceError(`Token ${token} lies outside the range of input ${feed.name}.`);
      }
    }
  }

  /** Takes over the states after the open segment, of which every token and target exists, and opens the next. */
  async #commit(): Promise<void> {
    const { tokens: length } = this.#options.model.schedule.segment;
    this.#states = this.#next ?? (await this.#runSegment(length - 1)).next;
    this.#next = undefined;
    this.#open = this.#open.slice(length);
    this.#segments++;
  }

  /** Runs the open segment as it stands. */
  async #runSegment(position: number): Promise<OpenSegment & { readonly readTargets: boolean }> {
    const { model, engine, seed } = this.#options;
    const { segment } = model.schedule;
    const first = this.#segments === 0;
    const row = {
      valid: Math.min(segment.tokens, this.#open.length),
      token: ({ ahead }: { readonly ahead: number }, i: number) => this.#open[i + ahead] ?? 0,
      answer: () => false,
      document: first,
      fresh: first,
    };
    const inputs = uploadInputs(engine, segmentOf(model, this.#feeds, [row]));
    const number = model.schedule.draws === "fresh" ? this.#segments : 0;
    const draws = segmentDraws(engine, model, { seed, step: EVALUATION_STEP, segment: number }, 1);
    const own = this.#run.merge(this.#parameters, this.#states, draws);
    this.#statesReadTargets ??= statesReadTargets(model, own, inputs);
    const result: OpenSegment = await callFor(
      this.#run,
      this.#step,
      own,
      inputs,
      engine.upload(scalar(position, "int")),
    );
    return { ...result, readTargets: this.#statesReadTargets };
  }
}

interface OpenSegment {
  readonly logits: DeviceTensor;
  readonly next: Tree<DeviceTensor>;
}

/** Whether a segment's next states depend on one of the model's targets. */
function statesReadTargets(
  model: ModelDefinition,
  own: Tree<DeviceTensor>,
  inputs: Tree<DeviceTensor>,
): boolean {
  const next = (g: Builder, ...trees: readonly [never, never]) => model.segment(g, ...trees).next;
  const types = [typesOf(own), typesOf(inputs)];
  const { plan } = stage("next", next, types, { names: ["own", "inputs"] });
  const used = new Set([
    ...plan.nodes.flatMap((node) => node.inputs),
    ...plan.outputs.map(({ value }) => value),
  ]);
  const targets = Object.keys(model.inputs).filter((name) => model.inputs[name]?.role === "target");
  const ports = new Set(targets.map((name) => `inputs.${name}`));
  return plan.inputs.some(({ name, value }) => ports.has(name) && used.has(value));
}

/** A model's segment, of which only the logits at one position and the next states are kept. */
function lastLogits(model: ModelDefinition) {
  const { axis } = model.schedule.segment;
  return function read(g: Builder, own: never, inputs: never, position: Tensor) {
    const { outputs, next }: SegmentResult = model.segment(g, own, inputs);
    const classifier = findClassifier(outputs, axis);
    const logits = classifier && outputs[classifier.output];
    if (logits === undefined) {
      throw new SourceError(
        `${model.name} has no output of logits [${axis}, …] to sample from: name one \`logits\`.`,
      );
    }
    return { logits: g.gather(logits, position, { axis }), next };
  };
}

/** How a token is chosen. Without any of these: from the model's own distribution. */
export interface Choice {
  /** Logits are divided by it; 0 takes the largest. 1 unless said. */
  readonly temperature?: number;
  /** Only the k most likely tokens. */
  readonly topK?: number;
  /** Only the most likely tokens that together reach this probability (Holtzman et al. 2020). */
  readonly topP?: number;
}

/**
 * A token for `uniform` in [0, 1): the first one, most likely first and lower ones first among equals, whose cumulative probability
 * exceeds it. Throws RangeError for settings outside their range, and where a logit is NaN.
 */
export function chooseToken(
  logits: Float64Array,
  { temperature = 1, topK, topP }: Choice,
  uniform: number,
): number {
  if (!(temperature >= 0)) throw new RangeError(`A temperature is 0 or more, not ${temperature}.`);
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1)) {
    throw new RangeError(`top-k is a whole number of at least 1, not ${topK}.`);
  }
  if (topP !== undefined && !(topP > 0 && topP <= 1)) {
    throw new RangeError(`top-p lies above 0 and goes to 1, not ${topP}.`);
  }
  if (logits.length === 0 || logits.some(Number.isNaN)) {
    throw new NonFiniteError("The model gave logits that are no numbers.");
  }
  // Sorting is stable, so lower tokens come first among equals.
  const order = [...logits.keys()].sort((a, b) => Number(logits[b]) - Number(logits[a]));
  const [best = 0] = order;
  const largest = logits[best] as number;
  if (temperature === 0 || !Number.isFinite(largest)) return best;
  const kept = topK === undefined ? order : order.slice(0, topK);
  const weights = kept.map((token) =>
    Math.exp(((logits[token] as number) - largest) / temperature),
  );
  const total = sum(weights);
  const count = topP === undefined ? weights.length : reach(weights, topP * total);
  const within = weights.slice(0, count);
  const chosen = kept[reach(within, uniform * sum(within), true) - 1];
  return chosen ?? best;
}

/** How many of the weights, from the first, it takes to reach (or exceed) a sum; at most all of them. */
function reach(weights: readonly number[], least: number, exceed = false): number {
  let cumulative = 0;
  const index = weights.findIndex((weight) => {
    cumulative += weight;
    return exceed ? cumulative > least : cumulative >= least;
  });
  return index < 0 ? weights.length : index + 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0);
}

export interface SampleOptions extends ReaderOptions, Choice {
  /** One token at least; where `padding` is not given, as many as `shortestPrompt` says. */
  readonly prompt: Iterable<number>;
  /** Stands before a prompt that is too short, as often as needed. */
  readonly padding?: number;
  /** How many tokens to give. */
  readonly length: number;
}

/** Tokens that continue a prompt, one by one. The same options give the same tokens. Throws SourceError for a short prompt. */
export async function* sample(options: SampleOptions): AsyncGenerator<number> {
  const { model, padding } = options;
  const prompt = [...options.prompt];
  if (prompt.length === 0) throw new RangeError("A prompt has at least one token.");
  const shortage = shortestPrompt(model) - prompt.length;
  if (shortage > 0 && padding === undefined) {
    throw new SourceError(
      `${model.name} predicts from ${shortestPrompt(model)} tokens on; the prompt has ${prompt.length}.`,
    );
  }
  if (padding !== undefined) prompt.unshift(...Array<number>(Math.max(0, shortage)).fill(padding));
  const reader = new TokenReader(options);
  try {
    await reader.read(prompt);
    for (let i = 0; i < options.length; i++) {
      const place = { step: i, segment: 0, address: "sample" };
      const uniform = new RandomWords(options.seed, place, 0).uniform();
      const token = chooseToken(reader.logits, options, uniform);
      yield token;
      if (i + 1 < options.length) await reader.read([token]);
    }
  } finally {
    await reader.release();
  }
}
