/** Entry by entry: `tanh(x)`, `max(a, b)`, `where(c, a, b)`. */

import { erf } from "../../../ops/index.ts";
import { aliased } from "../calls/clauses.ts";
import { asTensor, emit } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluate } from "../expressions/expression.ts";
import { arithmetic, plainNumber, type StaticNumber } from "../expressions/static.ts";
import { argument, onlyCount, type Rule, type Rules } from "./arguments.ts";
import { unaryPrimitives } from "./names.ts";
import { reduce } from "./reductions.ts";

type Unary = (typeof unaryPrimitives)[number];

/** The word of a compile-time number, as a number that remembers how it was made where arithmetic can say it. */
function unaryOfNumber(op: Unary, x: StaticNumber): StaticNumber {
  const zero = plainNumber(0, true);
  const one = plainNumber(1, true);
  switch (op) {
    case "sqrt":
    case "exp":
    case "log":
    case "log1p":
    case "tanh":
    case "sin":
    case "cos":
    case "abs":
    case "floor":
    case "round":
      return arithmetic(op, x);
    case "rsqrt":
      return arithmetic("/", one, arithmetic("sqrt", x));
    case "sigmoid":
      return arithmetic("/", one, arithmetic("+", one, arithmetic("exp", arithmetic("neg", x))));
    case "softplus": {
      const bend = arithmetic("log1p", arithmetic("exp", arithmetic("neg", arithmetic("abs", x))));
      return arithmetic("+", arithmetic("max", x, zero), bend);
    }
    case "relu":
      return { ...arithmetic("max", x, zero), integer: false };
    case "erf":
      return plainNumber(erf(x.value), false);
    case "sign":
      return plainNumber(Math.sign(x.value), x.integer);
    case "int":
      return x.integer ? x : arithmetic("trunc", x);
    case "real":
      return { ...x, integer: false };
    case "stop":
      return x;
    default:
      return op satisfies never;
  }
}

const unaryRule =
  (op: Unary): Rule =>
  (place, call, hint) => {
    onlyCount(call, [1]);
    const each = argument(call, 0, "one tensor");
    const entity = evaluate(place, aliased(each));
    if (entity.kind === "number") return unaryOfNumber(op, entity);
    if (entity.kind === "flag" && (op === "int" || op === "real")) {
      return plainNumber(entity.value ? 1 : 0, op === "int");
    }
    const tensor = asTensor(place.scope, entity, each.span);
    return emit(place, op, [tensor], {}, { span: call.span, hints: [hint] });
  };

const extremeRule =
  (word: "min" | "max", pair: "minimum" | "maximum"): Rule =>
  (place, call, hint) => {
    if (call.arguments[0]?.over !== undefined) return reduce(place, call, word, hint);
    onlyCount(call, [2]);
    const operands = call.arguments.map((each) => evaluate(place, aliased(each)));
    const [a, b] = operands;
    if (a?.kind === "number" && b?.kind === "number") return arithmetic(word, a, b);
    const tensors = operands.map((entity, i) =>
      asTensor(place.scope, entity, call.arguments[i]?.span ?? call.span),
    );
    return emit(place, pair, tensors, {}, { span: call.span, hints: [hint] });
  };

const ternaryRule =
  (op: "clip" | "where"): Rule =>
  (place, call, hint) => {
    onlyCount(call, [3]);
    const operands = call.arguments.map((each) => evaluate(place, aliased(each)));
    const known = op === "clip" ? clipOfNumbers(operands) : whereOfNumbers(operands);
    if (known !== undefined) return known;
    const tensors = operands.map((entity, i) =>
      asTensor(place.scope, entity, call.arguments[i]?.span ?? call.span),
    );
    return emit(place, op, tensors, {}, { span: call.span, hints: [hint] });
  };

function clipOfNumbers([x, low, high]: readonly Entity[]): StaticNumber | undefined {
  if (x?.kind !== "number" || low?.kind !== "number" || high?.kind !== "number") return undefined;
  return arithmetic("min", arithmetic("max", x, low), high);
}

function whereOfNumbers([condition, a, b]: readonly Entity[]): StaticNumber | undefined {
  if (condition?.kind !== "flag" || a?.kind !== "number" || b?.kind !== "number") return undefined;
  return { ...(condition.value ? a : b), integer: a.integer && b.integer };
}

export const elementwiseRules: Rules = new Map<string, Rule>([
  ...unaryPrimitives.map((op) => [op, unaryRule(op)] as const),
  ["min", extremeRule("min", "minimum")],
  ["max", extremeRule("max", "maximum")],
  ["clip", ternaryRule("clip")],
  ["where", ternaryRule("where")],
]);
