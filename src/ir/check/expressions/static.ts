/**
 * Compile-time values: numbers that remember how they were written, flags, choices and lists.
 * Options, dims, axis sizes and repeat indices are such values; tensors never are.
 */
import type { Span } from "../../../parser/tree.ts";
import type { NumberExpression, SymbolicNumber } from "../../graph.ts";
import { calculate, literal } from "../../symbolic.ts";

export interface StaticNumber {
  readonly kind: "number";
  readonly value: number;
  /** Mixes as an int with int tensors. */
  readonly integer: boolean;
  /** As the body of the function at hand writes it: may name axes of its values. */
  readonly written: SymbolicNumber;
  /** The same in terms of what the caller knows too: number formals and axes of the arguments. */
  readonly declared: SymbolicNumber;
  /** The dim or axis it is a bare mention of; a block's new axis takes this name (rule R3). */
  readonly dim?: string;
  /** The declaration of that dim. */
  readonly from?: Span;
}

export interface StaticFlag {
  readonly kind: "flag";
  readonly value: boolean;
}

export interface StaticChoice {
  readonly kind: "choice";
  readonly name: string;
  /** Every alternative its option has. */
  readonly alternatives: readonly string[];
  readonly options: ReadonlyMap<string, Static>;
}

export interface StaticList {
  readonly kind: "list";
  readonly items: readonly Static[];
}

export type Static = StaticNumber | StaticFlag | StaticChoice | StaticList;

/** Whether something is known while compiling, by its kind alone. */
export function isStatic<Other extends { readonly kind: string }>(
  entity: Static | Other,
): entity is Static {
  return ["number", "flag", "choice", "list"].includes(entity.kind);
}

type Operator = Extract<NumberExpression, { kind: "operation" }>["operator"];

export const flagValue = (value: boolean): StaticFlag => ({ kind: "flag", value });

/** A number as it stands in the spec. */
export function plainNumber(value: number, integer: boolean): StaticNumber {
  const number = literal(value);
  return { kind: "number", value, integer, written: number, declared: number };
}

/** A number with a name: an option, a dim or an axis. */
export function namedNumber(
  number: { readonly value: number; readonly integer: boolean },
  written: NumberExpression,
  declared: NumberExpression,
  dim?: string,
): StaticNumber {
  const { value, integer } = number;
  return {
    kind: "number",
    value,
    integer,
    written: { value, text: written },
    declared: { value, text: declared },
    ...(dim === undefined ? {} : { dim }),
  };
}

/** Operators whose result is whole when the operands are. */
const wholeOperators: ReadonlySet<Operator> = new Set([
  ...(["+", "-", "*", "div", "mod", "min", "max", "neg", "abs", "root"] as const),
]);
const roundingOperators: ReadonlySet<Operator> = new Set(["floor", "ceil", "round", "trunc"]);

/** Arithmetic on compile-time numbers. */
export function arithmetic(operator: Operator, ...operands: readonly StaticNumber[]): StaticNumber {
  const written = calculate(operator, ...operands.map((operand) => operand.written));
  const declared = calculate(operator, ...operands.map((operand) => operand.declared));
  const whole = operands.every((operand) => operand.integer);
  const positivePower = operator === "^" && (operands[1]?.value ?? -1) >= 0;
  const integer =
    roundingOperators.has(operator) || (whole && (wholeOperators.has(operator) || positivePower));
  return { kind: "number", value: written.value, integer, written, declared };
}

/** Replaces formals and axes; undefined keeps one. */
export function substitute(
  text: NumberExpression,
  replace: (kind: "axis" | "formal", name: string) => NumberExpression | undefined,
): NumberExpression {
  switch (text.kind) {
    case "literal":
      return text;
    case "axis":
    case "formal":
      return replace(text.kind, text.name) ?? text;
    case "operation":
      return { ...text, operands: text.operands.map((operand) => substitute(operand, replace)) };
    default:
      return text satisfies never;
  }
}

/** Whether two are equal in the spec: a number is what it is worth, 2 and 4 / 2 alike. */
export function sameStatic(left: Static, right: Static): boolean {
  if (left.kind === "number" && right.kind === "number") return left.value === right.value;
  if (left.kind === "list" && right.kind === "list") {
    const { items } = right;
    return (
      left.items.length === items.length &&
      left.items.every((item, position) => {
        const other = items[position];
        return other !== undefined && sameStatic(item, other);
      })
    );
  }
  if (left.kind === "choice" && right.kind === "choice") {
    const { options } = right;
    return (
      left.name === right.name &&
      left.options.size === options.size &&
      [...left.options].every(([name, option]) => {
        const other = options.get(name);
        return other !== undefined && sameStatic(option, other);
      })
    );
  }
  return left.kind === "flag" && right.kind === "flag" && left.value === right.value;
}

/** Equal keys: equal values, 2 and a real 2 being two. Part of the identity of a block's specialisation. */
export function staticKey(value: Static): string {
  switch (value.kind) {
    case "number":
      return `${value.value}${value.integer ? "" : "r"}`;
    case "flag":
      return value.value ? "on" : "off";
    case "choice": {
      const options = [...value.options].map(([name, option]) => `${name}=${staticKey(option)}`);
      return `${value.name}(${options.join(",")})`;
    }
    case "list":
      return `[${value.items.map(staticKey).join(",")}]`;
    default:
      return value satisfies never;
  }
}

/** For messages. */
export function staticText(value: Static): string {
  switch (value.kind) {
    case "number":
      return String(value.value);
    case "flag":
      return value.value ? "on" : "off";
    case "choice":
      return value.name;
    case "list":
      return `[${value.items.map(staticText).join(", ")}]`;
    default:
      return value satisfies never;
  }
}
