/** Entry by entry: `tanh(x)`, `max(a, b)`, `where(c, a, b)`. */

import { aliased } from "../calls/clauses.ts";
import { asTensor, emit } from "../emit.ts";
import { evaluate } from "../expressions/expression.ts";
import { arithmetic } from "../expressions/static.ts";
import { argument, onlyCount, type Rule, type Rules, tensorAt } from "./arguments.ts";
import { unaryPrimitives } from "./names.ts";
import { reduce } from "./reductions.ts";

const staticUnary = new Set(["sqrt", "exp", "log", "abs", "floor", "round", "sin", "cos"] as const);

type StaticUnary = typeof staticUnary extends Set<infer Word> ? Word : never;

const isStaticUnary = (name: string): name is StaticUnary =>
  (staticUnary as ReadonlySet<string>).has(name);

const unaryRule =
  (op: (typeof unaryPrimitives)[number]): Rule =>
  (place, call, hint) => {
    onlyCount(call, [1]);
    const each = argument(call, 0, "one tensor");
    const entity = evaluate(place, aliased(each));
    if (entity.kind === "number") {
      if (isStaticUnary(op)) return arithmetic(op, entity);
      if (op === "real") return { ...entity, integer: false };
      if (op === "int" && entity.integer) return entity;
      if (op === "stop") return entity;
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
    const operands = call.arguments.map((each) => tensorAt(place, each));
    return emit(place, op, operands, {}, { span: call.span, hints: [hint] });
  };

export const elementwiseRules: Rules = new Map<string, Rule>([
  ...unaryPrimitives.map((op) => [op, unaryRule(op)] as const),
  ["min", extremeRule("min", "minimum")],
  ["max", extremeRule("max", "maximum")],
  ["clip", ternaryRule("clip")],
  ["where", ternaryRule("where")],
]);
