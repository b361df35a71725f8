/** Peak bytes of a training step, planned before anything runs. */
import { describe, expect, it } from "vitest";
import { bytesOf, type PlannedCall, planStep } from "../../src/runtime/index.ts";
import { parameterTypes } from "../../src/runtime/training/addresses.ts";
import { programsOf, specText, withTrain } from "./kit.ts";

const settings = { D: "32", hidden: "64", heads: "4", slots: "8" };

async function planned(schedule: string, rollout: number, more: readonly string[] = []) {
  const text = withTrain(
    specText("memformer"),
    "data { following = tokens ahead segment }",
    `segment 16 tokens;  batch 4 streams;  rollout ${rollout} segments`,
    `through_time ${schedule}`,
    ...more,
  );
  const { training } = await programsOf(text, settings);
  return { training, step: await planStep(training, { realBytes: 4 }) };
}

/** The peak of rollouts, update aside, without stored memories and inputs. */
function besideMemories(calls: readonly PlannedCall[]): number {
  const peaks = calls
    .filter(({ name }) => name !== "adamw")
    .map(({ bytes, held }) => bytes - held.states - held.inputs);
  return Math.max(...peaks);
}

describe("the planned peak", () => {
  it("of mrbp(16) is that of mrbp(4) beside the stored memories and inputs", async () => {
    const four = await planned("mrbp(horizon = 4)", 4);
    const sixteen = await planned("mrbp(horizon = 16)", 16);
    const ratio = besideMemories(sixteen.step.calls) / besideMemories(four.step.calls);
    expect(ratio).toBeLessThanOrEqual(1.05);
    expect(ratio).toBeGreaterThanOrEqual(1);
  });

  it("orders the schedules: detach, mrbp, checkpoint, bptt", async () => {
    const peaks = await Promise.all(
      [
        "detach",
        "mrbp(horizon = 8)",
        "checkpoint(horizon = 8, every = 3)",
        "bptt(horizon = 8)",
      ].map(async (schedule) => (await planned(schedule, 8)).step.peakBytes),
    );
    expect(peaks).toEqual([...peaks].sort((a, b) => a - b));
    expect(new Set(peaks).size).toBe(peaks.length);
  });

  it("counts parameters, both moments and gradients at their size", async () => {
    const { training, step } = await planned("mrbp(horizon = 2)", 2);
    const types = [...parameterTypes(training).values()];
    const bytes = types.reduce((sum, type) => sum + bytesOf(type, 4), 0);
    const update = step.calls.at(-1);
    expect(update?.name).toBe("adamw");
    expect(update?.held).toMatchObject({
      parameters: bytes,
      gradients: bytes,
      optimizer: 2 * bytes,
    });
    expect(update?.runBytes).toBeGreaterThanOrEqual(3 * bytes); // the new ones
  });

  it("holds the inputs of all rollouts of an update, the gradients of one more", async () => {
    const once = await planned("mrbp(horizon = 2)", 2);
    const twice = await planned("mrbp(horizon = 2)", 2, ["update every 2 rollouts"]);
    const last = ({ calls }: typeof once.step) => calls.at(-1)?.held;
    expect(last(twice.step)?.inputs).toBe(2 * (last(once.step)?.inputs ?? 0));
    expect(last(twice.step)?.gradients).toBe(last(once.step)?.gradients);
  });

  it("doubles with the size of real numbers, ints and flags aside", async () => {
    const { training, step } = await planned("mrbp(horizon = 2)", 2);
    const wide = await planStep(training, { realBytes: 8 });
    expect(wide.peakBytes).toBeGreaterThan(1.9 * step.peakBytes);
    expect(wide.peakBytes).toBeLessThanOrEqual(2 * step.peakBytes);
  });
});
