/**
 * Random models: they compile, their rollouts are the same by whatever schedule, with all passes and with none, with loops written out and
 * under other names, and their gradients are the slopes of their losses. For others, `RANDOM_MODELS=first,count npx vitest run` this file.
 */
import { expect, it } from "vitest";
import type { HostTensor } from "../../src/ops/index.ts";
import {
  type Example,
  expectSame,
  padded,
  programsOf,
  randomExample,
  roll,
  withTrain,
} from "./kit.ts";
import { NAMES, randomModel } from "./random-models.ts";
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

it.each(seeds)("what the model of seed %i says in other words", async (seed) => {
  const trained = (text: string) =>
    withTrain(
      text,
      "segment 3 tokens; batch 2 streams; rollout 2 segments",
      "through_time bptt(horizon = 2)",
    );
  const model = randomModel(seed);
  const programs = await programsOf(trained(model));
  const example = randomExample(programs, seed, padded);
  const expected = await roll(programs, example);
  const variants = [
    [withIndices(model), withNumbers],
    [inOtherNames(model), inOtherNames],
    [withNamedFlags(model), asIs],
  ] as const;
  for (const [text, spelt] of variants) {
    const { gradients, states, ...rest } = expected;
    const other = await roll(await programsOf(trained(text)), exampleSpelt(example, spelt));
    // Written out, an iteration that nothing reads has no gradient; in a loop it is 0.
    const reached = [...tensorsSpelt(gradients, spelt)].filter(
      ([address, { data }]) => other.gradients.has(address) || data.some((entry) => entry !== 0),
    );
    const wanted = { gradients: new Map(reached), states: tensorsSpelt(states, spelt) };
    expectSame(other, { ...rest, ...wanted });
  }
});

/** Every repeat mentions its index, so that it is written out. */
function withIndices(model: string): string {
  let count = 0;
  return model.replace(
    /repeat \d+ as (\w+) [^{]*\{/g,
    (head, index) => `${head} _index${++count} = ${index};`,
  );
}

/** What a reset reads has a name of its own, so that nothing binds it again. */
const withNamedFlags = (model: string): string =>
  model.replace(/memory (.*) reset when begun/g, "held = begun; memory $1 reset when held");

const given = new RegExp(`\\b(${NAMES.join("|")})(\\d*)\\b`, "g");

type Spelling = (name: string) => string;

const asIs: Spelling = (name) => name;

/** A text or an address with other names for all that the random model has given one. */
const inOtherNames: Spelling = (text) =>
  text.replace(
    given,
    (_, name: string, number: string) => `other_${NAMES.indexOf(name)}_${number}`,
  );

/** The address of a repeat's iteration in a repeat that is written out: `layer.0.W` for `layer[0].W`. */
const withNumbers = (address: string): string => address.replace(/\[(\d+)\]/g, ".$1");

type Tensors = ReadonlyMap<string, HostTensor>;

const tensorsSpelt = (tensors: Tensors, spelt: Spelling): Tensors =>
  new Map(
    [...tensors].map(([address, { type, data }]) => {
      const axes = type.axes.map((axis) => ({ ...axis, name: spelt(axis.name) }));
      return [spelt(address), { type: { ...type, axes }, data }];
    }),
  );

const exampleSpelt = ({ parameters, states, segments }: Example, spelt: Spelling): Example => ({
  parameters: tensorsSpelt(parameters, spelt),
  states: tensorsSpelt(states, spelt),
  segments: segments.map(({ inputs, tokens }) => ({ inputs: tensorsSpelt(inputs, spelt), tokens })),
});
