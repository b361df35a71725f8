import { describe, expect, expectTypeOf, it } from "vitest";
import { hostTensor } from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import type { DeviceTensor } from "../../src/runtime/engine.ts";
import { createOnnxEngine, createRun, referenceEngine } from "../../src/runtime/index.ts";
import type { Tree } from "../../src/runtime/model.ts";

const upload = (axes: Readonly<Record<string, number>>, ...entries: number[]) =>
  referenceEngine.upload(hostTensor("real", axes, entries));
const read = (tensor: DeviceTensor) => [...referenceEngine.download(tensor).data];

interface Own {
  readonly layer: readonly { readonly W: Tensor }[];
}

interface Rows {
  readonly rows: Tensor;
}

interface Segment {
  readonly next: Rows;
  readonly loss: Tensor;
  readonly residuals: readonly Tensor[];
}

/** A small segment: two layers over a state. */
function segment(g: Builder, own: Own, state: Rows, x: Tensor): Segment {
  let y = g.add(x, state.rows);
  for (const [i, { W }] of own.layer.entries()) {
    y = g.mul(y, W);
    g.scope("layer", i).probe("y", "value", y);
  }
  return { next: { rows: y }, loss: g.sum(y, { over: ["T"] }), residuals: [state.rows] };
}

const own = { layer: [{ W: upload({}, 2) }, { W: upload({}, 3) }] };
const state = { rows: upload({ T: 2 }, 1, 1) };
const x = upload({ T: 2 }, 4, 5);

describe("A run", () => {
  it("calls functions on trees and gives back their result trees", async () => {
    const run = createRun(referenceEngine);
    const result = await run.call(segment, own, state, x);
    expectTypeOf(result.next.rows).toEqualTypeOf<DeviceTensor>();
    expectTypeOf(result.next).toExtend<Tree<DeviceTensor>>();
    expect(read(result.next.rows)).toEqual([30, 36]);
    expect(read(result.loss)).toEqual([66]);
    expect(result.residuals.map(read)).toEqual([[1, 1]]);
  });

  it("compiles a function once for tensors of equal types, and counts its calls", async () => {
    const run = createRun(referenceEngine);
    let carried = state;
    for (let i = 0; i < 3; i++) carried = (await run.call(segment, own, carried, x)).next;
    expect(run.counts).toEqual(new Map([["segment", 3]]));
    expect(run.plans.map(({ name }) => name)).toEqual(["segment"]);
    const longer = upload({ T: 3 }, 1, 2, 3);
    await run.call(segment, own, { rows: longer }, longer);
    expect(run.plans).toHaveLength(2);
  });

  it("compiles once even when two first calls overlap", async () => {
    const run = createRun(referenceEngine);
    await Promise.all([run.call(segment, own, state, x), run.call(segment, own, state, x)]);
    expect(run.plans).toHaveLength(1);
  });

  it("tells calls apart whose trees differ in form", async () => {
    const run = createRun(referenceEngine);
    await run.call(segment, own, state, x);
    await run.call(segment, { layer: [] }, state, x);
    expect(run.plans).toHaveLength(2);
  });

  it("hands out scalars and zeros", async () => {
    const run = createRun(referenceEngine);
    expect(read(run.scalar(0.5))).toEqual([0.5]);
    const zeros = run.zeros({ rows: x, sub: [own.layer[0]?.W ?? x] });
    expect(read(zeros.rows)).toEqual([0, 0]);
    expect(zeros.sub.map(read)).toEqual([[0]]);
    expect(run.zeros({})).toEqual({});
  });

  it("adds trees, nothing counting as zeros", async () => {
    const run = createRun(referenceEngine);
    const given = () => upload({ T: 2 }, 4, 5);
    const first = await run.add(undefined, { a: given(), b: [given()] });
    const sum = await run.add(first, { a: given(), b: [given()] });
    expect(read(sum.a)).toEqual([8, 10]);
    expect(sum.b.map(read)).toEqual([[8, 10]]);
    expect(run.counts.get("add")).toBe(1);
    expect(await run.add({}, {})).toEqual({});
  });

  it.each([
    ["reference", async () => referenceEngine],
    ["onnx", () => createOnnxEngine({ threads: 1 })],
  ])(
    "discards what it has added, but not the zeros that several trees share: %s",
    async (_, create) => {
      const engine = await create();
      const run = createRun(engine);
      const given = () => ({ a: engine.upload(hostTensor("real", { T: 2 }, [4, 5])) });
      const zeros = run.zeros(given());
      const first = await run.add(zeros, given());
      const second = await run.add(first, given());
      expect(() => engine.download(first.a)).toThrow("discarded");
      expect([...engine.download(second.a).data]).toEqual([8, 10]);
      expect([...engine.download(zeros.a).data]).toEqual([0, 0]);
      run.discard([zeros, { deep: [second] }]);
      expect(() => engine.download(second.a)).toThrow("discarded");
      expect([...engine.download(run.zeros(zeros).a).data]).toEqual([0, 0]);
      await run.release();
    },
  );

  it("refuses to add trees of different form", async () => {
    const run = createRun(referenceEngine);
    await expect(
      run.add<object & { a: typeof x }>({ a: x, b: x } as never, { a: x }),
    ).rejects.toThrow("`b`");
    await expect(run.add({ a: x }, { a: x, b: x } as never)).rejects.toThrow("`b`");
  });

  it("merges parameters and states into the tree that a segment's function takes", () => {
    const run = createRun(referenceEngine);
    const merged = run.merge({ layer: [{ W: x }] }, { layer: [{ past: x }] });
    expect(merged).toEqual({ layer: [{ W: x, past: x }] });
  });

  it("reads probes beside the results when it is made to", async () => {
    const run = createRun(referenceEngine, { probes: true });
    const result = await run.call(segment, own, state, x);
    expect(Object.keys(result)).toEqual(["next", "loss", "residuals"]);
    const readings = run.takeProbes();
    expect(readings.map(({ from, name, tensor }) => [from, name, read(tensor)])).toEqual([
      ["segment", "probe.layer[0].y", [10, 12]],
      ["segment", "probe.layer[1].y", [30, 36]],
    ]);
    expect(run.takeProbes()).toEqual([]);
  });

  it("finds the operation that first makes a NaN", () => {
    const run = createRun(referenceEngine);
    function root(g: Builder, a: Tensor) {
      return g.sqrt(a);
    }
    const found = run.diagnose(root, upload({ T: 2 }, 1, -1));
    expect(found?.message).toMatch(/of root that makes a NaN is sqrt, called by root \(run\.test/);
    expect(run.diagnose(root, x)).toBeUndefined();
  });

  it("can be used again after its plans are released", async () => {
    const run = createRun(referenceEngine);
    await run.call(segment, own, state, x);
    await run.release();
    expect(read((await run.call(segment, own, state, x)).loss)).toEqual([66]);
  });
});
