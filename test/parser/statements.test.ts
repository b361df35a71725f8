import { describe, expect, it } from "vitest";
import type { Statement } from "../../src/parser/index.ts";
import { bare, faultsOf, itemsOf, shown, statementOf, statementsOf, treeOf } from "./kit.ts";

/** A statement whose kind is known to be this one. */
function statement<Kind extends Statement["kind"]>(
  kind: Kind,
  text: string,
): Extract<Statement, { kind: Kind }> {
  const found = statementOf(text);
  expect(found.kind).toBe(kind);
  return found as Extract<Statement, { kind: Kind }>;
}

describe("declarations", () => {
  it("dim", () => {
    const { dims } = statement("dim", "dim S = count, K = width / heads");
    expect(dims.map(({ name, value }) => [name.text, shown(value)])).toEqual([
      ["S", "count"],
      ["K", "(width / heads)"],
    ]);
  });

  it("param: an ending serves the names before it that have none", () => {
    const { parameters } = statement(
      "param",
      "param a[D -> H, K], b[H -> ] ~ normal(0, 1), c[D] starts 0, g ~ glorot",
    );
    expect(bare(parameters)).toMatchObject([
      {
        name: "a",
        axes: [{ name: "D" }, { name: "H" }, { name: "K" }],
        inAxes: 1,
        start: { kind: "draw" },
      },
      { name: "b", axes: [{ name: "H" }], inAxes: 1, start: { distribution: { name: "normal" } } },
      { name: "c", axes: [{ name: "D" }], start: { kind: "starts", value: { value: 0 } } },
      { name: "g", axes: [], start: { distribution: { name: "glorot", arguments: [] } } },
    ]);
    expect(parameters[2]).not.toHaveProperty("inAxes");
    const sized = statement("param", "param w[ -> J: H, R: S + 1] ~ glorot");
    expect(bare(sized.parameters)).toMatchObject([
      {
        inAxes: 0,
        axes: [
          { name: "J", size: { kind: "reference" } },
          { name: "R", size: { kind: "binary" } },
        ],
      },
    ]);
  });

  it("state: several of one kind, with clauses in any order", () => {
    const text =
      "state a[H], b[H] starts unit(bias over D), kept, gradient through, reset when n >= limit";
    expect(bare(statement("state", text))).toMatchObject({
      states: [{ name: "a" }, { name: "b" }],
      starts: { kind: "call" },
      gradient: "through",
      kept: true,
      reset: { kind: "binary", operator: ">=" },
    });
  });

  it("state: of ints and flags", () => {
    expect(bare(statement("state", "state filled in 0 .. M starts 0"))).toMatchObject({
      in: { kind: "range", low: { value: 0 }, high: { kind: "reference", name: "M" } },
      kept: false,
    });
    expect(bare(statement("state", "state waiting in flag starts off"))).toMatchObject({
      in: { kind: "flag" },
    });
    expect(bare(statement("state", "state n in int starts 0"))).toMatchObject({
      in: { kind: "int" },
    });
    expect(bare(statement("state", "state n in int(m) starts 0"))).toMatchObject({
      in: { kind: "below" },
    });
  });

  it("const", () => {
    const { constants } = statement("const", "const a[N] = f(N), b = 2");
    expect(bare(constants)).toMatchObject([
      { name: "a", axes: [{ name: "N" }], value: { kind: "call" } },
      { name: "b", axes: [] },
    ]);
  });

  it("input and target", () => {
    expect(bare(statement("input", "input tokens[T] in vocab"))).toMatchObject({
      role: "input",
      name: "tokens",
      in: { kind: "below", bound: { name: "vocab" } },
    });
    expect(bare(statement("input", "target next[T] in 0 .. 3"))).toMatchObject({
      role: "target",
      name: "next",
    });
    expect(statement("input", "input x[T, D]")).not.toHaveProperty("in");
    expect(bare(statement("input", "input document in flag"))).toMatchObject({
      axes: [],
      in: { kind: "flag" },
    });
  });

  it("output, use and memory", () => {
    expect(statement("output", "output logits = f(x)")).not.toHaveProperty("axes");
    expect(bare(statement("output", "output logits[T, V] = f(x)"))).toMatchObject({
      axes: [{}, {}],
    });
    expect(bare(statement("use", "use table = embedding(vocab, width)"))).toMatchObject({
      name: "table",
      value: { kind: "call", callee: { name: "embedding" } },
    });
    expect(
      bare(statement("memory", "memory mem = slots(count = 64) reset when document")),
    ).toMatchObject({
      name: "mem",
      value: { kind: "call" },
      reset: { name: "document" },
    });
    const chosen = "memory mem = when deep { slots(4) } else { none() }\n  reset when document";
    expect(bare(statement("memory", chosen))).toMatchObject({
      value: { kind: "when-expression" },
      reset: {},
    });
  });

  it("loss", () => {
    expect(statement("loss", "loss main = f(x)")).not.toHaveProperty("weight");
    expect(bare(statement("loss", "loss main = f(x)\n  weighted by w"))).toMatchObject({
      weight: { name: "w" },
    });
  });
});

describe("statements that begin with a name", () => {
  it("equations, of one or several values", () => {
    expect(bare(statement("assign", "h[T, F] = x"))).toMatchObject({
      targets: [{ name: "h", axes: [{}, {}] }],
    });
    expect(bare(statement("assign", "a, _, b[I] = top(x over J, 2 as I)"))).toMatchObject({
      targets: [{ name: "a" }, { name: "_" }, { name: "b", axes: [{ name: "I" }] }],
    });
  });

  it("writes", () => {
    expect(bare(statement("write", "M <- where(c, new, M)"))).toMatchObject({
      state: "M",
      value: { kind: "call" },
    });
  });

  it("calls, of a method, of a sibling's method, of the own one", () => {
    for (const text of [
      "mem.write(x)",
      "mem[layer].write(x)",
      "write(x)",
      "write(x, n = 1) as second",
    ]) {
      expect(statement("call-statement", text).value.kind).toBe("call");
    }
  });

  it("methods: what follows the parentheses tells them from calls", () => {
    const text = "read(x[..., D], c[...], heads: int >= 1 = 4) -> [..., D] { return x }";
    expect(bare(statement("method", text))).toMatchObject({
      name: "read",
      formals: [
        { name: "x", rest: true, axes: [{ name: "D" }] },
        { name: "c", rest: true, axes: [] },
      ],
      options: [{ name: "heads", default: { value: 4 } }],
      outputs: { kind: "axes", rest: true, axes: [{ name: "D" }] },
      body: [{ kind: "return" }],
    });
    expect(bare(statement("method", "write(x[T]) -> gone[T], there[...] { }"))).toMatchObject({
      outputs: { kind: "named", outputs: [{ name: "gone" }, { name: "there", rest: true }] },
    });
    expect(statement("method", "write() { }")).not.toHaveProperty("outputs");
  });
});

describe("control", () => {
  it("when: a chain is nested in `otherwise`", () => {
    const text = "when a { x = 1 } else when b { x = 2; y = 3 }\nelse { }";
    const first = statement("when", text);
    expect(bare(first.condition)).toMatchObject({ name: "a" });
    expect(first.then).toMatchObject([{ kind: "assign" }]);
    const [second] = first.otherwise ?? [];
    if (second?.kind !== "when") throw new Error("no second branch");
    expect(second.then).toMatchObject([{ kind: "assign" }, { kind: "assign" }]);
    expect(second.otherwise).toEqual([]);
    expect(statement("when", "when a { }")).not.toHaveProperty("otherwise");
  });

  it("repeat", () => {
    expect(
      bare(statement("repeat", "repeat stage + 1 as i yield f, g { f = i; g = f }")),
    ).toMatchObject({
      count: { kind: "binary" },
      index: "i",
      yields: ["f", "g"],
      body: [{}, {}],
    });
    expect(bare(statement("repeat", "repeat min(a, b) as i { }"))).toMatchObject({
      index: "i",
      yields: [],
    });
  });

  it("scan", () => {
    expect(bare(statement("scan", "scan over T from m = M yield m { m = m + 1 }"))).toMatchObject({
      axis: "T",
      from: [{ name: "m" }],
      yields: ["m"],
    });
    expect(bare(statement("scan", "scan over T { yield y }"))).toMatchObject({
      from: [],
      body: [{ kind: "yield" }],
    });
  });

  it("return", () => {
    expect(statement("return", "return a, b + 1").values.map(shown)).toEqual(["a", "(b + 1)"]);
  });
});

describe("where a statement ends", () => {
  const kinds = (body: string): readonly string[] => statementsOf(body).map(({ kind }) => kind);

  it("with its line or a semicolon; empty lines and semicolons add nothing", () => {
    expect(kinds("\n\na = 1;; b = 2;\n;\nc = 3")).toEqual(["assign", "assign", "assign"]);
  });

  it("not after an operator, a comma, or a word that needs more", () => {
    for (const end of ["+", "and", ". b over", "at L =", "mod", "<"]) {
      expect(kinds(`x = a ${end}\n  c\ny = 1`), end).toHaveLength(2);
    }
    expect(kinds("x =\n  1\nM <-\n  2\nreturn x,\n  y")).toEqual(["assign", "write", "return"]);
  });

  it("not before an operator or a word that goes on, `else` and `{`", () => {
    for (const begin of [
      "+ b",
      "- b",
      ". b over K",
      "and b",
      "at L = b",
      "split D as (H, K)",
      "< b",
    ]) {
      expect(kinds(`x = a\n  ${begin}\ny = 1`), begin).toHaveLength(2);
    }
    expect(kinds("when a\n{ x = 1 }\nelse\n{ x = 2 }")).toEqual(["when"]);
  });

  it("not inside parentheses and brackets, but inside braces within them", () => {
    expect(kinds("x = f(\n  a,\n\n  b\n)\ny = [\n1, 2\n]")).toHaveLength(2);
    expect(kinds("x = (scan over T from m = M yield m {\n  a = m\n  m = a\n})")).toHaveLength(1);
  });

  it("after an alternative called `at`", () => {
    expect(kinds("x = clamp is at\ny = 1")).toHaveLength(2);
  });

  it("whatever the line's end: LF, CRLF or CR; with tabs, and a byte order mark", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const { items } = treeOf(
        `\uFEFFmem 1${end}model M {${end}\tdim a = 1${end}\tdim b = 2${end}}${end}`,
      );
      expect(items).toMatchObject([{ kind: "model", body: [{ kind: "dim" }, { kind: "dim" }] }]);
    }
  });
});

describe("files", () => {
  it("may be empty, or comments alone", () => {
    expect(itemsOf("")).toEqual([]);
    expect(itemsOf("// nothing\n\n/// documents nothing")).toEqual([]);
  });

  it("state an edition, import, define and schedule", () => {
    const { edition, items } = treeOf(`
mem 1
import slots, fifo from "memories.mem"
block attention(x[T, D], context[S, D], heads: int >= 1) -> [T, D] { return x }
memory slots(count: int) { }
model M(tied: flag = on) { }
model N { }
train { segment 64 tokens }
evaluate { }
generate { }
`);
    expect(bare(edition)).toEqual({ value: 1 });
    expect(bare(items)).toMatchObject([
      { kind: "import", names: ["slots", "fifo"], from: "memories.mem" },
      { kind: "block", name: "attention", formals: [{}, {}], options: [{ name: "heads" }] },
      { kind: "memory", name: "slots", formals: [], options: [{ name: "count" }] },
      { kind: "model", name: "M", options: [{ name: "tied", default: { kind: "flag" } }] },
      { kind: "model", name: "N", options: [] },
      { kind: "program", program: "train", entries: [{}] },
      { kind: "program", program: "evaluate" },
      { kind: "program", program: "generate" },
    ]);
    expect(treeOf("model M { }")).not.toHaveProperty("edition");
  });

  it("have documentation before items and statements, joined line by line", () => {
    const [block] = itemsOf(
      "/// A block.\n///   Two lines.  \nblock b(x[T]) {\n  /// The result.\n  y = x /// harmless\n  z = y\n}",
    );
    expect(block).toMatchObject({
      doc: "A block.\n  Two lines.",
      body: [{ doc: "The result." }, {}],
    });
    expect(block?.kind === "block" && block.body[1]).not.toHaveProperty("doc");
  });

  it("have documentation anywhere without harm", () => {
    expect(
      faultsOf(
        "/// a\nblock b(\n  /// b\n  x[T]\n) {\n  y = x +\n    /// c\n    1\n  /// d\n}\n/// e\n",
      ),
    ).toEqual([]);
  });
});
