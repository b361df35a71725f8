/**
 * Reading and sampling token by token (rule R11): the open segment is run again from its entering states with `valid` marking
 * the tokens that exist, and its states are committed when it is full.
 */
import { type HostTensor, scalar, zeros } from "../../ops/index.ts";
import type { Builder, Tensor } from "../builder.ts";
import type { DeviceTensor, Engine } from "../engine.ts";
import type { ModelDefinition, SegmentResult, Tree } from "../model.ts";
import { createRun, type EngineRun } from "../run.ts";
import { batched } from "./addresses.ts";
import { callFor } from "./calls.ts";
import { EVALUATION_STEP, findClassifier } from "./evaluator.ts";
import { RandomWords } from "./random.ts";
import { inputFeeds, SourceError, type SourceProgram, segmentOf } from "./source.ts";
import { initialStates, segmentDraws, uploadInputs, uploadTree } from "./tensors.ts";

export interface ReaderOptions {
  readonly model: ModelDefinition;
  readonly engine: Engine;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  /** Seed of the draws in the model, if it has any. */
  readonly seed: number;
}

/** One text read token by token. Throws SourceError for a model whose inputs or outputs do not allow it. */
export class TokenReader {
  readonly #options: ReaderOptions;
  readonly #run: EngineRun;
  readonly #parameters: Tree<DeviceTensor>;
  readonly #program: SourceProgram;
  readonly #step: ReturnType<typeof lastLogits>;
  #states: Tree<DeviceTensor>;
  #open: number[] = [];
  #segments = 0;
  #logits: Float64Array | undefined;

  constructor(options: ReaderOptions) {
    const { model, engine, parameters } = options;
    const inputs = Object.entries(model.inputs).filter(([, { role }]) => role === "input");
    const ahead = inputFeeds({ ...model, inputs: Object.fromEntries(inputs) }).find(
      (feed) => feed.kind === "tokens" && feed.ahead > 0,
    );
    if (ahead !== undefined) {
      throw new SourceError(`Input ${ahead.name} is made of later tokens, which do not exist yet.`);
    }
    this.#options = options;
    this.#run = createRun(engine);
    this.#parameters = uploadTree(engine, parameters);
    this.#program = { ...model, inputs: Object.fromEntries(inputs) };
    this.#step = lastLogits(model);
    this.#states = initialStates(engine, model, 1);
  }

  /** Reads tokens; a full segment commits its states. */
  async read(tokens: Iterable<number>): Promise<void> {
    const { tokens: length } = this.#options.model.schedule.segment;
    let pending = false;
    for (const token of tokens) {
      this.#open.push(token);
      pending = this.#open.length < length;
      if (!pending) await this.#runSegment();
    }
    if (pending) await this.#runSegment();
  }

  /** Logits of the token after the last one read. Throws RangeError before the first. */
  get logits(): Float64Array {
    if (this.#logits === undefined) throw new RangeError("Nothing has been read yet.");
    return this.#logits;
  }

  async release(): Promise<void> {
    await this.#run.release();
  }

  /** Runs the open segment as it stands. */
  async #runSegment(): Promise<void> {
    const { model, engine, seed } = this.#options;
    const open = this.#open;
    const first = this.#segments === 0;
    const feeds = inputFeeds(this.#program);
    for (const feed of feeds) {
      const outside = open.find((token) => feed.kind === "tokens" && !(token < feed.below));
      if (outside !== undefined) {
        throw new SourceError(`Token ${outside} lies outside the range of input ${feed.name}.`);
      }
    }
    const row = {
      valid: open.length,
      token: (_feed: unknown, position: number) => open[position] ?? 0,
      answer: () => false,
      document: first,
      fresh: first,
    };
    const targets = Object.entries(model.inputs).filter(([, { role }]) => role === "target");
    const inputs = {
      ...uploadInputs(engine, segmentOf(this.#program, feeds, [row])),
      ...Object.fromEntries(
        targets.map(([name, { kind, axes }]) => [
          name,
          engine.upload(zeros(batched(kind, axes, 1))),
        ]),
      ),
    };
    const segment = model.schedule.draws === "fresh" ? this.#segments : 0;
    const draws = segmentDraws(engine, model, { seed, step: EVALUATION_STEP, segment }, 1);
    const result: { readonly logits: DeviceTensor; readonly next: Tree<DeviceTensor> } =
      await callFor(
        this.#run,
        this.#step,
        this.#run.merge(this.#parameters, this.#states, draws),
        inputs,
        engine.upload(scalar(open.length - 1, "int")),
      );
    this.#logits = Float64Array.from(engine.download(result.logits).data);
    if (open.length === model.schedule.segment.tokens) {
      this.#states = result.next;
      this.#open = [];
      this.#segments++;
    }
  }
}

/** A model's segment, of which only the logits at one position and the next states are kept. */
function lastLogits(model: ModelDefinition) {
  const { axis } = model.schedule.segment;
  return function read(g: Builder, own: never, inputs: never, position: Tensor) {
    const { outputs, next }: SegmentResult = model.segment(g, own, inputs);
    const classifier = findClassifier(outputs, axis);
    const logits = classifier && outputs[classifier.output];
    if (logits === undefined) {
      throw new SourceError(`${model.name} has no output of logits [${axis}, …] to sample from.`);
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
    throw new RangeError("The model gave logits that are no numbers.");
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
  /** One token at least. */
  readonly prompt: Iterable<number>;
  /** How many tokens to give. */
  readonly length: number;
}

/** Tokens that continue a prompt, one by one. The same options give the same tokens. */
export async function* sample(options: SampleOptions): AsyncGenerator<number> {
  const prompt = [...options.prompt];
  if (prompt.length === 0) throw new RangeError("A prompt has at least one token.");
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
