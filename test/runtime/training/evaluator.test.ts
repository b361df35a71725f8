import { describe, expect, it } from "vitest";
import {
  type Builder,
  type ModelDefinition,
  referenceEngine,
  type SegmentResult,
  type Tensor,
} from "../../../src/runtime/index.ts";
import { evaluate, findClassifier } from "../../../src/runtime/training/evaluator.ts";
import { initialParameters } from "../../../src/runtime/training/initializer.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import { documents, model } from "./memory-model.ts";

const seed = 3;
const parameters = initialParameters(model, seed);

function evaluated(changes: Partial<ModelDefinition> = {}, segments?: number) {
  const changed = { ...model, ...changes };
  return evaluate({
    model: changed,
    engine: referenceEngine,
    parameters,
    source: textSource(documents, changed, { passes: "once", seed }),
    seed,
    ...(segments === undefined ? {} : { segments }),
  });
}

const schedule = (changes: Partial<ModelDefinition["schedule"]>) => ({
  schedule: { ...model.schedule, ...changes },
});

describe("evaluate", () => {
  const tokens = documents.reduce((count, document) => count + document.length - 1, 0);

  it("reads every token with a target once", async () => {
    const result = await evaluated();
    expect(result.tokens).toBe(tokens);
    expect(result.scored).toBe(tokens);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.losses.main ?? 0), 9);
    expect(result.perplexity).toBeGreaterThan(200);
    expect(result.accuracy).toBeGreaterThanOrEqual(0);
  });

  it("gives one number, whatever the batch", async () => {
    const noise = { axes: { D: 6 }, distribution: { kind: "normal" }, shared: true } as const;
    const fixed = { draws: { "noise.u": noise } };
    const alone = await evaluated({ ...fixed, ...schedule({ batch: 1 }) });
    for (const batch of [2, 3, 5]) {
      const result = await evaluated({ ...fixed, ...schedule({ batch }) });
      expect(result.tokens).toBe(tokens);
      expect(result.perplexity).toBeCloseTo(alone.perplexity ?? 0, 9);
      expect(result.accuracy).toBe(alone.accuracy);
    }
  });

  it("draws the same numbers for each segment, or fresh ones, and repeats exactly either way", async () => {
    const fresh = schedule({ draws: "fresh" });
    expect(await evaluated()).toEqual(await evaluated());
    expect(await evaluated(fresh)).toEqual(await evaluated(fresh));
    expect((await evaluated(fresh)).perplexity).not.toBe((await evaluated()).perplexity);
  });

  it("counts right answers where they are scored", async () => {
    const rigged = {
      segment(g: Builder, own: never, inputs: never): SegmentResult {
        const result = model.segment(g, own, inputs);
        const labels = (inputs as { labels: never }).labels;
        const classes = g.index({ axis: "V", size: 256 });
        const logits = g.mul(g.real(g.equal(labels, classes)), 50);
        return { ...result, outputs: { logits } };
      },
    };
    const result = await evaluated(rigged);
    expect(result.accuracy).toBe(1);
  });

  it("has the perplexity of training, exp of the main loss, also where that is weighted", async () => {
    const weighted = {
      segment(g: Builder, own: never, inputs: never): SegmentResult {
        const result = model.segment(g, own, inputs);
        const losses = result.losses as { readonly main: Tensor };
        return { ...result, losses: { main: g.mul(losses.main, 0.5) } };
      },
    };
    const [plain, result] = [await evaluated(), await evaluated(weighted)];
    expect(result.losses.main).toBeCloseTo((plain.losses.main ?? 0) / 2, 9);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.losses.main ?? 0), 9);
    expect(result.accuracy).toBe(plain.accuracy);
  });

  it("says by how much weight the spec weighs its loss", async () => {
    const weighed = {
      segment(g: Builder, own: never, inputs: never): SegmentResult {
        return { ...model.segment(g, own, inputs), counts: { main: g.add(0, 2) } };
      },
    };
    const segments = 3;
    expect((await evaluated({}, segments)).weight).toBeUndefined();
    expect((await evaluated(weighed, segments)).weight).toBe(2 * segments);
  });

  it("says besides what a loss that the spec weighs would be with every token counted once", async () => {
    const weighed = (factor: number) => ({
      segment(g: Builder, own: never, inputs: { readonly valid: Tensor }): SegmentResult {
        const result = model.segment(g, own, inputs as never);
        const losses = result.losses as { readonly main: Tensor };
        const count = g.sum(g.real(inputs.valid), { over: ["batch", "T"] });
        return { ...result, losses: { main: g.mul(losses.main, factor) }, counts: { main: count } };
      },
    });
    const [plain, alike, apart] = [
      await evaluated(),
      await evaluated(weighed(1)),
      await evaluated(weighed(0.5)),
    ];
    expect(plain.crossEntropy).toBeUndefined();
    expect(alike.crossEntropy).toBeCloseTo(plain.losses.main ?? 0, 9);
    expect(apart.crossEntropy).toBeCloseTo(plain.losses.main ?? 0, 9);
    expect(apart.losses.main).toBeCloseTo((plain.losses.main ?? 0) / 2, 9);
  });

  it("gives neither loss nor perplexity where nothing counts", async () => {
    const unweighed = {
      segment(g: Builder, own: never, inputs: never): SegmentResult {
        return {
          ...model.segment(g, own, inputs),
          losses: { main: g.add(0, 0) },
          counts: { main: g.add(0, 0) },
        };
      },
    };
    const { losses, perplexity, weight } = await evaluated(unweighed);
    expect({ losses, perplexity, weight }).toEqual({
      losses: { main: null },
      perplexity: null,
      weight: 0,
    });
  });

  it("has no accuracy where there are no logits", async () => {
    const silent = {
      segment: (g: Builder, own: never, inputs: never): SegmentResult => ({
        ...model.segment(g, own, inputs),
        outputs: {},
      }),
    };
    const [plain, result] = [await evaluated(), await evaluated(silent)];
    expect(result.perplexity).toBeCloseTo(plain.perplexity ?? 0, 9);
    expect(result.accuracy).toBeUndefined();
  });

  it("stops after so many segments, and refuses to evaluate on nothing", async () => {
    expect((await evaluated({}, 2)).tokens).toBe(20);
    await expect(evaluated({}, 0)).rejects.toThrow(/no tokens/);
  });
});

describe("findClassifier", () => {
  const real = (...names: string[]) => ({
    type: { kind: "real", axes: names.map((name) => ({ name, size: 2 })) } as const,
  });

  it("takes the output called logits, else the only one of its form", () => {
    const logits = real("batch", "T", "V");
    expect(findClassifier({ logits, other: logits }, "T")?.output).toBe("logits");
    expect(findClassifier({ y: logits, h: real("batch", "D") }, "T")?.output).toBe("y");
    expect(findClassifier({ y: logits, z: logits }, "T")).toBeUndefined();
    expect(findClassifier({ y: real("batch", "T", "H", "K") }, "T")).toBeUndefined();
  });
});
