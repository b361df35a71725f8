/** Calls of the primitive vocabulary: `sum(x over T where m)`, `join(a over P, b over L as R)`, `index(T)`. */
import type { OpName } from "../../ops/index.ts";
import type { Argument, Call, Name } from "../../parser/tree.ts";
import { literal } from "../symbolic.ts";
import { findAxis, requireAxis } from "./axes.ts";
import { capture } from "./capture.ts";
import { asTensor, axisNumber, emit, emitAll, type Place, typeOf, writable } from "./emit.ts";
import { evaluate, evaluateNumber, evaluateStatic, evaluateTensor } from "./expression.ts";
import type { CheckedAxis, Entity, Frame, TensorEntity } from "./frame.ts";
import { validOf } from "./globals.ts";
import { unaryPrimitives } from "./primitive-names.ts";
import { problem } from "./problem.ts";
import { axisOf } from "./reshape.ts";
import { restartedScan } from "./restart.ts";
import { arithmetic, plainNumber, type Static, type StaticNumber, staticKey } from "./static.ts";

type Rule = (place: Place, call: Call, hint: string | undefined) => Entity;

/** The rule of a primitive, by its name. */
export function primitiveRule(name: string): Rule | undefined {
  return rules.get(name);
}

const rules = new Map<string, Rule>();

// ---------------------------------------------------------------- arguments

function argument(call: Call, position: number, what: string): Argument {
  const found = call.arguments.filter((each) => each.name === undefined)[position];
  if (found !== undefined) return found;
  throw problem("MEM0140", call.span, `${calleeText(call)} needs ${what}.`, {
    help: `See docs/language.md, primitive vocabulary.`,
  });
}

function named(call: Call, name: string): Argument | undefined {
  return call.arguments.find((each) => each.name?.text === name);
}

function onlyCount(call: Call, counts: readonly number[], allowed: readonly string[] = []): void {
  const positional = call.arguments.filter((each) => each.name === undefined);
  if (!counts.includes(positional.length)) {
    throw problem(
      "MEM0140",
      call.span,
      `${calleeText(call)} takes ${counts.join(" or ")} arguments, not ${positional.length}.`,
    );
  }
  for (const each of call.arguments) {
    if (each.name !== undefined && !allowed.includes(each.name.text)) {
      throw problem(
        "MEM0171",
        each.name.span,
        `${calleeText(call)} has no option ${each.name.text}.`,
        {
          help: allowed.length === 0 ? undefined : `It has ${allowed.join(", ")}.`,
        },
      );
    }
  }
}

const calleeText = (call: Call): string =>
  call.callee.kind === "reference" ? call.callee.name.text : "This";

const tensorAt = (place: Place, each: Argument): TensorEntity => evaluateTensor(place, each.value);

function overOf(call: Call, each: Argument): readonly Name[] {
  if (each.over !== undefined) return each.over;
  throw problem("MEM0142", each.span, `${calleeText(call)} needs \`over AXIS\`.`, {
    help: "A contraction inside it goes in parentheses: sum((a . b over K) over T).",
  });
}

function oneAxis(call: Call, each: Argument): Name {
  const over = overOf(call, each);
  const [name] = over;
  if (name !== undefined && over.length === 1) return name;
  throw problem("MEM0143", each.span, `${calleeText(call)} works along one axis.`);
}

function maskOf(place: Place, each: Argument): TensorEntity | undefined {
  if (each.where === undefined) return undefined;
  const entity = evaluate(place, each.where);
  if (entity.kind === "flag" && entity.value) return undefined;
  const mask = asTensor(place.scope, entity, each.where.span);
  if (mask.number === "flag") return mask;
  throw problem("MEM0124", each.where.span, `\`where\` needs flags, not ${typeOf(mask)}.`);
}

function newAxis(place: Place, name: string, size: StaticNumber): CheckedAxis {
  const known = findAxis(place, name);
  if (known !== undefined && known.size === size.value) return known;
  return { name, size: size.value, declared: size.declared.text, data: false };
}

// ---------------------------------------------------------------- elementwise

const staticUnary = new Set(["sqrt", "exp", "log", "abs", "floor", "round", "sin", "cos"] as const);
type StaticUnary = typeof staticUnary extends Set<infer Word> ? Word : never;
const isStaticUnary = (name: string): name is StaticUnary =>
  (staticUnary as ReadonlySet<string>).has(name);

for (const op of unaryPrimitives) {
  rules.set(op, (place, call, hint) => {
    onlyCount(call, [1]);
    const each = argument(call, 0, "one tensor");
    const entity = evaluate(place, each.value);
    if (entity.kind === "number") {
      if (isStaticUnary(op)) return arithmetic(op, entity);
      if (op === "real") return { ...entity, integer: false };
      if (op === "int" && entity.integer) return entity;
      if (op === "stop") return entity;
    }
    const tensor = asTensor(place.scope, entity, each.span);
    return emit(place, op, [tensor], {}, { span: call.span, hints: [hint] });
  });
}

for (const [word, pair] of [
  ["min", "minimum"],
  ["max", "maximum"],
] as const) {
  rules.set(word, (place, call, hint) => {
    if (call.arguments[0]?.over !== undefined) return reduce(place, call, word, hint);
    onlyCount(call, [2]);
    const operands = call.arguments.map((each) => evaluate(place, each.value));
    const [a, b] = operands;
    if (a?.kind === "number" && b?.kind === "number") return arithmetic(word, a, b);
    const tensors = operands.map((entity, i) =>
      asTensor(place.scope, entity, call.arguments[i]?.span ?? call.span),
    );
    return emit(place, pair, tensors, {}, { span: call.span, hints: [hint] });
  });
}

for (const op of ["clip", "where"] as const) {
  rules.set(op, (place, call, hint) => {
    onlyCount(call, [3]);
    const operands = call.arguments.map((each) => tensorAt(place, each));
    return emit(place, op, operands, {}, { span: call.span, hints: [hint] });
  });
}

// ---------------------------------------------------------------- reductions and along an axis

const reductions = ["sum", "mean", "any", "all", "logsumexp", "softmax"] as const;

function reduce(
  place: Place,
  call: Call,
  op: (typeof reductions)[number] | "min" | "max",
  hint: string | undefined,
): Entity {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a tensor");
  const names = overOf(call, each);
  const tensor = tensorAt(place, each);
  for (const name of names) {
    if (name.text !== "batch") axisOf(tensor, name);
    else requireLoss(place, name);
  }
  const mask = maskOf(place, each);
  const operands = mask === undefined ? [tensor] : [tensor, mask];
  const over = names.map((name) => name.text);
  return emit(place, op, operands, { over }, { span: call.span, hints: [hint] });
}

function requireLoss(place: Place, name: Name): void {
  if (place.scope.inLoss) return;
  throw problem("MEM0145", name.span, "The batch may only be named in the equation of a loss.", {
    help: "Examples of a batch never see each other elsewhere (rule R14).",
  });
}

for (const op of reductions) rules.set(op, (place, call, hint) => reduce(place, call, op, hint));

rules.set("argmax", (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(call, each)).name;
  const mask = maskOf(place, each);
  const operands = mask === undefined ? [tensor] : [tensor, mask];
  return emit(place, "argmax", operands, { over }, { span: call.span, hints: [hint] });
});

rules.set("cumsum", (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(call, each)).name;
  return emit(place, "cumsum", [tensor], { over }, { span: call.span, hints: [hint] });
});

// ---------------------------------------------------------------- sizes and lists

function axisArgument(place: Place, call: Call): CheckedAxis {
  const each = argument(call, 0, "an axis");
  if (each.value.kind === "reference") return requireAxis(place, each.value.name);
  throw problem("MEM0146", each.span, `${calleeText(call)} takes the name of an axis.`);
}

rules.set("index", (place, call, hint) => {
  onlyCount(call, [1]);
  return indexAlong(place, axisArgument(place, call), call, hint);
});

/** Positions along an axis; inside a scan over it, the current step's. */
function indexAlong(
  place: Place,
  axis: CheckedAxis,
  call: Call,
  hint: string | undefined,
): TensorEntity {
  const { scope, checker } = place;
  const { outer } = scope.frame;
  if (outer !== undefined && steps(scope.frame, axis.name)) {
    return capture(scope, "index", indexAlong({ checker, scope: outer }, axis, call, "index"));
  }
  const size = writable(scope, axisNumber(scope, axis));
  return emit(
    place,
    "index",
    [],
    { axis: axis.name, size },
    { span: call.span, hints: [hint], axes: [axis] },
  );
}

/** Whether the function is in a scan over the axis. */
function steps(frame: Frame, axis: string): boolean {
  return frame.stepAxis === axis || (frame.outer !== undefined && steps(frame.outer.frame, axis));
}

rules.set("valid", (place, call) => {
  onlyCount(call, [1]);
  return validOf(place, axisArgument(place, call), call.span);
});

function listArgument(place: Place, each: Argument): readonly Static[] {
  const value = evaluateStatic(place, each.value);
  if (value.kind === "list") return value.items;
  throw problem("MEM0147", each.span, "A list is needed here.");
}

rules.set("size", (place, call) => {
  onlyCount(call, [1]);
  return plainNumber(listArgument(place, argument(call, 0, "a list")).length, true);
});

rules.set("index_of", (place, call) => {
  onlyCount(call, [2]);
  const items = listArgument(place, argument(call, 0, "a list"));
  const wanted = staticKey(evaluateStatic(place, argument(call, 1, "a value").value));
  const position = items.findIndex((item) => staticKey(item) === wanted);
  if (position < 0) throw problem("MEM0148", call.span, "The list does not hold this value.");
  return plainNumber(position, true);
});

rules.set("root", (place, call) => {
  onlyCount(call, [1]);
  const number = evaluateNumber(place, argument(call, 0, "a square number").value);
  if (Number.isInteger(Math.sqrt(number.value))) return arithmetic("root", number);
  throw problem("MEM0149", call.span, `${number.value} is not the square of a whole number.`);
});

rules.set("values", (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a list");
  const into = asName(call, each);
  const list = listArgument(place, each).map((item) => {
    if (item.kind !== "number")
      throw problem("MEM0147", each.span, "A list of numbers is needed here.");
    return literal(item.value);
  });
  const axis = newAxis(place, into.text, plainNumber(list.length, true));
  return emit(
    place,
    "values",
    [],
    { list, into: into.text },
    { span: call.span, hints: [hint], axes: [axis] },
  );
});

function asName(call: Call, each: Argument): Name {
  const name = each.as ?? (each.value.kind === "call" ? each.value.alias : undefined);
  if (name !== undefined) return name;
  throw problem(
    "MEM0142",
    each.span,
    `${calleeText(call)} needs a name for its axis: \`… as AXIS\`.`,
  );
}

// ---------------------------------------------------------------- shape

rules.set("join", (place, call, hint) => {
  const given = call.arguments;
  const last = given.at(-1);
  if (last === undefined) throw problem("MEM0140", call.span, "join needs tensors.");
  const into = asName(call, last);
  const inputs = given.map((each, position) => {
    const bare =
      position === given.length - 1 && each.as === undefined && each.value.kind === "call";
    const value = bare && each.value.kind === "call" ? withoutAlias(each.value) : each.value;
    return evaluateTensor(place, value);
  });
  const pieces = given.map((each, position) => {
    const tensor = inputs[position];
    if (each.over === undefined || tensor === undefined) return null;
    return axisOf(tensor, oneAxis(call, each));
  });
  const size = pieces
    .map((axis) => (axis === null ? plainNumber(1, true) : axisNumber(place.scope, axis)))
    .reduce((left, right) => arithmetic("+", left, right));
  const axis = { ...newAxis(place, into.text, size), data: false };
  const attributes = { pieces: pieces.map((each) => each?.name ?? null), into: into.text };
  return emit(place, "join", inputs, attributes, { span: call.span, hints: [hint], axes: [axis] });
});

function withoutAlias(call: Call): Call {
  const { alias: _, ...rest } = call;
  return rest;
}

for (const word of ["first", "last"] as const) {
  rules.set(word, (place, call, hint) => {
    onlyCount(call, [1, 2]);
    const each = argument(call, 0, "a tensor");
    const tensor = tensorAt(place, each);
    const axis = axisOf(tensor, oneAxis(call, each));
    const counted = call.arguments[1];
    const count =
      counted === undefined ? plainNumber(1, true) : evaluateNumber(place, counted.value);
    if (!count.integer || count.value < 0 || count.value > axis.size) {
      throw problem(
        "MEM0151",
        counted?.span ?? call.span,
        `Axis ${axis.name} has ${axis.size} entries; ${count.value} cannot be taken.`,
      );
    }
    const name = counted === undefined ? null : (counted.as?.text ?? axis.name);
    const whole = axisNumber(place.scope, axis);
    const start = word === "first" ? plainNumber(0, true) : arithmetic("-", whole, count);
    const attributes = {
      axis: axis.name,
      start: writable(place.scope, start),
      size: writable(place.scope, count),
      into: name,
    };
    const axes = name === null ? [] : [newAxis(place, name, count)];
    return emit(place, "slice", [tensor], attributes, { span: call.span, hints: [hint], axes });
  });
}

function optional(place: Place, call: Call, name: string, otherwise: number) {
  const each = named(call, name);
  return writable(
    place.scope,
    each === undefined ? plainNumber(otherwise, true) : evaluateNumber(place, each.value),
  );
}

rules.set("shift", (place, call, hint) => {
  onlyCount(call, [1], ["fill"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(call, each));
  if (each.by === undefined)
    throw problem("MEM0142", each.span, "shift needs `by N`: shift(x over T by 1).");
  const by = writable(place.scope, evaluateNumber(place, each.by));
  const filled = named(call, "fill");
  const fillWith =
    filled === undefined ? plainNumber(0, true) : evaluateStatic(place, filled.value);
  const fill =
    fillWith.kind === "flag"
      ? literal(fillWith.value ? 1 : 0)
      : fillWith.kind === "number"
        ? writable(place.scope, fillWith)
        : undefined;
  if (fill === undefined)
    throw problem("MEM0122", filled?.span ?? call.span, "fill is a number or a flag.");
  return emit(
    place,
    "shift",
    [tensor],
    { axis: axis.name, by, fill },
    { span: call.span, hints: [hint] },
  );
});

rules.set("reverse", (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(call, each)).name;
  return emit(place, "reverse", [tensor], { axis }, { span: call.span, hints: [hint] });
});

rules.set("window", (place, call, hint) => {
  onlyCount(call, [1], ["size", "from", "step", "every"]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(call, each));
  const last = call.arguments.at(-1);
  const sized = named(call, "size");
  if (last === undefined || sized === undefined)
    throw problem("MEM0142", call.span, "window needs size = k.");
  const into = asName(call, last);
  const count = evaluateNumber(place, sized.value);
  const attributes = {
    axis: axis.name,
    size: writable(place.scope, count),
    from: optional(place, call, "from", 0),
    step: optional(place, call, "step", 1),
    every: optional(place, call, "every", 1),
    into: into.text,
  };
  const axes = [newAxis(place, into.text, count)];
  return emit(place, "window", [tensor], attributes, { span: call.span, hints: [hint], axes });
});

// ---------------------------------------------------------------- indices

rules.set("top", (place, call) => {
  onlyCount(call, [2]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const axis = axisOf(tensor, oneAxis(call, each));
  const counted = argument(call, 1, "a count");
  const count = evaluateNumber(place, counted.value);
  if (!count.integer || count.value < 1 || count.value > axis.size) {
    throw problem(
      "MEM0151",
      counted.span,
      `Axis ${axis.name} has ${axis.size} entries; the top ${count.value} cannot be taken.`,
    );
  }
  const into = asName(call, counted);
  const attributes = { over: axis.name, k: writable(place.scope, count), into: into.text };
  const axes = [newAxis(place, into.text, count)];
  const [values, indices] = emitAll(place, "topK", [tensor], attributes, { span: call.span, axes });
  if (values === undefined || indices === undefined) throw new Error("topK gives two results.");
  return {
    kind: "tuple",
    items: [
      { name: "values", value: values },
      { name: "indices", value: indices },
    ],
  };
});

rules.set("order", (place, call, hint) => {
  onlyCount(call, [1]);
  const each = argument(call, 0, "a tensor");
  const tensor = tensorAt(place, each);
  const over = axisOf(tensor, oneAxis(call, each)).name;
  return emit(place, "order", [tensor], { over }, { span: call.span, hints: [hint] });
});

for (const [word, op] of [
  ["add", "scatterAdd"],
  ["put", "scatterPut"],
] as const) {
  rules.set(word, (place, call, hint) => {
    onlyCount(call, [1]);
    const each = argument(call, 0, "a tensor");
    if (each.at === undefined)
      throw problem("MEM0142", each.span, `${word} needs \`at AXIS = index\`.`);
    const tensor = tensorAt(place, each);
    const indices = evaluateTensor(place, each.at.index);
    const axis = requireAxis(place, each.at.axis);
    const attributes = {
      over: overOf(call, each).map((name) => name.text),
      axis: axis.name,
      size: writable(place.scope, axisNumber(place.scope, axis)),
    };
    return emit(place, op, [tensor, indices], attributes, {
      span: call.span,
      hints: [hint],
      axes: [axis],
    });
  });
}

// ---------------------------------------------------------------- recurrence and linear algebra

rules.set("linear_scan", (place, call, hint) => {
  onlyCount(call, [2], ["from"]);
  const { span } = call;
  const [factor, term] = [argument(call, 0, "a factor"), argument(call, 1, "a term")];
  const axis = requireAxis(place, oneAxis(call, term));
  const from = named(call, "from");
  if (from === undefined)
    throw problem(
      "MEM0142",
      span,
      "linear_scan needs a start: linear_scan(a, b over T, from = M).",
    );
  const real = (tensor: TensorEntity) =>
    tensor.number === "int" ? emit(place, "real", [tensor], {}, { span }) : tensor;
  const [a, b, start] = [tensorAt(place, factor), tensorAt(place, term), tensorAt(place, from)].map(
    real,
  );
  if (a === undefined || b === undefined || start === undefined)
    throw new Error("Three operands are evaluated.");
  const restart = start.restart?.(axis, span);
  const [factors, terms] =
    restart === undefined ? [a, b] : restartedScan(place, a, b, restart, span);
  return emit(
    place,
    "linearScan",
    [factors, terms, start],
    { over: axis.name },
    { span, hints: [hint] },
  );
});

const largestMatrix = 8192;

function rowAndColumn(
  place: Place,
  call: Call,
): { matrix: TensorEntity; row: string; column: string } {
  const each = argument(call, 0, "a matrix");
  const [row, column, ...more] = overOf(call, each);
  const matrix = tensorAt(place, each);
  if (row === undefined || column === undefined || more.length > 0) {
    throw problem(
      "MEM0155",
      each.span,
      `${calleeText(call)} needs the matrix's two axes: \`over (ROW, COLUMN)\`.`,
    );
  }
  if (!matrix.constant) {
    throw problem(
      "MEM0115",
      call.span,
      `${calleeText(call)} is only for values known before anything runs.`,
      {
        help: "Its matrix may be made of numbers, index(…), dims and consts.",
      },
    );
  }
  const axes = [axisOf(matrix, row), axisOf(matrix, column)] as const;
  const large = axes.find((axis) => axis.size > largestMatrix);
  if (large !== undefined) {
    throw problem(
      "MEM0261",
      each.span,
      `Axis ${large.name} of the matrix has ${large.size} entries; ${calleeText(call)} takes at most ${largestMatrix}.`,
    );
  }
  return { matrix, row: axes[0].name, column: axes[1].name };
}

rules.set("solve", (place, call, hint) => {
  onlyCount(call, [2]);
  const { matrix, row, column } = rowAndColumn(place, call);
  const right = tensorAt(place, argument(call, 1, "a right side"));
  if (!right.constant)
    throw problem("MEM0115", call.span, "solve is only for values known before anything runs.");
  return emit(place, "solve", [matrix, right], { row, column }, { span: call.span, hints: [hint] });
});

for (const [op, names] of [
  ["svd", ["values", "left", "right"]],
  ["eigh", ["values", "vectors"]],
] as const) {
  rules.set(op, (place, call) => {
    onlyCount(call, [1]);
    const { matrix, row, column } = rowAndColumn(place, call);
    const into = asName(call, argument(call, 0, "a matrix")).text;
    const results = emitAll<Extract<OpName, "svd" | "eigh">>(
      place,
      op,
      [matrix],
      { row, column, into },
      { span: call.span },
    );
    return { kind: "tuple", items: results.map((value, i) => ({ name: names[i] ?? "", value })) };
  });
}
