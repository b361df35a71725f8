/** Compiles specs with a schedule, and runs their rollouts on the reference engine with random data. */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { type CompileOptions, compile } from "../../src/codegen/compile.ts";
import { BATCH, type HostTensor, hostTensor, type TensorType } from "../../src/ops/index.ts";
import type {
  DeviceTensor,
  Engine,
  EngineRun,
  ModelDefinition,
  RolloutResult,
  SegmentBatch,
  TrainingDefinition,
} from "../../src/runtime/index.ts";
import {
  createReferenceEngine,
  createRun,
  downloadTree,
  initialParameters,
  segmentDraws,
  uploadTree,
} from "../../src/runtime/index.ts";
import { stateTypes } from "../../src/runtime/training/addresses.ts";
import { load } from "../codegen/load.ts";
import { generator } from "../codegen/tensors.ts";

const specs = new URL("../../specs/", import.meta.url);
const library = readdirSync(new URL("std/", specs)).map((name) => ({
  path: `std/${name}`,
  text: readFileSync(new URL(`std/${name}`, specs), "utf8"),
}));

/** The text of a spec in `specs/`. */
export function specText(name: string): string {
  return readFileSync(new URL(`${name}.mem`, specs), "utf8");
}

/** Settings of a small Memformer, for which its schedule's text is replaced too. */
export const smallMemformer = {
  vocab: "7",
  D: "6",
  heads: "2",
  hidden: "8",
  encoders: "1",
  decoders: "1",
  slots: "3",
};

/** A spec whose `train` section is replaced by these lines; without any, only the model is left. */
export function withTrain(text: string, ...lines: readonly string[]): string {
  const model = text.replace(/\ntrain \{[\s\S]*?\n\}/, "\n");
  return lines.length === 0 ? model : `${model}\ntrain {\n  ${lines.join("\n  ")}\n}\n`;
}

export interface Programs {
  readonly training: TrainingDefinition;
  readonly model: ModelDefinition;
  /** The generated training file. */
  readonly text: string;
}

const known = new Map<string, Promise<Programs>>();

/** The loaded programs of a spec; each is compiled once. */
export function programsOf(
  text: string,
  settings: Readonly<Record<string, string>> = {},
  probes: readonly string[] = [],
  passes: NonNullable<CompileOptions["passes"]> = {},
): Promise<Programs> {
  const key = JSON.stringify([text, settings, probes, passes]);
  const programs = known.get(key) ?? compiled(text, settings, probes, passes);
  known.set(key, programs);
  return programs;
}

async function compiled(
  text: string,
  settings: Readonly<Record<string, string>>,
  probes: readonly string[],
  passes: NonNullable<CompileOptions["passes"]>,
): Promise<Programs> {
  const files = [...library, { path: "model.mem", text }];
  const options = { version: "0.1.0", hash: "0".repeat(64), settings, probes, passes };
  const { diagnostics, files: written } = await compile(files, "model.mem", options);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const textOf = (path: string) => written?.find((file) => file.path === path)?.text ?? "";
  const training = load(textOf("model.train.ts")).training as TrainingDefinition;
  const model = Object.values(load(textOf("model.ts"))).find(
    (each) => typeof each === "object" && each !== null && "segment" in each,
  ) as ModelDefinition;
  return { training, model, text: textOf("model.train.ts") };
}

/** What a rollout starts from and goes through, on the host. */
export interface Example {
  readonly parameters: ReadonlyMap<string, HostTensor>;
  readonly states: ReadonlyMap<string, HostTensor>;
  readonly segments: readonly {
    readonly inputs: ReadonlyMap<string, HostTensor>;
    readonly tokens: number;
  }[];
}

/** How many tokens of a segment exist for an example of the batch. */
export type Lengths = (segment: number, example: number, tokens: number) => number;

/**
 * Padding as streams have it: example 1 has half of segment 1 and nothing of segment 2, where its
 * states stay as they are.
 */
export const padded: Lengths = (segment, example, tokens) => {
  if (example !== 1 || segment < 1 || segment > 2) return tokens;
  return segment === 1 ? Math.ceil(tokens / 2) : 0;
};

/**
 * Random parameters about their first values, random states, and segments of random inputs; example
 * 0 starts afresh, flags (`document`) are on in a third of the places.
 */
export function randomExample(
  { training }: Programs,
  seed: number,
  lengths: Lengths = (_segment, _example, tokens) => tokens,
): Example {
  console.log(`seed ${seed}`);
  const next = generator(seed);
  const { batch, segment, rollout } = training.schedule;
  const filled = (type: TensorType, number: () => number): HostTensor => {
    const count = type.axes.reduce((product, { size }) => product * size, 1);
    return hostTensor(type.kind, type.axes, Array.from({ length: count }, number));
  };
  const parameters = new Map(
    Array.from(initialParameters(training, seed), ([address, { type, data }]) => [
      address,
      hostTensor(
        type.kind,
        type.axes,
        Array.from(data, (x) => x + 0.2 * next()),
      ),
    ]),
  );
  const states = new Map(
    Array.from(stateTypes(training, batch), ([address, type]) => [
      address,
      filled(type, () => (type.kind === "real" ? next() : 0)),
    ]),
  );
  const examples = { name: BATCH, size: batch };
  const along = { name: segment.axis, size: segment.tokens };
  const segments = Array.from({ length: rollout }, (_, s) => {
    const inputs = new Map<string, HostTensor>();
    for (const [name, { kind, axes, range = 2 }] of Object.entries(training.inputs)) {
      const sizes = Object.entries(axes).map(([axis, size]) => ({ name: axis, size }));
      const below = kind === "flag" ? 1.5 : range;
      const number = () => (kind === "real" ? next() : Math.floor(((next() + 1) / 2) * below));
      inputs.set(name, filled({ kind, axes: [examples, ...sizes] }, number));
    }
    const fresh = Array.from({ length: batch }, (_, example) => Number(s + example === 0));
    inputs.set("fresh", hostTensor("flag", [examples], fresh));
    const length = fresh.map((_, example) => lengths(s, example, segment.tokens));
    const valid = length.flatMap((count) =>
      Array.from({ length: segment.tokens }, (_, position) => Number(position < count)),
    );
    inputs.set("valid", hostTensor("flag", [examples, along], valid));
    return { inputs, tokens: length.reduce((sum, count) => sum + count, 0) };
  });
  return { parameters, states, segments };
}

export interface Rolled {
  readonly run: EngineRun;
  readonly result: RolloutResult;
  /** Sum of the loss terms of each segment, without weights. */
  readonly losses: readonly number[];
  readonly gradients: ReadonlyMap<string, HostTensor>;
  /** States after the rollout's stride. */
  readonly states: ReadonlyMap<string, HostTensor>;
}

const engine = createReferenceEngine();
/** Plans are compiled once a definition, unless a rollout is to have a run of its own. */
const runs = new WeakMap<TrainingDefinition, EngineRun>();

/** Runs the rollout of the generated code over some segments of an example, all of them unless said. */
export async function roll(
  { training }: Pick<Programs, "training">,
  example: Example,
  [first, end]: readonly [number, number] = [0, example.segments.length],
  own?: EngineRun,
  on: Engine = engine,
): Promise<Rolled> {
  const run = own ?? runs.get(training) ?? createRun(engine);
  if (own === undefined) runs.set(training, run);
  const { batch } = training.schedule;
  const segments = example.segments.map(({ inputs, tokens }, segment): SegmentBatch => {
    const draws = segmentDraws(on, training, { seed: 11, step: 3, segment }, batch);
    return { inputs: record(inputs, on), draws, tokens };
  });
  const parameters = uploadTree(on, example.parameters);
  const states = uploadTree(on, example.states);
  const result = await training.rollout(run, parameters, states, segments.slice(first, end));
  return {
    run,
    result,
    losses: result.losses.map((terms) => {
      const numbers = [...downloadTree(on, terms).values()];
      return numbers.reduce((sum, { data }) => sum + (data[0] ?? Number.NaN), 0);
    }),
    gradients: downloadTree(on, result.gradients),
    states: downloadTree(on, result.states),
  };
}

function record(
  inputs: ReadonlyMap<string, HostTensor>,
  on: Engine = engine,
): Readonly<Record<string, DeviceTensor>> {
  return Object.fromEntries(Array.from(inputs, ([name, x]) => [name, on.upload(x)]));
}

/** Runs the plain segment of a model and gives its probes' values by name. */
export async function probesOf(
  { model }: Programs,
  { parameters, states }: Pick<Example, "parameters" | "states">,
  inputs: ReadonlyMap<string, HostTensor>,
): Promise<ReadonlyMap<string, HostTensor>> {
  const run = createRun(engine, { probes: true });
  const own = uploadTree(engine, [...parameters, ...states]);
  await run.call(model.segment as never, own as object, record(inputs));
  return new Map(run.takeProbes().map(({ name, tensor }) => [name, engine.download(tensor)]));
}

/** Expects all losses, gradients and states of two rollouts to agree to 1e-12 of their size. */
export function expectSame(actual: Rolled, expected: Rolled): void {
  actual.losses.forEach((loss, s) => {
    expectNear([loss], [expected.losses[s] ?? Number.NaN], `loss of segment ${s}`);
  });
  expect(actual.losses.length).toBe(expected.losses.length);
  for (const what of ["gradients", "states"] as const) {
    const [got, wanted] = [actual[what], expected[what]];
    expect([...got.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [address, { type, data }] of wanted) {
      // Axes in their order: entries are held against each other one by one.
      expect(got.get(address)?.type, `${what} ${address}`).toEqual(type);
      expectNear([...(got.get(address)?.data ?? [])], [...data], `${what} ${address}`);
    }
  }
}

function expectNear(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const size = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const furthest = expected.reduce((most, x, i) => {
    const distance = Math.abs((actual[i] ?? Number.NaN) - x);
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(most, distance);
  }, 0);
  expect(furthest, what).toBeLessThanOrEqual(1e-12 * size);
}

export type { HostTensor };
