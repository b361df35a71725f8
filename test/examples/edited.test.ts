/** What trains is the generated text: an edit by hand of a number in it changes the losses of a training. */
import { textSource, train } from "memc/runtime";
import { describe, expect, test } from "vitest";
import { createReferenceEngine } from "../../src/runtime/index.ts";
import { generate, loadTraining } from "./kit.ts";

const small = { D: "8", heads: "2", hidden: "8", encoders: "1", decoders: "1", slots: "3" };
const [, file] = await generate("memformer", small);
if (file === undefined) throw new Error("Memformer has no training file.");

const text = "It was the whiteness of the whale that above all things appalled me. ".repeat(20);
const document = new TextEncoder().encode(text);

/** Losses of the first two steps of training with an edited text, from equal parameters and data. */
async function losses(edit: (text: string) => string): Promise<readonly number[]> {
  const written = await loadTraining({ path: file!.path, text: edit(file!.text) });
  const definition = { ...written, schedule: { ...written.schedule, batch: 2 } };
  const found: number[] = [];
  await train({
    definition,
    engine: createReferenceEngine(),
    source: textSource([document], definition, { passes: "endless", seed: 1 }),
    seed: 1,
    steps: 2,
    onStep({ loss }) {
      found.push(loss ?? Number.NaN);
    },
  });
  return found;
}

/** Replaces the first match; the text must have one. */
const replaced = (found: RegExp, by: string) => (before: string) => {
  expect(before).toMatch(found);
  return before.replace(found, by);
};

describe("a number changed by hand in the generated text", async () => {
  const unedited = await losses((before) => before);

  test("is needed for a change: equal texts give equal losses", async () => {
    expect(await losses((before) => before)).toEqual(unedited);
    expect(unedited.every(Number.isFinite)).toBe(true);
  });

  test.each([
    ["the epsilon of layer normalisation", /epsilon: 0\.00001/g, "epsilon: 0.1"],
    ["the scale of attention", /scale: 1 \/ Math\.sqrt/g, "scale: 3 / Math.sqrt"],
    ["the temperature of the memory", /temperature: 0\.25/g, "temperature: 0.75"],
  ])("in a forward function, %s, changes the loss of the first step", async (_, found, by) => {
    const [first] = await losses(replaced(found, by));
    expect(first).toBeTypeOf("number");
    expect(Math.abs(first! - unedited[0]!)).toBeGreaterThan(1e-9);
  });

  test("in a backward function changes the loss of the second step only", async () => {
    const doubled = (before: string) => {
      const at = before.indexOf("function unitBackward(");
      expect(at).toBeGreaterThan(0);
      return before.slice(0, at) + replaced(/g\.mul\(x, 2\)/, "g.mul(x, 200)")(before.slice(at));
    };
    const [first, second] = await losses(doubled);
    expect(first).toBe(unedited[0]);
    expect(Math.abs(second! - unedited[1]!)).toBeGreaterThan(1e-9);
  });

  test("in the schedule, the rate, changes the loss of the second step only", async () => {
    const [first, second] = await losses(replaced(/\brate: [\d.e-]+/, "rate: 0.05"));
    expect(first).toBe(unedited[0]);
    expect(Math.abs(second! - unedited[1]!)).toBeGreaterThan(1e-9);
  });
});
