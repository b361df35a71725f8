import { describe, expect, it } from "vitest";
import { countFlops, inferTypes, OPEN, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, int, places, randomFrom, read, real, sizesOf } from "./kit.ts";

describe("contract", () => {
  it("is a matrix product over an axis that both sides have", () => {
    const a = real({ T: 2, D: 3 }, [1, 2, 3, 4, 5, 6]);
    const b = real({ D: 3, F: 2 }, [1, 0, 0, 1, 2, 2]);
    const c = apply("contract", [a, b], { over: ["D"] });
    expect(typeText(c.type)).toBe("real [T=2, F=2]");
    expect([...c.data]).toEqual([7, 8, 16, 17]);
  });

  it("aligns the shared axes that are not summed", () => {
    const a = real({ H: 2, K: 2 }, [1, 2, 3, 4]);
    const b = real({ K: 2, H: 2 }, [10, 20, 30, 40]);
    // H = 0: 1 * 10 + 2 * 30; H = 1: 3 * 20 + 4 * 40
    expect([...apply("contract", [a, b], { over: ["K"] }).data]).toEqual([70, 220]);
  });

  it("puts the batch first, wherever it comes from", () => {
    const weight = real({ D: 2, F: 1 }, [1, 10]);
    const x = real({ batch: 2, D: 2 }, [1, 2, 3, 4]);
    const y = apply("contract", [weight, x], { over: ["D"] });
    expect(typeText(y.type)).toBe("real [batch=2, F=1]");
    expect([...y.data]).toEqual([21, 43]);
  });

  it("is a product of all pairs when nothing is summed, and a scalar when everything is", () => {
    const a = real({ I: 2 }, [1, 2]);
    const b = real({ J: 2 }, [3, 5]);
    expect([...apply("contract", [a, b], { over: [] }).data]).toEqual([3, 5, 6, 10]);
    expect([...apply("contract", [a, a], { over: ["I"] }).data]).toEqual([5]);
  });

  it("of ints is int", () => {
    const a = int({ I: 2 }, [2, 3]);
    const c = apply("contract", [a, a], { over: ["I"] });
    expect(c.type.kind).toBe("int");
    expect([...c.data]).toEqual([13]);
  });

  it("does not let a NaN vanish beside a zero", () => {
    const a = real({ I: 2 }, [0, 1]);
    const b = real({ I: 2, J: 5 }, [NaN, Infinity, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect([...apply("contract", [a, b], { over: ["I"] }).data]).toEqual([NaN, NaN, 1, 1, 1]);
  });

  it("agrees with loops over names for any axes, orders and sizes", () => {
    const random = randomFrom("contract");
    for (let round = 0; round < 120; round++) {
      const sizes = Object.fromEntries(
        ["batch", "A", "B", "C", "D"].map((name) => [name, random.size()]),
      );
      const left = random.reals(random.some(sizes));
      const right = random.reals(random.some(sizes));
      const common = Object.keys(sizesOf(left)).filter((name) => name in sizesOf(right));
      const over = random.shuffled(common).filter(() => random.uniform() < 0.6);
      const all = { ...sizesOf(left), ...sizesOf(right) };
      const summed = Object.fromEntries(over.map((name) => [name, sizes[name] as number]));
      const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !over.includes(name)));
      const product = apply("contract", [left, right], { over });
      const slow = (place: Readonly<Record<string, number>>) =>
        places(summed).reduce((sum, at) => {
          const both = { ...place, ...at };
          return sum + read(left, both) * read(right, both);
        }, 0);
      expectEntries(product, kept, slow, 1e-13);
    }
  });

  it("agrees with loops where a matrix spans several panels", () => {
    const random = randomFrom("contract panels");
    const a = random.reals({ I: 3, K: 131 });
    const b = random.reals({ K: 131, J: 517 });
    expectEntries(
      apply("contract", [a, b], { over: ["K"] }),
      { I: 3, J: 517 },
      (at) =>
        places({ K: 131 }).reduce(
          (sum, k) => sum + read(a, { ...at, ...k }) * read(b, { ...at, ...k }),
          0,
        ),
      1e-12,
    );
  });

  it("counts a multiply-add as 2, an open batch as 1", () => {
    const x = {
      kind: "real",
      axes: [
        { name: "batch", size: OPEN },
        { name: "D", size: 3 },
      ],
    } as const;
    const w = real({ D: 3, F: 5 }, Array(15).fill(0)).type;
    expect(countFlops("contract", [x, w], { over: ["D"] })).toBe(2 * 3 * 5);
    expect(inferTypes("contract", [x, w], { over: ["D"] }).map(typeText)).toEqual([
      "real [batch, F=5]",
    ]);
  });

  it("says which axis is missing, and which sizes disagree", () => {
    const a = real({ T: 1, D: 2 }, [1, 2]).type;
    const b = real({ F: 1 }, [1]).type;
    const c = real({ D: 3 }, [1, 2, 3]).type;
    expect(() => inferTypes("contract", [a, b], { over: ["D"] })).toThrow(
      "The right factor, real [F=1], has no axis D: its axes are F.",
    );
    expect(() => inferTypes("contract", [a, c], { over: ["D"] })).toThrow(
      "Axis D has 2 entries in the left factor, real [T=1, D=2], but 3 entries in the right " +
        "factor, real [D=3].",
    );
    expect(() => inferTypes("contract", [a, a], { over: ["D", "D"] })).toThrow(
      "Axis D is listed twice.",
    );
  });
});
