/**
 * The gradient of a rollout is the slope of its loss: by central differences in float64 along random
 * directions, to 1e-6. Where a schedule or a spec cuts the gradient, what is cut is held at the
 * values it has without the step (rules R13 and R15). Directions are such that no value on the way
 * comes near a kink, as those of relu.
 */
import { describe, expect, it } from "vitest";
import { evaluate, hostTensor, scalar } from "../../src/ops/index.ts";
import { everyWay } from "./every-way.ts";
import { keepsMargin, withDistances } from "./kinks.ts";
import {
  padded,
  probesOf,
  programsOf,
  randomExample,
  roll,
  smallMemformer,
  specText,
  withTrain,
} from "./kit.ts";
import { overTheBatch } from "./over-the-batch.ts";
import { type Cuts, expectSlope, lossOf, MARGIN, trajectory } from "./slopes.ts";

const data = "data { labels = tokens ahead 1 }";

async function check(
  text: string,
  entries: readonly string[],
  cuts: Cuts,
  settings: Readonly<Record<string, string>> = {},
): Promise<number> {
  const programs = await programsOf(withTrain(text, ...entries), settings);
  const example = randomExample(programs, 9, padded);
  const frozen = await trajectory(programs, example);
  const { gradients } = await roll(programs, example);
  return expectSlope(gradients, example.parameters, (parameters) =>
    lossOf(programs, { ...example, parameters }, frozen, cuts),
  );
}

const even = (count: number) => Array.from({ length: count }, () => 1 / count);
const shape = (rollout: number) =>
  `segment 3 tokens;  batch 2 streams;  rollout ${rollout} segments`;

describe("through slots, past a cache whose gradient stops, with dropout, resets and padding", () => {
  it.each([
    ["bptt(horizon = 4)", [], []],
    ["mrbp(horizon = 4)", [], []],
    ["checkpoint(horizon = 4, every = 3)", [], []],
    ["detach", [], [0, 1, 2]],
    ["bptt(horizon = 2)", [], [1]],
    ["mrbp(horizon = 3)", [], [2]],
    ["mrbp(horizon = 4)", ["cut after 0, 2"], [0, 2]],
    ["checkpoint(horizon = 2, every = 1)", [], [1]],
  ] as const)("%s %j", async (schedule, more, after) => {
    const entries = [data, shape(4), `through_time ${schedule}`, ...more];
    await check(everyWay, entries, { after, weights: even(4) });
  });

  // Tokens of the padded example: 3, 2, 0, 3 beside 3 in every segment.
  it.each([
    ["segment_weights powers(2)", [1 / 15, 2 / 15, 4 / 15, 8 / 15]],
    ["segment_weights last", [0, 0, 0, 1]],
    ["segment_weights [1, 0, 3, 1]", [1 / 5, 0, 3 / 5, 1 / 5]],
    ["average tokens", [6 / 20, 5 / 20, 3 / 20, 6 / 20]],
  ])("mrbp with %s", async (entry, weights) => {
    const entries = [data, shape(4), "through_time mrbp(horizon = 4)", entry];
    await check(everyWay, entries, { after: [], weights });
  });
});

it("the Memformer by memory replay, away from the kinks of its relu", async () => {
  const entries = [
    "data { following = tokens ahead segment }",
    shape(3),
    "through_time mrbp(horizon = 3)",
  ];
  const cuts = { after: [], weights: even(3) };
  const kinked = await check(specText("memformer"), entries, cuts, smallMemformer);
  const { hidden } = smallMemformer;
  // Encoder, decoder: a relu for every hidden number of every token.
  expect(kinked).toBeGreaterThanOrEqual(2 * Number(hidden) * 2 * 3 * 3);
});

it.each(["bptt(horizon = 3)", "mrbp(horizon = 3)"])(
  "through means over the batch that training takes: %s",
  async (schedule) => {
    const entries = [data, shape(3), `through_time ${schedule}`];
    await check(overTheBatch, entries, { after: [], weights: even(3) });
  },
);

it("stop(e) holds e at its value, parameters in it included, for that use alone", async () => {
  const spec = (use: string, more = "") => `mem 1
model Stopping {
  dim vocab = 5, D = 4
  input  tokens[T] in vocab
  ${more}
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  param W[D -> E: D] ~ glorot
  x = table.look(tokens)
  e = (x . W over D) rename E as D
  y = ${use} * e + tanh(e)
  loss main = cross_entropy(table.score(y), labels)
}
`;
  const entries = [data, "segment 3 tokens;  batch 2 streams;  rollout 2 segments"];
  const stopping = await programsOf(withTrain(spec("stop(e)"), ...entries), {}, ["e"]);
  const held = await programsOf(withTrain(spec("held", "input held[T, D]"), ...entries));
  const example = randomExample(stopping, 3);
  const segments = await Promise.all(
    example.segments.map(async ({ inputs, tokens }) => {
      const values = await probesOf(stopping, example, inputs);
      const value = values.get("probe.e");
      if (value === undefined) throw new Error(`probes: ${[...values.keys()].join()}`);
      return { inputs: new Map([...inputs, ["held", value]]), tokens };
    }),
  );
  const { gradients } = await roll(stopping, example);
  await expectSlope(gradients, example.parameters, (parameters) =>
    lossOf(held, { ...example, parameters, segments }, [], { after: [], weights: even(2) }),
  );
});

it("a direction that brings an entry near the kink of an operation is found out", async () => {
  const entriesAt = async (...x: number[]) => {
    const { entries } = await withDistances(async () => {
      evaluate("relu", [hostTensor("real", { T: 2 }, x)], {});
      evaluate("maximum", [hostTensor("real", { T: 2 }, x), scalar(1)], {});
    });
    return entries;
  };
  const at = await entriesAt(0.5, 2);
  expect(at).toEqual([0.5, 2, -0.5, 1]);
  expect(keepsMargin(at, [await entriesAt(0.6, 2)], MARGIN)).toBe(true);
  expect(keepsMargin(at, [await entriesAt(0.7, 2)], MARGIN)).toBe(false);
  expect(keepsMargin(at, [await entriesAt(0.5, 1.7)], MARGIN)).toBe(false);
});
