import { describe, expect, expectTypeOf, it } from "vitest";
import type { TensorType } from "../../src/ops/index.ts";
import type { Builder, Operand, Tensor } from "../../src/runtime/builder.ts";
import type { Plan } from "../../src/runtime/plan.ts";
import { StagingError, stage } from "../../src/runtime/stage.ts";

const real = (axes: Readonly<Record<string, number>>): TensorType => ({
  kind: "real",
  axes: Object.entries(axes).map(([name, size]) => ({ name, size })),
});
const int = (axes: Readonly<Record<string, number>>): TensorType => ({
  ...real(axes),
  kind: "int",
});
const flag = (axes: Readonly<Record<string, number>>): TensorType => ({
  ...real(axes),
  kind: "flag",
});

const x = real({ batch: 2, T: 3 });

function plan(
  types: readonly TensorType[],
  body: (g: Builder, ...inputs: Tensor[]) => unknown,
  options: { readonly probes?: boolean } = {},
): Plan {
  return stage("test", body as (g: Builder, ...inputs: never[]) => unknown, types, options).plan;
}

/** The operations of a plan, in order. */
const ops = ({ nodes }: Plan) => nodes.map(({ op }) => op);

describe("Methods of the builder", () => {
  it("take operands by position and attributes as one object", () => {
    const { nodes, values } = plan([x, real({ T: 3, D: 4 })], (g, a, w) =>
      g.contract(a, w, { over: ["T"] }),
    );
    expect(nodes).toEqual([
      { op: "contract", attributes: { over: ["T"] }, inputs: [0, 1], outputs: [2] },
    ]);
    expect(values[2]).toEqual(real({ batch: 2, D: 4 }));
  });

  it("take no attributes where the operation has none", () => {
    expect(plan([x], (g, a) => g.exp(a)).nodes[0]).toMatchObject({ op: "exp", attributes: {} });
  });

  it("take the mask beside the attributes; it becomes the last input", () => {
    const { nodes } = plan([x, flag({ T: 3 })], (g, a, where) =>
      g.softmax(a, { over: ["T"], where }),
    );
    expect(nodes[0]).toMatchObject({ inputs: [0, 1], attributes: { over: ["T"] } });
    expect(Object.keys(nodes[0]?.attributes ?? {})).toEqual(["over"]);
  });

  it("take a mask that is undefined as none", () => {
    const { nodes } = plan([x], (g, a) => g.sum(a, { over: ["T"], where: undefined }));
    expect(nodes[0]?.inputs).toEqual([0]);
  });

  it("take the bias of linear beside the attributes", () => {
    const types = [x, real({ T: 3, D: 4 }), real({ D: 4 })];
    const { nodes } = plan(types, (g, a, w, bias) =>
      g.linear(a, w, { over: ["T"], activation: "gelu", bias }),
    );
    expect(nodes[0]).toMatchObject({
      inputs: [0, 1, 2],
      attributes: { over: ["T"], activation: "gelu" },
    });
  });

  it("take the pieces of a join as a list", () => {
    const joined = plan([x, real({ batch: 2, S: 5 })], (g, a, b) =>
      g.join([a, b], { pieces: ["T", "S"], into: "R" }),
    );
    expect(joined.values.at(-1)).toEqual(real({ batch: 2, R: 8 }));
  });

  it("return a tuple where the operation has several results", () => {
    const { nodes, outputs } = plan([x], (g, a) => {
      const [values, indices] = g.topK(a, { over: "T", k: 2, into: "K" });
      return { values, indices };
    });
    expect(nodes).toHaveLength(1);
    expect(outputs.map(({ name }) => name)).toEqual(["values", "indices"]);
  });

  it("are typed, one by one", () => {
    expectTypeOf<Builder["exp"]>().toEqualTypeOf<(x: Operand) => Tensor>();
    expectTypeOf<Builder["add"]>().parameters.toEqualTypeOf<[left: Operand, right: Operand]>();
    expectTypeOf<Builder["index"]>().parameter(0).toExtend<{ axis: string; size: number }>();
    expectTypeOf<Builder["topK"]>().returns.toExtend<readonly [Tensor, Tensor]>();
    expectTypeOf<Builder["attention"]>().parameter(3).toHaveProperty("where");
    expectTypeOf<Builder["contract"]>().parameter(2).not.toHaveProperty("where");
  });
});

describe("Numbers and booleans as operands", () => {
  const literalOf = (type: TensorType, body: (g: Builder, a: Tensor) => unknown) =>
    plan([type], body as (g: Builder, ...inputs: Tensor[]) => unknown).constants[0]?.tensor.type
      .kind;

  it("a whole number is int against an int tensor", () => {
    expect(literalOf(int({ T: 3 }), (g, a) => g.add(a, 2))).toBe("int");
    expect(literalOf(int({ T: 3 }), (g, a) => g.where(g.less(a, 1), a, 7))).toBe("int");
    expect(literalOf(int({ T: 3 }), (g, a) => g.clip(a, 0, 2))).toBe("int");
  });

  it("any other number is real, and so is a whole one against a real tensor", () => {
    expect(literalOf(int({ T: 3 }), (g, a) => g.add(a, 2.5))).toBe("real");
    expect(literalOf(x, (g, a) => g.add(a, 2))).toBe("real");
    expect(literalOf(int({ T: 3 }), (g, a) => g.div(a, 2))).toBe("real");
  });

  it("an index is int whatever it indexes", () => {
    expect(literalOf(x, (g, a) => g.gather(a, 2, { axis: "T" }))).toBe("int");
  });

  it("a boolean is a flag", () => {
    expect(literalOf(flag({ T: 3 }), (g, a) => g.equal(a, true))).toBe("flag");
  });
});

describe("Misuse is refused in a sentence", () => {
  const refusal = (types: readonly TensorType[], body: (g: Builder, ...x: Tensor[]) => unknown) => {
    try {
      plan(types, body);
    } catch (error) {
      if (error instanceof StagingError) return error.message;
      throw error;
    }
    return "accepted";
  };

  it("sizes that disagree, with the types", () => {
    const message = refusal([x, real({ T: 4 })], (g, a, b) => g.add(a, b));
    expect(message).toMatch(/^In add\(real \[batch=2, T=3\], real \[T=4\]\): .*T.*\.$/);
  });

  it("an axis that is not there", () => {
    expect(refusal([x], (g, a) => g.add(a, g.size(a, "S")))).toMatch(/no axis S/);
  });

  it("a tensor of another plan", () => {
    let kept: Tensor | undefined;
    plan([x], (g, a) => {
      kept = g.exp(a);
      return kept;
    });
    expect(refusal([x], (g, a) => g.add(a, kept ?? a))).toMatch(/another plan/);
  });

  it("an operand that is nothing of the kind", () => {
    const wrong = undefined as unknown as Tensor;
    expect(refusal([x], (g, a) => g.add(a, wrong))).toMatch(/add .*operand 2/);
    expect(refusal([x], (g) => g.exp("1" as unknown as Tensor))).toMatch(/exp is given a string/);
  });
});

describe("Probes", () => {
  const body = (g: Builder, a: Tensor) => {
    const h = g.scope("layer", 3);
    h.scope("attention").probe("scores", "value", g.exp(a));
    h.probe("x", "gradient", a);
    return g.neg(a);
  };

  it("add outputs that are named by path", () => {
    const { outputs } = plan([x], body as never, { probes: true });
    expect(outputs.map(({ name }) => name)).toEqual([
      "result",
      "probe.layer[3].attention.scores",
      "probe.gradient.layer[3].x",
    ]);
  });

  it("cost nothing unless they are asked for", () => {
    expect(ops(plan([x], body as never))).toEqual(["neg"]);
  });

  it("must not give two values one name", () => {
    const twice = (g: Builder, a: Tensor) => {
      g.probe("x", "value", a);
      g.probe("x", "value", g.exp(a));
      return a;
    };
    expect(() => plan([x], twice as never, { probes: true })).toThrow(/probe\.x/);
  });
});
