/** Where tensors are while a function's body is written, and how structs are put together from them. */
import type { Expression } from "./expression.ts";
import { flat, object, text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { member } from "./identifier.ts";
import type { Shape } from "./struct.ts";
import { EACH, shapeAt, shapeKey, shapeOf } from "./struct.ts";

/** A variable that holds a struct, an array or a tensor. */
export interface Root {
  readonly text: string;
  readonly shape: Shape;
  /** For a parameter or a part of one: which, and the path inside it. */
  readonly parameter?: { readonly group: string; readonly path: readonly string[] };
}

/** A tensor, or the copies of one: `own.layer[*].attention.Wq`. */
export interface Place {
  readonly kind: "place";
  readonly root: Root;
  readonly path: readonly string[];
}

/** Where a value comes from: a place, or an expression that is written where it is used. */
export type Source = Place | { readonly kind: "expression"; readonly expression: Expression };

/** A tensor to be put at a path of a struct. */
export interface Leaf {
  readonly path: readonly string[];
  readonly source: Source;
}

/** A struct that is handed on whole. */
export type Handed = Place;

/** Text that reads a place; copies below other copies are collected with `map`. */
export function placeText(place: Place): string {
  return accessText(place.root.text, place.path, 0);
}

function accessText(from: string, path: readonly string[], depth: number): string {
  const star = path.indexOf(EACH);
  const direct = star === -1 ? path : path.slice(0, star);
  const reached = from + direct.map(member).join("");
  if (star === -1 || star === path.length - 1) return reached;
  const each = depth === 0 ? "each" : `each${depth + 1}`;
  return `${reached}.map((${each}) => ${accessText(each, path.slice(star + 1), depth + 1)})`;
}

/**
 * An array with what `element` makes of each copy: `own.layer.map((each) => g.tanh(each.w))`. `names` are those in reach:
 * the copy is called otherwise.
 */
export function mapPlace(
  place: Place,
  names: Names,
  element: (copy: string) => Expression,
): Expression {
  return mapped(place.root.text, place.path, names.inner(), element);
}

function mapped(
  from: string,
  path: readonly string[],
  names: Names,
  element: (copy: string) => Expression,
): Expression {
  const star = path.indexOf(EACH);
  if (star === -1) return element(from + path.map(member).join(""));
  const reached = from + path.slice(0, star).map(member).join("");
  const each = names.take("each");
  const body = mapped(each, path.slice(star + 1), names, element);
  return { kind: "wrapped", head: `${reached}.map((${each}) => `, body, tail: ")" };
}

export function sourceExpression(source: Source): Expression {
  return source.kind === "place" ? text(placeText(source)) : source.expression;
}

/**
 * The expression of a struct with these leaves: as few names as possible, so that what comes whole from one struct is
 * handed on whole. `exact`: nothing but the leaves may be in it. `names` are those in reach: copies are called otherwise.
 */
export function assemble(
  leaves: readonly Leaf[],
  exact: boolean,
  names: Names,
): { readonly expression: Expression; readonly handed?: Handed } {
  const whole = wholeOf(leaves, exact);
  if (whole !== undefined) return { expression: text(placeText(whole)), handed: whole };
  const [first] = leaves;
  if (first !== undefined && first.path.length === 0) {
    return { expression: sourceExpression(first.source) };
  }
  if (first?.path[0] === EACH) return { expression: assembleArray(leaves, exact, names.inner()) };
  const fields = new Map<string, Leaf[]>();
  for (const leaf of leaves) {
    const [name = ""] = leaf.path;
    const field = fields.get(name) ?? [];
    field.push({ path: leaf.path.slice(1), source: leaf.source });
    fields.set(name, field);
  }
  return {
    expression: object(
      Array.from(fields, ([name, field]) => [name, assemble(field, exact, names).expression]),
    ),
  };
}

/** The one struct that all leaves come from, each from its own path. */
function wholeOf(leaves: readonly Leaf[], exact: boolean): Place | undefined {
  const [first] = leaves;
  if (first === undefined || first.source.kind !== "place") return undefined;
  const { root, path } = first.source;
  const prefix = path.slice(0, path.length - first.path.length);
  const fits = leaves.every(
    ({ path: target, source }) =>
      source.kind === "place" &&
      source.root === root &&
      source.path.length === prefix.length + target.length &&
      [...prefix, ...target].every((segment, i) => segment === source.path[i]),
  );
  if (!fits) return undefined;
  if (exact) {
    const there = shapeAt(root.shape, prefix);
    const wanted = shapeOf(leaves.map((leaf) => leaf.path));
    if (there === undefined || shapeKey(there) !== shapeKey(wanted)) return undefined;
  }
  return { kind: "place", root, path: prefix };
}

/** An array of structs from arrays of their parts. */
function assembleArray(leaves: readonly Leaf[], exact: boolean, names: Names): Expression {
  const [each, index] = [names.take("each"), names.take("i")];
  const arrays = new Map<string, Root>();
  const elements = leaves.map((leaf): Leaf => {
    const path = leaf.path.slice(1);
    if (leaf.source.kind !== "place") throw new Error("Copies come from a place.");
    const { root } = leaf.source;
    const star = leaf.source.path.indexOf(EACH);
    const array = placeText({ kind: "place", root, path: leaf.source.path.slice(0, star) });
    const known = arrays.get(array);
    const element = known ?? {
      text: arrays.size === 0 ? each : `${array}[${index}]!`,
      shape: shapeAt(root.shape, leaf.source.path.slice(0, star + 1)) ?? { kind: "tensor" },
    };
    arrays.set(array, element);
    return {
      path,
      source: { kind: "place", root: element, path: leaf.source.path.slice(star + 1) },
    };
  });
  const [array = ""] = arrays.keys();
  const body = assemble(elements, exact, names).expression;
  const formals = arrays.size > 1 ? `(${each}, ${index})` : `(${each})`;
  return body.kind === "object"
    ? { kind: "wrapped", head: `${array}.map(${formals} => (`, body, tail: "))" }
    : text(`${array}.map(${formals} => ${flat(body)})`);
}
