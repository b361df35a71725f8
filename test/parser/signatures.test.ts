import { describe, expect, it } from "vitest";
import type { Option } from "../../src/parser/index.ts";
import { bare, faultsOf, itemsOf } from "./kit.ts";

function optionOf(text: string): Option {
  const [item] = itemsOf(`memory m(option: ${text}) { }`);
  if (item?.kind !== "memory" || item.options.length !== 1) throw new Error("not one option");
  return item.options[0]!;
}

describe("option types", () => {
  it.each([
    ["int", { kind: "number", number: "int" }],
    ["real", { kind: "number", number: "real" }],
    ["flag", { kind: "flag" }],
    ["even int", { kind: "number", number: "int", parity: "even" }],
    ["odd int", { parity: "odd" }],
    ["square int", { parity: "square" }],
    ["int >= 1", { range: { low: { value: { value: 1 }, open: false } } }],
    ["real > 0", { range: { low: { value: { value: 0 }, open: true } } }],
    ["int <= 4", { range: { high: { value: { value: 4 }, open: false } } }],
    ["real < n + 1", { range: { high: { value: { kind: "binary" }, open: true } } }],
    ["real in (0, 1)", { range: { low: { open: true }, high: { open: true } } }],
    ["real in [0, 1)", { range: { low: { open: false }, high: { open: true } } }],
    ["real in (0, 1]", { range: { low: { open: true }, high: { open: false } } }],
    [
      "int in 1 .. 8",
      { range: { low: { value: { value: 1 }, open: false }, high: { open: false } } },
    ],
    ["list(real > 0)", { kind: "list", element: { kind: "number", range: {} } }],
    ["set(int)", { kind: "set", element: { kind: "number" } }],
    ["list(list(int))", { kind: "list", element: { kind: "list" } }],
    [
      "choice(none, causal)",
      { kind: "choice", alternatives: [{ name: "none", options: [] }, { name: "causal" }] },
    ],
    [
      "choice(off, at(distance: int >= 1))",
      { alternatives: [{ name: "off" }, { name: "at", options: [{ name: "distance" }] }] },
    ],
  ])("%s", (text, type) => expect(bare(optionOf(text).type)).toMatchObject(type));

  it("have defaults: any expression", () => {
    expect(bare(optionOf("int >= 1 = 4"))).toMatchObject({ default: { value: 4 } });
    expect(bare(optionOf("list(real > 0) = [0.01, 0.05]"))).toMatchObject({
      default: { kind: "list" },
    });
    expect(bare(optionOf("choice(a, b(n: int)) = b(n = 2)"))).toMatchObject({
      default: { kind: "call" },
    });
    expect(bare(optionOf("choice(on, off) = off"))).toMatchObject({
      default: { kind: "flag", value: false },
    });
    expect(optionOf("int")).not.toHaveProperty("default");
  });
});

describe("formals", () => {
  it("are told from options by brackets; a comma may end the list", () => {
    const [block] = itemsOf("block b(\n  x[T, J: H],\n  heads: int,\n  s[],\n) { }");
    expect(bare(block)).toMatchObject({
      formals: [
        { name: "x", rest: false, axes: [{ name: "T" }, { name: "J", size: { name: "H" } }] },
        { name: "s", rest: false, axes: [] },
      ],
      options: [{ name: "heads" }],
    });
  });

  it("are one or the other", () => {
    expect(faultsOf("block b(x) { }")).toEqual([
      "MEM0020 ⟨)⟩ expected `[` (the axes of a tensor) or `:` (the type of an option), found `)`",
    ]);
    expect(faultsOf("block b(n: integer) { }")).toEqual([
      "MEM0020 ⟨integer⟩ expected an option's type (int, real, flag, choice, list or set), found `integer`",
    ]);
    expect(faultsOf("block b(n: odd real) { }")).toEqual([
      "MEM0020 ⟨real⟩ expected `int`, found `real`",
    ]);
    expect(faultsOf("block b(state: int) { }")).toEqual([
      "MEM0024 ⟨state⟩ expected a name, found the reserved word `state`",
    ]);
  });
});
