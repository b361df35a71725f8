/** Gradients through calls, repeats and scans, held against central differences. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { differentiate } from "../../../src/ir/gradient/index.ts";
import type { GraphFunction, Value } from "../../../src/ir/graph.ts";
import { printFunction } from "../../../src/ir/graph-text.ts";
import { axisSize, formal, real as number } from "../../../src/ir/symbolic.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { expectGradient, graphOf, real, type } from "../kit.ts";
import { attention, embedding, model, recurrence } from "./blocks.ts";

const B = { batch: OPEN };
const seed = 7;

function only(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined) throw new Error("There is no value.");
  return value;
}

function functionOf(functions: ReadonlyMap<string, GraphFunction>, name: string): GraphFunction {
  const found = functions.get(name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

describe(`gradients through calls (seed ${seed})`, () => {
  it("attention over another sequence", () => {
    expectGradient(graphOf(attention(3, 4, 2)), { seed });
  });

  it("attention for one example, one query, one key", () => {
    expectGradient(graphOf(attention(1, 1, 2)), { seed, sizes: { batch: 1 } });
  });

  it("one parameter that feeds two calls (tied weights)", () => {
    expectGradient(graphOf(...embedding(4)), { seed });
  });

  it("a kept value whose axis is called as what every object has", () => {
    const square = new FunctionBuilder("square");
    const given = square.input("x", real({ ...B, constructor: 2 }), { role: "argument" });
    const kept = square.op("tanh", [given], {}, "kept");
    square.result(square.op("mul", [kept, kept], {}, "y"), { role: "return" });
    const callee = square.finish();
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ ...B, toString: 2 }), { role: "argument" });
    const renamed = f.op("rename", [x], { names: { toString: "constructor" } });
    const y = only(f.call(callee, [renamed], { scope: ["square"] }));
    f.result(y, { role: "return" });
    expectGradient(graphOf(callee, f.finish()), { seed });
  });

  it("one argument given for two formals, and a result used twice", () => {
    const callee = attention(3, 3, 2);
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ ...B, T: 3, D: 2 }), { role: "argument" });
    const weights = callee.inputs
      .slice(2)
      .map((port) => f.input(port.value.name, port.value.type, { role: "parameter" }));
    const context = f.op("rename", [x], { names: { T: "S" } }, "context");
    const y = only(f.call(callee, [x, context, ...weights], { hints: ["y"] }));
    f.result(f.op("mul", [y, f.op("add", [y, x], {})], {}, "z"), { role: "return" });
    expectGradient(graphOf(callee, f.finish()), { seed });
  });

  it("calls that differ in what is active get backward functions of their own", () => {
    const c = new FunctionBuilder("product");
    const a = c.input("a", real({ T: 3 }), { role: "argument" });
    const b = c.input("b", real({ T: 3 }), { role: "argument" });
    c.result(c.op("mul", [a, b], {}, "y"), { role: "return" });
    const callee = c.finish();
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 3 }), { role: "argument" });
    const once = only(f.call(callee, [x, x], { hints: ["once"] }));
    const cut = f.op("stop", [x], {}, "cut");
    f.result(only(f.call(callee, [once, cut], { hints: ["twice"] })), { role: "return" });
    const graph = graphOf(callee, f.finish());
    const { functions } = differentiate(graph, { wrt: () => true, cotangents: () => true });
    expect([...functions.keys()].filter((name) => name.startsWith("product"))).toEqual([
      "product",
      "productBackward",
      "productBackward2",
    ]);
  });

  it("numbers of a block reach its backward function if it mentions them", () => {
    const c = new FunctionBuilder("scaled", {
      numbers: [
        { name: "factor", value: 3 },
        { name: "unused", value: 1 },
      ],
    });
    const a = c.input("a", real({ T: 3 }), { role: "argument" });
    c.result(c.op("mul", [a, number(formal("factor", 3))], {}, "y"), { role: "return" });
    const callee = c.finish();
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 3 }), { role: "argument" });
    const numbers = [
      { name: "factor", value: number(3).constant },
      { name: "unused", value: number(1).constant },
    ];
    f.result(only(f.call(callee, [x], { numbers, hints: ["y"] })), { role: "return" });
    const graph = expectGradient(graphOf(callee, f.finish()), { seed });
    expect(functionOf(graph.functions, "scaledBackward").numbers).toEqual([
      { name: "factor", value: 3 },
    ]);
  });

  it("a result that is an input", () => {
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ T: 3 }), { role: "argument" });
    f.result(x, { role: "return", path: ["same"] });
    f.result(x, { role: "next", path: ["kept"] });
    expectGradient(graphOf(f.finish()), { seed });
  });
});

describe(`gradients through repeats (seed ${seed})`, () => {
  it.each([1, 2, 5])("%i layers: carried, stacked and captured values", (depth) => {
    expectGradient(graphOf(...model(depth)), { seed });
  });

  it("no layer at all", () => {
    expectGradient(graphOf(...model(0)), { seed });
  });

  it("has as many nodes for 4 layers as for 40", () => {
    const count = (depth: number): readonly number[] =>
      [...differentiate(graphOf(...model(depth)), { wrt: () => true }).functions.values()].map(
        (each) => each.nodes.length,
      );
    expect(count(40)).toEqual(count(4));
  });

  it("a value that is carried for others only, from a constant", () => {
    const c = new FunctionBuilder("body");
    const total = c.input("total", real({ T: 2 }), { role: "argument" });
    const w = c.input("w", real({ T: 2 }), { role: "parameter" });
    c.result(c.op("add", [c.op("mul", [total, total], {}), w], {}, "more"), {
      role: "return",
      path: ["total"],
    });
    c.result(c.op("mul", [total, w], {}, "seen"), { role: "return", path: ["seen"] });
    const body = c.finish();
    const f = new FunctionBuilder("main");
    const ws = f.input("ws", type("real", { T: 2 }, [3]), {
      role: "parameter",
      path: ["i", "*", "w"],
    });
    const zero = f.op("fill", [], { value: 0.5, axes: [{ name: "T", size: 2 }], kind: "real" });
    const results = f.repeat(body, "i", {
      count: 3,
      inputs: [
        { value: zero, passing: "carried" },
        { value: ws, passing: "stacked" },
      ],
      collecting: ["carried", "stacked"],
    });
    const seen = results[1];
    if (seen === undefined) throw new Error("nothing is seen");
    f.result(f.stack(seen, "i", "all"), { role: "return" });
    expectGradient(graphOf(body, f.finish()), { seed });
  });

  it("repeats inside repeats, and stacked parameters used by two of them", () => {
    const c = new FunctionBuilder("inner");
    const x = c.input("x", real({ ...B }), { role: "argument" });
    const w = c.input("w", real(), { role: "parameter" });
    c.result(c.op("sin", [c.op("mul", [x, w], {})], {}, "y"), { role: "return" });
    const inner = c.finish();
    const o = new FunctionBuilder("outer");
    const input = o.input("x", real({ ...B }), { role: "argument" });
    const ws = o.input("ws", type("real", {}, [2]), { role: "parameter", path: ["j", "*", "w"] });
    const y = only(
      o.repeat(inner, "j", {
        count: 2,
        inputs: [
          { value: input, passing: "carried" },
          { value: ws, passing: "stacked" },
        ],
        collecting: ["carried"],
        hints: ["y"],
      }),
    );
    o.result(y, { role: "return" });
    const outer = o.finish();
    const f = new FunctionBuilder("main");
    const start = f.input("x", real({ ...B }), { role: "argument" });
    const all = f.input("ws", type("real", {}, [3, 2]), {
      role: "parameter",
      path: ["i", "*", "j", "*", "w"],
    });
    const run = (from: Value, hint: string): Value =>
      only(
        f.repeat(outer, "i", {
          count: 3,
          inputs: [
            { value: from, passing: "carried" },
            { value: all, passing: "stacked" },
          ],
          collecting: ["carried"],
          hints: [hint],
        }),
      );
    f.result(run(run(start, "once"), "twice"), { role: "return" });
    expectGradient(graphOf(inner, outer, f.finish()), { seed });
  });
});

describe(`gradients through scans (seed ${seed})`, () => {
  it.each([1, 4])("a recurrence over %i steps with resets", (steps) => {
    expectGradient(graphOf(...recurrence(steps)), { seed });
  });

  it("a step that calls a block with an axis of the same name as the one scanned over", () => {
    const callee = attention(2, 2, 2);
    const s = new FunctionBuilder("step");
    const h = s.input("h", real({ ...B, P: 2, D: 2 }), { role: "argument" });
    const xt = s.input("xt", real({ ...B, D: 2 }), { role: "argument" });
    const weights = callee.inputs
      .slice(2)
      .map((port) => s.input(port.value.name, port.value.type, { role: "parameter" }));
    const query = s.op("rename", [s.op("add", [h, xt], {})], { names: { P: "T" } }, "query");
    const keys = s.op("rename", [h], { names: { P: "S" } }, "keys");
    const y = only(
      s.call(callee, [query, keys, ...weights], { scope: ["attention"], hints: ["y"] }),
    );
    const squashed = s.op("tanh", [y], {}, "squashed");
    s.result(s.op("rename", [squashed], { names: { T: "P" } }, "next"), { role: "return" });
    const step = s.finish();
    const f = new FunctionBuilder("main");
    const x = f.input("x", real({ ...B, T: 3, D: 2 }), { role: "argument" });
    const start = f.input("start", real({ ...B, P: 2, D: 2 }), { role: "state" });
    const own = callee.inputs
      .slice(2)
      .map((port) => f.input(port.value.name, port.value.type, { role: "parameter" }));
    const last = only(
      f.scan(step, "T", {
        count: axisSize(x.type, "T"),
        inputs: [
          { value: start, passing: "carried" },
          { value: x, passing: "stacked" },
          ...own.map((value) => ({ value, passing: "captured" as const })),
        ],
        collecting: ["carried"],
        hints: ["last"],
      }),
    );
    f.result(last, { role: "next", path: ["start"] });
    expectGradient(graphOf(callee, step, f.finish()), { seed });
  });
});

describe("the size of the batch", () => {
  it("is taken from an input where nothing else in the backward function has it", () => {
    const f = new FunctionBuilder("main");
    const b = f.input("b", real({ D: 2 }), { role: "parameter" });
    const x = f.input("x", real({ ...B, D: 2 }), { role: "argument" });
    f.result(f.op("sum", [f.op("add", [x, b], {})], { over: ["batch", "D"] }, "loss"), {
      role: "loss",
    });
    const graph = expectGradient(graphOf(f.finish()), { seed, sizes: { batch: 3 } });
    expect(printFunction(functionOf(graph.functions, "mainBackward"))).toContain("in x");
  });

  it("is told by a parameter where only a parameter has it", () => {
    const [look] = embedding(4);
    const graph = expectGradient(graphOf(...embedding(4)), { seed });
    expect(look?.name).toBe("look");
    const text = printFunction(functionOf(graph.functions, "lookBackward"));
    expect(text).toContain("in E: real [V=4, D=2] as parameter");
    expect(text).toContain("axis: V, size: <|V| = 4>");
  });

  it("comes as a number from the caller where nothing that the backward function is handed has it", () => {
    const f = new FunctionBuilder("look");
    const table = f.input("table", real({ V: 4 }), { role: "argument" });
    const at = f.input("at", type("int", { T: 3 }), { role: "argument" });
    f.result(f.op("gather", [table, at], { axis: "V" }, "rows"), { role: "return" });
    const look = f.finish();
    const m = new FunctionBuilder("model");
    const weights = m.input("weights", real({ V: 4 }), { role: "argument" });
    const where = m.input("where", type("int", { T: 3 }), { role: "argument" });
    const [rows] = m.call(look, [m.op("exp", [weights], {}), where], { scope: ["look"] });
    m.result(rows!, { role: "return", path: ["rows"] });
    const { functions } = expectGradient(graphOf(look, m.finish()), { seed });
    const inner = printFunction(functionOf(functions, "lookBackward"));
    expect(inner).toContain("numbers V = 4");
    expect(inner).toContain("axis: V, size: <V = 4>");
    expect(printFunction(functionOf(functions, "modelBackward"))).toContain("with V = <|V| = 4>");
  });

  it("is what the function says of an axis that it makes", () => {
    const f = new FunctionBuilder("shorten");
    const x = f.input("x", real({ T: 4 }), { role: "argument" });
    const y = f.input("y", real({ R: 3 }), { role: "argument" });
    const both = f.op("join", [x, y], { pieces: ["T", "R"], into: "S" });
    const at = f.input("at", type("int", { U: 2 }), { role: "argument" });
    f.result(f.op("gather", [both, at], { axis: "S" }, "rows"), { role: "return" });
    const { functions } = expectGradient(graphOf(f.finish()), { seed });
    expect(printFunction(functionOf(functions, "shortenBackward"))).toContain(
      "size: <(|T| + |R|) = 7>",
    );
  });
});
