import { describe, expect, it } from "vitest";
import { ByteCounts, byteBaselines } from "../../../src/runtime/training/baselines.ts";

const text = (one: string) => new TextEncoder().encode(one);
const code = (letter: string) => letter.charCodeAt(0);

describe("byte baselines", () => {
  it("adds 0.05 to every count", () => {
    const counts = new ByteCounts([text("abab"), text("ac")]);
    // After "a": "b" twice, "c" once.
    expect(counts.bigram(code("a"), code("b"))).toBeCloseTo(2.05 / (3 + 0.05 * 256), 12);
    expect(counts.bigram(code("a"), code("c"))).toBeCloseTo(1.05 / (3 + 0.05 * 256), 12);
    expect(counts.bigram(code("z"), code("a"))).toBeCloseTo(1 / 256, 12);
    // "aba" once; nothing is counted across documents.
    expect(counts.trigram(code("a"), code("b"), code("a"))).toBeCloseTo(1.05 / 13.8, 12);
    expect(counts.trigram(code("b"), code("a"), code("c"))).toBeCloseTo(0.05 / 13.8, 12);
  });

  it("gives probabilities that sum to one", () => {
    const counts = new ByteCounts([text("the cat sat on the mat")]);
    let bigram = 0;
    let trigram = 0;
    for (let next = 0; next < 256; next++) {
      bigram += counts.bigram(code("t"), next);
      trigram += counts.trigram(code("t"), code("h"), next);
    }
    expect(bigram).toBeCloseTo(1, 12);
    expect(trigram).toBeCloseTo(1, 12);
  });

  it("predicts every byte but a document's first", () => {
    const counts = new ByteCounts([text("abab")]);
    const { tokens, bigramPerplexity, trigramPerplexity } = byteBaselines(counts, [text("aba")]);
    expect(tokens).toBe(2);
    const [ab, ba, aba] = [2.05 / 14.8, 1.05 / 13.8, 1.05 / 13.8];
    expect(bigramPerplexity).toBeCloseTo(Math.exp(-(Math.log(ab) + Math.log(ba)) / 2), 10);
    expect(trigramPerplexity).toBeCloseTo(Math.exp(-(Math.log(ab) + Math.log(aba)) / 2), 10);
  });

  it("is 256 when nothing was counted, and NaN when nothing is predicted", () => {
    expect(byteBaselines(new ByteCounts([]), [text("xyz")]).trigramPerplexity).toBeCloseTo(256, 9);
    expect(byteBaselines(new ByteCounts([]), [text("x")]).bigramPerplexity).toBeNaN();
  });
});
