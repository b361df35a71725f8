/**
 * Arithmetic on compile-time numbers that remember how they were written, and on the attributes
 * that hold them.
 */
import type { OpAttributes, OpName, TensorType } from "../ops/index.ts";
import { OPEN } from "../ops/index.ts";
import type { NumberExpression, NumberOperand, Operand, SymbolicNumber, Value } from "./graph.ts";

type Operator = Extract<NumberExpression, { kind: "operation" }>["operator"];

/** A number as it stands: `0.25`. */
export function literal(value: number): SymbolicNumber {
  return { value, text: { kind: "literal", value } };
}

/** A number with the expression it came from. */
export function symbolic(value: number, text: NumberExpression): SymbolicNumber {
  return { value, text };
}

/** A number formal of the function: `heads`. */
export function formal(name: string, value: number): SymbolicNumber {
  return { value, text: { kind: "formal", name } };
}

/** The size of an axis of a type, by name. The batch gives the one number whose value is `OPEN`. */
export function axisSize(type: TensorType, name: string): SymbolicNumber {
  const axis = type.axes.find((candidate) => candidate.name === name);
  if (axis === undefined) throw new Error(`There is no axis ${name} to take the size of.`);
  return { value: axis.size, text: { kind: "axis", name } };
}

/** A real constant written in place of an operand. */
export function real(value: number | SymbolicNumber): NumberOperand {
  return { constant: toSymbolic(value), kind: "real" };
}

/** An int constant written in place of an operand. */
export function int(value: number | SymbolicNumber): NumberOperand {
  return { constant: toSymbolic(value), kind: "int" };
}

/** A flag constant written in place of an operand. */
export function flag(value: boolean): NumberOperand {
  return { constant: literal(value ? 1 : 0), kind: "flag" };
}

export function toSymbolic(value: number | SymbolicNumber): SymbolicNumber {
  return typeof value === "number" ? literal(value) : value;
}

/** Whether an operand is a constant written in place. */
export function isConstant(operand: Operand): operand is NumberOperand {
  return "constant" in operand;
}

export function isValue(operand: Operand): operand is Value {
  return !("constant" in operand);
}

/** Kind and axes of an operand; a constant is a scalar. */
export function operandType(operand: Operand): Value["type"] {
  return isConstant(operand) ? { kind: operand.kind, axes: [], copies: [] } : operand.type;
}

/**
 * Applies an operator, dropping `+ 0`, `- 0`, `* 1` and `/ 1`. Literals are folded where a short
 * number comes out: `2 * 8`, but not `sqrt(2)`, whose digits say less.
 */
export function calculate(
  operator: Operator,
  ...operands: readonly SymbolicNumber[]
): SymbolicNumber {
  const values = operands.map((operand) => operand.value);
  if (operands.some(isOpen)) {
    throw new Error("The size of the batch is not known while compiling.");
  }
  const value = applyOperator(operator, values);
  const literals = operands.reduce((count, { text }) => count + literalCount(text), 0);
  const foldable = Number.isFinite(literals);
  const stands = operator === "neg" || isShort(value);
  if (foldable && (stands || literals > MOST_LITERALS)) return literal(value);
  const [left, right] = operands;
  if (left !== undefined && right !== undefined && operands.length === 2) {
    const neutral = operator === "+" || operator === "-" ? 0 : 1;
    if (operator === "+" || operator === "-" || operator === "*" || operator === "/") {
      if (isLiteral(right, neutral)) return left;
      if ((operator === "+" || operator === "*") && isLiteral(left, neutral)) return right;
    }
  }
  const text = {
    kind: "operation",
    operator,
    operands: operands.map((each) => each.text),
  } as const;
  return { value, text };
}

/** A number made of more literals is folded however long it is: a loop may go on calculating with it. */
const MOST_LITERALS = 4;

/** The literals of an expression of nothing else; infinitely many with a name in it. */
function literalCount(text: NumberExpression): number {
  if (text.kind === "literal") return 1;
  if (text.kind !== "operation") return Number.POSITIVE_INFINITY;
  return text.operands.reduce((count, operand) => count + literalCount(operand), 0);
}

const isShort = (value: number): boolean =>
  !Number.isFinite(value) || Number.isInteger(value) || String(value).length <= 8;

/**
 * Whether this is the size of the batch, or of an axis merged from it: bound when a plan is staged.
 */
export function isOpen(number: SymbolicNumber): boolean {
  return number.text.kind === "axis" && number.value === OPEN;
}

function isLiteral(number: SymbolicNumber, value: number): boolean {
  return number.text.kind === "literal" && number.text.value === value;
}

/**
 * Value of an operator of number expressions. `div` and `mod` floor; `root` is the exact square
 * root of a square.
 */
export function applyOperator(operator: Operator, values: readonly number[]): number {
  const [a = Number.NaN, b = Number.NaN] = values;
  switch (operator) {
    case "+":
      return values.reduce((total, value) => total + value, 0);
    case "*":
      return values.reduce((total, value) => total * value, 1);
    case "-":
      return a - b;
    case "/":
      return a / b;
    case "^":
      return a ** b;
    case "div":
      return Math.floor(a / b);
    case "mod":
      return a - b * Math.floor(a / b);
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "neg":
      return -a;
    case "sqrt":
    case "root":
      return Math.sqrt(a);
    case "exp":
      return Math.exp(a);
    case "log":
      return Math.log(a);
    case "log1p":
      return Math.log1p(a);
    case "tanh":
      return Math.tanh(a);
    case "floor":
      return Math.floor(a);
    case "trunc":
      return Math.trunc(a);
    case "ceil":
      return Math.ceil(a);
    case "round": {
      const nearest = Math.round(a);
      return Math.abs(nearest - a) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
    }
    case "abs":
      return Math.abs(a);
    case "sin":
      return Math.sin(a);
    case "cos":
      return Math.cos(a);
    default:
      return operator satisfies never;
  }
}

/** The names of axes and of number formals that an expression mentions. */
export function mentions(
  text: NumberExpression,
  found: { readonly axes: Set<string>; readonly formals: Set<string> },
): void {
  switch (text.kind) {
    case "literal":
      return;
    case "axis":
      found.axes.add(text.name);
      return;
    case "formal":
      found.formals.add(text.name);
      return;
    case "operation":
      for (const operand of text.operands) mentions(operand, found);
      return;
    default:
      text satisfies never;
  }
}

/** The expression with each axis and number formal replaced; undefined if one of them has no replacement. */
export function mapNames(
  text: NumberExpression,
  replace: (
    name: Extract<NumberExpression, { kind: "axis" | "formal" }>,
  ) => NumberExpression | undefined,
): NumberExpression | undefined {
  switch (text.kind) {
    case "literal":
      return text;
    case "axis":
    case "formal":
      return replace(text);
    case "operation": {
      const operands = text.operands.map((operand) => mapNames(operand, replace));
      const known = operands.filter((operand) => operand !== undefined);
      return known.length === operands.length ? { ...text, operands: known } : undefined;
    }
    default:
      return text satisfies never;
  }
}

export function isSymbolic(candidate: unknown): candidate is SymbolicNumber {
  return (
    typeof candidate === "object" &&
    candidate !== null &&
    "text" in candidate &&
    "value" in candidate &&
    typeof candidate.value === "number" &&
    typeof candidate.text === "object"
  );
}

/** Attributes with plain numbers allowed beside symbolic ones, as written by hand. */
export type LooseAttributes<Name extends OpName> = OpAttributes<SymbolicNumber | number>[Name];

/** Turns the plain numbers of attributes into literals. */
export function symbolicAttributes<Name extends OpName>(
  attributes: LooseAttributes<Name>,
): OpAttributes<SymbolicNumber>[Name] {
  const walk = (part: unknown): unknown =>
    typeof part === "number" ? literal(part) : isSymbolic(part) ? part : mapParts(part, walk);
  return walk(attributes) as OpAttributes<SymbolicNumber>[Name];
}

/** The attributes with each symbolic number rewritten. */
export function mapNumbers<Name extends OpName>(
  attributes: OpAttributes<SymbolicNumber>[Name],
  rewrite: (number: SymbolicNumber) => SymbolicNumber,
): OpAttributes<SymbolicNumber>[Name] {
  const walk = (part: unknown): unknown =>
    isSymbolic(part) ? rewrite(part) : mapParts(part, walk);
  return walk(attributes) as OpAttributes<SymbolicNumber>[Name];
}

/** Every symbolic number of the attributes. */
export function numbersOf(attributes: unknown): readonly SymbolicNumber[] {
  const found: SymbolicNumber[] = [];
  const walk = (part: unknown): unknown => {
    if (!isSymbolic(part)) return mapParts(part, walk);
    found.push(part);
    return part;
  };
  walk(attributes);
  return found;
}

/**
 * Attributes for the rules of the op table: values in place of symbolic numbers. `open` has the
 * sizes of open axes by name.
 */
export function plainAttributes<Name extends OpName>(
  attributes: OpAttributes<SymbolicNumber>[Name],
  open?: ReadonlyMap<string, number>,
): OpAttributes<number>[Name] {
  const walk = (part: unknown): unknown => {
    if (!isSymbolic(part)) return mapParts(part, walk);
    const known = part.text.kind === "axis" && isOpen(part) ? open?.get(part.text.name) : undefined;
    return known ?? part.value;
  };
  return walk(attributes) as OpAttributes<number>[Name];
}

function mapParts(part: unknown, walk: (part: unknown) => unknown): unknown {
  if (Array.isArray(part)) return part.map(walk);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, walk(each)]));
}
