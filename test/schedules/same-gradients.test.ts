/** Rule R16: with equal cuts, the schedules give equal losses, gradients and states, in float64 to 1e-12. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { everyWay } from "./every-way.ts";
import {
  expectSame,
  type Lengths,
  padded,
  programsOf,
  randomExample,
  roll,
  smallMemformer,
  specText,
  withTrain,
} from "./kit.ts";

const data = "data { labels = tokens ahead 1 }";

interface Comparison {
  readonly text: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Entries of `train` beside `through_time`. */
  readonly entries: readonly string[];
  /** Schedules that must agree, the first with all others. */
  readonly schedules: readonly string[];
  readonly lengths?: Lengths;
}

async function compare({ text, settings, entries, schedules, lengths }: Comparison) {
  const [reference, ...others] = await Promise.all(
    schedules.map((each) =>
      programsOf(withTrain(text, ...entries, `through_time ${each}`), settings),
    ),
  );
  if (reference === undefined) throw new Error("no schedule");
  const example = randomExample(reference, 5, lengths);
  const expected = await roll(reference, example);
  expect(expected.losses.every(Number.isFinite)).toBe(true);
  for (const other of others) expectSame(await roll(other, example), expected);
  return expected;
}

describe("the Memformer", () => {
  const memformer = {
    text: specText("memformer"),
    settings: smallMemformer,
    lengths: padded,
  };
  const entries = (rollout: number) => [
    "data { following = tokens ahead segment }",
    `segment 3 tokens;  batch 2 streams;  rollout ${rollout} segments`,
  ];

  it.each([
    ["one chunk", 4, 4, 2],
    ["a horizon that does not divide the rollout", 5, 2, 1],
    ["groups that do not divide the horizon", 5, 5, 3],
    ["one segment", 1, 1, 1],
  ])("has one gradient, by whatever schedule: %s", async (_, rollout, horizon, every) => {
    await compare({
      ...memformer,
      entries: entries(rollout),
      schedules: [
        `bptt(horizon = ${horizon})`,
        `mrbp(horizon = ${horizon})`,
        `checkpoint(horizon = ${horizon}, every = ${every})`,
      ],
    });
  });

  it("has for horizon 1 that of `detach`", async () => {
    const schedules = ["detach", "bptt(horizon = 1)", "mrbp(horizon = 1)"];
    await compare({ ...memformer, entries: entries(3), schedules });
  });
});

describe("memories whose gradient stops", () => {
  it.each([
    [
      "transformer-xl",
      { vocab: "7", D: "6", heads: "2", key: "3", hidden: "8", depth: "2", length: "4" },
    ],
    [
      "infinity-former",
      {
        vocab: "7",
        D: "6",
        heads: "2",
        key: "3",
        hidden: "8",
        depth: "2",
        short: "3",
        block: "4",
        "train.segment": "4",
        bases: "6",
        resample: "5",
      },
    ],
  ])("%s has one gradient, by whatever schedule", async (name, settings) => {
    await compare({
      text: specText(name),
      settings,
      entries: [data, "segment 3 tokens;  batch 2 streams;  rollout 4 segments"],
      schedules: [
        "bptt(horizon = 4)",
        "mrbp(horizon = 4)",
        "checkpoint(horizon = 4, every = 3)",
        "detach",
      ],
      lengths: padded,
    });
  });
});

describe("dropout, resets, padding, several memories", () => {
  const shape = "segment 3 tokens;  batch 2 streams;  rollout 5 segments";
  const whole = ["bptt(horizon = 5)", "mrbp(horizon = 5)", "checkpoint(horizon = 5, every = 2)"];

  it.each([
    ["all segments alike", []],
    ["a list of weights with zeros", ["segment_weights [1, 0, 2, 0, 3]"]],
    ["weights by tokens", ["average tokens"]],
    ["cuts by name", ["cut after 0, 2"]],
    ["overlapping rollouts", ["stride 2"]],
  ])("one gradient, by whatever schedule: %s", async (_, more) => {
    await compare({
      text: everyWay,
      entries: [data, shape, ...more],
      schedules: whole,
      lengths: padded,
    });
  });

  it("and with a chunk at the end that is shorter than the horizon", async () => {
    await compare({
      text: everyWay,
      entries: [data, shape, "stride 3"],
      schedules: ["bptt(horizon = 3)", "mrbp(horizon = 3)", "checkpoint(horizon = 3, every = 2)"],
      lengths: padded,
    });
  });
});

describe("states that restart when a state says so", () => {
  it("have one gradient, by whatever schedule", async () => {
    await compare({
      text: readFileSync(new URL("odd/own-resets.mem", import.meta.url), "utf8"),
      entries: ["segment 3 tokens;  batch 2 streams;  rollout 6 segments"],
      schedules: ["bptt(horizon = 6)", "mrbp(horizon = 6)", "checkpoint(horizon = 6, every = 2)"],
      lengths: padded,
    });
  });
});

describe("an example without a valid token", () => {
  it("leaves no infinity in any gradient, though a maximum has nothing to choose from there", async () => {
    const { gradients, states } = await compare({
      text: readFileSync(new URL("odd/peaks.mem", import.meta.url), "utf8"),
      entries: ["segment 3 tokens;  batch 2 streams;  rollout 4 segments"],
      schedules: ["bptt(horizon = 4)", "mrbp(horizon = 4)"],
      lengths: padded,
    });
    for (const [address, { data }] of [...gradients, ...states])
      expect([...data].every(Number.isFinite), address).toBe(true);
  });
});
