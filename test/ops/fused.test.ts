import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../src/ops/index.ts";
import { countFlops, evaluate, inferTypes, scalar, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, flag, int, randomFrom, read, real, sizesOf } from "./kit.ts";

/** Checks two tensors against one another, whatever the order of their axes. */
function expectSame(actual: HostTensor, wanted: HostTensor, tolerance = 1e-13): void {
  expectEntries(actual, sizesOf(wanted), (at) => read(wanted, at), tolerance);
}

describe("linear", () => {
  it("is a contraction, a bias and an activation", () => {
    const x = real({ T: 1, D: 2 }, [1, 2]);
    const weight = real({ D: 2, F: 2 }, [1, 0, 0, -1]);
    const bias = real({ F: 2 }, [0.5, 1]);
    const linear = (activation: "none" | "relu" | "tanh" | "sigmoid" | "gelu") => [
      ...apply("linear", [x, weight, bias], { over: ["D"], activation }).data,
    ];
    expect(linear("none")).toEqual([1.5, -1]);
    expect(linear("relu")).toEqual([1.5, 0]);
    expect(linear("tanh")).toEqual([Math.tanh(1.5), Math.tanh(-1)]);
    expect(linear("sigmoid")[0]).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 15);
    // x Phi(x): Phi(1.5) = 0.933192798731142, Phi(-1) = 0.158655253931457
    expect(linear("gelu")[0]).toBeCloseTo(1.5 * 0.933192798731142, 14);
    expect(linear("gelu")[1]).toBeCloseTo(-0.158655253931457, 14);
    const bare = apply("linear", [x, weight], { over: ["D"], activation: "none" });
    expect([...bare.data]).toEqual([1, -2]);
  });

  it("counts the product, the bias and the activation", () => {
    const x = real({ T: 3, D: 2 }, Array(6).fill(0)).type;
    const w = real({ D: 2, F: 5 }, Array(10).fill(0)).type;
    const b = real({ F: 5 }, Array(5).fill(0)).type;
    expect(countFlops("linear", [x, w, b], { over: ["D"], activation: "relu" })).toBe(60 + 30);
    expect(countFlops("linear", [x, w], { over: ["D"], activation: "none" })).toBe(60);
  });
});

describe("cross entropy", () => {
  it("is the negative log-probability of the label", () => {
    const logits = real({ T: 2, V: 2 }, [0, Math.log(3), 0, 0]);
    const labels = int({ T: 2 }, [1, 0]);
    const [first, second] = apply("crossEntropy", [logits, labels], { over: "V" }).data;
    expect(first).toBeCloseTo(-Math.log(0.75), 15);
    expect(second).toBeCloseTo(Math.LN2, 15);
  });

  it("reads 0 for a label out of range, and its gradient has no target there", () => {
    const logits = real({ V: 2 }, [1000, 1000]);
    const ignored = scalar(-1, "int");
    expect([...apply("crossEntropy", [logits, ignored], { over: "V" }).data]).toEqual([
      1000 + Math.LN2,
    ]);
    const gradient = apply("crossEntropyGradient", [logits, ignored, scalar(2)], { over: "V" });
    expect([...gradient.data]).toEqual([1, 1]);
  });

  it("and its gradient are what they are made of", () => {
    const random = randomFrom("crossEntropy");
    for (let round = 0; round < 40; round++) {
      const V = 1 + random.below(5);
      const sizes = { batch: random.size(), T: random.size(), V };
      const logits = random.reals(Object.fromEntries(random.shuffled(Object.entries(sizes))));
      const { batch, T } = sizes;
      const labels = random.ints({ T: T!, batch: batch! }, 0, V);
      const d = random.reals({ batch: batch!, T: T! });
      const over = { over: "V" };
      const picked = apply("gather", [logits, labels], { axis: "V" });
      const total = apply("logsumexp", [logits], { over: ["V"] });
      expectSame(apply("crossEntropy", [logits, labels], over), apply("sub", [total, picked], {}));
      const softmax = apply("softmax", [logits], { over: ["V"] });
      const hot = apply("scatterAdd", [scalar(1), labels], { over: [], axis: "V", size: V });
      const wanted = apply("mul", [d, apply("sub", [softmax, hot], {})], {});
      expectSame(apply("crossEntropyGradient", [logits, labels, d], over), wanted);
    }
  });

  it("has labels without the axis of the classes", () => {
    const logits = real({ V: 2 }, [0, 0]).type;
    expect(() =>
      inferTypes("crossEntropy", [logits, int({ V: 2 }, [0, 0]).type], { over: "V" }),
    ).toThrow("The classes are along V, so the labels must lack that axis: found int [V=2].");
  });
});

describe("softmaxGradient", () => {
  it("agrees with differences of softmax", () => {
    const random = randomFrom("softmaxGradient");
    const x = random.reals({ T: 3, A: 2, B: 2 });
    const d = random.reals({ T: 3, A: 2, B: 2 });
    const over = { over: ["A", "B"] };
    const p = apply("softmax", [x], over);
    const gradient = apply("softmaxGradient", [p, d], over);
    const step = 1e-6;
    const value = (y: HostTensor) => {
      const weighted = apply("mul", [apply("softmax", [y], over), d], {});
      return apply("sum", [weighted], { over: ["T", "A", "B"] }).data[0]!;
    };
    x.data.forEach((_, i) => {
      const moved = (by: number) =>
        value({ ...x, data: Float64Array.from(x.data, (v, j) => (j === i ? v + by : v)) });
      const slope = (moved(step) - moved(-step)) / (2 * step);
      expect(gradient.data[i]).toBeCloseTo(slope, 8);
    });
  });

  it("is 0 where the mask left nothing", () => {
    const p = real({ S: 2 }, [0, 0]);
    const d = real({ S: 2 }, [3, 4]);
    expect([...apply("softmaxGradient", [p, d], { over: ["S"] }).data]).toEqual([0, 0]);
  });
});

describe("layerNorm", () => {
  it("gives the normal form, the mean and the inverse deviation", () => {
    const x = real({ T: 2, D: 2 }, [1, 3, 5, 5]);
    const gain = real({ D: 2 }, [2, 1]);
    const bias = real({ D: 2 }, [0, 10]);
    const [y, mean, inverse] = evaluate("layerNorm", [x, gain, bias], { over: "D", epsilon: 0.25 });
    expect([...mean!.data]).toEqual([2, 5]);
    expect([...inverse!.data]).toEqual([1 / Math.sqrt(1.25), 2]);
    expect([...y!.data]).toEqual([-2 / Math.sqrt(1.25), 1 / Math.sqrt(1.25) + 10, 0, 10]);
    expect(typeText(mean!.type)).toBe("real [T=2]");
  });

  it("has a gradient that agrees with differences, on any axis", () => {
    const random = randomFrom("layerNorm");
    for (const sizes of [{ D: 3, batch: 2 }, { T: 2, D: 1 }, { D: 5 }, { T: 2, D: 0 }] as const) {
      const x = random.reals(sizes);
      const gain = random.reals({ D: sizes.D });
      const bias = random.reals({ D: sizes.D });
      const d = random.reals(sizes);
      const norm = { over: "D", epsilon: 0.1 };
      const [, mean, inverse] = evaluate("layerNorm", [x, gain, bias], norm);
      const gradient = apply("layerNormGradient", [x, gain, mean!, inverse!, d], { over: "D" });
      const step = 1e-6;
      const value = (y: HostTensor) => {
        const [normal] = evaluate("layerNorm", [y, gain, bias], norm);
        return apply("sum", [apply("mul", [normal!, d], {})], { over: Object.keys(sizes) })
          .data[0]!;
      };
      expectEntries(
        gradient,
        sizes,
        (place) => {
          const at = Object.keys(sizesOf(x)).reduce(
            (n, name) => n * sizesOf(x)[name]! + place[name]!,
            0,
          );
          const moved = (by: number) =>
            value({ ...x, data: Float64Array.from(x.data, (v, i) => (i === at ? v + by : v)) });
          return (moved(step) - moved(-step)) / (2 * step);
        },
        1e-7,
      );
    }
  });

  it("does not let gain or bias bring axes of their own", () => {
    const x = real({ D: 1 }, [1]).type;
    const gain = real({ H: 1, D: 1 }, [1]).type;
    expect(() => inferTypes("layerNorm", [x, gain, x], { over: "D", epsilon: 0 })).toThrow(
      "Axis H of the gain, real [H=1, D=1], is missing in the operand, real [D=1].",
    );
  });
});

describe("attention", () => {
  const attributes = { width: "K", keys: "S", scale: 0.5 };

  it("is scores, a masked softmax and a weighted sum", () => {
    const random = randomFrom("attention");
    for (let round = 0; round < 30; round++) {
      const { batch, T, S, K, H } = {
        batch: random.size(),
        T: random.size(),
        S: random.size(),
        K: random.size(),
        H: random.size(),
      };
      const query = random.reals({ batch, T, H, K });
      const key = random.reals({ batch, S, H, K });
      const value = random.reals({ S, batch, H, K });
      const mask = random.flags({ T, S });
      const [output, probabilities] = evaluate("attention", [query, key, value, mask], attributes);
      expect(typeText(output!.type)).toBe(`real [batch=${batch}, T=${T}, H=${H}, K=${K}]`);
      const scores = apply("contract", [query, key], { over: ["K"] });
      const scaled = apply("mul", [scores, scalar(0.5)], {});
      const weights = apply("softmax", [scaled, mask], { over: ["S"] });
      expectSame(probabilities!, weights);
      expectSame(output!, apply("contract", [weights, value], { over: ["S"] }));
    }
  });

  it("reads nothing where the mask leaves nothing", () => {
    const query = real({ T: 1, K: 1 }, [1]);
    const rows = real({ S: 2, K: 1 }, [NaN, 2]);
    const off = flag({ S: 2 }, [0, 0]);
    const [output, weights] = evaluate(
      "attention",
      [query, rows, real({ S: 2, K: 1 }, [1, 2]), off],
      attributes,
    );
    expect([...output!.data]).toEqual([0]);
    expect([...weights!.data]).toEqual([0, 0]);
  });

  it("counts both products and the softmax", () => {
    const zeros = (sizes: Readonly<Record<string, number>>) =>
      real(sizes, Array(Object.values(sizes).reduce((a, b) => a * b, 1)).fill(0)).type;
    const types = [zeros({ T: 2, K: 3 }), zeros({ S: 5, K: 3 }), zeros({ S: 5, K: 3 })];
    expect(countFlops("attention", types, attributes)).toBe(60 + 60 + 60);
  });

  it("names the part that lacks an axis", () => {
    const query = real({ T: 1, K: 1 }, [1]).type;
    expect(() => inferTypes("attention", [query, query, query], attributes)).toThrow(
      "The key, real [T=1, K=1], has no axis S: its axes are T and K.",
    );
  });
});
