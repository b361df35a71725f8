/**
 * Sampling from the repository's specs: what the reader says after each token of a text is what the model says of the text's whole
 * segments, memories and draws included. Memformer's logits stand for tokens of the next segment, which it is fed back as its target.
 */
import { describe, expect, test } from "vitest";
import type { DeviceTensor, Engine, ModelDefinition, Tree } from "../../src/runtime/index.ts";
import { createOnnxEngine, createRun, referenceEngine } from "../../src/runtime/index.ts";
import { EVALUATION_STEP } from "../../src/runtime/training/evaluator.ts";
import { initialParameters } from "../../src/runtime/training/initializer.ts";
import { sample, shortestPrompt, TokenReader } from "../../src/runtime/training/sampler.ts";
import { textSource } from "../../src/runtime/training/streams.ts";
import {
  initialStates,
  segmentDraws,
  uploadInputs,
  uploadTree,
} from "../../src/runtime/training/tensors.ts";
import { specPrograms } from "./kit.ts";

const seed = 5;
// Seven segments of four tokens: where a text ends within a segment, its last tokens without a target are no input.
const letters = new TextEncoder().encode("a whale of a tale, told here");
const text = letters.map((byte) => byte % 32);

const small = { vocab: "32", D: "8", heads: "2", hidden: "8", "train.segment": "4" };
const memformer = await specPrograms("specs/memformer.mem", {
  ...small,
  slots: "3",
  encoders: "1",
  decoders: "1",
  "train.batch": "1",
});
const transformer = (settings: Readonly<Record<string, string>>) =>
  specPrograms("specs/transformer-xl.mem", {
    ...small,
    key: "4",
    depth: "1",
    length: "4",
    "train.batch": "1",
    ...settings,
  });
const transformerXl = await transformer({});
const adaptive = await transformer({ cutoffs: "[6, 20]", narrowing: "2" });

const infinityFormer = (settings: Readonly<Record<string, string>>) =>
  specPrograms("specs/infinity-former.mem", {
    ...small,
    key: "4",
    depth: "2",
    short: "4",
    block: "4",
    bases: "6",
    resample: "8",
    "train.batch": "1",
    ...settings,
  });
const plain = await infinityFormer({});
const sticky = await infinityFormer({ sampling: "sticky(bins = 8)" });

/** Logits of every position of whole segments, states carried, with the position in the text that each stands for. */
async function wholeLogits(model: ModelDefinition, engine: Engine = referenceEngine) {
  const run = createRun(engine);
  const parameters = uploadTree(engine, initialParameters(model, seed));
  const source = textSource([text], model, { passes: "once", seed });
  const { tokens: length } = model.schedule.segment;
  const rows = new Map<number, readonly number[]>();
  let states = initialStates(engine, model, 1);
  let start = 0;
  for (let [segment] = source.next(); segment !== undefined; [segment] = source.next()) {
    const place = { seed, step: EVALUATION_STEP, segment: start / length };
    const own = run.merge(parameters, states, segmentDraws(engine, model, place, 1));
    const result: unknown = await run.call(
      model.segment as never,
      own,
      uploadInputs(engine, segment),
    );
    const { outputs, next } = result as {
      readonly outputs: { readonly logits: DeviceTensor };
      readonly next: Tree<DeviceTensor>;
    };
    states = next;
    const { data } = engine.download(outputs.logits);
    const classes = data.length / length;
    for (let i = 0; i < segment.tokens; i++) {
      const row = Array.from(data.slice(i * classes, (i + 1) * classes));
      rows.set(start + i + shortestPrompt(model), row);
    }
    start += length;
  }
  await run.release();
  return rows;
}

function expectClose(found: Float64Array, expected: readonly number[] = [], within = 1e-12): void {
  expect(found).toHaveLength(expected.length);
  const distance = Math.max(...expected.map((logit, i) => Math.abs(logit - Number(found[i]))));
  expect(distance).toBeLessThan(within);
}

describe.each([
  ["Memformer", memformer.evaluate, 4],
  ["Transformer-XL", transformerXl.evaluate, 1],
  ["Transformer-XL with adaptive softmax", adaptive.evaluate, 1],
  ["∞-former", plain.evaluate, 1],
  ["sticky ∞-former, with the draws of each segment", sticky.evaluate, 1],
])("%s", (_name, model, shortest) => {
  const reading = { model, parameters: initialParameters(model, seed), seed };

  test(`predicts from ${shortest} tokens on`, async () => {
    expect(shortestPrompt(model)).toBe(shortest);
    const reader = new TokenReader({ ...reading, engine: referenceEngine });
    await reader.read(text.subarray(0, shortest - 1));
    expect(() => reader.logits).toThrow(RangeError);
    await reader.release();
  });

  test("gives the whole segments' logits, token by token and from prompts of any length", async () => {
    const whole = await wholeLogits(model);
    const reader = new TokenReader({ ...reading, engine: referenceEngine });
    for (let read = 1; read <= text.length - 1; read++) {
      await reader.read(text.subarray(read - 1, read));
      if (read < shortest || !whole.has(read)) continue;
      expectClose(reader.logits, whole.get(read));
    }
    await reader.release();
    for (const length of [shortest, shortest + 1, 7, 8, 9, 13, 16, text.length - 1]) {
      if (!whole.has(length)) continue;
      const prompted = new TokenReader({ ...reading, engine: referenceEngine });
      await prompted.read(text.subarray(0, length));
      expectClose(prompted.logits, whole.get(length));
      await prompted.release();
    }
  });

  test("does so on the onnx engine, in its precision", async () => {
    const engine = await createOnnxEngine({ threads: 1 });
    const whole = await wholeLogits(model, engine);
    const reader = new TokenReader({ ...reading, engine });
    let read = 0;
    for (const length of [5, 11, 14]) {
      await reader.read(text.subarray(read, length));
      read = length;
      expectClose(reader.logits, whole.get(length), 1e-5);
    }
    await reader.release();
  });
});

test("the ∞-formers differ once there is something to look at again, so both memories are read", async () => {
  const [rows, others] = [await wholeLogits(plain.evaluate), await wholeLogits(sticky.evaluate)];
  const agree = [...rows].map(([position, row]) => {
    return row.every((logit, i) => Math.abs(logit - Number(others.get(position)?.[i])) < 1e-12);
  });
  // The first block leaves the cache after two segments, and is looked at again with the next one.
  expect(agree.slice(0, 12)).toEqual(Array(12).fill(true));
  expect(agree.slice(12)).toContain(false);
});

describe("a prompt shorter than the segment that Memformer predicts from", () => {
  const model = memformer.evaluate;
  const parameters = initialParameters(model, seed);
  const options = { model, parameters, seed, engine: referenceEngine, length: 6 };
  const tokens = async (prompt: readonly number[], padding?: number) => {
    const found: number[] = [];
    const given = padding === undefined ? options : { ...options, padding };
    for await (const token of sample({ ...given, prompt })) found.push(token);
    return found;
  };

  test("is refused, or filled up from the front", async () => {
    await expect(tokens([7])).rejects.toThrow(
      "Memformer predicts from 4 tokens on; the prompt has 1.",
    );
    expect(await tokens([7], 10)).toEqual(await tokens([10, 10, 10, 7]));
    expect(await tokens([1, 2, 3, 4, 5], 10)).toEqual(await tokens([1, 2, 3, 4, 5]));
  });
});
