/** Writing functions node by node. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder, isUnnamed } from "../../../src/ir/function-builder.ts";
import { expressionText, printFunction } from "../../../src/ir/graph-text.ts";
import { axisSize, calculate, formal, isOpen, literal } from "../../../src/ir/symbolic.ts";
import { OPEN, OpError } from "../../../src/ops/index.ts";
import { real, type } from "../kit.ts";

describe("FunctionBuilder", () => {
  it("takes result types from the op table and names from hints", () => {
    const f = new FunctionBuilder("project", { title: "project" });
    const x = f.input("x", real({ batch: OPEN, T: 4, D: 3 }), { role: "argument" });
    const W = f.input("W", real({ D: 3, K: 2 }), { role: "parameter" });
    const q = f.op("contract", [x, W], { over: ["D"] }, "q");
    const again = f.op("mul", [q, 2], {}, "q");
    f.result(again, { role: "return", path: ["q"] });
    expect(printFunction(f.finish())).toBe(`block project "project" {
  in x: real [batch, T=4, D=3] as argument own.x
  in W: real [D=3, K=2] as parameter own.W
  q: real [batch, T=4, K=2] = contract x, W { over: [D] }
  q2: real [batch, T=4, K=2] = mul q, real(2)
  out q2 as return own.q
}
`);
  });

  it("marks names it made up, and gives them up for better ones", () => {
    const f = new FunctionBuilder("f");
    const x = f.input("x", real(), { role: "argument" });
    const y = f.op("exp", [x], {});
    expect([isUnnamed(x), isUnnamed(y)]).toEqual([false, true]);
    f.suggestName(y, "y");
    f.suggestName(y, "late");
    f.suggestName(x, "other");
    f.result(y, { role: "return", path: ["y"] });
    expect(f.finish().results.map((port) => port.value.name)).toEqual(["y"]);
    expect(f.finish().inputs.map((port) => port.value.name)).toEqual(["x"]);
  });

  it("refuses what the op table refuses", () => {
    const f = new FunctionBuilder("f");
    const x = f.input("x", real({ T: 3 }), { role: "argument" });
    expect(() => f.op("sum", [x], { over: ["S"] })).toThrow(OpError);
  });

  it("does not compute with copies", () => {
    const f = new FunctionBuilder("f");
    const x = f.input("x", type("real", { T: 3 }, [2]), { role: "argument" });
    expect(() => f.op("exp", [x], {})).toThrow("only a repeat takes copies apart");
    expect(f.stack(x, "copy").type).toEqual(real({ copy: 2, T: 3 }));
  });
});

describe("compile-time numbers", () => {
  it("remember how they were written, but not + 0 and * 1", () => {
    const heads = formal("heads", 4);
    expect(calculate("*", heads, literal(1))).toEqual(heads);
    expect(calculate("+", literal(0), heads)).toEqual(heads);
    expect(calculate("-", literal(5), literal(2))).toEqual(literal(3));
    expect(calculate("/", literal(1), heads).value).toBe(0.25);
    expect(calculate("*", literal(0.5), literal(3))).toEqual(literal(1.5));
    const root = calculate("sqrt", calculate("*", literal(2), literal(Math.PI)));
    expect(expressionText(root.text)).toBe("sqrt((2 * 3.141592653589793))");
    expect(calculate("^", root, literal(2)).text.kind).toBe("operation");
    expect(calculate("mod", literal(-1), literal(3)).value).toBe(2);
    expect(calculate("round", literal(2.5)).value).toBe(2);
  });

  it("do not compute with the size of the batch", () => {
    const size = axisSize(real({ batch: OPEN }), "batch");
    expect(isOpen(size)).toBe(true);
    expect(() => calculate("*", size, literal(2))).toThrow("not known while compiling");
  });
});
