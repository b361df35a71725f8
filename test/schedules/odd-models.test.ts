/**
 * Models that nobody would write, and that the language allows: repeats and memories inside each other, sizes of one and
 * zero, names of the generated code's own. With all passes and with none, their rollouts are the same.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectSame, padded, programsOf, randomExample, roll, withTrain } from "./kit.ts";

const folder = new URL("odd/", import.meta.url);
const models = readdirSync(folder).map((name) => name.replace(/\.mem$/, ""));

describe.each(models)("%s", (name) => {
  const model = readFileSync(new URL(`${name}.mem`, folder), "utf8");
  const trained = (throughTime: string) =>
    withTrain(
      model,
      "segment 5 tokens; batch 2 streams; rollout 4 segments",
      `through_time ${throughTime}`,
    );

  it.each([
    "detach",
    "bptt(horizon = 3)",
    "mrbp(horizon = 3)",
    "checkpoint(horizon = 4, every = 2)",
  ])("is the same with all passes and with none, by %s", async (throughTime) => {
    const text = trained(throughTime);
    const [all, none] = [await programsOf(text), await programsOf(text, {}, [], "none")];
    const example = randomExample(all, 5, padded);
    expectSame(await roll(all, example), await roll(none, example));
    expect(all.text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });
});
