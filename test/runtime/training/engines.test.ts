import { describe, expect, it } from "vitest";
import { createOnnxEngine, type Engine, referenceEngine } from "../../../src/runtime/index.ts";
import { evaluate } from "../../../src/runtime/training/evaluator.ts";
import type { TrainingState } from "../../../src/runtime/training/state.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import { train } from "../../../src/runtime/training/trainer.ts";
import { kernelsCalled, withoutKernels } from "../kernels.ts";
import { documents, model, training } from "./memory-model.ts";

const seed = 11;

/** Trains for 6 steps, or stops after fewer of them. */
async function trained(engine: Engine, stopAfter = 6, resume?: TrainingState) {
  const definition = training({ updateEvery: 2 });
  const source = textSource(documents, definition, { passes: "endless", seed });
  const losses: number[] = [];
  const kernels: (readonly string[])[] = [];
  kernelsCalled();
  const abort = new AbortController();
  const { state } = await train({
    definition,
    engine,
    source,
    seed,
    steps: 6,
    ...(resume === undefined ? {} : { resume }),
    signal: abort.signal,
    onStep: ({ step, loss }) => {
      losses.push(loss ?? Number.NaN);
      kernels.push(kernelsCalled());
      if (step === stopAfter) abort.abort();
    },
  });
  return { state, losses, kernels };
}

describe("training on onnx", () => {
  it("follows the reference engine", async () => {
    const [onnx, reference] = [
      await trained(await createOnnxEngine()),
      await trained(referenceEngine),
    ];
    onnx.losses.forEach((loss, i) => {
      expect(loss).toBeCloseTo(reference.losses[i] ?? Number.NaN, 5);
    });
    for (const [address, { data }] of onnx.state.parameters) {
      const expected = reference.state.parameters.get(address)?.data ?? [];
      data.forEach((x, i) => {
        expect(x).toBeCloseTo(expected[i] ?? Number.NaN, 4);
      });
    }
    expect(onnx.state.position).toEqual(reference.state.position);
  });

  it("calls no kernel of the op table in a run, nor anywhere once everything is staged and lowered", async () => {
    const { kernels } = await trained(withoutKernels(await createOnnxEngine()));
    expect(kernels).toHaveLength(6);
    expect(kernels.slice(2)).toEqual([[], [], [], []]);
    // The reference engine is made of them.
    expect((await trained(referenceEngine)).kernels[5]).toContain("contract");
  });

  it("gives the same bytes again, and after stopping and resuming", async () => {
    const whole = await trained(await createOnnxEngine());
    const half = await trained(await createOnnxEngine(), 2);
    expect(half.state.step).toBe(2);
    const resumed = await trained(await createOnnxEngine(), 6, half.state);
    expect(resumed.state).toEqual(whole.state);
    expect((await trained(await createOnnxEngine())).state).toEqual(whole.state);
  });

  it("evaluates as the reference engine does", async () => {
    const { state } = await trained(referenceEngine);
    const on = (engine: Engine) => {
      const source = textSource(documents, model, { passes: "once", seed });
      return evaluate({ model, engine, parameters: state.parameters, source, seed });
    };
    const [onnx, reference] = [await on(await createOnnxEngine()), await on(referenceEngine)];
    expect(onnx.tokens).toBe(reference.tokens);
    expect(onnx.perplexity).toBeCloseTo(reference.perplexity ?? Number.NaN, 3);
    expect(onnx.accuracy).toBeCloseTo(reference.accuracy ?? Number.NaN, 9);
  });
});
