/** Layouts of files against tensors with named axes (rule R8): rename, transpose, reshape, split, join. */
import { hostTensor, type SafeTensor } from "memc/runtime";
import { expect, test } from "vitest";
import { distance, exactDistance } from "../../src/cli/golden/compare.ts";
import { fromFile, LayoutError, toFile } from "../../src/cli/golden/layout.ts";

function file(shape: readonly number[]): SafeTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: "F32", shape, data: Float32Array.from({ length: count }, (_, i) => i) };
}

const type = (axes: Readonly<Record<string, number>>) =>
  hostTensor("real", axes, new Float64Array(Object.values(axes).reduce((a, b) => a * b, 1))).type;

test("a matrix of the file is transposed by naming its axes", () => {
  const [w] = fromFile(file([3, 2]), "F D", [type({ D: 2, F: 3 })]);
  expect(w?.data).toEqual(Float64Array.of(0, 2, 4, 1, 3, 5));
});

test("a merged axis is factored, an axis of one entry dropped", () => {
  const [w] = fromFile(file([1, 4, 2]), "1 (H K) D", [type({ D: 2, H: 2, K: 2 })]);
  expect(w?.data).toEqual(Float64Array.of(0, 2, 4, 6, 1, 3, 5, 7));
});

test("joined tensors are told apart by an axis that none of them has", () => {
  const one = type({ D: 2, H: 1, K: 2 });
  const tensors = fromFile(file([6, 2]), "(P H K) D", [one, one, one]);
  expect(tensors.map(({ data }) => [...data])).toEqual([
    [0, 2, 1, 3],
    [4, 6, 5, 7],
    [8, 10, 9, 11],
  ]);
});

test("tensors of other sizes may be joined along an axis", () => {
  const types = [type({ D: 2, V: 1 }), type({ V: 3, D: 2 })];
  const whole = file([4, 2]);
  const tensors = fromFile(whole, "V:joined D", types);
  expect(tensors.map(({ data }) => [...data])).toEqual([
    [0, 1],
    [2, 3, 4, 5, 6, 7],
  ]);
  expect([...toFile(tensors, "V:joined D", [4, 2])]).toEqual([...whole.data]);
  expect(() => fromFile(file([5, 2]), "V:joined D", types)).toThrow(LayoutError);
});

test("a file may hold the last entries of an axis only", () => {
  const [rows] = fromFile(file([2, 1]), "M:last batch", [type({ batch: 1, M: 4 })]);
  expect(rows?.data).toEqual(Float64Array.of(0, 0, 0, 1));
});

test("what goes in comes out", () => {
  const types = [type({ D: 2, H: 2, K: 2 }), type({ D: 2, H: 2, K: 2 })];
  const whole = file([8, 2]);
  const back = toFile(fromFile(whole, "(P H K) D", types), "(P H K) D", [8, 2]);
  expect(back).toEqual(Float64Array.from(whole.data as Float32Array));
});

test.each([
  ["an axis too many", "T D E", [2, 3]],
  ["an axis too few", "T", [6]],
  ["an axis of another size", "T D", [3, 2]],
  ["an axis named twice", "T T", [2, 3]],
] as const)("%s is an error", (_, layout, shape) => {
  expect(() => fromFile(file(shape), layout, [type({ T: 2, D: 3 })])).toThrow(LayoutError);
});

test("distance is in units of the tolerance; what is not finite is infinitely far", () => {
  const tolerance = { rtol: 0.1, atol: 0.01 };
  expect(distance([1.11], [1], tolerance)).toBeCloseTo(1);
  expect(distance([Number.NaN], [1], tolerance)).toBe(Number.POSITIVE_INFINITY);
  expect(distance([1], [1, 2], tolerance)).toBe(Number.POSITIVE_INFINITY);
  expect(distance([2], [1], { rtol: 10, atol: 0, frobenius: 0.5 })).toBeCloseTo(2);
  expect([exactDistance([3], [3]), exactDistance([3], [4])]).toEqual([0, Number.POSITIVE_INFINITY]);
});
