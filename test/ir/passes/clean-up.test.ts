/** Passes that drop what is done twice, for nothing, or only to be undone. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { differentiate } from "../../../src/ir/gradient/index.ts";
import type { PortRole, SymbolicNumber } from "../../../src/ir/graph.ts";
import { common } from "../../../src/ir/passes/common.ts";
import { joins } from "../../../src/ir/passes/joins.ts";
import { renames } from "../../../src/ir/passes/renames.ts";
import { axisSize, calculate, formal, literal } from "../../../src/ir/symbolic.ts";
import { verify } from "../../../src/ir/verify.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { chain } from "../gradient/blocks.ts";
import { expectGradient, graphOf, real, type } from "../kit.ts";
import { functionOf, nodesOf, runPass } from "./kit.ts";

const seed = 9;
const argument = { role: "argument" } as const;
const returned = { role: "return" } as const;

describe("common sub-expressions", () => {
  it("look at a function once, however often it is called", () => {
    const after = common.run(graphOf(...chain(64)));
    expect(verify(after)).toEqual([]);
    expect(nodesOf(after).some((line) => line.includes("sin"))).toBe(false);
  });

  it("leave what a probe shows, and drop what nothing reads", () => {
    const f = new FunctionBuilder("shown");
    const x = f.input("x", real({ batch: OPEN }), argument);
    f.op("sin", [f.op("exp", [x], {}, "unread")], {});
    f.probe("power", f.op("exp", [x], {}, "shown"));
    f.result(x, { role: "return", path: ["y"] });
    expect(nodesOf(runPass(common, graphOf(f.finish()), seed))).toEqual([
      "unread: real [batch] = exp x",
      "probe value power = unread",
    ]);
  });

  it("are computed once, through any number of steps", () => {
    const f = new FunctionBuilder("twice");
    const x = f.input("x", real({ batch: OPEN, T: 3 }), argument);
    const root = (hint: string) =>
      f.op("sqrt", [f.op("add", [f.op("mul", [x, x], {}), 1], {})], {}, hint);
    f.result(f.op("sub", [root("a"), f.op("mul", [root("b"), 2], {})], {}, "y"), returned);
    expect(nodesOf(runPass(common, graphOf(f.finish()), seed))).toEqual([
      "$mul: real [batch, T=3] = mul x, x",
      "$add: real [batch, T=3] = add $mul, real(1)",
      "a: real [batch, T=3] = sqrt $add",
      "$mul3: real [batch, T=3] = mul a, real(2)",
      "y: real [batch, T=3] = sub a, $mul3",
    ]);
  });

  it("differ if an attribute or the kind of a constant does", () => {
    const f = new FunctionBuilder("differ");
    const x = f.input("x", real({ T: 3, S: 3 }), argument);
    f.result(f.op("sum", [x], { over: ["T"] }, "a"), returned);
    f.result(f.op("sum", [x], { over: ["S"] }, "b"), returned);
    const graph = graphOf(f.finish());
    expect(common.run(graph)).toBe(graph);
  });
});

describe("an index", () => {
  const size = calculate("*", formal("n", 2), literal(2));
  const read = axisSize(real({ Q: 4 }), "Q");

  function indices(...sizes: readonly SymbolicNumber[]) {
    const f = new FunctionBuilder("indices", { numbers: [{ name: "n", value: 2 }] });
    const [first, second] = sizes.map((each) => f.op("index", [], { axis: "Q", size: each }));
    f.result(f.op("add", [first!, second!], {}, "y"), returned);
    return graphOf(f.finish());
  }

  const count = (graph: ReturnType<typeof indices>) =>
    nodesOf(common.run(graph)).filter((line) => line.includes("= index ")).length;

  it("whose size is read off an earlier one of the same axis is that one", () => {
    expect(count(indices(size, read))).toBe(1);
  });

  it("stays where its size is written out otherwise, though it comes to the same", () => {
    expect(count(indices(size, literal(4)))).toBe(2);
  });
});

describe("joins of padded gradients", () => {
  /** An axis taken apart into `sizes` (null: one entry without an axis), the parts weighted; `from` leaves entries out. */
  function takenApart(sizes: readonly (number | null)[], from = 0, role: PortRole = "argument") {
    const total = sizes.reduce<number>((sum, size) => sum + (size ?? 1), from);
    const f = new FunctionBuilder("apart");
    const x = f.input("x", real({ batch: OPEN, E: total, H: 2 }), { role });
    let start = from;
    for (const [index, size] of sizes.entries()) {
      const into = size === null ? null : `E${index}`;
      const part = f.op("slice", [x], { axis: "E", start, size: size ?? 1, into });
      f.result(f.op("mul", [part, index + 2], {}, `y${index}`), returned);
      start += size ?? 1;
    }
    return graphOf(f.finish());
  }

  function gradient(graph: ReturnType<typeof takenApart>) {
    const { backward, functions } = differentiate(graph, {
      wrt: () => true,
      cotangents: () => true,
    });
    return { functions, main: backward };
  }

  it("are one join of the parts, whatever their number and order", () => {
    for (const sizes of [
      [null, 4],
      [2, null, 3],
      [1, 1, 1, 1],
    ]) {
      const after = runPass(joins, gradient(takenApart(sizes)), seed);
      const text = nodesOf(after).join("\n");
      expect(text.match(/= join /g)?.length).toBe(1);
      expect(text).not.toContain("= fill");
    }
    const two = nodesOf(runPass(joins, gradient(takenApart([null, 4])), seed));
    expect(two.at(-1)).toMatch(
      /^dX: real \[.*\] = join \$\w+, \$\w+ \{ pieces: \[null, E1\], into: E \}$/,
    );
  });

  it("keep their zeros where a part of the axis is not read", () => {
    const graph = gradient(takenApart([2, 3], 1));
    expect(joins.run(graph)).toBe(graph);
  });

  it("leave the gradient's axes in their order, whichever part comes first", () => {
    for (const sizes of [
      [null, 4],
      [2, null, 3],
      [3, null],
    ]) {
      const graph = gradient(takenApart(sizes, 0, "state"));
      for (const each of [graph, runPass(joins, graph, seed)]) {
        const [dX] = functionOf(each).results;
        expect(dX?.value.type.axes.map(({ name }) => name)).toEqual(["batch", "E", "H"]);
      }
    }
  });

  it("stay the gradient, by central differences", () => {
    const plain = takenApart([null, 2, 3]);
    expectGradient(plain, { seed });
    runPass(joins, gradient(plain), seed, [{ batch: 1 }, { batch: 2 }]);
  });
});

describe("renames", () => {
  function chain(...steps: readonly Readonly<Record<string, string>>[]) {
    const f = new FunctionBuilder("chain");
    const x = f.input("x", real({ batch: OPEN, T: 3, D: 2 }), argument);
    const last = steps.reduce((value, names) => f.op("rename", [value], { names }), x);
    f.result(f.op("exp", [last], {}, "y"), returned);
    return graphOf(f.finish());
  }

  it("of renames are one", () => {
    const after = runPass(renames, chain({ T: "S" }, { D: "E" }, { S: "R" }), seed);
    expect(nodesOf(renames.run(after))).toEqual([
      "$rename3: real [batch, R=3, E=2] = rename x { names: { T: R, D: E } }",
      "y: real [batch, R=3, E=2] = exp $rename3",
    ]);
  });

  it("there and back are none, also where two axes change places", () => {
    const there = { T: "D", D: "T" };
    for (const steps of [
      [{ T: "S" }, { S: "T" }],
      [there, there],
    ]) {
      expect(nodesOf(runPass(renames, chain(...steps), seed))).toEqual([
        "y: real [batch, T=3, D=2] = exp x",
      ]);
    }
  });

  it("do not take axes called as what every object has for renamed", () => {
    const f = new FunctionBuilder("odd");
    const x = f.input("x", real({ constructor: 3, D: 2 }), argument);
    const there = f.op("rename", [x], { names: { D: "toString" } });
    const back = f.op("rename", [there], { names: { toString: "valueOf" } });
    f.result(f.op("exp", [back], {}, "y"), returned);
    const after = runPass(renames, graphOf(f.finish()), seed);
    expect(nodesOf(after)).toEqual([
      "$rename2: real [constructor=3, valueOf=2] = rename x { names: { D: valueOf } }",
      "y: real [constructor=3, valueOf=2] = exp $rename2",
    ]);
  });

  it("leave a result of the function under its own name", () => {
    const f = new FunctionBuilder("back");
    const x = f.input("x", type("int", { T: 3 }), argument);
    const there = f.op("rename", [x], { names: { T: "S" } });
    f.result(f.op("rename", [there], { names: { S: "T" } }, "y"), returned);
    const after = runPass(renames, graphOf(f.finish()), seed);
    expect(functionOf(after).results.map((port) => port.value.name)).toEqual(["x"]);
    expect(functionOf(after).results[0]?.path).toEqual(["y"]);
  });
});
