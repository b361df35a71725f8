import { describe, expect, it } from "vitest";
import { countFlops, inferTypes, typeText } from "../../src/ops/index.ts";
import {
  apply,
  expectEntries,
  flag,
  int,
  type Place,
  places,
  randomFrom,
  read,
  real,
  sizesOf,
} from "./kit.ts";

describe("reductions", () => {
  const x = real({ T: 2, D: 3 }, [1, 2, 3, 4, 5, 6]);

  it("drop the axes they go over", () => {
    expect([...apply("sum", [x], { over: ["T"] }).data]).toEqual([5, 7, 9]);
    expect([...apply("mean", [x], { over: ["D"] }).data]).toEqual([2, 5]);
    expect([...apply("max", [x], { over: ["D", "T"] }).data]).toEqual([6]);
    expect([...apply("min", [x], { over: [] }).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("leave masked entries out, whatever they hold", () => {
    const y = real({ T: 2, D: 3 }, [1, NaN, 3, NaN, NaN, NaN]);
    const mask = flag({ T: 2, D: 3 }, [1, 0, 1, 0, 0, 0]);
    const over = { over: ["D"] };
    expect([...apply("sum", [y, mask], over).data]).toEqual([4, 0]);
    expect([...apply("mean", [y, mask], over).data]).toEqual([2, 0]);
    expect([...apply("max", [y, mask], over).data]).toEqual([3, -Infinity]);
    expect([...apply("min", [y, mask], over).data]).toEqual([1, Infinity]);
    expect([...apply("argmax", [y, mask], { over: "D" }).data]).toEqual([2, 0]);
    const [some, none] = apply("logsumexp", [y, mask], over).data;
    expect(some).toBeCloseTo(Math.log(Math.E + Math.exp(3)), 14);
    expect(none).toBe(-Infinity);
    const weights = apply("softmax", [y, mask], over).data;
    expect(weights[1]).toBe(0);
    expect((weights[0] as number) + (weights[2] as number)).toBeCloseTo(1, 15);
    expect([...weights.subarray(3)]).toEqual([0, 0, 0]);
  });

  it("give what nothing gives on an axis without entries", () => {
    const none = real({ T: 2, D: 0 }, []);
    const over = { over: ["D"] };
    expect([...apply("sum", [none], over).data]).toEqual([0, 0]);
    expect([...apply("mean", [none], over).data]).toEqual([0, 0]);
    expect([...apply("max", [none], over).data]).toEqual([-Infinity, -Infinity]);
    expect([...apply("logsumexp", [none], over).data]).toEqual([-Infinity, -Infinity]);
    expect([...apply("argmax", [none], { over: "D" }).data]).toEqual([0, 0]);
    expect(apply("softmax", [none], over).data).toHaveLength(0);
    const noInts = int({ D: 0 }, []);
    expect([...apply("max", [noInts], over).data]).toEqual([-(2 ** 31)]);
    expect([...apply("min", [noInts], over).data]).toEqual([2 ** 31 - 1]);
    const noFlags = flag({ D: 0 }, []);
    expect([...apply("any", [noFlags], over).data]).toEqual([0]);
    expect([...apply("all", [noFlags], over).data]).toEqual([1]);
  });

  it("count flags, and average ints to a real number", () => {
    const count = apply("sum", [flag({ I: 3 }, [1, 0, 1])], { over: ["I"] });
    expect([count.type.kind, ...count.data]).toEqual(["int", 2]);
    const mean = apply("mean", [int({ I: 2 }, [1, 2])], { over: ["I"] });
    expect([mean.type.kind, ...mean.data]).toEqual(["real", 1.5]);
  });

  it("do not overflow where exp would", () => {
    const large = real({ I: 2 }, [1000, 1000]);
    expect([...apply("logsumexp", [large], { over: ["I"] }).data]).toEqual([1000 + Math.LN2]);
    expect([...apply("softmax", [large], { over: ["I"] }).data]).toEqual([0.5, 0.5]);
    const infinite = real({ J: 2, I: 2 }, [-Infinity, -Infinity, Infinity, 0]);
    expect([...apply("logsumexp", [infinite], { over: ["I"] }).data]).toEqual([
      -Infinity,
      Infinity,
    ]);
  });

  it("hand a NaN on, except argmax, which takes it last", () => {
    const y = real({ I: 3 }, [NaN, 1, 1]);
    for (const op of ["sum", "mean", "max", "min", "logsumexp"] as const) {
      expect([...apply(op, [y], { over: ["I"] }).data], op).toEqual([NaN]);
    }
    expect([...apply("argmax", [y], { over: "I" }).data]).toEqual([1]);
    expect([...apply("argmax", [real({ I: 2 }, [NaN, NaN])], { over: "I" }).data]).toEqual([0]);
    const mask = flag({ I: 2 }, [0, 1]);
    expect([...apply("argmax", [real({ I: 2 }, [5, NaN]), mask], { over: "I" }).data]).toEqual([1]);
  });

  it("gain the axes of a mask that the operand lacks", () => {
    const causal = flag({ Q: 2, D: 3 }, [1, 0, 0, 1, 1, 0]);
    const sums = apply("sum", [x, causal], { over: ["D"] });
    expect(typeText(sums.type)).toBe("real [T=2, Q=2]");
    expect([...sums.data]).toEqual([1, 3, 4, 9]);
  });

  it("agree with loops over names for any axes, orders, masks and sizes", () => {
    const random = randomFrom("reductions");
    const folds = {
      sum: (list: number[]) => list.reduce((a, b) => a + b, 0),
      mean: (list: number[]) =>
        list.length === 0 ? 0 : list.reduce((a, b) => a + b, 0) / list.length,
      max: (list: number[]) => Math.max(...list),
      min: (list: number[]) => Math.min(...list),
      logsumexp: (list: number[]) => Math.log(list.reduce((sum, v) => sum + Math.exp(v), 0)),
    };
    for (let round = 0; round < 100; round++) {
      const sizes = Object.fromEntries(
        ["batch", "A", "B", "C", "D"].map((name) => [name, random.size()]),
      );
      const y = random.reals(random.some(sizes));
      const over = random.shuffled(Object.keys(sizesOf(y))).filter(() => random.uniform() < 0.5);
      const mask = random.uniform() < 0.5 ? random.flags(random.some(sizes)) : undefined;
      const inputs = mask === undefined ? [y] : [y, mask];
      const all: Place = { ...sizesOf(y), ...(mask === undefined ? {} : sizesOf(mask)) };
      const kept = Object.fromEntries(Object.entries(all).filter(([name]) => !over.includes(name)));
      const along = Object.fromEntries(over.map((name) => [name, sizes[name] as number]));
      const left = (at: Place) =>
        places(along)
          .map((inner) => ({ ...at, ...inner }))
          .filter((place) => mask === undefined || read(mask, place) === 1)
          .map((place) => read(y, place));
      for (const [op, fold] of Object.entries(folds)) {
        const found = apply(op as keyof typeof folds, inputs, { over });
        expectEntries(found, kept, (at) => fold(left(at)), 1e-13);
      }
      expectEntries(
        apply("softmax", inputs, { over }),
        all,
        (at) => {
          if (mask !== undefined && read(mask, at) === 0) return 0;
          return Math.exp(read(y, at)) / left(at).reduce((sum, v) => sum + Math.exp(v), 0);
        },
        1e-13,
      );
    }
  });

  it("name the axis that is missing", () => {
    expect(() => inferTypes("sum", [x.type], { over: ["S"] })).toThrow(
      "The operand, real [T=2, D=3], has no axis S: its axes are T and D.",
    );
    expect(() => inferTypes("softmax", [x.type, x.type], { over: ["D"] })).toThrow(
      "The mask is real [T=2, D=3] where a flag is needed",
    );
    expect(() => inferTypes("mean", [flag({}, [1]).type], { over: [] })).toThrow(
      "The operand is flag where numbers are needed",
    );
  });

  it("cost one operation an entry, softmax five", () => {
    expect(countFlops("sum", [x.type], { over: ["D"] })).toBe(6);
    expect(countFlops("softmax", [x.type], { over: ["D"] })).toBe(30);
  });
});

describe("cumsum", () => {
  it("includes the entry itself, from either end", () => {
    const x = real({ T: 3, D: 2 }, [1, 10, 2, 20, 3, 30]);
    const sums = apply("cumsum", [x], { over: "T" });
    expect(typeText(sums.type)).toBe("real [T=3, D=2]");
    expect([...sums.data]).toEqual([1, 10, 3, 30, 6, 60]);
    expect([...apply("cumsum", [x], { over: "T", reverse: true }).data]).toEqual([
      6, 60, 5, 50, 3, 30,
    ]);
  });

  it("of ints is int, and of nothing nothing", () => {
    expect(apply("cumsum", [int({ T: 2 }, [1, 2])], { over: "T" }).type.kind).toBe("int");
    expect(apply("cumsum", [real({ T: 0 }, [])], { over: "T" }).data).toHaveLength(0);
  });
});
