import { describe, expect, it } from "vitest";
import { hostTensor, type TensorType } from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import { diagnose } from "../../src/runtime/diagnose.ts";
import { createReferenceEngine, referenceEngine } from "../../src/runtime/reference.ts";
import { type StagedFunction, stage } from "../../src/runtime/stage.ts";

const T: TensorType = { kind: "real", axes: [{ name: "T", size: 3 }] };
const vector = (...entries: number[]) => hostTensor("real", { T: 3 }, entries);
const planOf = (
  body: (g: Builder, ...x: Tensor[]) => unknown,
  types: readonly TensorType[] = [T],
) => stage("segment", body as StagedFunction, types, { trace: true }).plan;

describe("The reference engine", () => {
  it("computes in float64", async () => {
    const executable = await referenceEngine.compile(planOf((g, a) => g.div(a, 3)));
    const [y] = await executable.run([referenceEngine.upload(vector(1, 2, 1e300))]);
    expect(y && [...referenceEngine.download(y).data]).toEqual([1 / 3, 2 / 3, 1e300 / 3]);
  });

  it("hands back an input, a constant, and one value twice", async () => {
    const plan = planOf((g, a) => [a, g.index({ axis: "T", size: 3 }), g.neg(a), g.neg(a)]);
    const executable = await referenceEngine.compile(plan);
    const x = referenceEngine.upload(vector(1, 2, 3));
    const [same, index, negative, again] = await executable.run([x]);
    expect(same && [...referenceEngine.download(same).data]).toEqual([1, 2, 3]);
    expect(index && [...referenceEngine.download(index).data]).toEqual([0, 1, 2]);
    expect(negative && [...referenceEngine.download(negative).data]).toEqual([-1, -2, -3]);
    expect(again && [...referenceEngine.download(again).data]).toEqual([-1, -2, -3]);
    expect([...referenceEngine.download(x).data]).toEqual([1, 2, 3]);
  });

  it("frees every value after its last use", async () => {
    const chain = planOf((g, a) => {
      let y = a;
      for (let i = 0; i < 20; i++) y = g.exp(g.neg(y));
      return y;
    });
    const executable = await createReferenceEngine().compile(chain);
    await executable.run([referenceEngine.upload(vector(0, 0, 0))]);
    expect(executable.peakBytes).toBe(3 * 3 * 8); // the input, one operand and its result
  });

  it("refuses tensors that the plan does not take", async () => {
    const executable = await referenceEngine.compile(planOf((g, a) => g.exp(a)));
    await expect(executable.run([])).rejects.toThrow("1 inputs, but 0 tensors");
    const wrong = referenceEngine.upload(hostTensor("real", { S: 3 }, [1, 2, 3]));
    await expect(executable.run([wrong])).rejects.toThrow("is real [T=3], not real [S=3]");
    const foreign = { type: T };
    await expect(executable.run([foreign])).rejects.toThrow("another engine");
  });
});

describe("Diagnosis of numbers that are not finite", () => {
  function attention(g: Builder, a: Tensor) {
    return g.log(a);
  }

  it("names the first operation that makes a NaN, and the calls that led to it", () => {
    const plan = planOf((g, a) => g.exp(attention(g, g.neg(a))));
    const found = diagnose(plan, [vector(1, -1, 2)]);
    expect(found?.problem).toBe("nan");
    expect(found?.at).toMatchObject({ kind: "node", index: 1 });
    expect(found?.message).toMatch(/a NaN is log, called by attention \(reference\.test\.ts:\d+\)/);
  });

  it("names the infinity that a NaN comes of", () => {
    const plan = planOf((g, a) => {
      const large = g.exp(a);
      return g.sub(large, g.mul(large, 1.5));
    });
    const found = diagnose(plan, [vector(0, 800, 1)]);
    expect(found?.message).toContain("an infinite number is exp");
  });

  it("names an input that already holds one", () => {
    const found = diagnose(
      planOf((g, a) => g.exp(a)),
      [vector(1, Number.NaN, 2)],
    );
    expect(found?.message).toBe("Input input[0] of segment already holds a NaN.");
  });

  it("counts what 32 bits cannot hold as infinite when asked to", () => {
    const plan = planOf((g, a) => g.exp(a));
    expect(diagnose(plan, [vector(100, 0, 0)])).toBeUndefined();
    expect(diagnose(plan, [vector(100, 0, 0)], 3.4e38)?.problem).toBe("infinity");
  });

  it("leaves alone the -infinity of a masked maximum that reaches no output", () => {
    const plan = planOf(
      (g, a, where) => g.exp(g.max(a, { over: ["T"], where: where ?? true })),
      [T, { ...T, kind: "flag" }],
    );
    const none = hostTensor("flag", { T: 3 }, [0, 0, 0]);
    expect(diagnose(plan, [vector(1, 2, 3), none])).toBeUndefined();
  });
});
