import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../../src/ops/index.ts";
import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import type { Plan } from "../../../src/runtime/plan.ts";
import { checkPlan, operatorCounts, randomTensors } from "./kit.ts";
import { transformerBlock } from "./transformer-block.ts";

const engine = createOnnxEngine({ threads: 1 });

function inputsOf({ inputs, values }: Plan, seed: number): HostTensor[] {
  const axes = inputs.map(({ value }) =>
    Object.fromEntries((values[value]?.axes ?? []).map(({ name, size }) => [name, size])),
  );
  return randomTensors(axes, seed);
}

describe("A transformer block with its backward sweep", () => {
  const sizes = { batch: 4, T: 16, D: 32, H: 4, F: 64 };
  const counts = operatorCounts(transformerBlock(sizes));

  it("transposes only what heads need: query, key, value and output, and their gradients", () => {
    expect(counts.Transpose).toBe(8);
  });

  it("makes one product of each contraction, and of each bias gradient", () => {
    const products = ["MatMul", "FusedMatMul", "Gemm"].map((op) => counts[op] ?? 0);
    // Forward 3 + 2 + 1 + 2, backward two for each of these; two biases and two norms.
    expect(products.reduce((a, b) => a + b)).toBe(8 + 16 + 6);
  });

  it("cuts heads from and joins them to a row-major tensor without other changes of shape", () => {
    expect(counts.Reshape).toBeLessThanOrEqual(8);
  });

  it("never repeats entries in memory", () => {
    expect(counts.Expand).toBeUndefined();
  });

  it.each([
    { batch: 2, T: 5, D: 12, H: 3, F: 7 },
    { batch: 1, T: 7, D: 6, H: 2, F: 11 },
    { batch: 3, T: 1, D: 4, H: 1, F: 5 },
    { batch: 2, T: 3, D: 4, H: 4, F: 1 },
  ])("agrees with the reference: $batch examples, $T tokens, $H heads", async (of) => {
    const plan = transformerBlock(of);
    await checkPlan(await engine, plan, inputsOf(plan, 11), 1e-4);
  });
});
