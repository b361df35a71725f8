/**
 * Short forms for tests: parse a piece of text in the smallest file around it, and show trees in
 * one line.
 */
import { expect } from "vitest";
import type {
  Expression,
  FileTree,
  Item,
  ScheduleEntry,
  Statement,
} from "../../src/parser/index.ts";
import { parse } from "../../src/parser/index.ts";

/** The tree of a file without errors. */
export function treeOf(text: string): FileTree {
  const { tree, diagnostics } = parse({ path: "test.mem", text });
  expect(diagnostics).toEqual([]);
  return tree!;
}

export function itemsOf(text: string): readonly Item[] {
  return treeOf(text).items;
}

/** The statements of a block's body. */
export function statementsOf(body: string): readonly Statement[] {
  const [item] = itemsOf(`block test(x[T]) {\n${body}\n}`);
  return item?.kind === "block" ? item.body : [];
}

export function statementOf(text: string): Statement {
  const statements = statementsOf(text);
  expect(statements).toHaveLength(1);
  return statements[0]!;
}

export function expressionOf(text: string): Expression {
  const statement = statementOf(`value = ${text}`);
  if (statement.kind !== "assign") throw new Error(`not an equation: ${statement.kind}`);
  return statement.value;
}

export function entriesOf(text: string): readonly ScheduleEntry[] {
  const [item] = itemsOf(`train {\n${text}\n}`);
  return item?.kind === "program" ? item.entries : [];
}

/** Anything without its spans, names as their text: what most tests compare. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  const { span: _, ...rest } = value as Record<string, unknown>;
  const keys = Object.keys(rest);
  if (keys.length === 1 && keys[0] === "text") return rest.text;
  return Object.fromEntries(Object.entries(rest).map(([key, field]) => [key, bare(field)]));
}

/** An expression in one line, every operator with its operands in parentheses. */
export function shown(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return String(expression.value);
    case "flag":
      return expression.value ? "on" : "off";
    case "string":
      return JSON.stringify(expression.value);
    case "reference":
      return expression.name.text;
    case "member":
      return `${shown(expression.object)}.${expression.member.text}`;
    case "indexed":
      return `${shown(expression.object)}[${shown(expression.index)}]`;
    case "next":
      return `(next ${shown(expression.state)})`;
    case "list":
      return `[${expression.items.map(shown).join(", ")}]`;
    case "unary":
      return `(${expression.operator} ${shown(expression.operand)})`;
    case "binary":
      return `(${shown(expression.left)} ${expression.operator} ${shown(expression.right)})`;
    case "is":
      return `(${shown(expression.value)} is ${expression.alternative.text})`;
    case "contraction":
      return `(${shown(expression.left)} . ${shown(expression.right)} over ${list(expression.over)})`;
    case "call": {
      const parts = expression.arguments.map((argument) => {
        const { name, value, axes, over, by, at, where, as } = argument;
        return [
          name === undefined ? "" : `${name.text} = `,
          shown(value),
          axes === undefined ? "" : `[${list(axes)}]`,
          over === undefined ? "" : ` over ${list(over)}`,
          by === undefined ? "" : ` by ${shown(by)}`,
          at === undefined ? "" : ` at ${at.axis.text} = ${shown(at.index)}`,
          where === undefined ? "" : ` where ${shown(where)}`,
          as === undefined ? "" : ` as ${as.text}`,
        ].join("");
      });
      const alias = expression.alias === undefined ? "" : ` as ${expression.alias.text}`;
      return `${shown(expression.callee)}(${parts.join(", ")})${alias}`;
    }
    case "draw": {
      const axes = [
        ...(expression.rest ? ["..."] : []),
        ...expression.axes.map((a) => a.name.text),
      ];
      const { name, arguments: values } = expression.distribution;
      const shared = expression.shared ? " shared" : "";
      return `(draw ${expression.name.text}[${axes}] ~ ${name.text}(${values.map(shown)})${shared})`;
    }
    case "at":
      return `(${shown(expression.value)} at ${expression.axis.text} = ${shown(expression.index)})`;
    case "split": {
      const parts = expression.parts.map(({ name, size }) =>
        [name?.text, size && shown(size)].filter((part) => part !== undefined).join(": "),
      );
      const { value, axis, mode } = expression;
      return `(${shown(value)} split ${axis.text} ${mode} (${parts.join(", ")}))`;
    }
    case "merge":
      return `(${shown(expression.value)} merge (${list(expression.axes)}) as ${expression.as.text})`;
    case "rename":
      return `(${shown(expression.value)} rename ${expression.from.text} as ${expression.to.text})`;
    case "when-expression": {
      const { condition, then, otherwise } = expression;
      return `(when ${shown(condition)} ${shown(then)} else ${shown(otherwise)})`;
    }
    case "scan-expression":
      return `(scan ${expression.scan.axis.text})`;
    default:
      return expression satisfies never;
  }
}

function list(names: readonly { readonly text: string }[]): string {
  return names.map(({ text }) => text).join(" ");
}

/** The diagnostics of a text: code, the text of the span, message. */
export function faultsOf(text: string): readonly string[] {
  return parse({ path: "test.mem", text }).diagnostics.map(
    ({ code, span, message }) => `${code} ⟨${text.slice(span.start, span.end)}⟩ ${message}`,
  );
}

/** A generator of numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
