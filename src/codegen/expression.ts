/** Expressions of generated code, and how they are laid out within 100 columns (as biome and prettier do). */
import { isPlain, propertyName } from "./identifier.ts";

export type Expression =
  /** Anything short that stays on one line: a name, a member access, a number. */
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "call";
      readonly callee: string;
      readonly arguments: readonly Expression[];
    }
  | { readonly kind: "object"; readonly entries: readonly Entry[] }
  | { readonly kind: "array"; readonly items: readonly Expression[] }
  /** `head` then an expression: `own.layer.map((each) => …)` has the head `own.layer.map((each) => (`. */
  | {
      readonly kind: "wrapped";
      readonly head: string;
      readonly body: Expression;
      readonly tail: string;
    };

export interface Entry {
  /** Already a legal property name, or a computed one in brackets. */
  readonly key: string;
  readonly value: Expression;
}

export const WIDTH = 100;

export function text(written: string): Expression {
  return { kind: "text", text: written };
}

export function call(callee: string, ...values: readonly Expression[]): Expression {
  return { kind: "call", callee, arguments: values };
}

export function array(items: readonly Expression[]): Expression {
  return { kind: "array", items };
}

/** An object literal with the given names as keys. */
export function object(
  entries: readonly (readonly [name: string, value: Expression])[],
): Expression {
  return {
    kind: "object",
    entries: entries.map(([name, value]) => ({ key: propertyName(name), value })),
  };
}

/** The expression on one line. */
export function flat(expression: Expression): string {
  switch (expression.kind) {
    case "text":
      return expression.text;
    case "call":
      return `${expression.callee}(${expression.arguments.map(flat).join(", ")})`;
    case "array":
      return `[${expression.items.map(flat).join(", ")}]`;
    case "object":
      if (expression.entries.length === 0) return "{}";
      return `{ ${expression.entries.map(flatEntry).join(", ")} }`;
    case "wrapped":
      return expression.head + flat(expression.body) + expression.tail;
    default:
      return expression satisfies never;
  }
}

function flatEntry({ key, value }: Entry): string {
  const written = flat(value);
  return isPlain(key) && written === key ? key : `${key}: ${written}`;
}

/** Formatters write a list of several objects with several properties over several lines, however short. */
function breaks(expression: Expression): boolean {
  switch (expression.kind) {
    case "text":
      return false;
    case "call":
      return expression.arguments.some(breaks);
    case "array": {
      const { items } = expression;
      const large = (item: Expression) => item.kind === "object" && item.entries.length > 1;
      return (items.length > 1 && items.every(large)) || items.some(breaks);
    }
    case "object":
      return expression.entries.some((entry) => breaks(entry.value));
    case "wrapped":
      return breaks(expression.body);
    default:
      return expression satisfies never;
  }
}

/**
 * Lines of `before + expression + after`, the first without indentation, the others indented relative to it.
 * `column` is where the first line starts.
 */
export function layOut(
  before: string,
  expression: Expression,
  after: string,
  column: number,
): readonly string[] {
  const line = before + flat(expression) + after;
  if (column + line.length <= WIDTH && !breaks(expression)) return [line];
  switch (expression.kind) {
    case "text":
      return [line];
    case "call":
      return layOutCall(before, expression, after, column);
    case "array":
      if (expression.items.length === 0) return [line];
      return [`${before}[`, ...items(expression.items, column + 2), `]${after}`];
    case "object":
      if (expression.entries.length === 0) return [line];
      return [
        `${before}{`,
        ...expression.entries.flatMap((entry) => entryLines(entry, column + 2)),
        `}${after}`,
      ];
    case "wrapped": {
      const { head, body, tail } = expression;
      if (head.endsWith("=> ") && (body.kind === "call" || body.kind === "wrapped")) {
        const inside = indent(layOut("", body, ",", column + 2));
        return [before + head.trimEnd(), ...inside, tail + after];
      }
      return layOut(before + head, body, tail + after, column);
    }
    default:
      return expression satisfies never;
  }
}

function layOutCall(
  before: string,
  expression: Extract<Expression, { kind: "call" }>,
  after: string,
  column: number,
): readonly string[] {
  const values = expression.arguments;
  const last = values.at(-1);
  if (last === undefined) return [before + flat(expression) + after];
  const leading = values.slice(0, -1);
  const open = `${before}${expression.callee}(`;
  if (last.kind === "object" && leading.at(-1)?.kind !== "object") {
    const head = `${open}${leading.map((value) => `${flat(value)}, `).join("")}`;
    const hugged = layOut(head, last, `)${after}`, column);
    if (hugged.every((line) => column + line.length <= WIDTH)) return hugged;
  }
  if (values.length === 1 && last.kind !== "text" && last.kind !== "call") {
    return layOut(open, last, `)${after}`, column);
  }
  return [open, ...items(values, column + 2), `)${after}`];
}

function items(values: readonly Expression[], column: number): readonly string[] {
  return values.flatMap((value) => indent(layOut("", value, ",", column)));
}

function entryLines({ key, value }: Entry, column: number): readonly string[] {
  if (isPlain(key) && flat(value) === key) return [`  ${key},`];
  return indent(layOut(`${key}: `, value, ",", column));
}

/** Lines two columns further to the right. */
export function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === "" ? "" : `  ${line}`));
}
