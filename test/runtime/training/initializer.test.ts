import { describe, expect, it } from "vitest";
import type { Axes, Initializer, ParameterDeclaration } from "../../../src/runtime/index.ts";
import {
  InitializerError,
  initialParameter,
  initialParameters,
} from "../../../src/runtime/training/initializer.ts";

const seed = 42;
const start = (axes: Axes, initializer: Initializer, inAxes?: number) => {
  const declaration: ParameterDeclaration =
    inAxes === undefined ? { axes, start: initializer } : { axes, inAxes, start: initializer };
  return [...initialParameter(declaration, "p", seed).data];
};
const deviation = (numbers: readonly number[]) =>
  Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);

describe("initialisers", () => {
  it("constant, and scalars and empty axes", () => {
    expect(start({ D: 3 }, { kind: "constant", value: 2 })).toEqual([2, 2, 2]);
    expect(start({}, { kind: "constant", value: -1 })).toEqual([-1]);
    expect(start({ D: 0 }, { kind: "normal", mean: 0, deviation: 1 })).toEqual([]);
  });

  it(`normal and uniform (seed ${seed})`, () => {
    const normal = start({ D: 9999 }, { kind: "normal", mean: 0, deviation: 0.02 });
    expect(deviation(normal)).toBeCloseTo(0.02, 3);
    const uniform = start({ D: 9999 }, { kind: "uniform", low: 1, high: 3 });
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...uniform)).toBeLessThan(3);
    expect(Math.max(...uniform)).toBeGreaterThan(2.99);
  });

  it("takes fans from the two sides of the arrow", () => {
    const axes = { D: 40, H: 5, K: 12 };
    const bound = (numbers: readonly number[]) => Math.max(...numbers.map(Math.abs));
    const glorot = Math.sqrt(6 / (40 + 60));
    expect(bound(start(axes, { kind: "glorot" }, 1))).toBeLessThanOrEqual(Math.fround(glorot));
    expect(bound(start(axes, { kind: "glorot" }, 1))).toBeGreaterThan(0.99 * glorot);
    expect(bound(start(axes, { kind: "uniform_fan" }, 2))).toBeLessThanOrEqual(1 / Math.sqrt(200));
    expect(deviation(start(axes, { kind: "normal_fan" }, 2))).toBeCloseTo(1 / Math.sqrt(200), 2);
  });

  it.each([
    [7, 4],
    [4, 7],
    [5, 5],
    [1, 3],
  ])("orthogonal [%i, %i]: rows or columns are orthonormal", (rows, columns) => {
    const w = start({ A: rows, B: columns }, { kind: "orthogonal" }, 1);
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    const at = (i: number, j: number) =>
      w[rows >= columns ? j * columns + i : i * columns + j] ?? 0;
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let product = 0;
        for (let j = 0; j < length; j++) product += at(a, j) * at(b, j);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 6);
      }
    }
  });

  it("computes a start expression in the declared order of axes, repeated where it lacks one", () => {
    const slope: Initializer = {
      kind: "computed",
      compute: (g) => {
        const i = g.index({ axis: "A", size: 3 });
        return g.add(i, g.mul(g.index({ axis: "B", size: 2 }), 10));
      },
    };
    expect(start({ A: 3, B: 2 }, slope)).toEqual([0, 10, 1, 11, 2, 12]);
    expect(start({ B: 2, A: 3 }, slope)).toEqual([0, 1, 2, 10, 11, 12]);
    expect(start({ C: 2, B: 2, A: 3 }, slope)).toEqual([0, 1, 2, 10, 11, 12, 0, 1, 2, 10, 11, 12]);
    expect(() => start({ A: 3 }, slope)).toThrow(InitializerError);
    expect(() => start({ A: 4, B: 2 }, slope)).toThrow(InitializerError);
  });

  it("refuses fans without an arrow", () => {
    expect(() => start({ D: 2 }, { kind: "glorot" })).toThrow(/Parameter p starts glorot/);
  });

  it("keys numbers by address: other parameters do not matter, copies differ, float32 holds all", () => {
    const W: ParameterDeclaration = {
      axes: { D: 4 },
      start: { kind: "normal", mean: 0, deviation: 1 },
    };
    const few = initialParameters({ parameters: { "layer[*2].W": W } }, seed);
    const many = initialParameters({ parameters: { a: W, "layer[*3].W": W } }, seed);
    expect([...many.keys()]).toEqual(["a", "layer[0].W", "layer[1].W", "layer[2].W"]);
    expect(many.get("layer[1].W")).toEqual(few.get("layer[1].W"));
    expect(few.get("layer[0].W")).not.toEqual(few.get("layer[1].W"));
    for (const { data } of many.values()) {
      for (const x of data) expect(Math.fround(x)).toBe(x);
    }
  });
});
