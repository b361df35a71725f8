/** Reading the arguments of a primitive: tensors, the axis they are taken along, masks. */

import type { Argument, Call, Name } from "../../../parser/tree.ts";
import { aliased, type Clause, refuseClauses } from "../calls/clauses.ts";
import { asTensor, type Place, typeOf } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import { evaluate, evaluateTensor } from "../expressions/expression.ts";
import type { StaticNumber } from "../expressions/static.ts";
import { findAxis } from "../names/axes.ts";
import { optionHelp } from "../option-names.ts";
import { problem } from "../problem.ts";

/** How a primitive is checked: gives what the call is worth. */
export type Rule = (place: Place, call: Call, hint: string | undefined) => Entity;

export type Rules = ReadonlyMap<string, Rule>;

export function argument(call: Call, position: number, what: string): Argument {
  const found = call.arguments.filter((each) => each.name === undefined)[position];
  if (found !== undefined) return found;
  throw problem("MEM0140", call.span, `${calleeText(call)} needs ${what}.`, {
    help: `See docs/language.md, primitive vocabulary.`,
  });
}

export function named(call: Call, name: string): Argument | undefined {
  return call.arguments.find((each) => each.name?.text === name);
}

/** Throws unless the call has so many arguments in order, with no other words and options than these. */
export function onlyCount(
  call: Call,
  counts: readonly number[],
  clauses: readonly Clause[] = [],
  allowed: readonly string[] = [],
): void {
  const positional = call.arguments.filter((each) => each.name === undefined);
  if (!counts.includes(positional.length)) {
    throw problem(
      "MEM0140",
      call.span,
      `${calleeText(call)} takes ${counts.join(" or ")} ${counts.at(-1) === 1 ? "argument" : "arguments"}, not ${positional.length}.`,
      clauses.includes("over") ? { help: "Several axes stand in parentheses: `over (T, D)`." } : {},
    );
  }
  for (const each of call.arguments) {
    refuseClauses(calleeText(call), each, clauses);
    if (each.name !== undefined && !allowed.includes(each.name.text)) {
      throw problem(
        "MEM0171",
        each.name.span,
        `${calleeText(call)} has no option ${each.name.text}.`,
        {
          help: optionHelp(each.name.text, allowed),
        },
      );
    }
  }
}

export const calleeText = (call: Call): string =>
  call.callee.kind === "reference" ? call.callee.name.text : "This";

/** The tensor that an argument is; a name after `as` is that of the call in it. */
export const tensorAt = (place: Place, each: Argument): TensorEntity =>
  evaluateTensor(place, aliased(each));

/** The axes that the call works along; `place` is where the argument can be asked for its axes if it does not say. */
export function overOf(place: Place, call: Call, each: Argument): readonly Name[] {
  if (each.over !== undefined) return each.over;
  const help =
    each.value.kind === "contraction"
      ? `A contraction inside it goes in parentheses: ${calleeText(call)}((a . b over K) over T).`
      : `Say along which axis: ${calleeText(call)}(${writtenOf(each)} over ${someAxis(place, each)}).`;
  throw problem("MEM0142", each.span, `${calleeText(call)} needs \`over AXIS\`.`, { help });
}

const writtenOf = ({ value }: Argument): string =>
  value.kind === "reference" ? value.name.text : "…";

/** The axis that is likely meant: of the segment's tokens, else the last. */
function someAxis(place: Place, each: Argument): string {
  const { axes } = tensorAt(place, each);
  return (axes.find(({ data }) => data) ?? axes.at(-1))?.name ?? "AXIS";
}

export function oneAxis(place: Place, call: Call, each: Argument): Name {
  const over = overOf(place, call, each);
  const [name] = over;
  if (name !== undefined && over.length === 1) return name;
  throw problem("MEM0143", each.span, `${calleeText(call)} works along one axis.`);
}

export function maskOf(place: Place, each: Argument): TensorEntity | undefined {
  if (each.where === undefined) return undefined;
  const entity = evaluate(place, each.where);
  if (entity.kind === "flag" && entity.value) return undefined;
  const mask = asTensor(place.scope, entity, each.where.span);
  if (mask.number === "flag") return mask;
  throw problem("MEM0124", each.where.span, `\`where\` needs flags, not ${typeOf(mask)}.`);
}

export function newAxis(place: Place, name: string, size: StaticNumber): CheckedAxis {
  const known = findAxis(place, name);
  if (known !== undefined && known.size === size.value) return known;
  return { name, size: size.value, declared: size.declared.text, data: false };
}

export function asName(call: Call, each: Argument): Name {
  if (each.as !== undefined) return each.as;
  throw problem(
    "MEM0142",
    each.span,
    `${calleeText(call)} needs a name for its axis: \`… as AXIS\`.`,
  );
}
