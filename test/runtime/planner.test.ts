import { describe, expect, it } from "vitest";
import type { TensorType } from "../../src/ops/index.ts";
import { hostTensor } from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import { planFlops, planMemory } from "../../src/runtime/planner.ts";
import { createReferenceEngine } from "../../src/runtime/reference.ts";
import { type StagedFunction, stage } from "../../src/runtime/stage.ts";
import { generator } from "./conformance.ts";

const real = (axes: Readonly<Record<string, number>>): TensorType => ({
  kind: "real",
  axes: Object.entries(axes).map(([name, size]) => ({ name, size })),
});
const planOf = (types: readonly TensorType[], body: (g: Builder, ...x: Tensor[]) => unknown) =>
  stage("test", body as StagedFunction, types).plan;

const x = real({ T: 10 });
const BYTES = 40; // of one such tensor at 4 bytes a real

describe("Peak bytes of a plan", () => {
  it("of a chain are two values beside the input, in two buffers", () => {
    const plan = planOf([x], (g, a) => g.exp(g.sin(g.exp(g.sin(g.exp(a))))));
    const memory = planMemory(plan, { realBytes: 4 });
    expect(memory).toMatchObject({
      inputBytes: BYTES,
      constantBytes: 0,
      outputBytes: BYTES,
      workingPeak: 2 * BYTES,
      peakBytes: 3 * BYTES,
      atNode: 1,
    });
    expect(memory.buffers.map(({ values }) => values)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it("count what is kept for later", () => {
    const plan = planOf([x], (g, a) => {
      const kept = g.exp(a);
      return g.add(g.sin(g.cos(g.neg(kept))), kept);
    });
    expect(planMemory(plan, { realBytes: 4 }).workingPeak).toBe(3 * BYTES);
  });

  it("follow the size of a real, an int and a flag", () => {
    const plan = planOf([x], (g, a) => ({ flag: g.less(a, 0.5), int: g.int(a), real: g.exp(a) }));
    expect(planMemory(plan, { realBytes: 4 }).outputBytes).toBe(10 + 40 + 40);
    expect(planMemory(plan, { realBytes: 8 }).outputBytes).toBe(10 + 40 + 80);
  });

  it("count nothing for views, whose storage lives as long as they do", () => {
    const plan = planOf([x], (g, a) => {
      const view = g.rename(g.exp(a), { names: { T: "S" } });
      return g.neg(g.sin(g.mul(view, view)));
    });
    const memory = planMemory(plan, { realBytes: 4 });
    expect(memory.lifetimes[2]).toMatchObject({ value: 2, storage: 1 });
    expect(memory.lifetimes[1]).toMatchObject({ from: 0, to: 2 });
    expect(memory.workingPeak).toBe(2 * BYTES);
  });

  it("count a merge that has to move entries", () => {
    const merged = (axes: readonly string[]) =>
      planMemory(
        planOf([real({ A: 2, B: 5 })], (g, a) => g.merge(g.exp(a), { axes, into: "C" })),
        { realBytes: 4 },
      ).peakBytes;
    expect(merged(["A", "B"])).toBe(2 * BYTES);
    expect(merged(["B", "A"])).toBe(3 * BYTES);
  });

  it("count an output that is an input or a constant once, where it is", () => {
    const plan = planOf([x], (g, a) => [a, a, g.values({ list: [1, 2], into: "N" })]);
    expect(planMemory(plan, { realBytes: 4 })).toMatchObject({
      inputBytes: BYTES,
      constantBytes: 8,
      outputBytes: 0,
      workingPeak: 0,
      peakBytes: BYTES + 8,
      atNode: -1,
      buffers: [],
    });
  });

  it("free a result that nobody needs at the node that makes it", () => {
    const plan = planOf([x], (g, a) => g.exp(g.topK(a, { over: "T", k: 10, into: "T" })[0]));
    const memory = planMemory(plan, { realBytes: 4 });
    expect(memory.workingPeak).toBe(2 * BYTES); // values and indices
    expect(memory.peakBytes).toBe(3 * BYTES);
  });

  it("never let two values share a buffer at one time, and agree with the reference engine", async () => {
    const seed = 11;
    console.log(`seed ${seed}`);
    const random = generator(seed);
    const plan = planOf([x], (g, a) => {
      const values = [a];
      const pick = () => values[Math.floor(random() * values.length)] ?? a;
      for (let i = 0; i < 200; i++) values.push(g.maximum(g.sin(pick()), pick()));
      return values.slice(-5);
    });
    const memory = planMemory(plan, { realBytes: 8 });
    for (const { values } of memory.buffers) {
      const turns = values.map((value) => memory.lifetimes[value]);
      turns.slice(1).forEach((next, i) => {
        expect(next?.from).toBeGreaterThan(turns[i]?.to ?? Number.NaN);
      });
    }
    const engine = createReferenceEngine();
    const executable = await engine.compile(plan);
    await executable.run([engine.upload(hostTensor("real", { T: 10 }, new Float64Array(10)))]);
    expect(executable.peakBytes).toBe(memory.peakBytes);
  });
});

it("Floating-point operations count a multiply-add as two", () => {
  const plan = planOf([real({ T: 5, D: 7 }), real({ D: 7, F: 3 })], (g, a, w) =>
    g.contract(a, w, { over: ["D"] }),
  );
  expect(planFlops(plan)).toBe(2 * 5 * 7 * 3);
});
