import { describe, expect, it } from "vitest";
import type { Builder, Tensor } from "../../../src/runtime/builder.ts";
import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import { generator } from "../conformance.ts";
import { type Axes, checkPlan, operatorCounts, planFor, randomTensors } from "./kit.ts";

const engine = createOnnxEngine({ threads: 1 });

const contractOver =
  (...over: readonly string[]) =>
  (g: Builder, a: Tensor, b: Tensor) =>
    g.contract(a, b, { over });

function countsOf(left: Axes, right: Axes, ...over: readonly string[]) {
  const inputs = randomTensors([left, right], 1);
  return operatorCounts(planFor(inputs, contractOver(...over)));
}

describe("A contraction is one product without any transpose", () => {
  it("of activations with a weight of several axes", () => {
    const counts = countsOf({ batch: 2, T: 5, D: 8 }, { D: 8, H: 2, K: 3 }, "D");
    expect(counts).toEqual({ MatMul: 1 });
  });

  it("of a gradient with a weight", () => {
    const counts = countsOf({ batch: 2, T: 5, H: 2, K: 3 }, { D: 8, H: 2, K: 3 }, "H", "K");
    expect(counts).toEqual({ FusedMatMul: 1 });
  });

  it("of activations with a gradient, over all tokens", () => {
    const counts = countsOf({ batch: 2, T: 5, D: 8 }, { batch: 2, T: 5, F: 3 }, "batch", "T");
    expect(counts).toEqual({ FusedMatMul: 1 });
  });

  it("of queries with keys in stacks", () => {
    const counts = countsOf(
      { batch: 2, H: 3, T: 40, K: 32 },
      { batch: 2, H: 3, S: 50, K: 32 },
      "K",
    );
    expect(counts).toEqual({ FusedMatMul: 1 });
  });

  it("whose stacked axes lie inside, up to the order of the result", () => {
    const inputs = randomTensors(
      ["T", "S", "S"].map((rows) => ({ [rows]: 40, H: 3, K: 32 })),
      1,
    );
    const plan = planFor(
      inputs,
      (g, q: Tensor, k: Tensor, v: Tensor) =>
        g.attention(q, k, v, { width: "K", keys: "S", scale: 1 })[0],
    );
    expect(operatorCounts(plan)).toEqual({ FusedMatMul: 2, Softmax: 1, Transpose: 1 });
  });
});

it("A factor that a product is multiplied by is not a pass of its own in attention", () => {
  const inputs = randomTensors(
    [
      { T: 8, K: 4 },
      { S: 8, K: 4 },
      { S: 8, V: 4 },
    ],
    1,
  );
  const plan = planFor(
    inputs,
    (g, q: Tensor, k: Tensor, v: Tensor) =>
      g.attention(q, k, v, { width: "K", keys: "S", scale: 0.5 })[0],
  );
  expect(operatorCounts(plan)).toEqual({ FusedMatMul: 1, Softmax: 1, MatMul: 1 });
});

describe("Contractions of axes in any order agree with the reference", () => {
  const sizes: Axes = { batch: 2, T: 3, H: 4, K: 5, D: 1, S: 7 };

  const shuffled = (axes: readonly string[], random: () => number): string[] =>
    axes
      .map((axis) => [random(), axis] as const)
      .sort(([a], [b]) => a - b)
      .map(([, axis]) => axis);

  it.each(Array.from({ length: 60 }, (_, i) => i + 1))("seed %i", async (seed) => {
    const random = generator(seed);
    // Each axis is shared, summed, on the left, on the right, or nowhere.
    const parts = Object.keys(sizes).map((axis) => ({ axis, part: Math.floor(5 * random()) }));
    const having = (...wanted: readonly number[]) =>
      parts.flatMap(({ axis, part }) => (wanted.includes(part) ? [axis] : []));
    const axesOf = (names: readonly string[]) =>
      Object.fromEntries(shuffled(names, random).map((name) => [name, sizes[name] ?? 1]));
    const left = axesOf(having(0, 1, 2));
    const right = axesOf(having(0, 1, 3));
    const over = shuffled(having(1), random);
    const inputs = randomTensors([left, right], seed);
    // The second product finds the first one's result and its operands as other operations have
    // laid them out.
    const plan = planFor(inputs, (g, a: Tensor, b: Tensor) => {
      const product = g.contract(a, b, { over });
      const again = g.contract(product, g.add(a, 1), { over: having(0, 2) });
      return { product, again, other: g.contract(g.mul(b, 2), product, { over: having(0, 3) }) };
    });
    await checkPlan(await engine, plan, inputs, 2e-5);
  });
});
