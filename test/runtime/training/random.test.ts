import { describe, expect, it } from "vitest";
import {
  drawTensor,
  hashAddress,
  philox4x32,
  RandomWords,
} from "../../../src/runtime/training/random.ts";

const uniform = { kind: "uniform" } as const;
const place = { step: 3, segment: 1, address: "layer[2].dropout.u" };

describe("philox4x32", () => {
  // The vectors published with the paper's reference implementation (Random123, kat_vectors, philox4x32 10 rounds).
  it.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ] as const)("gives the published words for counter $counter", ({ counter, key, words }) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });
});

describe("hashAddress", () => {
  it("is 64-bit FNV-1a", () => {
    expect(hashAddress("")).toEqual([0x84222325, 0xcbf29ce4]);
    expect(hashAddress("a")).toEqual([0x8601ec8c, 0xaf63dc4c]);
  });
});

describe("drawTensor", () => {
  const declaration = { axes: { T: 5, D: 3 }, distribution: uniform, shared: false };

  it("has the batch first and repeats exactly", () => {
    const drawn = drawTensor(declaration, 1, place, 2);
    expect(drawn.type).toEqual({
      kind: "real",
      axes: [
        { name: "batch", size: 2 },
        { name: "T", size: 5 },
        { name: "D", size: 3 },
      ],
    });
    expect(drawTensor(declaration, 1, place, 2)).toEqual(drawn);
  });

  it("gives an example the same numbers in any batch", () => {
    const small = drawTensor(declaration, 1, place, 1).data;
    expect(drawTensor(declaration, 1, place, 4).data.slice(0, 15)).toEqual(small);
  });

  it("changes with seed, step, segment, address and example", () => {
    const two = drawTensor(declaration, 1, place, 2).data;
    const others = [
      two.slice(15),
      drawTensor(declaration, 2, place, 1).data,
      drawTensor(declaration, 1, { ...place, step: 4 }, 1).data,
      drawTensor(declaration, 1, { ...place, segment: 2 }, 1).data,
      drawTensor(declaration, 1, { ...place, address: "layer[3].dropout.u" }, 1).data,
    ];
    for (const other of others) expect(other).not.toEqual(two.slice(0, 15));
  });

  it("draws once for the whole batch when shared", () => {
    const shared = drawTensor({ ...declaration, shared: true }, 1, place, 7);
    expect(shared.type.axes.map((axis) => axis.name)).toEqual(["T", "D"]);
    expect(drawTensor({ ...declaration, shared: true }, 1, place, 2)).toEqual(shared);
  });

  it("accepts scalars, empty axes and an odd count of normals", () => {
    const normal = { kind: "normal" } as const;
    const draw = (axes: Record<string, number>) =>
      drawTensor({ axes, distribution: normal, shared: false }, 1, place, 1).data;
    expect(draw({}).length).toBe(1);
    expect(draw({ T: 0 }).length).toBe(0);
    expect(draw({ T: 7 })).toEqual(draw({ T: 8 }).slice(0, 7));
  });

  it("gives flags for bernoulli and ints for integer", () => {
    const flags = drawTensor(
      { axes: { T: 9 }, distribution: { kind: "bernoulli", probability: 0 }, shared: true },
      1,
      place,
      1,
    );
    expect(flags).toEqual({
      type: { kind: "flag", axes: [{ name: "T", size: 9 }] },
      data: new Uint8Array(9),
    });
    const ints = drawTensor(
      { axes: { T: 1000 }, distribution: { kind: "integer", below: 7 }, shared: true },
      1,
      place,
      1,
    );
    expect(ints.type.kind).toBe("int");
    expect(new Set(ints.data)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
  });
});

describe("distributions", () => {
  const seed = 20111;
  const count = 40_000;
  const words = (address: string) => new RandomWords(seed, { step: 0, segment: 0, address }, 0);
  const moments = (numbers: readonly number[]) => {
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
    return { mean, variance };
  };

  it(`uniform: multiples of 2^-24 in [0, 1), flat (seed ${seed})`, () => {
    const generator = words("uniform");
    const numbers = Array.from({ length: count }, () => generator.uniform());
    expect(numbers.every((x) => x >= 0 && x < 1 && Math.fround(x) === x)).toBe(true);
    const { mean, variance } = moments(numbers);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    const bins = new Array<number>(64).fill(0);
    for (const x of numbers) bins[Math.floor(x * 64)] = (bins[Math.floor(x * 64)] ?? 0) + 1;
    const expected = count / 64;
    const chiSquare = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 63 degrees of freedom: mean 63, deviation 11.2; five deviations.
    expect(chiSquare).toBeLessThan(63 + 5 * 11.3);
  });

  it(`normal: mean 0, variance 1, kurtosis 3, pairs uncorrelated (seed ${seed})`, () => {
    const generator = words("normal");
    const pairs = Array.from({ length: count / 2 }, () => generator.normalPair());
    const numbers = pairs.flat();
    const { mean, variance } = moments(numbers);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(moments(numbers.map((x) => x ** 2)).variance - 2)).toBeLessThan(0.2);
    const correlation = pairs.reduce((sum, [a, b]) => sum + a * b, 0) / pairs.length;
    expect(Math.abs(correlation)).toBeLessThan(0.03);
  });

  it(`permutation: every order of three about equally often (seed ${seed})`, () => {
    const generator = words("permutation");
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = generator.permutation(3).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(150);
  });
});
