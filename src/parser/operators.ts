/**
 * Operators and their precedence: one table for folding expressions and for the printed grammar.
 */
import type { Fault } from "./faults.ts";
import { fault } from "./faults.ts";
import type { Binary, Expression, Name, Span, Unary } from "./tree.ts";

export type InfixSign = Binary["operator"];

interface Level {
  readonly operators: readonly string[];
  readonly associativity: "left" | "right" | "none" | "prefix";
}

/**
 * From loosest to tightest. Contraction and `^` are rules of the grammar; everything above them is
 * folded here.
 */
export const precedence: readonly Level[] = [
  { operators: ["or"], associativity: "left" },
  { operators: ["and"], associativity: "left" },
  { operators: ["not"], associativity: "prefix" },
  { operators: ["==", "!=", "<", "<=", ">", ">=", "in", "is"], associativity: "none" },
  { operators: [".."], associativity: "none" },
  { operators: ["+", "-"], associativity: "left" },
  { operators: ["*", "/", "div", "mod"], associativity: "left" },
  { operators: ["unary -"], associativity: "prefix" },
  { operators: [". … over"], associativity: "left" },
  { operators: ["^"], associativity: "right" },
];

const powers = new Map(
  precedence.flatMap(({ operators, associativity }, power) =>
    operators.map((operator) => [operator, { power, associativity }] as const),
  ),
);
const notPower = powers.get("not")!.power;

/**
 * What the grammar reads between two separators of an expression: operands and the operators among
 * them.
 */
export type Part =
  | { readonly kind: "operand"; readonly value: Expression }
  | { readonly kind: "prefix"; readonly operator: Unary["operator"]; readonly span: Span }
  | { readonly kind: "infix"; readonly operator: InfixSign; readonly span: Span }
  | { readonly kind: "is"; readonly alternative: Name; readonly span: Span };

/**
 * The expression a sequence of parts stands for. Recursion is as deep as the precedence table, not
 * as the text.
 */
export function fold(parts: readonly Part[]): Expression {
  return new Fold(parts).climb(0);
}

class Fold {
  readonly #parts: readonly Part[];
  #next = 0;

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /**
   * An expression of operators that bind at least as tightly as `least`. @throws {Fault} MEM0028,
   * MEM0029
   */
  climb(least: number): Expression {
    const nots: Span[] = [];
    const minuses: Span[] = [];
    let part = this.#parts[this.#next]!;
    for (; part.kind === "prefix"; part = this.#parts[++this.#next]!) {
      if (part.operator === "-") minuses.push(part.span);
      else if (minuses.length > 0 || least > notPower) throw needsParentheses(part.span);
      else nots.push(part.span);
    }
    if (part.kind !== "operand") throw new Error(`an operand was expected, not ${part.kind}`);
    this.#next++;
    let left = prefixed("-", minuses, part.value);
    if (nots.length === 0) return this.#infix(left, least);
    left = this.#infix(left, notPower + 1);
    return this.#infix(prefixed("not", nots, left), least);
  }

  #infix(first: Expression, least: number): Expression {
    let left = first;
    let chained: { power: number; span: Span } | undefined;
    for (;;) {
      const part = this.#parts[this.#next];
      if (part === undefined || part.kind === "operand" || part.kind === "prefix") return left;
      const { power, associativity } = powers.get(part.kind === "is" ? "is" : part.operator)!;
      if (power < least) return left;
      if (chained?.power === power) throw doesNotChain(part.span, chained.span);
      this.#next++;
      if (part.kind === "is") {
        const { alternative } = part;
        left = { kind: "is", value: left, alternative, span: across(left.span, alternative.span) };
      } else {
        const right = this.climb(power + 1);
        const span = across(left.span, right.span);
        left = { kind: "binary", operator: part.operator, left, right, span };
      }
      chained = associativity === "none" ? { power, span: part.span } : undefined;
    }
  }
}

function prefixed(
  operator: Unary["operator"],
  spans: readonly Span[],
  operand: Expression,
): Expression {
  return spans.reduceRight<Expression>(
    (inner, span) => ({ kind: "unary", operator, operand: inner, span: across(span, inner.span) }),
    operand,
  );
}

/** From the start of one span to the end of another. */
export function across(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: last.end };
}

function doesNotChain(span: Span, before: Span): Fault {
  return fault("MEM0028", span, "this comparison or range continues another one", {
    notes: [{ message: "the first one is here", span: before }],
    help: "join two comparisons by `and`, or put one in parentheses",
  });
}

function needsParentheses(span: Span): Fault {
  return fault("MEM0029", span, "`not` binds more loosely than the operator before it", {
    help: "put `not …` in parentheses",
  });
}
