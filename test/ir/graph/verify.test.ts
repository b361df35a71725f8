/** Each way a graph can be illegal, as a mistake in its text. */
import { describe, expect, it } from "vitest";
import { parseGraph, printGraph } from "../../../src/ir/graph-text.ts";
import { requireLegal, verify } from "../../../src/ir/verify.ts";
import { model, recurrence } from "../gradient/blocks.ts";
import { graphOf } from "../kit.ts";

const legal = `main main

block square "square" {
  numbers n = 2
  in x: real [batch, T=3] as argument own.x
  in w: real [T=3] as parameter own.w
  scaled: real [batch, T=3] = mul x, real(<n = 2>)
  y: real [batch, T=3] = mul scaled, w
  out y as return own.y
}

block main "main" {
  in x: real [batch, T=3] as argument own.x
  in w: real [T=3] as parameter own.sq.w
  in ws: real*4 [T=3] as parameter own.layer.*.w
  once: real [batch, T=3] = call square at sq (x, w) with n = 2
  all: real [batch, T=3], every: real*4 [batch, T=3] = repeat pair over layer[4] (carried once, stacked ws) gives (carried, stacked)
  tensor: real [batch, layer=4, T=3] = stack every over layer
  half: real [batch, T=3] = div all, real(<|T| = 3>)
  loss: real [] = sum half { over: [batch, T] }
  out loss as loss own.main
  out half as next own.M
}
`;
const pair = `block pair "pair" {
  in x: real [batch, T=3] as argument own.x
  in w: real [T=3] as parameter own.w
  y: real [batch, T=3] = add x, w
  out y as return own.x
  out y as return own.y
}

`;
const text = legal.replace("block main", `${pair}block main`);

describe("a legal graph", () => {
  it.each([text, printGraph(graphOf(...model(2))), printGraph(graphOf(...recurrence(2)))])(
    "has no problems",
    (each) => {
      expect(verify(parseGraph(each))).toEqual([]);
    },
  );
});

it("may say a size by an axis whose name stands for several sizes", () => {
  const two = `main last

block last "last" {
  in x: real [T=8] as argument own.x
  in bias: real [T=2] as parameter own.bias
  y: real [T=2] = slice x { axis: T, start: <(|T| - 2) = 6>, size: 2, into: T }
  z: real [T=2] = add y, bias
  out z as return own.z
}
`;
  expect(verify(parseGraph(two))).toEqual([]);
  const wrong = verify(parseGraph(two.replace("= 6>", "= 5>"))).join();
  expect(wrong).toContain("T cannot be found in scope with the size meant");
});

it("hands on values with their axes in the order of what they are handed to", () => {
  const handed = `main last

block first "first" {
  in x: real [batch, T=2, D=3] as argument own.x
  y: real [batch, T=2, D=3] = exp x
  out y as return own.y
}

block last "last" {
  in x: real [batch, T=2, D=3] as argument own.x
  y: real [batch, T=2, D=3] = call first at f (x)
  out y as return own.y
}
`;
  expect(verify(parseGraph(handed))).toEqual([]);
  const turned = handed.replace(/(block last[\s\S]*?)T=2, D=3/, "$1D=3, T=2");
  expect(verify(parseGraph(turned)).join("\n")).toContain(
    "x of first is real [batch, T=2, D=3], not real [batch, D=3, T=2]",
  );
});

describe("an illegal graph", () => {
  it("stops the compiler, which says which graph, the function and the mistake", () => {
    expect(requireLegal(parseGraph(text), "train").main).toBe("main");
    const wrong = parseGraph(text.replace("(x, w) with", "(x) with"));
    expect(() => requireLegal(wrong, "train, as checked")).toThrow(
      "The graph (train, as checked) is not legal. In main: square takes and gives 2 and 1 values",
    );
  });

  it.each([
    [
      "an unknown main function",
      ["main main\n", "main other\n"],
      "There is no main function other",
    ],
    [
      "an unknown backward function",
      ["main main\n", "main main\ntraining mainBackward, main\n"],
      "There is no backward function mainBackward",
    ],
    [
      "a wrong result type",
      ["y: real [batch, T=3] = mul", "y: real [batch, T=4] = mul"],
      "mul gives real [batch, T=3]",
    ],
    [
      "an axis that is not there",
      ["{ over: [batch, T] }", "{ over: [batch, S] }"],
      "has no axis S",
    ],
    [
      "a value made twice",
      ["y: real [batch, T=3] = mul", "y: real [batch, T=3] = exp x\n  y: real [batch, T=3] = mul"],
      "y is made twice",
    ],
    [
      "an unknown number formal",
      ["numbers n = 2", "numbers m = 2"],
      "n is mentioned, but is no number formal",
    ],
    [
      "a number formal bound to another value",
      ["with n = 2", "with n = 3"],
      "was made for n = 2, not 3",
    ],
    ["a number formal not bound", [" with n = 2", ""], "takes numbers [n], not []"],
    ["an axis size nobody has", ["<|T| = 3>", "<|Q| = 3>"], "Q cannot be found in scope"],
    [
      "an axis size that is wrong",
      ["<|T| = 3>", "<|T| = 4>"],
      "T cannot be found in scope with the size meant",
    ],
    [
      "the size of the batch as an operand",
      ["div all, real(<|T| = 3>)", "div all, real(<|batch| = -1>)"],
      "the size of the batch, not known before staging, is an operand",
    ],
    ["too few inputs", ["(x, w) with", "(x) with"], "takes and gives 2 and 1 values, not 1 and 1"],
    [
      "an input of another type",
      ["(x, w) with", "(x, ws) with"],
      "w of square is real [T=3], not real*4 [T=3]",
    ],
    [
      "a callee that stands behind",
      ["call square", "call main"],
      "main is called, but does not stand before",
    ],
    [
      "a stacked input without copies",
      ["stacked ws", "stacked w"],
      "w of pair is real*4 [T=3], not real [T=3]",
    ],
    [
      "carried values that do not pair up",
      ["carried once", "captured once"],
      "carries 0 values in and 1 out",
    ],
    [
      "a stack of the wrong copies",
      ["layer=4, T=3] = stack", "layer=5, T=3] = stack"],
      "does not relate",
    ],
    [
      "a stack that puts its axis last",
      ["tensor: real [batch, layer=4, T=3]", "tensor: real [batch, T=3, layer=4]"],
      "does not relate",
    ],
    [
      "copies without a star in the path",
      ["own.layer.*.w", "own.layer.w"],
      'has 0 "*" for real*4 [T=3]',
    ],
    ["an address below another one", ["own.sq.w", "own.layer"], "clashes with parameter own.layer"],
    [
      "a loss that is no scalar",
      ["out half as next own.M", "out half as loss own.M"],
      "not one real number",
    ],
    [
      "a residual of a plain function",
      ["out half as next own.M", "out half as residual own.M"],
      "cannot be a residual result",
    ],
    [
      "an input with the role of a result",
      ["in ws: real*4 [T=3] as parameter", "in ws: real*4 [T=3] as next"],
      "cannot be a next input",
    ],
  ] as const)("is found: %s", (_, [from, to], problem) => {
    expect(text).toContain(from);
    expect(verify(parseGraph(text.replace(from, to))).join("\n")).toContain(problem);
  });
});
