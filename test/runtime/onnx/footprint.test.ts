import { describe, expect, it } from "vitest";
import { hostTensor } from "../../../src/ops/index.ts";
import type { Tensor } from "../../../src/runtime/builder.ts";
import { lowerPlan } from "../../../src/runtime/onnx/compile.ts";
import { graphMemory, onnxFootprint } from "../../../src/runtime/onnx/footprint.ts";
import { encodeModel, type GraphProto } from "../../../src/runtime/onnx/model.ts";
import { loadOnnxRuntime } from "../../../src/runtime/onnx/session.ts";
import type { Plan } from "../../../src/runtime/plan.ts";
import { conformanceCases, operandsOf, planOf } from "../conformance.ts";
import { randomProgram, stageProgram } from "../random-plans.ts";
import { planFor } from "./kit.ts";
import { transformerBlock } from "./transformer-block.ts";

/** The shapes that ONNX Runtime gives every value that a node of the graph makes. */
async function shapesOf(graph: GraphProto): Promise<ReadonlyMap<string, readonly number[]>> {
  const ort = await loadOnnxRuntime();
  const { types } = graphMemory(graph);
  const made = graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "");
  const outputs = made.map((name) => ({ name, element: types.get(name)?.element ?? "float32" }));
  const session = await ort.InferenceSession.create(encodeModel({ ...graph, outputs }), {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 4,
  });
  const feeds = graph.inputs.map(({ name, element, dims = [] }) => {
    const count = dims.reduce((product, size) => product * size, 1);
    if (element === "int32") return [name, new ort.Tensor("int32", new Int32Array(count), dims)];
    if (element === "bool") return [name, new ort.Tensor("bool", new Uint8Array(count), dims)];
    return [name, new ort.Tensor("float32", new Float32Array(count), dims)];
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return new Map(Object.entries(results).map(([name, { dims }]) => [name, dims]));
}

async function checkShapes(plan: Plan, about: string): Promise<void> {
  const { graph } = lowerPlan(plan);
  if (graph === undefined) return;
  const { types } = graphMemory(graph);
  for (const [name, dims] of await shapesOf(graph)) {
    expect(types.get(name)?.dims, `${about}: ${name}`).toEqual(dims);
  }
}

const real = (axes: Readonly<Record<string, number>>) => {
  const count = Object.values(axes).reduce((product, size) => product * size, 1);
  return hostTensor("real", axes, new Array(count).fill(1));
};

describe("The memory of a lowered plan", () => {
  it("knows the shape of every value of the op table's cases", async () => {
    for (const testCase of conformanceCases) {
      if (testCase.compileTime) continue; // evaluated while staging
      const plan = planOf(testCase, operandsOf(testCase), "inputs");
      await checkShapes(plan, `${testCase.op} ${testCase.name}`);
    }
  });

  it("knows the shape of every value of random programs", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await checkShapes(stageProgram(randomProgram(seed)).plan, `seed ${seed}`);
    }
  });

  it("counts what takes turns once, and a result twice at the end", () => {
    const x = real({ T: 8, D: 16 }); // 512 bytes
    const bytes = (body: Parameters<typeof planFor>[1]) =>
      onnxFootprint(planFor([x], body))?.runBytes;
    // One buffer, in place after the first; the result is its last value and is copied out.
    expect(bytes((g, a: Tensor) => g.exp(a))).toBe(2 * 512);
    expect(bytes((g, a: Tensor) => g.neg(g.sqrt(g.exp(a))))).toBe(2 * 512);
    // exp(a) waits for the sum of its entries, which is smaller.
    const softmax = (g: Parameters<Parameters<typeof planFor>[1]>[0], a: Tensor) => {
      const e = g.exp(a);
      return g.sum(g.div(e, g.sum(e, { over: ["D"] })), { over: ["T", "D"] });
    };
    expect(bytes(softmax)).toBe(512 + 8 * 4);
  });

  it("leaves a result its buffer when other nodes have read it", () => {
    const x = real({ T: 8, D: 16 }); // 512 bytes
    const plan = planFor([x], (g, t: Tensor) => {
      const a = g.exp(t);
      return { a, s: g.sum(g.tanh(a), { over: ["D"] }) };
    });
    const { graph } = lowerPlan(plan);
    if (graph === undefined) throw new Error("the plan has something to compute");
    expect(graphMemory(graph).peakBytes).toBe(512 + 512 + 8 * 4);
  });

  it("is that of the temporaries too: a block of attention needs its scores", () => {
    const plan = transformerBlock({ batch: 2, T: 32, D: 8, H: 4, F: 8 });
    const scores = 2 * 4 * 32 * 32 * 4;
    expect(onnxFootprint(plan)?.runBytes).toBeGreaterThan(scores);
    expect(onnxFootprint(plan)?.runBytes).toBeLessThan(6 * scores);
  });
});
