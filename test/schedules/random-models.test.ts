/**
 * Random models: they compile, their rollouts are the same by whatever schedule, with all passes and with none, and their
 * gradients are the slopes of their losses. For others, `RANDOM_MODELS=first,count npx vitest run` this file.
 */
import { expect, it } from "vitest";
import { expectSame, padded, programsOf, randomExample, roll, withTrain } from "./kit.ts";
import { randomModel } from "./random-models.ts";
import { slopesOf } from "./slopes.ts";

const [first = 1, count = 4] = (process.env.RANDOM_MODELS ?? "").split(",").flatMap((text) => {
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? [] : [number];
});
const seeds = Array.from({ length: count }, (_, i) => first + i);

it.each(seeds)("the model of seed %i", async (seed) => {
  const model = randomModel(seed);
  const trained = (throughTime: string) =>
    withTrain(
      model,
      "segment 3 tokens; batch 2 streams; rollout 3 segments",
      `through_time ${throughTime}`,
    );
  const programs = await programsOf(trained("bptt(horizon = 3)"));
  const example = randomExample(programs, seed, padded);
  const expected = await roll(programs, example);
  expectSame(await roll(await programsOf(trained("mrbp(horizon = 3)")), example), expected);
  expectSame(
    await roll(await programsOf(trained("checkpoint(horizon = 3, every = 2)")), example),
    expected,
  );
  expectSame(
    await roll(await programsOf(trained("bptt(horizon = 3)"), {}, [], "none"), example),
    expected,
  );
  const lossAt = async (parameters: typeof example.parameters): Promise<number> => {
    const { losses } = await roll(programs, { ...example, parameters });
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
  const slopes = await slopesOf(expected.gradients, example.parameters, lossAt);
  for (const { slope, product } of slopes) {
    expect(Math.abs(product - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
  }
});
