/** Means over the batch in training (rule R14): one gradient by every schedule, and on both engines. */
import { expect, it } from "vitest";
import { createOnnxEngine, createRun } from "../../src/runtime/index.ts";
import { expectSame, padded, programsOf, randomExample, roll, withTrain } from "./kit.ts";
import { overTheBatch } from "./over-the-batch.ts";

const rollout = (schedule: string) =>
  programsOf(
    withTrain(
      overTheBatch,
      "data { labels = tokens ahead 1 }",
      "segment 3 tokens;  batch 3 streams;  rollout 3 segments",
      `through_time ${schedule}`,
    ),
  );

it("memory replay and checkpoints give the gradient of back-propagation through time", async () => {
  const plain = await rollout("bptt(horizon = 3)");
  const example = randomExample(plain, 4, padded);
  const expected = await roll(plain, example);
  for (const schedule of ["mrbp(horizon = 3)", "checkpoint(horizon = 3, every = 2)"]) {
    expectSame(await roll(await rollout(schedule), example), expected);
  }
});

it("onnx follows the reference engine", async () => {
  const programs = await rollout("mrbp(horizon = 3)");
  const example = randomExample(programs, 6, padded);
  const reference = await roll(programs, example);
  const engine = await createOnnxEngine();
  const run = createRun(engine);
  const onnx = await roll(programs, example, undefined, run, engine);
  for (const [address, { data }] of reference.gradients) {
    const got = onnx.gradients.get(address)?.data ?? [];
    data.forEach((x, i) => {
      expect(got[i], address).toBeCloseTo(x, 4);
    });
  }
  expect(onnx.losses[0]).toBeCloseTo(reference.losses[0] ?? Number.NaN, 4);
  await run.release();
});
