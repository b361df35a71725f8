import { describe, expect, it } from "vitest";
import { parse } from "../../src/parser/index.ts";
import { bare, expressionOf, faultsOf, shown, statementsOf } from "./kit.ts";

const reads = (text: string, meaning: string): void => {
  expect(shown(expressionOf(text)), text).toBe(meaning);
};

describe("operands", () => {
  it("are numbers, flags, names, lists and what stands in parentheses", () => {
    expect(bare(expressionOf("3"))).toEqual({ kind: "number", value: 3, integer: true });
    expect(bare(expressionOf("3.0"))).toEqual({ kind: "number", value: 3, integer: false });
    expect(bare(expressionOf("1e-6"))).toEqual({ kind: "number", value: 1e-6, integer: false });
    expect(bare(expressionOf("on"))).toEqual({ kind: "flag", value: true });
    reads("training", "training");
    reads("[0.01, x + 1]", "[0.01, (x + 1)]");
    reads("[]", "[]");
    reads("((x))", "x");
  });

  it("may be called any word that the grammar does not need", () => {
    const names =
      "first last index top order window step tokens segment batch data rate next from into";
    const later =
      "tile recompute store stage buffer budget weights precision ablate auto block model";
    for (const name of `${names} ${later} stop shared list set int real flag train mem`.split(
      " ",
    )) {
      reads(`${name} + 1`, `(${name} + 1)`);
    }
  });

  it("are members, siblings and calls, tight on the left", () => {
    reads("sampling.bins", "sampling.bins");
    reads("mem[(layer + 1) mod depth]", "mem[((layer + 1) mod depth)]");
    reads("mem[layer].read(x)", "mem[layer].read(x)");
    reads("f()", "f()");
    reads("where(c, a, b)", "where(c, a, b)");
    reads("int(x) + real(n)", "(int(x) + real(n))");
  });

  it("may be a state's next value, its member or a sibling's", () => {
    reads("next M", "(next M)");
    reads("next mem.M * 2", "((next mem.M) * 2)");
    reads("next B . W over D", "((next B) . W over D)");
    reads("next", "next");
  });

  it("may be drawn", () => {
    reads("draw u[P] ~ uniform", "(draw u[P] ~ uniform())");
    reads("draw l[T] ~ integer(L) shared", "(draw l[T] ~ integer(L) shared)");
    reads("draw m[...] ~ bernoulli(1 - p)", "(draw m[...] ~ bernoulli((1 - p)))");
    reads("f(draw u ~ normal(0, 1), 2)", "f((draw u[] ~ normal(0,1)), 2)");
  });
});

describe("precedence, from loosest to tightest", () => {
  it.each([
    ["a or b and c", "(a or (b and c))"],
    ["not a and b", "((not a) and b)"],
    ["not a == b", "(not (a == b))"],
    ["a and not b or c", "((a and (not b)) or c)"],
    ["a + 1 < b * 2", "((a + 1) < (b * 2))"],
    ["layer in 1 .. n + 1", "(layer in (1 .. (n + 1)))"],
    ["layer in [1, 2]", "(layer in [1, 2])"],
    ["sampling is sticky and on", "((sampling is sticky) and on)"],
    ["clamp is off", "(clamp is off)"],
    ["a - b - c", "((a - b) - c)"],
    ["a + b div c mod d", "(a + ((b div c) mod d))"],
    ["a * b . c over K", "(a * (b . c over K))"],
    ["-a . b over K * c", "((- (a . b over K)) * c)"],
    ["-x ^ 2", "(- (x ^ 2))"],
    ["x ^ -0.5", "(x ^ (- 0.5))"],
    ["a ^ b ^ -c ^ d", "(a ^ (b ^ (- (c ^ d))))"],
    ["a ^ 2 . b over K", "((a ^ 2) . b over K)"],
    ["a . b over K . c over (H, D)", "((a . b over K) . c over H D)"],
    ["a * -b", "(a * (- b))"],
    ["- - a", "(- (- a))"],
    ["1..8", "(1 .. 8)"],
    ["(a + b) * c", "((a + b) * c)"],
  ])("%s", (text, meaning) => reads(text, meaning));
});

describe("word suffixes", () => {
  it.each([
    ["x at L = i", "(x at L = i)"],
    ["a + x at L = i + 1", "(a + (x at L = (i + 1)))"],
    ["x at L = i at E = j + 1", "((x at L = i) at E = (j + 1))"],
    ["x at L = (i at E = j)", "(x at L = (i at E = j))"],
    ["span(x) at S = index(M) + n", "(span(x) at S = (index(M) + n))"],
    ["x at L = i < n", "((x at L = i) < n)"],
    ["x split D as (H, K)", "(x split D as (H, K))"],
    ["x split D as (H: heads, K)", "(x split D as (H: heads, K))"],
    ["p split E into (1, T)", "(p split E into (1, T))"],
    ["x split R into (A: 1, T)", "(x split R into (A: 1, T))"],
    ["x merge (H, K) as D", "(x merge (H K) as D)"],
    ["x rename A as B rename C as D", "((x rename A as B) rename C as D)"],
    ["x split D as (H, K) at H = 0", "((x split D as (H, K)) at H = 0)"],
  ])("%s", (text, meaning) => reads(text, meaning));
});

describe("arguments", () => {
  it.each([
    ["attention(norm(x), heads, mask = causal)", "attention(norm(x), heads, mask = causal)"],
    ["attention(x) as self", "attention(x) as self"],
    ["softmax(e over S where m)", "softmax(e over S where m)"],
    ["softmax(e over (H, T))", "softmax(e over H T)"],
    ["softmax((a . b over K) over S)", "softmax((a . b over K) over S)"],
    ["join(a over P, b over L as R)", "join(a over P, b over L as R)"],
    ["top(x over J, k as I)", "top(x over J, k as I)"],
    ["shift(x over T by n, fill = v)", "shift(x over T by n, fill = v)"],
    ["add(v over S at E = i where m)", "add(v over S at E = i where m)"],
    ["add(v over (P, S) at E = z div V)", "add(v over P S at E = (z div V))"],
    ["svd(both, A by B as R)", "svd(both, A by B as R)"],
    ["f(y[S, E])", "f(y[S E])"],
    ["f(y[S, E] over E, 2)", "f(y[S E] over E, 2)"],
    ["f(mem[layer])", "f(mem[layer])"],
    ["f(mem[layer].M)", "f(mem[layer].M)"],
    ["f(mem[layer + 1])", "f(mem[(layer + 1)])"],
    ["f(g(x) as R)", "f(g(x) as R)"],
    ["f(a, b,)", "f(a, b)"],
    ["window(x over T, size = k, from = a as W)", "window(x over T, size = k, from = a as W)"],
    ["sum((draw r[Z] ~ uniform) over Z)", "sum((draw r[Z] ~ uniform()) over Z)"],
    ["f(at(distance = 4))", "f(at(distance = 4))"],
  ])("%s", (text, meaning) => reads(text, meaning));

  it("state the order of a tensor's axes by bare names in a bracket", () => {
    const call = expressionOf("f(y[S], mem[layer].M)");
    expect(call.kind === "call" && call.arguments.map((argument) => bare(argument))).toMatchObject([
      { value: { kind: "reference", name: "y" }, axes: ["S"] },
      { value: { kind: "member", object: { kind: "indexed" } } },
    ]);
  });

  it("take `as` for themselves; in parentheses it names the nested call", () => {
    const nested = expressionOf("f((g(x) as pre), h(x) as R)");
    expect(
      nested.kind === "call" && nested.arguments.map((argument) => bare(argument)),
    ).toMatchObject([
      { value: { kind: "call", alias: "pre" } },
      { as: "R", value: { kind: "call" } },
    ]);
  });
});

describe("choices and loops as expressions", () => {
  it("have one expression in each branch", () => {
    reads("when a { b } else { c }", "(when a b else c)");
    reads("when a { b } else when c { d } else { e }", "(when a b else (when c d else e))");
    reads("1 + when a { b } else { c } * 2", "(1 + ((when a b else c) * 2))");
    reads("f(when a { b } else { c }, 1)", "f((when a b else c), 1)");
  });

  it("scan with statements in their body", () => {
    expect(
      bare(expressionOf("scan over T from m = M, n = 0 yield m { m = m + 1; n = m }")),
    ).toMatchObject({
      kind: "scan-expression",
      scan: { axis: "T", from: [{ name: "m" }, { name: "n" }], yields: ["m"], body: [{}, {}] },
    });
  });
});

describe("spans", () => {
  it("cover a node's text, parentheses included", () => {
    const text = "block b(x[T]) { y = (x + 1) * f(x) at T = 0 }";
    const at = (part: string) => ({
      start: text.indexOf(part),
      end: text.indexOf(part) + part.length,
    });
    const [statement] = statementsOf("");
    expect(statement).toBeUndefined();
    const value = expressionOf("(x + 1) * f(x) at T = 0");
    const shift = "block test(x[T]) {\nvalue = ".length - "block b(x[T]) { y = ".length;
    const span = (part: string) => ({ start: at(part).start + shift, end: at(part).end + shift });
    expect(value.span).toMatchObject(span("(x + 1) * f(x) at T = 0"));
    if (value.kind !== "binary") throw new Error(value.kind);
    expect(value.left.span).toMatchObject(span("(x + 1)"));
    expect(value.right.span).toMatchObject(span("f(x) at T = 0"));
  });
});

describe("what cannot be read in one way", () => {
  const inBlock = (value: string): readonly string[] => faultsOf(`block b(x[T]) { y = ${value} }`);

  it.each([
    ["a . b", "MEM0026 ⟨.⟩ the contraction does not say which axes it sums over"],
    ["a . b * c over K", "MEM0026 ⟨.⟩ the contraction does not say which axes it sums over"],
    ["a < b < c", "MEM0028 ⟨<⟩ this comparison or range continues another one"],
    ["a is b == c", "MEM0028 ⟨==⟩ this comparison or range continues another one"],
    ["a + not b", "MEM0029 ⟨not⟩ `not` binds more loosely than the operator before it"],
    ["f(a . b over K over T)", "MEM0027 ⟨over⟩ two `over` in a row can be read in two ways"],
    ["f(2 * a . b over K over T)", "MEM0027 ⟨over⟩ two `over` in a row can be read in two ways"],
    ["a [0]", "MEM0023 ⟨[⟩ expected the end of the statement (a new line or `;`), found `[`"],
    ["f (a)", "MEM0023 ⟨(⟩ expected the end of the statement (a new line or `;`), found `(`"],
    ["a .b over K", "MEM0023 ⟨.⟩ expected the end of the statement (a new line or `;`), found `.`"],
    ["where", "MEM0021 ⟨where⟩ expected an expression, found `where`"],
    ["f(a = b = c)", "MEM0025 ⟨=⟩ expected `,` or `)`, found `=`"],
    ["f(over = 2)", "MEM0024 ⟨over⟩ expected a name, found the reserved word `over`"],
    ["9007199254740993", "MEM0004 ⟨9007199254740993⟩ the whole number is too large to be exact"],
    ["x ** 2", "MEM0023 ⟨**⟩ expected the end of the statement (a new line or `;`), found `**`"],
    ['"text"', 'MEM0021 ⟨"text"⟩ expected an expression, found a string'],
  ])("%s", (value, fault) => expect(inBlock(value)).toEqual([fault]));

  it.each([
    ["a . b over K rename E as F", "rename"],
    ["f(a . b over K split E as (F, G))", "split"],
    ["2 * a . b over K at E = 0", "at"],
    ["[a . b over K merge (E, F) as G]", "merge"],
  ])("%s: the suffix is of the contraction", (value, word) => {
    const { diagnostics } = parse({ path: "b.mem", text: `block b(x[T]) { y = ${value} }` });
    const help = `put the contraction in parentheses: \`(a . b over K) ${word} …\``;
    expect(diagnostics.map((diagnostic) => diagnostic.help)).toEqual([help]);
  });
});
