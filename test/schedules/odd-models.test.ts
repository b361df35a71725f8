/**
 * Models that nobody would write, and that the language allows: repeats and memories inside each other, sizes of one and
 * zero, names of the generated code's own. With all passes and with none, their rollouts are the same; so they are by
 * whatever schedule, and their gradients are the slopes of their losses.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectSame, padded, programsOf, randomExample, roll, withTrain } from "./kit.ts";
import { expectSlope, lossOf, trajectory } from "./slopes.ts";

const folder = new URL("odd/", import.meta.url);
const models = readdirSync(folder).map((name) => name.replace(/\.mem$/, ""));

describe.each(models)("%s", (name) => {
  const model = readFileSync(new URL(`${name}.mem`, folder), "utf8");
  const trained = (throughTime: string, stride = 4) =>
    withTrain(
      model,
      `segment 5 tokens; batch 2 streams; rollout 4 segments; stride ${stride}`,
      `through_time ${throughTime}`,
    );

  it.each(["detach", "mrbp(horizon = 3)"])(
    "is the same with all passes and with none, by %s",
    async (throughTime) => {
      const spec = trained(throughTime);
      const [all, none] = [await programsOf(spec), await programsOf(spec, {}, [], "none")];
      const example = randomExample(all, 5, padded);
      expectSame(await roll(all, example), await roll(none, example));
      const overlapping = await programsOf(trained(throughTime, 2));
      for (const { text } of [all, overlapping])
        expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
    },
  );

  it("has one gradient, by whatever schedule", async () => {
    const programs = await programsOf(trained("bptt(horizon = 4)"));
    const example = randomExample(programs, 5, padded);
    const expected = await roll(programs, example);
    for (const other of ["mrbp(horizon = 4)", "checkpoint(horizon = 4, every = 2)"]) {
      expectSame(await roll(await programsOf(trained(other)), example), expected);
    }
  });

  // stop(e) holds e at its value: the slope of the loss is another one.
  it.skipIf(model.includes("stop("))("has the slope of its loss as gradient", async () => {
    const programs = await programsOf(trained("bptt(horizon = 4)"));
    const example = randomExample(programs, 9, padded);
    const frozen = await trajectory(programs, example);
    const cuts = { after: [], weights: [1 / 4, 1 / 4, 1 / 4, 1 / 4] };
    const { gradients } = await roll(programs, example);
    await expectSlope(gradients, example.parameters, (parameters) =>
      lossOf(programs, { ...example, parameters }, frozen, cuts),
    );
  });
});
