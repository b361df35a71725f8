/** Compile-time numbers as text: in terms of the names in reach, and always of the right value. */
import { describe, expect, it } from "vitest";
import { ARITHMETIC, literalText, writeNumber } from "../../src/codegen/number.ts";
import type { NumberExpression } from "../../src/ir/graph.ts";
import { applyOperator } from "../../src/ir/symbolic.ts";
import { generator } from "./tensors.ts";

type Operator = Extract<NumberExpression, { kind: "operation" }>["operator"];

const values: Readonly<Record<string, number>> = { width: 24, heads: 4, K: 6, T: 64 };
const scope = {
  axis: (name: string) => named(name),
  formal: (name: string) => named(name),
};
function named(name: string) {
  const value = values[name];
  return value === undefined ? undefined : { text: name, value };
}

const number = (value: number): NumberExpression => ({ kind: "literal", value });
const formal = (name: string): NumberExpression => ({ kind: "formal", name });
const of = (operator: Operator, ...operands: readonly NumberExpression[]): NumberExpression => ({
  kind: "operation",
  operator,
  operands,
});

function evaluated(expression: NumberExpression): number {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "axis":
    case "formal":
      return values[expression.name] ?? Number.NaN;
    case "operation":
      return applyOperator(expression.operator, expression.operands.map(evaluated));
    default:
      return expression satisfies never;
  }
}

const write = (expression: NumberExpression) =>
  writeNumber({ value: evaluated(expression), text: expression }, scope)?.text;

describe("numbers", () => {
  it.each([
    [of("sqrt", formal("K")), "Math.sqrt(K)"],
    [of("trunc", of("/", formal("width"), number(5))), "Math.trunc(width / 5)"],
    [of("tanh", formal("K")), "Math.tanh(K)"],
    [of("log1p", formal("K")), "Math.log1p(K)"],
    [of("*", number(4), formal("width")), "4 * width"],
    [of("/", formal("width"), formal("heads")), "width / heads"],
    [of("*", of("+", formal("T"), number(1)), formal("K")), "(T + 1) * K"],
    [of("-", formal("T"), of("-", formal("K"), number(1))), "T - (K - 1)"],
    [of("/", of("*", formal("T"), formal("K")), number(2)), "(T * K) / 2"],
    [of("div", formal("width"), number(5)), "Math.floor(width / 5)"],
    [of("mod", formal("width"), number(5)), "modulo(width, 5)"],
    [of("^", formal("K"), of("neg", number(0.5))), "K ** -0.5"],
    [of("^", number(-2), formal("heads")), "(-2) ** heads"],
    [of("^", of("^", formal("K"), number(2)), number(3)), "(K ** 2) ** 3"],
    [of("neg", of("+", formal("K"), number(1))), "-(K + 1)"],
    [of("min", formal("K"), number(8), formal("T")), "Math.min(K, 8, T)"],
    [of("round", of("/", formal("K"), number(4))), "roundHalfEven(K / 4)"],
  ])("%j is written %s", (expression, text) => {
    expect(write(expression)).toBe(text);
  });

  it("are shortest decimals where they are literals", () => {
    expect([0.1, 1e-8, 3e-4, -0, 1e21, 2 ** 53].map(literalText)).toEqual([
      "0.1",
      "1e-8",
      "0.0003",
      "-0",
      "1e+21",
      "9007199254740992",
    ]);
  });

  it("are not written with a name that is unknown or has another value here", () => {
    expect(write(formal("unknown"))).toBeUndefined();
    const cut = { value: 32, text: { kind: "axis", name: "T" } } as const;
    expect(writeNumber(cut, scope)).toBeUndefined();
  });

  it("evaluate to their value, whatever the expression", () => {
    const seed = 11;
    console.log(`seed ${seed}`);
    const next = generator(seed);
    const choose = <Item>(items: readonly Item[]): Item =>
      items[Math.floor(((next() + 1) / 2) * items.length)] as Item;
    const operators: readonly Operator[] = [
      "+",
      "-",
      "*",
      "/",
      "^",
      "div",
      "mod",
      "min",
      "max",
      "neg",
      "sqrt",
      "exp",
      "floor",
      "round",
      "abs",
      "sin",
      "cos",
      "root",
      "ceil",
    ];
    const unary = new Set<Operator>([
      "neg",
      "sqrt",
      "exp",
      "floor",
      "round",
      "abs",
      "sin",
      "cos",
      "root",
      "ceil",
    ]);
    const random = (depth: number): NumberExpression => {
      if (depth === 0 || next() < -0.7) {
        return choose([formal("K"), formal("T"), number(-2), number(0.5), number(3), number(0)]);
      }
      const operator = choose(operators);
      return unary.has(operator)
        ? of(operator, random(depth - 1))
        : of(operator, random(depth - 1), random(depth - 1));
    };
    const functions = Object.values(ARITHMETIC)
      .flat()
      .join("\n")
      .replace(/: number/g, "");
    for (let trial = 0; trial < 500; trial++) {
      const expression = random(4);
      const text = write(expression);
      const names = Object.keys(values);
      const run = new Function(...names, `${functions}\nreturn ${text};`);
      expect(run(...Object.values(values)), text).toBe(evaluated(expression));
    }
  });
});
