/** Symbolic numbers of a graph's text form: `<sqrt(|K|) = 8>`. */

import type { NumberExpression, SymbolicNumber } from "./graph.ts";
import type { Reader } from "./graph-reader.ts";
import { literal } from "./symbolic.ts";

/** A number as it stands, or in `<…>` how it is written and what it is worth. */
export function parseSymbol(reader: Reader): SymbolicNumber {
  if (!reader.accept("<")) return literal(reader.number());
  const text = parseExpression(reader);
  reader.expect("=");
  const value = reader.number();
  reader.expect(">");
  return { value, text };
}

type Operator = Extract<NumberExpression, { kind: "operation" }>["operator"];

const infixOperators: readonly Operator[] = ["+", "-", "*", "/", "^", "div", "mod"];
const operators: ReadonlySet<string> = new Set<Operator>([
  ...infixOperators,
  "min",
  "max",
  "neg",
  "sqrt",
  "exp",
  "log",
  "log1p",
  "tanh",
  "floor",
  "trunc",
  "round",
  "abs",
  "sin",
  "cos",
  "root",
  "ceil",
]);

function isOperator(name: string): name is Operator {
  return operators.has(name);
}

function parseExpression(reader: Reader): NumberExpression {
  if (reader.peek().kind === "number") return { kind: "literal", value: reader.number() };
  if (reader.accept("|")) {
    const name = reader.name();
    reader.expect("|");
    return { kind: "axis", name };
  }
  if (reader.accept("(")) {
    const left = parseExpression(reader);
    const operator = reader.oneOf(infixOperators);
    const operands = [left, parseExpression(reader)];
    reader.expect(")");
    return { kind: "operation", operator, operands };
  }
  const name = reader.name();
  if (!reader.accept("(")) return { kind: "formal", name };
  if (!isOperator(name)) return reader.fail(`an operator instead of ${name}`);
  const operands = reader.until(")", () => parseExpression(reader));
  return { kind: "operation", operator: name, operands };
}
