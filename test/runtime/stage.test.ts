import { describe, expect, it } from "vitest";
import { hostTensor, type TensorType } from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import { evaluatePlan } from "../../src/runtime/reference.ts";
import { type StagedFunction, stage } from "../../src/runtime/stage.ts";

const real = (axes: Readonly<Record<string, number>>): TensorType => ({
  kind: "real",
  axes: Object.entries(axes).map(([name, size]) => ({ name, size })),
});

const x = real({ batch: 2, T: 3 });
const one = (body: (g: Builder, a: Tensor) => unknown, type = x) =>
  stage("test", body as StagedFunction, [type]).plan;
const opsOf = (body: (g: Builder, a: Tensor) => unknown, type = x) =>
  one(body, type).nodes.map(({ op }) => op);

describe("Ports", () => {
  const layer = { W: real({ T: 3, D: 4 }) };
  const tree = { layer: [layer, layer], gain: real({ D: 4 }) };
  type Own = { readonly layer: readonly { readonly W: Tensor }[]; readonly gain: Tensor };
  const body = (g: Builder, own: Own, a: Tensor) => ({
    next: { rows: own.layer.map(({ W }) => g.contract(a, W, { over: ["T"] })) },
    loss: g.sum(own.gain, { over: ["D"] }),
  });

  it("have the addresses of the input trees, in the order of their keys", () => {
    const { plan } = stage("segment", body as StagedFunction, [tree, x], { names: ["own", "x"] });
    expect(plan.name).toBe("segment");
    expect(plan.inputs.map(({ name }) => name)).toEqual([
      "own.layer[0].W",
      "own.layer[1].W",
      "own.gain",
      "x",
    ]);
  });

  it("are numbered where nobody names the inputs", () => {
    const { plan } = stage("segment", body as StagedFunction, [tree, x]);
    expect(plan.inputs.map(({ name }) => name)).toEqual([
      "input[0].layer[0].W",
      "input[0].layer[1].W",
      "input[0].gain",
      "input[1]",
    ]);
  });

  it("follow the result tree, which holds the index of each output", () => {
    const { plan, resultTree } = stage("segment", body as StagedFunction, [tree, x]);
    expect(plan.outputs.map(({ name }) => name)).toEqual(["next.rows[0]", "next.rows[1]", "loss"]);
    expect(resultTree).toEqual({ next: { rows: [0, 1] }, loss: 2 });
  });

  it("may be inputs, constants, numbers, or the same value twice", () => {
    const { nodes, outputs, constants, values } = one((g, a) => ({
      same: a,
      zero: 0,
      on: true,
      mask: g.index({ axis: "T", size: 3 }),
      twice: [g.exp(a), g.exp(a)],
    }));
    expect(nodes).toHaveLength(1);
    expect(outputs.map(({ value }) => values[value]?.kind)).toEqual([
      "real",
      "real",
      "flag",
      "int",
      "real",
      "real",
    ]);
    expect(outputs[0]?.value).toBe(0);
    expect(outputs[4]?.value).toBe(outputs[5]?.value);
    expect(constants.map(({ tensor }) => [...tensor.data])).toEqual([[0, 1, 2], [0], [1]]);
  });

  it("leave out members that are undefined", () => {
    expect(one((_, a) => ({ a, b: undefined })).outputs.map(({ name }) => name)).toEqual(["a"]);
  });

  it("refuse what is no tensor", () => {
    expect(() => one((_, a) => ({ a: { b: "text", a } }))).toThrow(/`a\.b` .* a string/);
  });
});

describe("Nodes", () => {
  it("that no output needs are dropped, and values are numbered without gaps", () => {
    const plan = one((g, a) => {
      g.exp(g.sin(a));
      return g.neg(g.cos(a));
    });
    expect(plan.nodes.map(({ op, inputs, outputs }) => [op, inputs, outputs])).toEqual([
      ["cos", [0], [1]],
      ["neg", [1], [2]],
    ]);
    expect(plan.values).toHaveLength(3);
  });

  it("that are equal are recorded once, whatever the order of their attributes' keys", () => {
    const twice = opsOf((g, a) =>
      g.add(
        g.slice(a, { axis: "T", start: 0, size: 2, into: "T" }),
        g.slice(a, { into: "T", size: 2, start: 0, axis: "T" }),
      ),
    );
    expect(twice).toEqual(["slice", "add"]);
  });

  it("that differ in an infinite or negative zero attribute are kept apart", () => {
    const shift = (fill: number) => (g: Builder, a: Tensor) =>
      g.shift(a, { axis: "T", by: 1, fill });
    const fills = [Infinity, -Infinity, Number.NaN, 0, -0];
    const plan = one((g, a) => fills.map((fill) => shift(fill)(g, a)));
    expect(plan.nodes).toHaveLength(fills.length);
  });

  it("can say which calls recorded them", () => {
    function attention(g: Builder, a: Tensor) {
      return g.softmax(a, { over: ["T"] });
    }
    function layer(g: Builder, a: Tensor) {
      return attention(g, g.neg(a));
    }
    const { plan } = stage("layer", layer as StagedFunction, [x], { trace: true });
    expect(plan.nodes[0]?.trace).toMatch(/^layer \(stage\.test\.ts:\d+\)$/);
    expect(plan.nodes[1]?.trace).toMatch(
      /^attention \(stage\.test\.ts:\d+\) < layer \(stage\.test\.ts:\d+\)$/,
    );
  });
});

describe("Operations on constants", () => {
  const causal = (g: Builder, size: number) =>
    g.lessEqual(g.index({ axis: "S", size }), g.index({ axis: "T", size }));

  it("are evaluated while staging, in float64", () => {
    const plan = one((g, a) => g.mul(a, g.div(1, g.sqrt(g.add(1, 2)))));
    expect(plan.nodes.map(({ op }) => op)).toEqual(["mul"]);
    expect(plan.constants.map(({ tensor }) => tensor.data[0])).toEqual([1 / Math.sqrt(3)]);
  });

  it("are evaluated once for all plans", () => {
    const tensors = [1, 2].map(
      () => one((g, a) => g.softmax(a, { over: ["T"], where: causal(g, 3) })).constants[0]?.tensor,
    );
    expect([...(tensors[0]?.data ?? [])]).toEqual(
      [1, 0, 0, 1, 1, 0, 1, 1, 1].map((_, i) => (Math.floor(i / 3) <= i % 3 ? 1 : 0)),
    );
    expect(tensors[0]).toBe(tensors[1]);
  });

  it("stay nodes where the result would be larger than 64 MiB", () => {
    const axes = [{ name: "N", size: 2 ** 24 }];
    expect(opsOf((g) => g.fill({ value: 1, axes, kind: "real" }))).toEqual(["fill"]);
  });

  it("give several results at once", () => {
    const plan = one((g) => {
      const m = g.fill({
        value: 2,
        axes: [
          { name: "I", size: 1 },
          { name: "J", size: 1 },
        ],
        kind: "real",
      });
      const [value] = g.svd(m, { row: "I", column: "J", into: "R" });
      return value;
    });
    expect(plan.nodes).toHaveLength(0);
    expect([...(plan.constants[0]?.tensor.data ?? [])]).toEqual([2]);
  });
});

describe("What changes nothing is not recorded", () => {
  const zeros = { value: 0, axes: [{ name: "T", size: 3 }], kind: "real" } as const;

  it.each<[string, (g: Builder, a: Tensor) => unknown]>([
    ["x + 0", (g, a) => g.add(a, 0)],
    ["0 + x", (g, a) => g.add(0, a)],
    ["x + zeros", (g, a) => g.add(a, g.fill(zeros))],
    ["x * 1", (g, a) => g.mul(a, 1)],
    ["x / 1", (g, a) => g.div(a, 1)],
    ["x ^ 1", (g, a) => g.pow(a, 1)],
    ["-(-x)", (g, a) => g.neg(g.neg(a))],
    ["real of a real", (g, a) => g.real(a)],
    ["stop, once gradients are made", (g, a) => g.stop(a)],
    ["a rename to the same name", (g, a) => g.rename(a, { names: { T: "T" } })],
    [
      "a rename and back",
      (g, a) => g.rename(g.rename(a, { names: { T: "S" } }), { names: { S: "T" } }),
    ],
    ["a slice of all", (g, a) => g.slice(a, { axis: "T", start: 0, size: 3, into: "T" })],
    ["a join of one piece", (g, a) => g.join([a], { pieces: ["T"], into: "T" })],
    ["a broadcast to no axis", (g, a) => g.broadcast(a, { axes: [] })],
    ["a choice that is known", (g, a) => g.where(true, a, g.exp(a))],
    ["a choice between equals", (g, a) => g.where(g.less(a, 0), a, a)],
    [
      "a split and its merge",
      (g, a) => {
        const into = [
          { name: "A", size: 3 },
          { name: "B", size: 1 },
        ];
        return g.merge(g.split(a, { axis: "T", into }), { axes: ["A", "B"], into: "T" });
      },
    ],
  ])("%s", (_, body) => {
    const plan = one(body);
    expect(plan.nodes).toEqual([]);
    expect(plan.outputs).toEqual([{ name: "result", value: 0 }]);
  });

  it("but an operand that adds an axis or mixes the kind is", () => {
    const square = { value: 0, axes: [{ name: "D", size: 2 }], kind: "real" } as const;
    expect(opsOf((g, a) => g.add(a, g.fill(square)))).toEqual(["add"]);
    expect(opsOf((g, a) => g.mul(a, 1), { ...x, kind: "int" })).toEqual([]);
    expect(opsOf((g, a) => g.mul(a, g.real(1)), { ...x, kind: "int" })).toEqual(["mul"]);
    expect(opsOf((g, a) => g.mul(a, 0))).toEqual(["mul"]); // 0 * NaN is NaN
  });

  it("but a merge that is split in another order than it was merged in is", () => {
    const square = hostTensor("real", { A: 2, B: 2 }, [1, 2, 3, 4]);
    const into = ["A", "B"].map((name) => ({ name, size: 2 }));
    const turned = (order: readonly string[]) =>
      stage(
        "main",
        (g, a) => g.split(g.merge(a, { axes: order, into: "C" }), { axis: "C", into }),
        [square.type],
      ).plan;
    expect(turned(["A", "B"]).nodes).toEqual([]);
    expect(turned(["B", "A"]).nodes.map(({ op }) => op)).toEqual(["merge", "split"]);
    const [result] = evaluatePlan(turned(["B", "A"]), [square]).outputs;
    expect(result?.data).toEqual(Float64Array.of(1, 3, 2, 4));
  });

  it("a broadcast or equal entries before an operation that aligns anyway", () => {
    const plan = one((g, a) => {
      const wide = g.broadcast(g.sum(a, { over: ["T"] }), { axes: [{ name: "T", size: 3 }] });
      return g.mul(g.mul(a, wide), g.fill({ ...zeros, value: 0.5 }));
    });
    expect(plan.nodes.map(({ op }) => op)).toEqual(["sum", "mul", "mul"]);
    expect(plan.constants.map(({ tensor }) => tensor.type.axes)).toEqual([[]]);
  });

  it("a mask that is on everywhere", () => {
    const plan = one((g, a) =>
      g.softmax(a, { over: ["T"], where: g.fill({ ...zeros, value: 1, kind: "flag" }) }),
    );
    expect(plan.nodes[0]?.inputs).toEqual([0]);
    expect(plan.constants).toEqual([]);
  });
});

it("stages 12,000 nodes one after the other", () => {
  const steps = 12_000;
  const plan = one((g, a) => {
    let y = a;
    for (let i = 0; i < steps; i++) y = i % 3 === 0 ? g.exp(y) : g.mul(y, a);
    return y;
  });
  expect(plan.nodes).toHaveLength(steps);
});
