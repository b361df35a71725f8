import { describe, expect, it } from "vitest";
import { parse } from "../../src/parser/index.ts";
import { faultsOf } from "./kit.ts";

/** The codes and the lines of a text's diagnostics. */
function linesOf(text: string): readonly string[] {
  return parse({ path: "test.mem", text }).diagnostics.map(
    ({ code, span }) => `${text.slice(0, span.start).split("\n").length}: ${code}`,
  );
}

describe("all syntax errors of a file in one run", () => {
  it("one for each statement that has any, and the others are in the tree", () => {
    const text = `model M {
  dim width = 8,
  param w[D -> H
  x = 1 +* 2
  y = f(1, 2))
  loss main = x weighted w
  when a = b { z = ; q = 3 }
  repeat 3 as { broken = = 4 }
  good = 1
}
train { segment 64 tokens batch = }
modle N { }
block b(x[T], y) -> [T] {
  return
}`;
    expect(linesOf(text)).toEqual([
      "3: MEM0024",
      "3: MEM0009",
      "4: MEM0021",
      "5: MEM0010",
      "6: MEM0020",
      "7: MEM0025",
      "7: MEM0021",
      "8: MEM0020",
      "8: MEM0021",
      "11: MEM0020",
      "12: MEM0022",
      "13: MEM0020",
      "15: MEM0021",
    ]);
    const { tree } = parse({ path: "test.mem", text });
    expect(tree?.items).toMatchObject([
      {
        kind: "model",
        body: [{ targets: [{ name: { text: "y" } }] }, { targets: [{ name: { text: "good" } }] }],
      },
      { kind: "program" },
    ]);
  });

  it("what is left out of the tree is known: whole statements, entries and items", () => {
    const text =
      "model M {\n  x = 1 +\n  y = 2\n  z = 3 3\n  w = 1\n}\ntrain { steps = ; batch 2 }\nblock b(x) { y = 1 }";
    const { skipped } = parse({ path: "test.mem", text });
    expect(skipped.map(({ start, end }) => text.slice(start, end))).toEqual([
      "x = 1 +",
      "z = 3 3",
      "steps =",
      "block b(x) { y = 1 }",
    ]);
  });

  it("of a wrong header too: its braces are read all the same", () => {
    expect(faultsOf("block b(x[T, D], n int) -> [T {\n  y = 1)\n  z = +\n}")).toEqual([
      "MEM0020 ⟨int⟩ expected `[` (the axes of a tensor) or `:` (the type of an option), found `int`",
      "MEM0009 ⟨[⟩ `[` is never closed",
      "MEM0010 ⟨)⟩ `)` closes nothing",
      "MEM0021 ⟨+⟩ expected an expression, found `+`",
    ]);
  });
});

describe("brackets", () => {
  it("left open end before a line that begins a statement", () => {
    expect(faultsOf("block b(x[T]) {\n  y = f(x, [1, 2\n  state M starts 0\n  z = 1\n}")).toEqual([
      "MEM0009 ⟨(⟩ `(` is never closed",
      "MEM0009 ⟨[⟩ `[` is never closed",
    ]);
    expect(faultsOf("block b(x[T]) {\n  y = f(x\n  z = 1\n}")).toEqual([
      "MEM0009 ⟨(⟩ `(` is never closed",
    ]);
    expect(faultsOf("block b(x[T]) {\n  y = f(x,\n  z = 1\n}")).toEqual([
      "MEM0009 ⟨(⟩ `(` is never closed",
    ]);
  });

  it("left open end before a definition, or with the file", () => {
    expect(faultsOf("block a(x[T]) {\n  when c {\n  y = x\n\nblock b(x[T]) { }")).toEqual([
      "MEM0009 ⟨{⟩ `{` is never closed",
      "MEM0009 ⟨{⟩ `{` is never closed",
    ]);
    expect(faultsOf("train {\n  segment 64 tokens\nevaluate { }")).toEqual([
      "MEM0009 ⟨{⟩ `{` is never closed",
    ]);
    expect(faultsOf("model M { x = f(")).toEqual([
      "MEM0009 ⟨{⟩ `{` is never closed",
      "MEM0009 ⟨(⟩ `(` is never closed",
    ]);
  });

  it("say where they are missing", () => {
    const text = "model M {\n  x = f(1\n  y = 2\n}";
    const [fault] = parse({ path: "test.mem", text }).diagnostics;
    expect(fault?.notes).toMatchObject([
      { message: "`)` is missing before this point", span: { start: 19, end: 19 } },
    ]);
  });

  it("of the wrong kind", () => {
    expect(faultsOf("model M { x = f(1] }")).toEqual([
      "MEM0011 ⟨]⟩ expected `)` to close `(`, found `]`",
    ]);
    expect(faultsOf("model M { x = [f(1] }")).toEqual(["MEM0009 ⟨(⟩ `(` is never closed"]);
    expect(faultsOf("}\nmodel M { }\n)")).toEqual([
      "MEM0010 ⟨}⟩ `}` closes nothing",
      "MEM0010 ⟨)⟩ `)` closes nothing",
    ]);
  });

  it("end no statement by a semicolon", () => {
    expect(faultsOf("model M { x = f(1; 2); y = 3 }")).toEqual([
      "MEM0020 ⟨;⟩ expected `,` or `)`, found `;`",
    ]);
  });
});

describe("common mistakes", () => {
  const inModel = (body: string): readonly string[] => faultsOf(`model M {\n${body}\n}`);
  const helpOf = (text: string): string | undefined =>
    parse({ path: "test.mem", text }).diagnostics[0]?.help;

  it("`:=` and operators of other languages are read as what they mean", () => {
    expect(inModel("x := not a && b || ! c % 2")).toEqual([
      "MEM0006 ⟨:=⟩ `:=` is not an operator of the language",
      "MEM0006 ⟨&&⟩ `&&` is not an operator of the language",
      "MEM0006 ⟨||⟩ `||` is not an operator of the language",
      "MEM0006 ⟨!⟩ `!` is not an operator of the language",
      "MEM0006 ⟨%⟩ `%` is not an operator of the language",
    ]);
  });

  it("`#` and `/* */` are no comments", () => {
    expect(inModel("x = 1 # one\ny = 2 /* two\n lines */\nz = 3")).toEqual([
      "MEM0005 ⟨#⟩ `#` does not begin a comment",
      "MEM0005 ⟨/*⟩ `/*` does not begin a comment",
    ]);
  });

  it("words of other languages, and misspelt ones", () => {
    expect(helpOf("model M { if c { x = 1 } }")).toBe("did you mean `when`?");
    expect(helpOf("model M { for i { x = 1 } }")).toBe("did you mean `repeat`?");
    expect(helpOf("model M { parm w[D] ~ glorot }")).toBe("did you mean `param`?");
    expect(helpOf("model M { retrun x }")).toBe("did you mean `return`?");
    expect(helpOf("modle M { }")).toBe("did you mean `model`?");
    expect(helpOf("model M { loss main = x weight by full }")).toBe("did you mean `weighted`?");
    expect(helpOf("model M { y = x splt D as (H, K) }")).toBe("did you mean `split`?");
    expect(helpOf("model M { y = x z }")).toBeUndefined();
    expect(helpOf("memory m() { step() { next M <- 1 } }")).toBe(
      "a state is written `M <- …`, and read as `next M` after that",
    );
  });

  it("a repeat without its index", () => {
    expect(inModel("repeat 2 { x = 1 }")).toEqual(["MEM0020 ⟨{⟩ expected `as`, found `{`"]);
    expect(helpOf("model M { repeat 2 { x = 1 } }")).toBe(
      "a repeat names its index: `repeat 2 as i { … }`",
    );
  });

  it("sections of later editions are no items", () => {
    expect(faultsOf("ablate { vary mem.count over 16, 64 }")).toEqual([
      "MEM0022 ⟨ablate⟩ expected import, block, memory, model, train, evaluate or generate, found `ablate`",
    ]);
    expect(faultsOf("x = 1")).toHaveLength(1);
    expect(helpOf("dim x = 1")).toBe("`dim` stands inside a model or a block");
  });

  it("a repeat is no value, what it yields is one", () => {
    expect(helpOf("model M { y = repeat 3 as i yield h { h = x } }")).toBe(
      "a repeat is a statement: `repeat 3 as i yield y { … }` gives y, which stands in expressions after it",
    );
  });

  it("declarations without their word, clauses in the wrong place", () => {
    expect(inModel("state a starts 0; late[L] starts 0")).toEqual([
      "MEM0020 ⟨starts⟩ expected `=`, `<-` or `(` after `late`, found `starts`",
    ]);
    expect(inModel("state a starts 0, late[L] starts 0")).toEqual([
      "MEM0020 ⟨late⟩ expected `gradient`, `kept` or `reset when`, found `late`",
    ]);
    expect(inModel("param w[D -> H] glorot")).toEqual([
      "MEM0030 ⟨glorot⟩ expected `~` or `starts`, found `glorot`",
    ]);
    expect(inModel("state M[S] strats 0")).toEqual([
      "MEM0031 ⟨strats⟩ expected `starts`, found `strats`",
    ]);
  });

  it("what a state says twice", () => {
    expect(inModel("state s starts 0, gradient stop, gradient through")).toEqual([
      "MEM0041 ⟨gradient⟩ the state says `gradient` twice",
    ]);
    expect(inModel("state s starts 0, kept, kept")).toEqual([
      "MEM0041 ⟨kept⟩ the state says `kept` twice",
    ]);
    expect(inModel("state s starts 0, reset when a, gradient stop, reset when b")).toEqual([
      "MEM0041 ⟨reset⟩ the state says `reset when` twice",
    ]);
  });

  it("reserved words as names", () => {
    for (const [text, word] of [
      ["over = 1", "over"],
      ["dim at = 1", "at"],
      ["state = 1", "state"],
      ["output = 1", "output"],
      ["x[in] = 1", "in"],
      ["a, by = f(x)", "by"],
      ["repeat 3 as loss { }", "loss"],
    ]) {
      expect(inModel(text!), text).toEqual([
        `MEM0024 ⟨${word}⟩ expected a name, found the reserved word \`${word}\``,
      ]);
    }
  });

  it("writes to what cannot be written", () => {
    expect(inModel("mem.M <- 1")).toEqual([
      "MEM0038 ⟨<-⟩ a write names one state of its own memory, and all of it",
    ]);
    expect(inModel("M[0] <- 1")).toEqual([
      "MEM0038 ⟨<-⟩ a write names one state of its own memory, and all of it",
    ]);
    expect(inModel("x = a <-b")).toEqual([
      "MEM0023 ⟨<-⟩ expected the end of the statement (a new line or `;`), found `<-`",
    ]);
  });

  it("an operand that is missing at the end of a line ends its statement", () => {
    const end = "found the end of the line";
    expect(inModel("d = x +\nb = x")).toEqual([`MEM0021 ⟨⟩ expected an expression, ${end}`]);
    expect(inModel("d =\nb = x")).toEqual([`MEM0021 ⟨⟩ expected an expression, ${end}`]);
    expect(inModel("d = x + ]\nb = x")).toEqual([
      "MEM0010 ⟨]⟩ `]` closes nothing",
      `MEM0021 ⟨⟩ expected an expression, ${end}`,
    ]);
    expect(inModel("d = x * (2 +\nb = x")).toEqual(["MEM0009 ⟨(⟩ `(` is never closed"]);
    expect(inModel("d = x +\n  b\na,\nb = f(x,\n  c = 2)")).toEqual([]);
  });

  it("what cannot be read is not asked for", () => {
    expect(inModel("x = a ≥ b\ny = ?")).toEqual([
      "MEM0001 ⟨≥⟩ `≥` (U+2265) is not part of the language",
      "MEM0001 ⟨?⟩ `?` (U+003F) is not part of the language",
    ]);
    expect(inModel("größe = 1")).toEqual(["MEM0001 ⟨öß⟩ `ö` (U+00F6) is not part of the language"]);
  });
});
