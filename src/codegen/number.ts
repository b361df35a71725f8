/** Compile-time numbers as the expressions a person would write: `Math.sqrt(K)`, `4 * dims.width`. */
import type { NumberExpression } from "../ir/graph.ts";
import { applyOperator } from "../ir/symbolic.ts";

/** How names inside a number are written where it stands; undefined if they are not in reach. */
export interface NumberScope {
  axis(name: string): NamedNumber | undefined;
  formal(name: string): NamedNumber | undefined;
}

export interface NamedNumber {
  readonly text: string;
  /** Its value in this build. */
  readonly value: number;
}

/** Functions that a file needs to define before its numbers can be written. */
export type Arithmetic = "modulo" | "roundHalfEven";

export interface WrittenNumber {
  readonly text: string;
  readonly arithmetic: ReadonlySet<Arithmetic>;
}

/**
 * Writes a number in terms of the names in reach; undefined if one of them is not, or if the expression has another
 * value than the number (an axis cut to a new length keeps its name, so a name may mean another size here).
 */
export function writeNumber(
  number: { readonly value: number; readonly text: NumberExpression },
  scope: NumberScope,
): WrittenNumber | undefined {
  const arithmetic = new Set<Arithmetic>();
  const written = write(number.text, scope, arithmetic);
  if (written === undefined || !Object.is(written.value, number.value)) return undefined;
  return { text: written.text, arithmetic };
}

/** Shortest decimal that reads back as this float64. */
export function literalText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

interface Part extends NamedNumber {
  /** How tightly its outermost operator binds; names, calls and positive literals most. */
  readonly binding: number;
  readonly operator?: string;
}

const ATOM = 5;
const UNARY = 4;
const POWER = 3;
const PRODUCT = 2;
const SUM = 1;

const FUNCTIONS = {
  sqrt: "Math.sqrt",
  root: "Math.sqrt",
  exp: "Math.exp",
  log: "Math.log",
  log1p: "Math.log1p",
  tanh: "Math.tanh",
  floor: "Math.floor",
  trunc: "Math.trunc",
  ceil: "Math.ceil",
  abs: "Math.abs",
  sin: "Math.sin",
  cos: "Math.cos",
  min: "Math.min",
  max: "Math.max",
} as const;

function write(
  expression: NumberExpression,
  scope: NumberScope,
  arithmetic: Set<Arithmetic>,
): Part | undefined {
  switch (expression.kind) {
    case "literal": {
      const { value } = expression;
      const negative = value < 0 || Object.is(value, -0);
      return { text: literalText(value), value, binding: negative ? UNARY : ATOM };
    }
    case "axis":
    case "formal": {
      const named = scope[expression.kind](expression.name);
      return named === undefined ? undefined : { ...named, binding: ATOM };
    }
    case "operation":
      return writeOperation(expression, scope, arithmetic);
    default:
      return expression satisfies never;
  }
}

function writeOperation(
  expression: Extract<NumberExpression, { kind: "operation" }>,
  scope: NumberScope,
  arithmetic: Set<Arithmetic>,
): Part | undefined {
  const parts: Part[] = [];
  for (const operand of expression.operands) {
    const part = write(operand, scope, arithmetic);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const { operator } = expression;
  const value = applyOperator(
    operator,
    parts.map((part) => part.value),
  );
  const [first, second] = parts;
  if (first === undefined) return undefined;
  const list = parts.map((part) => part.text).join(", ");
  switch (operator) {
    case "+":
    case "-":
    case "*":
    case "/": {
      const binding = operator === "+" || operator === "-" ? SUM : PRODUCT;
      const written = parts.reduce((left, right) => infix(left, operator, right, binding));
      return { ...written, value };
    }
    case "^": {
      if (second === undefined) return undefined;
      const power = `${grouped(first, ATOM)} ** ${grouped(second, POWER)}`;
      return { text: power, value, binding: POWER };
    }
    case "neg":
      return { text: `-${grouped(first, ATOM)}`, value, binding: UNARY };
    case "div":
      if (second === undefined) return undefined;
      return {
        text: `Math.floor(${infix(first, "/", second, PRODUCT).text})`,
        value,
        binding: ATOM,
      };
    case "mod":
      arithmetic.add("modulo");
      return { text: `modulo(${list})`, value, binding: ATOM };
    case "round":
      arithmetic.add("roundHalfEven");
      return { text: `roundHalfEven(${list})`, value, binding: ATOM };
    case "sqrt":
    case "root":
    case "exp":
    case "log":
    case "log1p":
    case "tanh":
    case "floor":
    case "trunc":
    case "ceil":
    case "abs":
    case "sin":
    case "cos":
    case "min":
    case "max":
      return { text: `${FUNCTIONS[operator]}(${list})`, value, binding: ATOM };
    default:
      return operator satisfies never;
  }
}

function infix(left: Part, operator: string, right: Part, binding: number): Part {
  // A product of a quotient, or of anything but the same operator, gets parentheses as formatters write them.
  const sameOperator = left.operator === operator || binding === SUM;
  const leftText = grouped(left, left.binding === binding && !sameOperator ? binding + 1 : binding);
  const text = `${leftText} ${operator} ${grouped(right, binding + 1)}`;
  return { text, value: Number.NaN, binding, operator };
}

function grouped(part: Part, least: number): string {
  return part.binding >= least ? part.text : `(${part.text})`;
}

/** Definitions of the functions that `Arithmetic` names. */
export const ARITHMETIC: { readonly [Name in Arithmetic]: readonly string[] } = {
  modulo: [
    "/** Remainder with the sign of the divisor. */",
    "const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);",
  ],
  roundHalfEven: [
    "/** Nearest whole number, halves to the even one. */",
    "const roundHalfEven = (x: number): number => {",
    "  const nearest = Math.round(x);",
    "  return Math.abs(nearest - x) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;",
    "};",
  ],
};
