import { describe, expect, it } from "vitest";
import {
  createRun,
  hostTensor,
  type ModelDefinition,
  referenceEngine,
} from "../../../src/runtime/index.ts";
import { initialParameters } from "../../../src/runtime/training/initializer.ts";
import {
  chooseToken,
  type SampleOptions,
  sample,
  TokenReader,
} from "../../../src/runtime/training/sampler.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import {
  initialStates,
  segmentDraws,
  uploadInputs,
  uploadTree,
} from "../../../src/runtime/training/tensors.ts";
import { dims, model } from "./memory-model.ts";

const seed = 3;
const parameters = initialParameters(model, seed);
const engine = referenceEngine;
const reading = { model, engine, parameters, seed };
const text = new TextEncoder().encode("the quick brown fox");

/** Logits of every position, by whole segments with carried states. */
async function wholeLogits(one: ModelDefinition): Promise<readonly number[][]> {
  const run = createRun(engine);
  const source = textSource([text], one, { passes: "once", seed });
  const rows: number[][] = [];
  let states = initialStates(engine, one, 1);
  for (let segments = source.next(); segments.length > 0; segments = source.next()) {
    for (const segment of segments) {
      const draws = segmentDraws(engine, one, { seed, step: 0xffffffff, segment: 0 }, 1);
      const own = run.merge(uploadTree(engine, parameters), states, draws);
      const result = await run.call(one.segment as never, own, uploadInputs(engine, segment));
      const { outputs, next } = result as never as {
        readonly outputs: { readonly logits: Parameters<typeof engine.download>[0] };
        readonly next: typeof states;
      };
      states = next;
      const logits = [...engine.download(outputs.logits).data];
      for (let i = 0; i < segment.tokens; i++) {
        rows.push(logits.slice(i * dims.vocab, (i + 1) * dims.vocab));
      }
    }
  }
  return rows;
}

describe("TokenReader", () => {
  it("gives the logits of whole segments, token by token and in chunks", async () => {
    const one = { ...model, schedule: { ...model.schedule, batch: 1 } };
    const expected = await wholeLogits(one);
    const reader = new TokenReader(reading);
    for (let i = 0; i < text.length - 1; i++) {
      await reader.read([text[i] ?? 0]);
      expect([...reader.logits]).toEqual(expected[i]);
    }
    for (const chunk of [1, 4, 5, 6, 13, 18]) {
      const chunked = new TokenReader(reading);
      await chunked.read(text.subarray(0, chunk));
      expect([...chunked.logits]).toEqual(expected[chunk - 1]);
    }
  });

  it("has no logits before the first token, and refuses tokens outside the range", async () => {
    const reader = new TokenReader(reading);
    expect(() => reader.logits).toThrow(/Nothing has been read/);
    await reader.read([]);
    expect(() => reader.logits).toThrow(/Nothing has been read/);
    await expect(reader.read([256])).rejects.toThrow(/Token 256 lies outside/);
  });

  it("refuses a model that needs later tokens as input, or has no logits", async () => {
    const next = { axes: { T: dims.T }, kind: "int", range: 256, role: "input" } as const;
    const schedule = {
      ...model.schedule,
      data: { ...model.schedule.data, next: { source: "tokens", ahead: "segment" } },
    } as const;
    const inputs = { ...model.inputs, next };
    expect(() => new TokenReader({ ...reading, model: { ...model, schedule, inputs } })).toThrow(
      /Input next is made of later tokens/,
    );
    const silent: ModelDefinition = {
      ...model,
      segment: (g, own, given) => ({ ...model.segment(g, own, given), outputs: {} }),
    };
    await expect(new TokenReader({ ...reading, model: silent }).read([1])).rejects.toThrow(
      /no output of logits/,
    );
  });
});

describe("sample", () => {
  async function sampled(changes: Partial<SampleOptions> = {}): Promise<number[]> {
    const tokens: number[] = [];
    const options = { ...reading, prompt: text, length: 12, ...changes };
    for await (const token of sample(options)) tokens.push(token);
    return tokens;
  }

  it("gives as many tokens as asked, the same ones for the same seed", async () => {
    const tokens = await sampled();
    expect(tokens).toHaveLength(12);
    expect(await sampled()).toEqual(tokens);
    expect(await sampled({ length: 5 })).toEqual(tokens.slice(0, 5));
    expect(await sampled({ seed: 4 })).not.toEqual(tokens);
    expect(await sampled({ length: 0 })).toEqual([]);
  });

  it("takes the likeliest token at temperature 0 and with top-k 1", async () => {
    const greedy = await sampled({ temperature: 0 });
    expect(await sampled({ topK: 1 })).toEqual(greedy);
    const bias = hostTensor("real", { D: 6, V: 256 }, new Float64Array(6 * 256));
    const flat = new Map([...parameters, ["out.U", bias]]);
    expect(await sampled({ temperature: 0, parameters: flat })).toEqual(Array(12).fill(0));
  });

  it("needs a prompt", async () => {
    await expect(sampled({ prompt: [] })).rejects.toThrow(/at least one token/);
  });
});

describe("chooseToken", () => {
  const logits = Float64Array.from([0.2, 0.5, 0.1, 0.2], Math.log);
  const at = (uniform: number, choice = {}) => chooseToken(logits, choice, uniform);

  it("goes through the tokens from the likeliest, lower ones first among equals", () => {
    expect([0, 0.49, 0.51, 0.69, 0.71, 0.89, 0.91].map((u) => at(u))).toEqual([
      1, 1, 0, 0, 3, 3, 2,
    ]);
  });

  it("keeps the k likeliest, or those that reach a probability", () => {
    expect([0, 0.7, 0.72, 0.999].map((u) => at(u, { topK: 2 }))).toEqual([1, 1, 0, 0]);
    expect([0, 0.7, 0.72, 0.999].map((u) => at(u, { topP: 0.6 }))).toEqual([1, 1, 0, 0]);
    expect(at(0.999, { topP: 0.4 })).toBe(1);
    expect(at(0.999, { topK: 100, topP: 1 })).toBe(2);
  });

  it("sharpens with a low temperature and flattens with a high one", () => {
    expect(at(0.7, { temperature: 0.5 })).toBe(1);
    expect(at(0.4, { temperature: 100 })).toBe(0);
  });

  it("is defined for infinite logits and refuses NaN and wrong settings", () => {
    expect(chooseToken(Float64Array.of(-Infinity, 0), {}, 0.99)).toBe(1);
    expect(chooseToken(Float64Array.of(0, Infinity), {}, 0)).toBe(1);
    expect(chooseToken(Float64Array.of(-Infinity, -Infinity), {}, 0.9)).toBe(0);
    expect(() => chooseToken(Float64Array.of(0, NaN), {}, 0)).toThrow(/no numbers/);
    expect(() => at(0, { temperature: -1 })).toThrow(RangeError);
    expect(() => at(0, { topK: 0 })).toThrow(RangeError);
    expect(() => at(0, { topP: 0 })).toThrow(RangeError);
  });
});
