/** Expressions about the axes of one tensor: `at`, `split`, `merge`, `rename`. */

import { suggest } from "../../../parser/suggest.ts";
import type { At, Expression, Merge, Rename, Split } from "../../../parser/tree.ts";
import { literal } from "../../symbolic.ts";
import { asTensor, axisNumber, emit, type Place, renameAxes, typeOf, writable } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import { findAxis } from "../names/axes.ts";
import { problem } from "../problem.ts";
import { evaluate, evaluateNumber, evaluateTensor } from "./expression.ts";
import { arithmetic, plainNumber } from "./static.ts";

/** Where what is wrong came in as an argument: the order in which the block takes them. */
function argumentOrder({ scope: { frame, definitions } }: Place, value: Expression): string {
  const { title } = frame;
  const definition = (definitions.own.get(title) ?? definitions.library.get(title))?.definition;
  if (value.kind !== "reference" || definition === undefined) return "";
  const formals = definition.formals.map(({ name }) => name.text);
  if (formals.length < 2 || !formals.includes(value.name.text)) return "";
  return `The arguments stand in the order ${title}(${formals.join(", ")}); `;
}

/** The axis of that name; `others` are what could have been meant too. */
export function axisOf(
  tensor: TensorEntity,
  name: { readonly text: string; readonly span: Expression["span"] },
  others: readonly string[] = [],
): CheckedAxis {
  const axis = tensor.axes.find((candidate) => candidate.name === name.text);
  if (axis !== undefined) return axis;
  const own = tensor.axes.map((candidate) => candidate.name);
  const near = suggest(name.text, [...own, ...others]) ?? suggest(name.text, own);
  throw problem("MEM0133", name.span, `There is no axis ${name.text} in ${typeOf(tensor)}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

export function at(
  place: Place,
  { value, axis, index, span }: At,
  hint: string | undefined,
): Entity {
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
      help: `${argumentOrder(place, index)}int(x) truncates a real.`,
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

/** The other kind of split, if these sizes fit that. */
function otherSplit(
  { axis, mode, parts }: Split,
  size: number,
  sized: readonly { readonly number: { readonly value: number } }[],
): string | undefined {
  const sizes = sized.map(({ number }) => number.value);
  const other = mode === "as" ? "into" : "as";
  const total = sizes.reduce((all, each) => (mode === "as" ? all + each : all * each));
  if (total !== size || parts.some(({ name }) => name === undefined)) return undefined;
  const names = parts
    .map(({ name, size: own }, i) =>
      own === undefined ? name?.text : `${name?.text}: ${sizes[i]}`,
    )
    .join(", ");
  const meaning = mode === "as" ? "pieces one after the other" : "one tensor with these axes";
  return `${axis.text} as ${meaning}: \`split ${axis.text} ${other} (${names})\`.`;
}

export function split(place: Place, expression: Split, hint: string | undefined): Entity {
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
      { help: otherSplit(expression, along.size, sized) },
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

export function merge(
  place: Place,
  { value, axes, as, span }: Merge,
  hint: string | undefined,
): Entity {
  const tensor = evaluateTensor(place, value);
  const merged = axes.map((axis) => axisOf(tensor, axis));
  const number = merged
    .map((axis) => axisNumber(place.scope, axis))
    .reduce((left, right) => arithmetic("*", left, right));
  const known = findAxis(place, as.text);
  const axis: CheckedAxis =
    known !== undefined && known.size === number.value
      ? known
      : { name: as.text, size: number.value, declared: number.declared.text, data: false };
  const attributes = { axes: merged.map((each) => each.name), into: as.text };
  return emit(place, "merge", [tensor], attributes, { span, hints: [hint], axes: [axis] });
}

export function rename(place: Place, { value, from, to, span }: Rename): Entity {
  const tensor = evaluateTensor(place, value);
  axisOf(tensor, from);
  return renameAxes(place, tensor, new Map([[from.text, to.text]]), span);
}
