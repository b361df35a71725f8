/**
 * What the language fixes about gradients at kinks and ties, behind masks, and for indices (rules
 * R5, R13, R17 to R19).
 */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { differentiate } from "../../../src/ir/gradient/index.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import type { LooseAttributes } from "../../../src/ir/symbolic.ts";
import type { HostTensor, OpName } from "../../../src/ops/index.ts";
import { hostTensor } from "../../../src/ops/index.ts";
import { entriesOf, graphOf, runGradient } from "../kit.ts";

const list = (data: readonly number[], axis = "T"): HostTensor =>
  hostTensor("real", { [axis]: data.length }, data);
const flags = (data: readonly number[], axis = "T"): HostTensor =>
  hostTensor("flag", { [axis]: data.length }, data);

/**
 * Gradients of sum(weights * op(…)) with respect to the real operands, the weights being 1, 2, … in
 * order.
 */
function gradients(
  op: OpName,
  operands: readonly HostTensor[],
  attributes: LooseAttributes<OpName>,
): readonly (readonly number[] | undefined)[] {
  const f = new FunctionBuilder("main");
  const inputs = operands.map(({ type }, index) =>
    f.input(`x${index}`, type, { role: "argument" }),
  );
  f.result(
    f.ops(op, inputs, attributes)[0] ??
      f.value("none", operands[0]?.type ?? { kind: "real", axes: [] }),
    { role: "return", path: ["y"] },
  );
  const graph = differentiate(graphOf(f.finish()), { wrt: () => true, cotangents: () => true });
  const weights = (): HostValue => {
    const type = f.results[0]?.value.type ?? { kind: "real", axes: [] };
    const count = type.axes.reduce((product, axis) => product * axis.size, 1);
    return hostTensor(
      "real",
      type.axes,
      Array.from({ length: count }, (_, index) => index + 1),
    );
  };
  const run = runGradient(graph, operands, weights);
  return operands.map((_, index) => {
    const found = run.gradients.get(`argument.x${index}`);
    return found && entriesOf(found, operands[index]);
  });
}

describe("kinks and ties", () => {
  it("relu passes nothing at 0", () => {
    expect(gradients("relu", [list([-1, 0, 1])], {})).toEqual([[0, 0, 3]]);
  });

  it("clip passes everything on its bounds, nothing outside", () => {
    const bounds = [hostTensor("real", {}, [-1]), hostTensor("real", {}, [1])];
    expect(gradients("clip", [list([-2, -1, 0, 1, 2]), ...bounds], {})).toEqual([
      [0, 2, 3, 4, 0],
      [1],
      [5],
    ]);
  });

  it("clip to a lower bound above the upper one is the upper one", () => {
    const bounds = [hostTensor("real", {}, [1]), hostTensor("real", {}, [-1])];
    expect(gradients("clip", [list([-2, -1, 0, 1, 2]), ...bounds], {})).toEqual([
      [0, 0, 0, 0, 0],
      [0],
      [15],
    ]);
    const [x, low, high] = gradients(
      "clip",
      [list([0, 3, 9]), list([2, 2, 5]), list([2, 4, 4])],
      {},
    );
    expect([x, low, high]).toEqual([
      [0, 2, 0],
      [1, 0, 0],
      [0, 0, 3],
    ]);
  });

  it("max and min give all to the lowest index among ties", () => {
    expect(gradients("max", [list([1, 3, 3, 2])], { over: ["T"] })).toEqual([[0, 1, 0, 0]]);
    expect(gradients("min", [list([1, 0, 0, 2])], { over: ["T"] })).toEqual([[0, 1, 0, 0]]);
  });

  it("max over two axes counts along the first one named slowest", () => {
    const x = hostTensor("real", { A: 2, B: 2 }, [0, 5, 5, 0]);
    expect(gradients("max", [x], { over: ["A", "B"] })).toEqual([[0, 1, 0, 0]]);
    expect(gradients("max", [x], { over: ["B", "A"] })).toEqual([[0, 0, 1, 0]]);
  });

  it("maximum and minimum give all to the first operand in a tie", () => {
    const operands = [list([1, 2, 3]), list([2, 2, 2])];
    expect(gradients("maximum", operands, {})).toEqual([
      [0, 2, 3],
      [1, 0, 0],
    ]);
    expect(gradients("minimum", operands, {})).toEqual([
      [1, 2, 0],
      [0, 0, 3],
    ]);
  });

  it("abs has slope 0 at 0; sign, floor and round have none anywhere", () => {
    expect(gradients("abs", [list([-2, 0, 2])], {})).toEqual([[-1, 0, 3]]);
    for (const op of ["sign", "floor", "round", "stop"] as const) {
      expect(gradients(op, [list([0.3])], {})).toEqual([undefined]);
    }
  });

  it("a power of 0 has slope 0 at 0 where the exponent is 0", () => {
    expect(gradients("pow", [list([0, 0, 2]), list([0, 2, 0])], {})[0]).toEqual([0, 0, 0]);
  });
});

describe("masks", () => {
  it("what is left out gets no gradient, even where the masked entries are infinite", () => {
    const x = list([1, Infinity, 2]);
    expect(gradients("sum", [x, flags([1, 0, 1])], { over: ["T"] })[0]).toEqual([1, 0, 1]);
    expect(gradients("mean", [x, flags([1, 0, 1])], { over: ["T"] })[0]).toEqual([0.5, 0, 0.5]);
  });

  it.each(["sum", "mean", "max", "min", "logsumexp", "softmax"] as const)(
    "%s of nothing has gradient 0",
    (op) => {
      expect(
        gradients(op, [list([1, 2]), flags([0, 0])], { over: ["T"] })[0]?.map(Math.abs),
      ).toEqual([0, 0]);
    },
  );
});

describe("indices and choices", () => {
  it("an index out of range passes nothing back", () => {
    const index = hostTensor("int", { T: 4 }, [1, -1, 3, 1]);
    expect(gradients("gather", [list([5, 6, 7], "V"), index], { axis: "V" })[0]).toEqual([0, 5, 0]);
    expect(
      gradients("scatterAdd", [list([5, 6, 7, 8]), index], { over: ["T"], axis: "E", size: 3 })[0],
    ).toEqual([2, 0, 0, 2]);
  });

  it("what is overwritten by a later element gets none", () => {
    const index = hostTensor("int", { T: 4 }, [1, -1, 0, 1]);
    expect(
      gradients("scatterPut", [list([5, 6, 7, 8]), index], { over: ["T"], axis: "E", size: 3 })[0],
    ).toEqual([0, 0, 1, 2]);
  });

  it("ties of topK go to the lowest index, as in the forward computation", () => {
    expect(gradients("topK", [list([3, 1, 3, 3])], { over: "T", k: 2, into: "I" })[0]).toEqual([
      1, 0, 2, 0,
    ]);
  });

  it("an axis without entries has a gradient without entries", () => {
    const none = hostTensor("real", { T: 0 }, []);
    expect(gradients("cumsum", [none], { over: "T" })).toEqual([[]]);
    expect(gradients("sum", [none], { over: ["T"] })).toEqual([[]]);
  });
});

it("differentiating a gradient is refused rather than wrong", () => {
  const f = new FunctionBuilder("main");
  const p = f.input("p", { kind: "real", axes: [{ name: "T", size: 2 }] }, { role: "argument" });
  f.result(f.op("softmaxGradient", [p, p], { over: ["T"] }, "g"), { role: "return" });
  const graph = graphOf(f.finish());
  expect(() => differentiate(graph, { wrt: () => true, cotangents: () => true })).toThrow(
    /softmaxGradient/,
  );
});
