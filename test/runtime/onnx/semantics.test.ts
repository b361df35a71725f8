/**
 * What ONNX Runtime's operators leave open, and the op table does not: NaN, ties, empty rows,
 * duplicates, ranges.
 */
import { describe, expect, it } from "vitest";
import { hostTensor } from "../../../src/ops/index.ts";
import type { Tensor } from "../../../src/runtime/builder.ts";
import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import { generator } from "../conformance.ts";
import { checkPlan, operatorCounts, planFor, randomTensor, randomTensors } from "./kit.ts";

const engine = createOnnxEngine({ threads: 2 });
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

describe("Searches", () => {
  const odd = [nan, -inf, 1, 1, inf, nan, -3, -inf, -0, 0, inf, 1];
  const x = hostTensor("real", { T: 12 }, odd);

  it("put NaN behind the infinities, and equals in their order", async () => {
    const plan = planFor([x], (g, a: Tensor) => ({
      top: g.topK(a, { over: "T", k: 12, into: "I" }),
      order: g.order(a, { over: "T" }),
      best: g.argmax(a, { over: "T" }),
    }));
    await checkPlan(await engine, plan, [x]);
  });

  it("keep the order of many equals", async () => {
    const random = generator(3);
    const entries = Array.from({ length: 4000 }, () => Math.floor(3 * random()));
    const ties = hostTensor("real", { batch: 2, T: 2000 }, entries);
    const plan = planFor([ties], (g, a: Tensor) => ({
      few: g.topK(a, { over: "T", k: 5, into: "I" }),
      many: g.topK(a, { over: "T", k: 1500, into: "I" }),
      order: g.order(a, { over: "T" }),
      ints: g.order(g.int(a), { over: "T" }),
    }));
    await checkPlan(await engine, plan, [ties]);
  });

  it("leave masked entries out, down to nothing", async () => {
    const mask = hostTensor("flag", { M: 3, T: 4 }, [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
    const values = hostTensor("real", { T: 4 }, [nan, nan, 5, -inf]);
    const plan = planFor([values, mask], (g, a: Tensor, on: Tensor) =>
      g.argmax(a, { over: "T", where: on }),
    );
    await checkPlan(await engine, plan, [values, mask]);
  });
});

describe("Extremes over axes", () => {
  it("are NaN wherever one entry is", async () => {
    const random = generator(5);
    const entries = Array.from({ length: 37 * 33 }, (_, i) => (i % 41 === 7 ? nan : random()));
    const x = hostTensor("real", { M: 37, T: 33 }, entries);
    const plan = planFor([x], (g, a: Tensor) => [
      g.max(a, { over: ["T"] }),
      g.min(a, { over: ["M"] }),
      g.max(a, { over: ["M", "T"] }),
      g.logsumexp(a, { over: ["M"] }),
    ]);
    await checkPlan(await engine, plan, [x]);
  });
});

it("Entries that repeat along an axis count each time, though they are stored once", async () => {
  const [x] = randomTensors([{ D: 3 }], 6);
  if (x === undefined) throw new Error("a tensor was made");
  const on = hostTensor("flag", { T: 4 }, [1, 0, 1, 1]);
  const over = ["T"];
  const plan = planFor([x, on], (g, a: Tensor, where: Tensor) => {
    const repeated = g.broadcast(a, { axes: [{ name: "T", size: 4 }] });
    const ones = g.broadcast(g.greater(a, 0), { axes: [{ name: "T", size: 4 }] });
    return [
      ...[undefined, where].flatMap((mask) => [
        g.sum(repeated, { over, where: mask }),
        g.sum(ones, { over, where: mask }),
        g.mean(repeated, { over, where: mask }),
        g.logsumexp(repeated, { over, where: mask }),
        g.max(repeated, { over, where: mask }),
        g.softmax(repeated, { over, where: mask }),
        g.argmax(repeated, { over: "T", where: mask }),
      ]),
      g.cumsum(repeated, { over: "T" }),
      g.contract(repeated, repeated, { over }),
      g.contract(repeated, repeated, { over: ["D"] }),
      g.contract(repeated, a, { over: ["D"] }),
      g.topK(repeated, { over: "T", k: 2, into: "I" }),
      g.slice(repeated, { axis: "T", start: 1, size: 2, into: "T" }),
      g.merge(repeated, { axes: ["D", "T"], into: "E" }),
      g.shift(repeated, { axis: "T", by: 1, fill: 0 }),
      g.window(repeated, { axis: "T", size: 2, from: -1, step: 1, every: 1, into: "W" }),
    ];
  });
  await checkPlan(await engine, plan, [x, on]);
});

describe("A masked softmax", () => {
  const logits = hostTensor("real", { M: 4, T: 3 }, [1, nan, 2, 0, inf, 1, 3, 2, 1, 0, -inf, 5]);
  const masks = {
    "is not spoilt by what is masked": [1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1],
    "is 0 where nothing is left": [1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0],
  };
  it.each(Object.entries(masks))("%s", async (_, entries) => {
    const mask = hostTensor("flag", { M: 4, T: 3 }, entries);
    const row = hostTensor("flag", { T: 3 }, entries.slice(0, 3));
    const plan = planFor([logits, mask, row], (g, x: Tensor, each: Tensor, one: Tensor) => [
      g.softmax(x, { over: ["T"], where: each }),
      g.softmax(x, { over: ["T"], where: one }),
    ]);
    await checkPlan(await engine, plan, [logits, mask, row]);
  });

  it("has weights of exactly 0, whichever way it is computed", async () => {
    const { compile, upload, download } = await engine;
    const [x] = randomTensors([{ batch: 8, T: 16, S: 16 }], 2);
    const causal = hostTensor(
      "flag",
      { T: 16, S: 16 },
      Array.from({ length: 256 }, (_, i) => (i % 16 <= i / 16 ? 1 : 0)),
    );
    if (x === undefined) throw new Error("a tensor was made");
    const plan = planFor([x, causal], (g, a: Tensor, on: Tensor) =>
      g.softmax(a, { over: ["S"], where: on }),
    );
    const executable = await compile(plan);
    const [weights] = await executable.run([upload(x), upload(causal)]);
    await executable.release();
    if (weights === undefined) throw new Error("the plan has an output");
    const { data } = download(weights);
    expect(data.every((entry, i) => (causal.data[i % 256] === 0) === (entry === 0))).toBe(true);
  });
});

describe("Indexing", () => {
  const rows = 300;
  const random = generator(7);
  const index = (low: number, high: number, axes: Readonly<Record<string, number>>) => {
    const count = Object.values(axes).reduce((a, b) => a * b, 1);
    const entries = Array.from({ length: count }, () => low + Math.floor((high - low) * random()));
    return hostTensor("int", axes, entries);
  };

  it("adds up rows that go to one place, in order, and drops what is out of range", async () => {
    const places = index(-2, 9, { N: rows });
    const v = randomTensor({ N: rows, D: 33 }, random);
    const plan = planFor([v, places], (g, a: Tensor, i: Tensor) => ({
      add: g.scatterAdd(a, i, { over: ["N"], axis: "E", size: 8 }),
      put: g.scatterPut(a, i, { over: ["N"], axis: "E", size: 8 }),
      read: g.gather(g.rename(a, { names: { N: "E" } }), i, { axis: "E" }),
    }));
    await checkPlan(await engine, plan, [v, places], 1e-4);
  });

  it("aligns shared axes, wherever they lie in memory", async () => {
    const distance = index(-1, 6, { T: 5, S: 4 });
    const table = randomTensor({ batch: 2, R: 6, H: 3, T: 5 }, random);
    const plan = planFor([table, distance], (g, x: Tensor, i: Tensor) => {
      const read = g.gather(x, i, { axis: "R" });
      const back = g.scatterAdd(g.mul(read, read), i, { over: ["S"], axis: "R", size: 6 });
      return { read, back, put: g.scatterPut(read, i, { over: ["S"], axis: "R", size: 6 }) };
    });
    await checkPlan(await engine, plan, [table, distance]);
  });

  it("of a known index reads in both directions", async () => {
    const x = randomTensor({ batch: 2, T: 5, R: 9 }, random);
    const plan = planFor([x], (g, a: Tensor) => {
      const t = g.index({ axis: "T", size: 5 });
      const s = g.index({ axis: "S", size: 5 });
      const distance = g.add(g.sub(t, s), 4);
      const read = g.gather(a, distance, { axis: "R" });
      return { read, back: g.scatterAdd(read, distance, { over: ["S"], axis: "R", size: 9 }) };
    });
    await checkPlan(await engine, plan, [x]);
    expect(operatorCounts(plan).ScatterElements).toBeUndefined();
  });

  it("reads large tables as it reads small ones", async () => {
    const table = randomTensor({ V: 600, D: 40 }, random);
    const inputs = [table, index(0, 600, { T: 500 }), index(-3, 601, { T: 500 })];
    const plan = planFor(inputs, (g, x: Tensor, inside: Tensor, some: Tensor) => [
      g.gather(x, inside, { axis: "V" }),
      g.gather(x, some, { axis: "V" }),
    ]);
    await checkPlan(await engine, plan, inputs);
  });

  it("does not check what is known to be in range", () => {
    const x = randomTensor({ batch: 2, T: 5, D: 3 }, random);
    const table = randomTensor({ V: 5, F: 3 }, random);
    const found = planFor([x, table], (g, a: Tensor, rowsOf: Tensor) =>
      g.gather(rowsOf, g.argmax(a, { over: "T" }), { axis: "V" }),
    );
    const counts = operatorCounts(found);
    expect(counts.Gather).toBe(1);
    expect(counts.Where).toBeUndefined();
  });
});

describe("Cross entropy", () => {
  it("and its gradient take labels out of range, and logits far apart", async () => {
    const random = generator(9);
    const logits = hostTensor(
      "real",
      { batch: 2, T: 3, V: 11 },
      Array.from({ length: 66 }, () => Math.fround(200 * random() - 100)),
    );
    const labels = hostTensor("int", { T: 3, batch: 2 }, [0, 10, -1, 11, 5, 4]);
    const d = randomTensor({ batch: 2, T: 3 }, random);
    const plan = planFor([logits, labels, d], (g, x: Tensor, i: Tensor, dy: Tensor) => [
      g.crossEntropy(x, i, { over: "V" }),
      g.crossEntropyGradient(x, i, dy, { over: "V" }),
      g.crossEntropyGradient(x, i, 0.5, { over: "V" }),
    ]);
    await checkPlan(await engine, plan, [logits, labels, d], 1e-4);
  });
});

describe("Layer norm", () => {
  it("and its gradient stay exact far from 0", async () => {
    const random = generator(4);
    const entries = Array.from({ length: 3 * 64 }, () => Math.fround(100 + random()));
    const x = hostTensor("real", { batch: 3, D: 64 }, entries);
    const [gain, bias, d] = [{ D: 64 }, { D: 64 }, { batch: 3, D: 64 }].map((axes) =>
      randomTensor(axes, random),
    );
    if (gain === undefined || bias === undefined || d === undefined) throw new Error("made");
    const plan = planFor([x, gain, bias, d], (g, a: Tensor, w: Tensor, b: Tensor, dy: Tensor) => {
      const [y, mean, inverse] = g.layerNorm(a, w, b, { over: "D", epsilon: 1e-5 });
      return [y, mean, g.layerNormGradient(a, w, mean, inverse, dy, { over: "D" })];
    });
    await checkPlan(await engine, plan, [x, gain, bias, d], 2e-4);
  });
});

describe("A linear scan", () => {
  it.each([1, 2, 40])(
    "of %i steps agrees with the reference, whatever lacks an axis",
    async (T) => {
      const random = generator(T);
      const inputs = [{ T, D: 3 }, { batch: 2, T }, { D: 3 }, { D: 3 }].map((axes) =>
        randomTensor(axes, random),
      );
      const plan = planFor(inputs, (g, a: Tensor, b: Tensor, start: Tensor, fixed: Tensor) => [
        g.linearScan(a, b, start, { over: "T" }),
        g.linearScan(fixed, b, 0, { over: "T" }),
        g.linearScan(a, fixed, start, { over: "T" }),
      ]);
      await checkPlan(await engine, plan, inputs);
    },
  );
});
