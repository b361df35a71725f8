/** Operators: on compile-time values they are worked out, on tensors they become operations. */

import type { OpName } from "../../../ops/index.ts";
import { suggest } from "../../../parser/suggest.ts";
import type { Binary, Contraction, IsExpression, Unary } from "../../../parser/tree.ts";
import { asTensor, emit, type Place, typeOf } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { problem } from "../problem.ts";
import { evaluate, evaluateStatic, evaluateTensor } from "./expression.ts";
import {
  arithmetic,
  flagValue,
  isStatic,
  plainNumber,
  type StaticList,
  sameStatic,
  staticText,
} from "./static.ts";

export function unary(place: Place, expression: Unary, hint: string | undefined): Entity {
  const value = evaluate(place, expression.operand);
  if (expression.operator === "not") {
    if (value.kind === "flag") return flagValue(!value.value);
    const tensor = asTensor(place.scope, value, expression.operand.span);
    return emit(place, "not", [tensor], {}, { span: expression.span, hints: [hint] });
  }
  if (value.kind === "number") return arithmetic("neg", value);
  const tensor = asTensor(place.scope, value, expression.operand.span);
  return emit(place, "neg", [tensor], {}, { span: expression.span, hints: [hint] });
}

const arithmeticOps = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "^": "pow",
  div: "floorDiv",
  mod: "mod",
} as const satisfies Record<string, OpName>;

const comparisonOps = {
  "==": "equal",
  "!=": "notEqual",
  "<": "less",
  "<=": "lessEqual",
  ">": "greater",
  ">=": "greaterEqual",
} as const satisfies Record<string, OpName>;

export function binary(place: Place, expression: Binary, hint: string | undefined): Entity {
  const { operator } = expression;
  const left = evaluate(place, expression.left);
  if (operator === "==" || operator === "!=") refuseAlternative(left, expression);
  const right = evaluate(place, expression.right);
  const tensors = (): TensorEntity[] => [
    asTensor(place.scope, left, expression.left.span),
    asTensor(place.scope, right, expression.right.span),
  ];
  const making = { span: expression.span, hints: [hint] };
  switch (operator) {
    case "+":
    case "-":
    case "*":
    case "/":
    case "^":
    case "div":
    case "mod": {
      if (left.kind === "number" && right.kind === "number") {
        const zero =
          right.value === 0 && (operator === "/" || operator === "div" || operator === "mod");
        if (zero) throw problem("MEM0127", expression.right.span, "Division by zero.");
        return arithmetic(operator, left, right);
      }
      const [a, b] = tensors();
      if (operator === "^" && right.kind === "number" && right.value === 2 && a !== undefined) {
        return square(place, a, expression, hint);
      }
      return emit(
        place,
        arithmeticOps[operator],
        [a, b].filter((each) => each !== undefined),
        {},
        making,
      );
    }
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=": {
      if (left.kind === "number" && right.kind === "number") {
        return flagValue(compare(operator, left.value, right.value));
      }
      if (isStatic(left) && isStatic(right) && (operator === "==" || operator === "!=")) {
        return flagValue(sameStatic(left, right) === (operator === "=="));
      }
      return emit(place, comparisonOps[operator], tensors(), {}, making);
    }
    case "and":
    case "or": {
      const absorbing = operator === "or";
      for (const [one, other] of [
        [left, right],
        [right, left],
      ] as const) {
        if (one.kind === "flag") return one.value === absorbing ? one : other;
      }
      return emit(place, operator, tensors(), {}, making);
    }
    case "in": {
      if (!isStatic(left) || right.kind !== "list") {
        throw problem(
          "MEM0128",
          expression.span,
          "`in` asks whether a compile-time value is in a list.",
        );
      }
      return flagValue(right.items.some((item) => sameStatic(item, left)));
    }
    case "..": {
      return range(left, right, expression);
    }
    default:
      return operator satisfies never;
  }
}

/** A product, which costs less than a power and is as real. */
function square(
  place: Place,
  x: TensorEntity,
  { span }: Binary,
  hint: string | undefined,
): TensorEntity {
  const base = x.number === "int" ? emit(place, "real", [x], {}, { span }) : x;
  return emit(place, "mul", [base, base], {}, { span, hints: [hint] });
}

/** `a .. b`, both ends included. */
function range(left: Entity, right: Entity, { span }: Binary): StaticList {
  const whole = [left, right].every((end) => end.kind === "number" && Number.isInteger(end.value));
  if (
    !whole ||
    left.kind !== "number" ||
    right.kind !== "number" ||
    right.value - left.value >= 1e5
  ) {
    throw problem("MEM0129", span, "`a .. b` is a list of at most 100000 whole numbers.");
  }
  const count = Math.max(0, right.value - left.value + 1);
  return {
    kind: "list",
    items: Array.from({ length: count }, (_, i) => plainNumber(left.value + i, true)),
  };
}

/** Throws where a choice is compared with the name of one of its alternatives, which is no value. */
function refuseAlternative(left: Entity, { left: asked, operator, right }: Binary): void {
  if (left.kind !== "choice" || right.kind !== "reference") return;
  const { text } = right.name;
  if (!left.alternatives.includes(text)) return;
  const choice = asked.kind === "reference" ? asked.name.text : "choice";
  const question = operator === "!=" ? `not (${choice} is ${text})` : `${choice} is ${text}`;
  throw problem("MEM0110", right.span, `${text} is an alternative of a choice, not a value.`, {
    help: `Which one a choice has is asked with \`is\`: \`when ${question} { … }\`.`,
  });
}

function compare(operator: keyof typeof comparisonOps, a: number, b: number): boolean {
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return operator satisfies never;
  }
}

export function is(place: Place, { value, alternative, span }: IsExpression): Entity {
  const choice = evaluateStatic(place, value);
  if (choice.kind !== "choice") {
    throw problem(
      "MEM0130",
      span,
      `\`is\` asks which alternative a choice has; this is ${staticText(choice)}.`,
    );
  }
  if (!choice.alternatives.includes(alternative.text)) {
    const near = suggest(alternative.text, choice.alternatives);
    throw problem(
      "MEM0131",
      alternative.span,
      `${alternative.text} is no alternative here: ${choice.alternatives.join(", ")}.`,
      {
        help: near === undefined ? undefined : `Did you mean ${near}?`,
      },
    );
  }
  return flagValue(choice.name === alternative.text);
}

export function contraction(
  place: Place,
  { left, right, over, span }: Contraction,
  hint: string | undefined,
): Entity {
  const a = evaluateTensor(place, left);
  const b = evaluateTensor(place, right);
  for (const name of over) {
    for (const [side, tensor] of [
      ["left", a],
      ["right", b],
    ] as const) {
      if (!tensor.axes.some((axis) => axis.name === name.text)) {
        throw problem(
          "MEM0132",
          name.span,
          `The ${side} side of this product has no axis ${name.text}; it is ${typeOf(tensor)}.`,
          {
            help: "Both sides of a contraction have the axes that are summed.",
          },
        );
      }
    }
  }
  return emit(
    place,
    "contract",
    [a, b],
    { over: over.map((name) => name.text) },
    { span, hints: [hint] },
  );
}
