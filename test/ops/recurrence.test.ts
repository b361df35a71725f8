import { describe, expect, it } from "vitest";
import { inferTypes, scalar, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, int, type Place, randomFrom, read, real, sizesOf } from "./kit.ts";

describe("linearScan", () => {
  it("gives every step after its update", () => {
    const a = real({ T: 3 }, [0.5, 0.5, 0]);
    const b = real({ T: 3 }, [1, 1, 1]);
    expect([...apply("linearScan", [a, b, scalar(2)], { over: "T" }).data]).toEqual([2, 2, 1]);
  });

  it("aligns factor, increment and start, one of the first two with the axis", () => {
    const decay = real({ D: 2 }, [0, 1]);
    const x = int({ batch: 1, T: 2 }, [1, 2]);
    const y = apply("linearScan", [decay, x, scalar(5, "int")], { over: "T" });
    expect(typeText(y.type)).toBe("real [batch=1, D=2, T=2]");
    expect([...y.data]).toEqual([1, 2, 6, 8]);
    const counter = apply("linearScan", [scalar(1, "int"), x, scalar(0, "int")], { over: "T" });
    expect([counter.type.kind, ...counter.data]).toEqual(["int", 1, 3]);
  });

  it("agrees with a recursion over names", () => {
    const random = randomFrom("linearScan");
    for (let round = 0; round < 60; round++) {
      const T = random.size();
      const sizes = { batch: random.size(), H: random.size(), K: random.size() };
      const a = random.reals({ ...random.some(sizes), T });
      const b = random.reals({ T, ...random.some(sizes) });
      const start = random.reals(random.some(sizes));
      const y = apply("linearScan", [a, b, start], { over: "T" });
      const step = (at: Place, t: number): number => {
        if (t < 0) return read(start, at);
        const now = { ...at, T: t };
        return read(a, now) * step(at, t - 1) + read(b, now);
      };
      const shape = { ...sizesOf(a), ...sizesOf(b), ...sizesOf(start) };
      expectEntries(y, shape, (at) => step(at, at.T!));
    }
  });

  it("needs the axis in the steps and not in the start", () => {
    const x = real({ T: 1 }, [1]).type;
    const s = scalar(0).type;
    expect(() => inferTypes("linearScan", [x, x, x], { over: "T" })).toThrow(
      "The start of a linear scan over T must lack that axis: it is real [T=1].",
    );
    expect(() => inferTypes("linearScan", [s, s, s], { over: "T" })).toThrow(
      "The increment, real, has no axis T: it is a scalar.",
    );
  });
});
