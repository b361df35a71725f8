/** Evaluating expressions: compile-time values stay values, everything else becomes operations of the function at hand. */
import type { OpName } from "../../ops/index.ts";
import { suggest } from "../../parser/suggest.ts";
import type {
  At,
  Binary,
  Contraction,
  DrawExpression,
  Expression,
  IndexedMember,
  IsExpression,
  Merge,
  Rename,
  Split,
  Unary,
} from "../../parser/tree.ts";
import { literal } from "../symbolic.ts";
import { callBlock } from "./call.ts";
import { asTensor, axisNumber, emit, type Place, renameAxes, typeOf, writable } from "./emit.ts";
import type { CheckedAxis, Entity, Frame, TensorEntity } from "./frame.ts";
import { instanceMember, nextOf, siblingOf } from "./instance.ts";
import { declaredAxes, findAxis, resolveName } from "./names.ts";
import { checkDistribution, declareDraw } from "./parameter.ts";
import { problem, Silenced } from "./problem.ts";
import { scanExpression } from "./scan.ts";
import {
  arithmetic,
  flagValue,
  plainNumber,
  type Static,
  type StaticNumber,
  staticKey,
  staticText,
} from "./static.ts";

export function evaluate(place: Place, expression: Expression, hint?: string): Entity {
  const { checker } = place;
  checker.step(expression.span);
  checker.depth += 1;
  try {
    return entityOf(place, expression, hint);
  } finally {
    checker.depth -= 1;
  }
}

function entityOf(place: Place, expression: Expression, hint: string | undefined): Entity {
  switch (expression.kind) {
    case "number":
      return plainNumber(expression.value, expression.integer);
    case "flag":
      return flagValue(expression.value);
    case "string":
      // The parser has refused it.
      throw new Silenced();
    case "reference":
      return resolveName(place, expression.name);
    case "member":
      return memberOf(place, expression.object, expression.member);
    case "indexed":
      return indexed(place, expression);
    case "next":
      return nextOf(place, expression);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluateStatic(place, item)) };
    case "unary":
      return unary(place, expression, hint);
    case "binary":
      return binary(place, expression, hint);
    case "is":
      return is(place, expression);
    case "contraction":
      return contraction(place, expression, hint);
    case "call":
      return callBlock(place, expression, hint);
    case "draw":
      return draw(place, expression);
    case "at":
      return at(place, expression, hint);
    case "split":
      return split(place, expression, hint);
    case "merge":
      return merge(place, expression, hint);
    case "rename":
      return rename(place, expression);
    case "when-expression":
      return evaluate(
        place,
        holds(place, expression.condition) ? expression.then : expression.otherwise,
        hint,
      );
    case "scan-expression":
      return scanExpression(place, expression.scan);
    default:
      return expression satisfies never;
  }
}

export function evaluateTensor(place: Place, expression: Expression, hint?: string): TensorEntity {
  return asTensor(place.scope, evaluate(place, expression, hint), expression.span);
}

/** A value known while compiling. */
export function evaluateStatic(place: Place, expression: Expression): Static {
  const entity = evaluate(place, expression);
  switch (entity.kind) {
    case "number":
    case "flag":
    case "choice":
    case "list":
      return entity;
    default:
      throw problem(
        "MEM0121",
        expression.span,
        "This must be known while compiling, but it is computed from tensors.",
        {
          help: "Options, dims, axis sizes and numbers are known; a choice on data is written where(c, a, b).",
        },
      );
  }
}

export function evaluateNumber(place: Place, expression: Expression): StaticNumber {
  const value = evaluateStatic(place, expression);
  if (value.kind === "number") return value;
  throw problem("MEM0122", expression.span, `A number is needed here, not ${staticText(value)}.`);
}

/** A compile-time condition. */
export function holds(place: Place, condition: Expression): boolean {
  const entity = evaluate(place, condition);
  if (entity.kind === "flag") return entity.value;
  if (entity.kind === "tensor" || entity.kind === "tuple") {
    throw problem(
      "MEM0123",
      condition.span,
      "`when` chooses while compiling, but this condition is data.",
      {
        help: "A choice on data is written where(condition, a, b).",
      },
    );
  }
  throw problem("MEM0124", condition.span, "`when` needs a flag.", {
    help: "Compare: `when n > 1`, `when sampling is sticky`.",
  });
}

function memberOf(
  place: Place,
  object: Expression,
  member: { readonly text: string; readonly span: Expression["span"] },
): Entity {
  const entity = evaluate(place, object);
  if (entity.kind === "choice") {
    const option = entity.options.get(member.text);
    if (option !== undefined) return option;
    const near = suggest(member.text, [...entity.options.keys()]);
    throw problem(
      "MEM0125",
      member.span,
      `The choice ${entity.name} has no option ${member.text}.`,
      {
        help:
          near === undefined
            ? "Test the choice first: `when sampling is sticky { … }`."
            : `Did you mean ${near}?`,
      },
    );
  }
  if (entity.kind === "instance") return instanceMember(place, entity.instance, member);
  throw problem("MEM0126", member.span, "Only an instance or a choice has members.");
}

function indexed(place: Place, expression: IndexedMember): Entity {
  const index = evaluateNumber(place, expression.index);
  return siblingOf(place, expression, index.value);
}

// ---------------------------------------------------------------- operators

function unary(place: Place, expression: Unary, hint: string | undefined): Entity {
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

function binary(place: Place, expression: Binary, hint: string | undefined): Entity {
  const { operator } = expression;
  const left = evaluate(place, expression.left);
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
        return emit(place, "mul", [a, a], {}, making);
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
        return flagValue((staticKey(left) === staticKey(right)) === (operator === "=="));
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
      return flagValue(right.items.some((item) => staticKey(item) === staticKey(left)));
    }
    case "..": {
      const whole = [left, right].every(
        (end) => end.kind === "number" && Number.isInteger(end.value),
      );
      if (
        !whole ||
        left.kind !== "number" ||
        right.kind !== "number" ||
        right.value - left.value >= 1e5
      ) {
        throw problem(
          "MEM0129",
          expression.span,
          "`a .. b` is a list of at most 100000 whole numbers.",
        );
      }
      const count = Math.max(0, right.value - left.value + 1);
      return {
        kind: "list",
        items: Array.from({ length: count }, (_, i) => plainNumber(left.value + i, true)),
      };
    }
    default:
      return operator satisfies never;
  }
}

function isStatic(entity: Entity): entity is Static {
  return (
    entity.kind === "number" ||
    entity.kind === "flag" ||
    entity.kind === "choice" ||
    entity.kind === "list"
  );
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

function is(place: Place, { value, alternative, span }: IsExpression): Entity {
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

function contraction(
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

// ---------------------------------------------------------------- shape and indexing

export function axisOf(
  tensor: TensorEntity,
  name: { readonly text: string; readonly span: Expression["span"] },
): CheckedAxis {
  const axis = tensor.axes.find((candidate) => candidate.name === name.text);
  if (axis !== undefined) return axis;
  const near = suggest(
    name.text,
    tensor.axes.map((candidate) => candidate.name),
  );
  throw problem("MEM0133", name.span, `There is no axis ${name.text} in ${typeOf(tensor)}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

function at(place: Place, { value, axis, index, span }: At, hint: string | undefined): Entity {
  const tensor = evaluateTensor(place, value);
  const along = axisOf(tensor, axis);
  const position = evaluate(place, index);
  if (
    position.kind === "number" &&
    position.integer &&
    position.value >= 0 &&
    position.value < along.size
  ) {
    const attributes = {
      axis: along.name,
      start: writable(place.scope, position),
      size: literal(1),
      into: null,
    };
    return emit(place, "slice", [tensor], attributes, { span, hints: [hint] });
  }
  const indices = asTensor(place.scope, position, index.span);
  if (indices.number !== "int") {
    throw problem("MEM0134", index.span, `An index is an int, not ${typeOf(indices)}.`, {
      help: "int(x) truncates a real.",
    });
  }
  return emit(
    place,
    "gather",
    [tensor, indices],
    { axis: along.name },
    { span, hints: [hint], axes: indices.axes },
  );
}

function split(place: Place, expression: Split, hint: string | undefined): Entity {
  const { value, axis, mode, parts, span } = expression;
  const tensor = evaluateTensor(place, value);
  const along = axisOf(tensor, axis);
  const pieces = parts.map((part) => {
    if (part.name === undefined) {
      const count =
        part.size === undefined ? plainNumber(1, true) : evaluateNumber(place, part.size);
      if (count.value !== 1)
        throw problem("MEM0135", part.span, "Only a piece of 1 may go without a name.");
      return { name: null, number: count, axis: undefined };
    }
    const { text } = part.name;
    if (part.size !== undefined) {
      const number = evaluateNumber(place, part.size);
      return {
        name: text,
        number,
        axis: { name: text, size: number.value, declared: number.declared.text, data: false },
      };
    }
    const known = findAxis(place, text);
    return { name: text, number: known && axisNumber(place.scope, known), axis: known };
  });
  const unknown = pieces.filter((piece) => piece.number === undefined);
  if (unknown.length > 1) {
    throw problem(
      "MEM0136",
      span,
      `The sizes of ${unknown.map((piece) => piece.name).join(" and ")} are not known.`,
    );
  }
  const whole = axisNumber(place.scope, along);
  const sized = pieces.map((piece) => {
    if (piece.number !== undefined) return { ...piece, number: piece.number };
    const others = pieces.flatMap((other) => (other.number === undefined ? [] : [other.number]));
    const rest = others.reduce(
      (left, other) => arithmetic(mode === "as" ? "/" : "-", left, other),
      whole,
    );
    const name = piece.name ?? "";
    return {
      ...piece,
      number: rest,
      axis: { name, size: rest.value, declared: rest.declared.text, data: false },
    };
  });
  const total = sized.reduce(
    (sum, piece) => (mode === "as" ? sum * piece.number.value : sum + piece.number.value),
    mode === "as" ? 1 : 0,
  );
  if (total !== along.size) {
    const sizes = sized.map((piece) => `${piece.name ?? "1"} = ${piece.number.value}`).join(", ");
    throw problem(
      "MEM0137",
      span,
      `Axis ${along.name} has ${along.size} entries, its parts ${sizes} make ${total}.`,
    );
  }
  const axes = sized.flatMap((piece) => (piece.axis ? [piece.axis] : []));
  if (mode === "as") {
    const into = sized.map((piece) => ({
      name: piece.name ?? "",
      size: writable(place.scope, piece.number),
    }));
    return emit(
      place,
      "split",
      [tensor],
      { axis: along.name, into },
      { span, hints: [hint], axes },
    );
  }
  let start = plainNumber(0, true);
  const items = sized.map((piece, position) => {
    const attributes = {
      axis: along.name,
      start: writable(place.scope, start),
      size: writable(place.scope, piece.number),
      into: piece.name,
    };
    start = arithmetic("+", start, piece.number);
    return {
      name: piece.name ?? `part${position + 1}`,
      value: emit(place, "slice", [tensor], attributes, { span, axes }),
    };
  });
  return { kind: "tuple", items };
}

function merge(place: Place, { value, axes, as, span }: Merge, hint: string | undefined): Entity {
  const tensor = evaluateTensor(place, value);
  const merged = axes.map((axis) => axisOf(tensor, axis));
  const number = merged
    .map((axis) => axisNumber(place.scope, axis))
    .reduce((left, right) => arithmetic("*", left, right));
  const known = findAxis(place, as.text);
  const axis: CheckedAxis =
    known !== undefined && known.size === number.value
      ? { ...known, data: false }
      : { name: as.text, size: number.value, declared: number.declared.text, data: false };
  const attributes = { axes: merged.map((each) => each.name), into: as.text };
  return emit(place, "merge", [tensor], attributes, { span, hints: [hint], axes: [axis] });
}

function rename(place: Place, { value, from, to, span }: Rename): Entity {
  const tensor = evaluateTensor(place, value);
  axisOf(tensor, from);
  return renameAxes(place, tensor, new Map([[from.text, to.text]]), span);
}

/** The axes that `...` stands for, inside loops too. */
function passingAxes({ outer, restAxes }: Frame): readonly CheckedAxis[] {
  return outer === undefined ? restAxes : passingAxes(outer.frame);
}

function draw(place: Place, expression: DrawExpression): Entity {
  const axes = [
    ...(expression.rest ? passingAxes(place.scope.frame) : []),
    ...declaredAxes(place, expression.axes),
  ];
  return declareDraw(place, expression, axes, checkDistribution(place, expression.distribution));
}
