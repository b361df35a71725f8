/** What the name of an axis means at a place, and axes as declarations write them. */

import { suggest } from "../../../parser/suggest.ts";
import type { AxisDeclaration, Name, Span } from "../../../parser/tree.ts";
import { type Place, renameAxes } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import { evaluateStatic } from "../expressions/expression.ts";
import { staticText } from "../expressions/static.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";
import { isName, isObject } from "../syntax.ts";
import { findMember, type MemberItem, memberItems } from "./member.ts";
import { findName } from "./name.ts";

/**
 * The axis of that name: of the formals or the segment, or as large as the dim of that name; else of the tensor seen last, whose
 * operations may have made another axis of a name that is declared.
 */
export function findAxis(place: Place, name: string): CheckedAxis | undefined {
  const { scope, checker } = place;
  const seen = scope.axes.get(name);
  if (seen !== undefined) {
    const declared = declaredAxis(place, name);
    if (declared === undefined) return seen;
    if (declared.size !== seen.size) return declared;
    return declared.data ? { ...seen, data: true } : seen;
  }
  const axis = numberAxis(name, findName(place, name));
  if (axis !== undefined) return axis;
  const { outer } = scope.frame;
  return outer === undefined ? undefined : findAxis({ checker, scope: outer }, name);
}

/** What the name of an axis is declared as at this place or around it. */
function declaredAxis(place: Place, name: string): CheckedAxis | undefined {
  const { scope, checker } = place;
  const fixed = scope.fixed.get(name);
  if (fixed !== undefined) return fixed;
  const local = scope.names.get(name);
  if (local?.kind === "number") {
    return local.dim === name ? numberAxis(name, local) : undefined;
  }
  const isDim = ({ name: own, statement }: MemberItem) => own === name && statement.kind === "dim";
  if (scope.member !== undefined && memberItems(scope.member.definition).some(isDim)) {
    const axis = numberAxis(name, findMember(place, scope.member, name));
    if (axis !== undefined) return axis;
  }
  const { outer } = scope.frame;
  return outer === undefined ? undefined : declaredAxis({ checker, scope: outer }, name);
}

function numberAxis(name: string, entity: Entity | undefined): CheckedAxis | undefined {
  if (entity?.kind !== "number" || !entity.integer || entity.value < 0) return undefined;
  const { value, declared, from } = entity;
  return {
    name,
    size: value,
    declared: declared.text,
    data: false,
    ...(from === undefined ? {} : { from }),
  };
}

export function requireAxis(place: Place, name: Name): CheckedAxis {
  const axis = findAxis(place, name.text);
  if (axis !== undefined) return axis;
  const { checker, scope } = place;
  if (checker.report.unread.words.has(name.text) || isUnmade(scope, name.text))
    throw new Silenced();
  const near = suggest(name.text, [...scope.axes.keys()]);
  const elsewhere = scope.member && declaringAxis(scope.member.definition, name.text);
  throw problem("MEM0111", name.span, `There is no axis ${name.text} here.`, {
    notes:
      elsewhere === undefined
        ? []
        : [{ message: `${name.text} is an axis of what is declared here only.`, span: elsewhere }],
    help: near === undefined ? `Give it a size: dim ${name.text} = …` : `Did you mean ${near}?`,
  });
}

/** Whether a statement that failed here, or around the loop that this stands in, names it. */
export const isUnmade = ({ frame }: Scope, name: string): boolean =>
  frame.unmade.has(name) || (frame.outer !== undefined && isUnmade(frame.outer, name));

/** Where a part of a definition declares an axis of that name with a size: `E: D`. */
function declaringAxis(part: unknown, name: string): Span | undefined {
  if (Array.isArray(part)) {
    for (const each of part) {
      const found = declaringAxis(each, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isObject(part)) return undefined;
  if (isName(part.name) && part.name.text === name && "size" in part) return part.name.span;
  return declaringAxis(Object.values(part), name);
}

/** Axes as a declaration writes them: `[S, D]`, `[H, J: H]`. */
export function declaredAxes(
  place: Place,
  axes: readonly AxisDeclaration[],
): readonly CheckedAxis[] {
  const result: CheckedAxis[] = [];
  for (const { name, size } of axes) {
    if (result.some((axis) => axis.name === name.text)) {
      throw problem("MEM0112", name.span, `The axis ${name.text} stands twice.`, {
        help: `A second axis of the same size has a name of its own: [${name.text}, ${otherName(place, name.text)}: ${name.text}].`,
      });
    }
    if (size === undefined) {
      result.push(requireAxis(place, name));
      continue;
    }
    const number = evaluateStatic(place, size);
    if (number.kind !== "number" || !Number.isInteger(number.value) || number.value < 0) {
      throw problem(
        "MEM0113",
        size.span,
        `The size of axis ${name.text} must be a whole number, not ${staticText(number)}.`,
      );
    }
    result.push({
      name: name.text,
      size: number.value,
      declared: number.declared.text,
      data: false,
      from: size.span,
    });
  }
  place.scope.seeAxes(result);
  return result;
}

/** A name for a second axis of the same size that means nothing else here: `J`, else `H2`. */
function otherName(place: Place, name: string): string {
  const isFree = (each: string) => each !== name && findAxis(place, each) === undefined;
  return ["J", "K", "L"].find(isFree) ?? `${name}2`;
}

/** How a value gets the declared axes, where all it takes is another name for one of its own. */
export function renamingHelp(
  given: readonly CheckedAxis[],
  declared: readonly CheckedAxis[],
): string | undefined {
  const without = (axes: readonly CheckedAxis[], others: readonly CheckedAxis[]) =>
    axes.filter(({ name }) => !others.some((other) => other.name === name));
  const [own, ...more] = without(given, declared);
  const [wanted, ...others] = without(declared, given);
  if (own === undefined || more.length > 0) return undefined;
  if (wanted === undefined) return `Reduce ${own.name}, or declare it with the result.`;
  return others.length === 0 && own.size === wanted.size
    ? `Give it the declared name: (…) rename ${own.name} as ${wanted.name}.`
    : undefined;
}

/** The tensor with the declared axes: by name if it has them, by order if the left side renames them. */
export function matchAxes(
  place: Place,
  tensor: TensorEntity,
  axes: readonly CheckedAxis[],
  name: Name,
): TensorEntity {
  const missing = axes.filter((axis) => !tensor.axes.some((own) => own.name === axis.name));
  const extra = tensor.axes.filter((own) => !axes.some((axis) => axis.name === own.name));
  const show = (list: readonly CheckedAxis[]) =>
    `[${list.map((axis) => `${axis.name} = ${axis.size}`).join(", ")}]`;
  const mismatch = () =>
    problem(
      "MEM0116",
      name.span,
      `${name.text} is declared ${show(axes)}, its value is ${show(tensor.axes)}.`,
    );
  if (missing.length !== extra.length) throw mismatch();
  const names = new Map(
    extra.map((own, position) => [own.name, missing[position]?.name ?? own.name]),
  );
  const renamed = renameAxes(place, tensor, names, name.span);
  for (const axis of axes) {
    const own = renamed.axes.find((candidate) => candidate.name === axis.name);
    if (own === undefined || own.size !== axis.size) throw mismatch();
  }
  return renamed;
}
