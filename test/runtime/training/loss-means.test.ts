import { describe, expect, it } from "vitest";
import { hostTensor, referenceEngine } from "../../../src/runtime/index.ts";
import { LossMeans, NegativeWeightError } from "../../../src/runtime/training/loss-means.ts";

const scalar = (value: number) => referenceEngine.upload(hostTensor("real", [], [value]));

/** Segments of 10, 10, 10 and 5 tokens with losses 1, 2, 3 and 4. */
function meansOf(counts?: readonly number[]) {
  const means = new LossMeans(referenceEngine);
  for (const [i, tokens] of [10, 10, 10, 5].entries()) {
    const losses = { main: scalar(i + 1), layer: [{ kl: scalar(i + 1) }] };
    means.add({ losses, tokens, ...(counts && { counts: { main: scalar(counts[i] ?? 0) } }) });
  }
  return means.means();
}

const byTokens = (10 + 20 + 30 + 20) / 35;

describe("LossMeans", () => {
  it("counts each segment as its tokens", () => {
    expect(meansOf()).toEqual({ main: byTokens, "layer[0].kl": byTokens });
  });

  it("counts a term that the spec weighs as its weights, so that segments without any do not dilute it", () => {
    expect(meansOf([0, 0, 4, 0])).toEqual({ main: 3, "layer[0].kl": byTokens });
    expect(meansOf([1, 0, 3, 0]).main).toBe(2.5);
  });

  it("is nothing where nothing counts, but never hides a broken number", () => {
    expect(meansOf([0, 0, 0, 0])).toEqual({ main: null, "layer[0].kl": byTokens });
    const means = new LossMeans(referenceEngine);
    means.add({ losses: { main: scalar(1) }, tokens: 3 });
    means.add({ losses: { main: scalar(Number.NaN) }, tokens: 0 });
    expect(means.means().main).toBeNaN();
  });

  it("refuses weights that sum to less than 0, of which there is no mean", () => {
    expect(() => meansOf([1, 0, -3, 4])).toThrow(NegativeWeightError);
    expect(() => meansOf([1, 0, -3, 4])).toThrow(/weights of the loss main sum to -3/);
  });
});
