import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../src/ops/index.ts";
import { evaluate, hostTensor, inferTypes, OPEN, typeText } from "../../src/ops/index.ts";
import { apply, expectEntries, type Place, places, randomFrom, read, real, tensor } from "./kit.ts";

const one = (place: Place, a: string, b: string) => (place[a] === place[b] ? 1 : 0);

describe("solve", () => {
  const solve = { row: "N", column: "M" };

  it("puts the column axis in the place of the row axis", () => {
    const m = real({ N: 2, M: 2 }, [0, 2, 1, 0]);
    const b = real({ L: 1, N: 2 }, [4, 3]);
    const x = apply("solve", [m, b], solve);
    expect(typeText(x.type)).toBe("real [L=1, M=2]");
    expect([...x.data]).toEqual([3, 2]);
  });

  it("solves stacks of systems, with the axes of either side", () => {
    const random = randomFrom("solve");
    for (const n of [1, 2, 5, 13]) {
      const m = tensor("real", { A: 2, M: n, C: 2, N: n }, (at) => {
        return random.uniform() + 3 * one(at, "N", "M");
      });
      const b = random.reals({ C: 2, L: 3, N: n });
      const x = apply("solve", [m, b], solve);
      expect(typeText(x.type)).toBe(`real [C=2, L=3, M=${n}, A=2]`);
      const back = apply("contract", [m, x], { over: ["M"] });
      expectEntries(back, { A: 2, C: 2, N: n, L: 3 }, (at) => read(b, at), 1e-11);
    }
  });

  it("of nothing is nothing", () => {
    const x = apply("solve", [real({ N: 0, M: 0 }, []), real({ N: 0, L: 2 }, [])], solve);
    expect(typeText(x.type)).toBe("real [M=0, L=2]");
  });

  it("does not take a badly scaled system for a singular one", () => {
    const m = real({ N: 2, M: 2 }, [1, 0, 0, 2 ** -100]);
    const b = real({ N: 2 }, [1, 1]);
    expect([...apply("solve", [m, b], solve).data]).toEqual([1, 2 ** 100]);
  });

  it("refuses a singular system, one that is not square, a clash of axes", () => {
    const singular = real({ N: 3, M: 3 }, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const b = real({ N: 3 }, [1, 1, 1]);
    expect(() => apply("solve", [singular, b], solve)).toThrow(
      "The matrix real [N=3, M=3] is singular: its rows along N are not independent.",
    );
    const wide = real({ N: 3, M: 1 }, [1, 2, 3]).type;
    expect(() => inferTypes("solve", [wide, b.type], solve)).toThrow(
      "The matrix must be square, but N has 3 entries and M 1.",
    );
    expect(() => inferTypes("solve", [singular.type, singular.type], solve)).toThrow(
      "has the axis M that the solution gets",
    );
  });

  it("hands NaN on", () => {
    const m = real({ N: 2, M: 2 }, [1, NaN, 0, 1]);
    expect([...apply("solve", [m, real({ N: 2 }, [1, 1])], solve).data]).toEqual([NaN, NaN]);
  });
});

/** Checks a singular value decomposition of m [I, J] against its definition. */
function expectSvd(m: HostTensor, rows: number, columns: number): HostTensor {
  const [value, left, right] = evaluate("svd", [m], { row: "I", column: "J", into: "R" });
  const rank = Math.min(rows, columns);
  expect(typeText(value!.type)).toBe(`real [R=${rank}]`);
  expect(typeText(left!.type)).toBe(`real [I=${rows}, R=${rank}]`);
  expect(typeText(right!.type)).toBe(`real [R=${rank}, J=${columns}]`);
  const scaled = apply("mul", [left!, value!], {});
  const back = apply("contract", [scaled, right!], { over: ["R"] });
  expectEntries(back, { I: rows, J: columns }, (at) => read(m, at), 1e-13);
  for (const [vectors, along] of [[left!, "I"] as const, [right!, "J"] as const]) {
    const other = apply("rename", [vectors], { names: { R: "S" } });
    const products = apply("contract", [vectors, other], { over: [along] });
    expectEntries(products, { R: rank, S: rank }, (at) => one(at, "R", "S"), 1e-13);
  }
  const sorted = [...value!.data].sort((a, b) => b - a);
  expect([...value!.data]).toEqual(sorted);
  for (let R = 0; R < rank; R++) {
    const entries = places({ I: rows }).map((at) => read(left!, { ...at, R }));
    const largest = Math.max(...entries.map(Math.abs));
    expect(entries.find((x) => Math.abs(x) > largest * (1 - 1e-9))).toBeGreaterThan(0);
  }
  return value!;
}

describe("svd", () => {
  it("of a diagonal matrix sorts its entries", () => {
    const value = expectSvd(real({ I: 2, J: 2 }, [3, 0, 0, -5]), 2, 2);
    expect([...value.data]).toEqual([5, 3]);
  });

  it("is orthonormal, descending and exact for any shape", () => {
    const random = randomFrom("svd");
    for (const [rows, columns] of [
      [1, 1],
      [1, 4],
      [4, 1],
      [3, 3],
      [7, 4],
      [4, 7],
      [13, 11],
      [0, 3],
    ] as const) {
      expectSvd(random.reals({ I: rows, J: columns }), rows, columns);
    }
  });

  it("completes the vectors of singular values that are 0", () => {
    expectSvd(real({ I: 3, J: 3 }, [1, 2, 3, 2, 4, 6, 3, 6, 9]), 3, 3);
    expectSvd(real({ I: 2, J: 4 }, Array(8).fill(0)), 2, 4);
    expectSvd(real({ I: 4, J: 3 }, [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]), 4, 3);
  });

  it("is taken of each matrix of a stack, and of huge or NaN entries", () => {
    const stack = real({ batch: 2, I: 1, J: 1 }, [3, -4]);
    const [value, left, right] = evaluate("svd", [stack], { row: "I", column: "J", into: "R" });
    expect(typeText(value!.type)).toBe("real [batch=2, R=1]");
    expect([value!, left!, right!].map(({ data }) => [...data])).toEqual([
      [3, 4],
      [1, 1],
      [1, -1],
    ]);
    const attributes = { row: "I", column: "J", into: "R" };
    const [huge] = evaluate("svd", [real({ I: 1, J: 2 }, [3e200, 4e200])], attributes);
    expect(huge!.data[0]! / 5e200).toBeCloseTo(1, 14);
    const [nan] = evaluate("svd", [real({ I: 1, J: 1 }, [NaN])], attributes);
    expect([...nan!.data]).toEqual([NaN]);
  });

  it("needs two axes of known size", () => {
    const m = real({ I: 1, J: 1 }, [1]).type;
    const svd = { row: "I", column: "I", into: "R" };
    expect(() => inferTypes("svd", [m], svd)).toThrow("Axis I is listed twice.");
    const open = { kind: "real", axes: [...m.axes, { name: "batch", size: OPEN }] } as const;
    expect(() => inferTypes("svd", [open], { ...svd, column: "batch" })).toThrow(
      "The size of axis batch of a matrix must be known.",
    );
  });
});

describe("eigh", () => {
  const eigh = { row: "I", column: "J", into: "R" };

  it("gives ascending values and vectors with a positive largest entry", () => {
    const [value, vector] = evaluate("eigh", [real({ I: 2, J: 2 }, [2, -1, -1, 2])], eigh);
    expect(value!.data[0]).toBeCloseTo(1, 14);
    expect(value!.data[1]).toBeCloseTo(3, 14);
    expectEntries(
      vector!,
      { I: 2, R: 2 },
      ({ I, R }) => (R === 1 && I === 1 ? -1 : 1) * Math.SQRT1_2,
      1e-14,
    );
  });

  it("takes a symmetric matrix apart and together again", () => {
    const random = randomFrom("eigh");
    for (const n of [0, 1, 2, 5, 12]) {
      const half = random.reals({ I: n, J: n });
      const m = tensor("real", { I: n, J: n }, ({ I, J }) => {
        return read(half, { I: I!, J: J! }) + read(half, { I: J!, J: I! });
      });
      const [value, vector] = evaluate("eigh", [m], eigh);
      expect([...value!.data]).toEqual([...value!.data].sort((a, b) => a - b));
      const right = apply("rename", [vector!], { names: { I: "J" } });
      const scaled = apply("mul", [vector!, value!], {});
      const back = apply("contract", [scaled, right], { over: ["R"] });
      expectEntries(back, { I: n, J: n }, (at) => read(m, at), 1e-13);
      const other = apply("rename", [vector!], { names: { R: "S" } });
      const products = apply("contract", [vector!, other], { over: ["I"] });
      expectEntries(products, { R: n, S: n }, (at) => one(at, "R", "S"), 1e-13);
    }
  });

  it("uses the symmetric part, and hands NaN on", () => {
    const lopsided = hostTensor("real", { I: 2, J: 2 }, [1, 4, 0, 1]);
    const [value] = evaluate("eigh", [lopsided], eigh);
    expect(value!.data[0]).toBeCloseTo(-1, 14);
    expect(value!.data[1]).toBeCloseTo(3, 14);
    const [nan] = evaluate("eigh", [real({ I: 1, J: 1 }, [NaN])], eigh);
    expect([...nan!.data]).toEqual([NaN]);
  });
});
