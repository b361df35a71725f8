import { describe, expect, it } from "vitest";
import {
  createRun,
  hostTensor,
  nest,
  referenceEngine,
  type TrainingDefinition,
  type TrainingSchedule,
} from "../../../src/runtime/index.ts";
import {
  createOptimizer,
  rateFactor,
  settingsOf,
} from "../../../src/runtime/training/optimizer.ts";
import { leavesByAddress } from "../../../src/runtime/training/tensors.ts";
import { schedule, training } from "./memory-model.ts";

/** Two vectors and a scalar. */
function definition(changes: Partial<TrainingSchedule> = {}): TrainingDefinition {
  const start = { kind: "constant", value: 0 } as const;
  return {
    ...training(changes),
    parameters: {
      "layer[*2].W": { axes: { D: 2 }, start },
      "out.bias": { axes: {}, start },
    },
  };
}

const optimizer = { ...schedule.optimizer, warmup: 0, decay: "none" } as const;

/** A tree of host numbers by address on the reference engine. */
function tree(numbers: Readonly<Record<string, readonly number[]>>) {
  return nest(
    Object.entries(numbers).map(([address, list]) => {
      const axes = address.endsWith("bias") ? {} : { D: list.length };
      return [address, referenceEngine.upload(hostTensor("real", axes, list))] as const;
    }),
  );
}

const numbers = (from: ReturnType<typeof tree>) =>
  Object.fromEntries(
    [...leavesByAddress(from)].map(([address, x]) => [
      address,
      [...referenceEngine.download(x).data],
    ]),
  );

const start = { "layer[0].W": [1, -2], "layer[1].W": [0.5, 0], "out.bias": [3] };
const slopes = [
  { "layer[0].W": [0.3, -0.1], "layer[1].W": [0, 2], "out.bias": [-0.5] },
  { "layer[0].W": [-0.2, 0.4], "layer[1].W": [1, 1], "out.bias": [0.25] },
  { "layer[0].W": [3, 0], "layer[1].W": [1, -4], "out.bias": [0] },
];

/** Runs all the slopes through an optimiser; gives the last parameters and every norm. */
async function optimise(changes: Partial<TrainingSchedule>, steps = 100) {
  const adamw = createOptimizer(definition(changes), steps);
  const run = createRun(referenceEngine);
  let parameters = tree(start);
  let state = adamw.initial(run, parameters);
  const norms: number[] = [];
  for (const [step, slope] of slopes.entries()) {
    const result = await adamw.update(run, parameters, tree(slope), state, step);
    ({ parameters, state } = result);
    norms.push(referenceEngine.download(result.gradientNorm).data[0] as number);
  }
  return { parameters: numbers(parameters), norms, plans: run.plans.length };
}

/** AdamW for one number, straight from the paper. */
function byHand(
  p: number,
  gradients: readonly number[],
  { rate, weightDecay }: { readonly rate: (t: number) => number; readonly weightDecay: number },
): number {
  const { beta1, beta2, epsilon } = optimizer;
  let [m, v, x] = [0, 0, p];
  gradients.forEach((gradient, i) => {
    m = beta1 * m + (1 - beta1) * gradient;
    v = beta2 * v + (1 - beta2) * gradient ** 2;
    const mHat = m / (1 - beta1 ** (i + 1));
    const vHat = v / (1 - beta2 ** (i + 1));
    x -= rate(i) * (mHat / (Math.sqrt(vHat) + epsilon) + weightDecay * x);
  });
  return x;
}

describe("AdamW", () => {
  const { clip: _, ...unclipped } = optimizer;
  const norm = (slope: (typeof slopes)[number]) => Math.hypot(...Object.values(slope).flat());

  it("follows the paper's equations, one plan for all steps", async () => {
    const { parameters, norms, plans } = await optimise({ optimizer: unclipped, groups: [] });
    const settings = { rate: () => optimizer.rate, weightDecay: optimizer.weightDecay };
    for (const [address, values] of Object.entries(start)) {
      values.forEach((value, i) => {
        const gradients = slopes.map((slope) => slope[address as keyof typeof slope][i] ?? 0);
        expect(parameters[address]?.[i]).toBeCloseTo(byHand(value, gradients, settings), 12);
      });
    }
    expect(plans).toBe(1);
    slopes.forEach((slope, i) => {
      expect(norms[i]).toBeCloseTo(norm(slope), 12);
    });
  });

  it("clips by the global norm, and reports the norm before", async () => {
    const { parameters, norms } = await optimise({
      optimizer: { ...optimizer, clip: 1 },
      groups: [],
    });
    const gradients = slopes.map(
      (slope) => (slope["layer[1].W"][1] ?? 0) * Math.min(1, 1 / norm(slope)),
    );
    const settings = { rate: () => optimizer.rate, weightDecay: optimizer.weightDecay };
    expect(parameters["layer[1].W"]?.[1]).toBeCloseTo(byHand(0, gradients, settings), 12);
    expect(norms[2]).toBeCloseTo(norm(slopes[2] as (typeof slopes)[number]), 12);
  });

  it("gives groups their own rates and decay, and leaves frozen parameters alone", async () => {
    const { parameters } = await optimise(
      {
        optimizer: { ...unclipped, warmup: 2, decay: "linear" },
        groups: [{ paths: ["out"], rate: 0.5, weightDecay: 0 }],
        freeze: ["layer[1]"],
      },
      4,
    );
    expect(parameters["layer[1].W"]).toEqual(start["layer[1].W"]);
    const bias = slopes.map((slope) => slope["out.bias"][0] ?? 0);
    const rate = (t: number) => 0.5 * ([0.5, 1, 1][t] ?? 0);
    expect(parameters["out.bias"]?.[0]).toBeCloseTo(byHand(3, bias, { rate, weightDecay: 0 }), 12);
  });

  it("does not count frozen parameters in the norm", async () => {
    const { norms } = await optimise({ optimizer: unclipped, freeze: ["layer"] });
    expect(norms[0]).toBeCloseTo(0.5, 12);
  });

  it("takes a rate of 0 for frozen", async () => {
    const zero = [{ paths: ["layer"], rate: 0 }];
    const { norms, parameters } = await optimise({ optimizer: unclipped, groups: zero });
    expect(norms[0]).toBeCloseTo(0.5, 12);
    expect(parameters["layer[0].W"]).toEqual(start["layer[0].W"]);
  });

  it("averages the gradients of several rollouts", async () => {
    const { norms } = await optimise({ optimizer: unclipped, updateEvery: 4 });
    expect(norms[0]).toBeCloseTo(norm(slopes[0] as (typeof slopes)[number]) / 4, 12);
  });

  it("leaves parameters without gradient as they are, decay included", async () => {
    const adamw = createOptimizer(definition({ groups: [] }), 10);
    const run = createRun(referenceEngine);
    const parameters = tree(start);
    const state = adamw.initial(run, parameters);
    const gradients = tree({ "out.bias": [1] });
    const result = await adamw.update(run, parameters, gradients, state, 0);
    expect(numbers(result.parameters)).toMatchObject({
      "layer[0].W": start["layer[0].W"],
      "layer[1].W": start["layer[1].W"],
    });
    expect(numbers(result.parameters)["out.bias"]).not.toEqual([3]);
  });

  it("has a norm of 0 where nothing is trained", async () => {
    const { norms, parameters } = await optimise({ freeze: ["**"] });
    expect(norms).toEqual([0, 0, 0]);
    expect(parameters).toEqual(start);
  });
});

describe("settingsOf", () => {
  it("takes each setting from the last group that gives it", () => {
    const groups = [
      { paths: ["**"], rate: 1 },
      { paths: ["**.bias", "**.gain"], weightDecay: 0 },
      { paths: ["layer[*].bias"], rate: 2 },
      { paths: ["layer[1]"], rate: 0 },
    ];
    const of = (address: string) => settingsOf({ ...schedule, groups }, address);
    expect(of("layer[0].bias")).toEqual({ rate: 2, weightDecay: 0, frozen: false });
    expect(of("out.bias")).toEqual({ rate: 1, weightDecay: 0, frozen: false });
    expect(of("out.W")).toEqual({ rate: 1, weightDecay: 0.01, frozen: false });
    expect(of("layer[1].bias")).toEqual({ rate: 0, weightDecay: 0, frozen: true });
  });
});

describe("rateFactor", () => {
  const factors = (warmup: number, decay: "none" | "cosine" | "linear", steps: number) =>
    Array.from({ length: steps + 1 }, (_, step) =>
      rateFactor({ ...optimizer, warmup, decay }, step, steps),
    );

  it("warms up in equal steps, then stays, or falls to 0 at the last step", () => {
    expect(factors(4, "none", 5)).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expect(factors(0, "linear", 4)).toEqual([1, 0.75, 0.5, 0.25, 0]);
    expect(factors(2, "linear", 4)).toEqual([0.5, 1, 1, 0.5, 0]);
    const [first, , middle, , last] = factors(0, "cosine", 4);
    expect([first, last]).toEqual([1, 0]);
    expect(middle).toBeCloseTo(0.5, 12);
  });

  it("is defined for trainings shorter than the warm-up and steps beyond the end", () => {
    expect(factors(10, "cosine", 2)).toEqual([0.1, 0.2, 0.3]);
    expect(rateFactor({ ...optimizer, warmup: 2, decay: "linear" }, 9, 4)).toBe(0);
    expect(rateFactor({ ...optimizer, warmup: 2, decay: "linear" }, 2, 2)).toBe(1);
  });
});
