/** The text form of graphs: what it looks like, and that it reads back to the same graph. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { differentiate } from "../../../src/ir/gradient/index.ts";
import type { Graph, NumberExpression } from "../../../src/ir/graph.ts";
import { expressionText, parseGraph, printGraph } from "../../../src/ir/graph-text.ts";
import {
  axisSize,
  calculate,
  formal,
  int,
  literal,
  real as number,
} from "../../../src/ir/symbolic.ts";
import { trainingGraph } from "../../../src/ir/training-graph.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { attention, embedding, model, recurrence } from "../gradient/blocks.ts";
import { graphOf, real, type } from "../kit.ts";

/** A function with every kind of attribute, operand, name and port. */
function oddities(): Graph {
  const numbers = [
    { name: "heads", value: 2 },
    { name: "list", value: [1, -0.5] },
  ];
  const f = new FunctionBuilder("odd", { title: 'a "quoted" title', numbers });
  const x = f.input("in", real({ batch: OPEN, T: 4 }), { role: "argument" });
  const W = f.input("W", type("real", { T: 4 }, [2, 3]), {
    role: "parameter",
    struct: "mem",
    path: ["a", "*", "strange name", "*", "W"],
  });
  const heads = formal("heads", 2);
  f.op(
    "split",
    [x],
    {
      axis: "T",
      into: [
        { name: "H", size: heads },
        { name: "K", size: calculate("div", axisSize(x.type, "T"), heads) },
      ],
    },
    "out",
  );
  f.op(
    "clip",
    [x, Number.NEGATIVE_INFINITY, number(calculate("neg", calculate("*", heads, literal(1e-7))))],
    {},
    "probe",
  );
  f.op("values", [], { list: [1, -0, Number.NaN, 1e300], into: "V" });
  f.op("cumsum", [x], { over: "T", reverse: true });
  f.op("slice", [x], { axis: "T", start: 1, size: 1, into: null });
  f.op("floorDiv", [int(7), int(heads)], {}, "real");
  f.op("index", [], { axis: "true", size: 3 });
  f.ops("topK", [x], { over: "T", k: 2, into: "I" }, ["best", "which"]);
  const tensor = f.stack(W, "copy");
  f.unstack(tensor, "copy", "again");
  f.probe("a name", x);
  f.probe("constant", 3, "gradient");
  f.result(x, { role: "next", path: ["a", "b"] });
  return graphOf(f.finish());
}

/** The graph without docs, files and origins, which the text does not hold. */
function bare(graph: Graph): Graph {
  const drop = new Set(["doc", "file", "origin"]);
  const strip = (part: unknown): unknown => {
    if (part instanceof Map) return new Map([...part].map(([key, each]) => [key, strip(each)]));
    if (Array.isArray(part)) return part.map(strip);
    if (typeof part !== "object" || part === null) return part;
    const entries = Object.entries(part).filter(([key]) => !drop.has(key));
    return Object.fromEntries(entries.map(([key, each]) => [key, strip(each)]));
  };
  const { functions, main, training } = graph;
  return { functions: strip(functions) as Graph["functions"], main, ...(training && { training }) };
}

const graphs: readonly (readonly [string, Graph])[] = [
  ["attention", graphOf(attention(3, 4, 2))],
  ["layers", graphOf(...model(3))],
  ["a scan", graphOf(...recurrence(4))],
  ["tied weights", graphOf(...embedding(5))],
  ["oddities", oddities()],
  ...[model(3), recurrence(4)].map(
    (functions) =>
      ["a gradient", differentiate(graphOf(...functions), { wrt: () => true })] as const,
  ),
  ["training", trainingGraph(graphOf(...model(3)))],
];

describe("the text form", () => {
  it("has one node a line", () => {
    expect(printGraph(graphOf(attention(3, 4, 2)))).toBe(`main attention

block attention "attention" {
  in x: real [batch, T=3, D=2] as argument own.x
  in context: real [batch, S=4, D=2] as argument own.context
  in Wq: real [D=2, K=2] as parameter own.Wq
  in Wk: real [D=2, K=2] as parameter own.Wk
  in Wo: real [D=2, E=2] as parameter own.Wo
  q: real [batch, T=3, K=2] = contract x, Wq { over: [D] }
  k: real [batch, S=4, K=2] = contract context, Wk { over: [D] }
  scores: real [batch, T=3, S=4] = contract q, k { over: [K] }
  $div: real [batch, T=3, S=4] = div scores, real(<sqrt(|K|) = 1.4142135623730951>)
  p: real [batch, T=3, S=4] = softmax $div { over: [S] }
  probe value p = p
  read: real [batch, T=3, D=2] = contract p, context { over: [S] }
  projected: real [batch, T=3, E=2] = contract read, Wo { over: [D] }
  y: real [batch, T=3, D=2] = rename projected { names: { E: D } }
  out y as return own.y
}
`);
  });

  it.each(graphs)("of %s reads back to the same graph", (_, graph) => {
    const text = printGraph(graph);
    const again = parseGraph(text);
    const { functions, main, training } = graph;
    expect(again).toEqual(bare({ functions, main, ...(training && { training }) }));
    expect(printGraph(again)).toBe(text);
  });

  it("leaves out docs and origins", () => {
    const f = new FunctionBuilder("f", { doc: "Doc.", file: "a.mem" });
    const x = f.input("x", real(), { role: "argument" });
    f.op("exp", [x], {}, "y", { file: "a.mem", line: 3, column: 5 });
    const graph = graphOf(f.finish());
    expect(parseGraph(printGraph(graph))).toEqual(bare(graph));
  });

  it("parenthesises what is nested in a number", () => {
    const sum = calculate("+", formal("a", 1), axisSize(real({ T: 3 }), "T"));
    expect(
      expressionText(calculate("min", calculate("*", sum, literal(2)), literal(-1)).text),
    ).toBe("min(((a + |T|) * 2), -1)");
    const three: NumberExpression = {
      kind: "operation",
      operator: "+",
      operands: [1, 2, 3].map((value) => ({ kind: "literal", value })),
    };
    expect(expressionText(three)).toBe('"+"(1, 2, 3)');
  });

  it.each([
    ['main f\nblock f "f" {\n  y: real [] = exp x\n}', /Line 3: x is read before it is made/],
    [
      'main f\nblock f "f" {\n  y: real [] = nothing\n}',
      /Line \d: expected an operation instead of nothing/,
    ],
    ["main f\nblok f", /Line 2: expected block or forward or backward or critical, found blok/],
    ["main", /expected a name, found the end/],
  ])("names the line of a mistake: %s", (text, message) => {
    expect(() => parseGraph(text)).toThrow(message);
  });
});
