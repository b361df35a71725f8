/** What a spec names in an instance: `mem.M`, `mem[layer - 1]`, `next M`. */

import { suggest } from "../../../parser/suggest.ts";
import type { IndexedMember, Name, Next } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluate } from "../expressions/expression.ts";
import { memberItems } from "../names/member.ts";
import { findName } from "../names/name.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";
import { bodyInstances } from "./body.ts";
import { nextInReset } from "./in-reset.ts";
import type { Instance, Siblings } from "./instance.ts";
import { hasMember, instanceNext, instanceTensor, memberInstance, memberNext } from "./tensors.ts";

/** `mem.M`: an entering state, a parameter, an option of an instance, or an instance in its body. */
export function instanceMember(place: Place, instance: Instance, member: Name): Entity {
  const option = instance.options.get(member.text);
  if (option !== undefined) return option;
  const inBody = bodyMember(place, instance, member);
  if (inBody !== undefined) return { kind: "instance", instance: inBody };
  const item = memberItems(instance.definition).find((each) => each.name === member.text);
  if (item !== undefined && (item.statement.kind === "state" || item.statement.kind === "param")) {
    return instanceTensor(place, instance, member.text);
  }
  if (place.checker.report.unread.words.has(member.text)) throw new Silenced();
  const names = memberItems(instance.definition).map((each) => each.name);
  const near = suggest(member.text, names);
  throw problem("MEM0188", member.span, `${instance.name} has no ${member.text}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

/** `mem.cache`: an instance in the body of another. */
export function bodyMember(place: Place, instance: Instance, { text }: Name): Instance | undefined {
  const owner: Place = { ...place, scope: instance.scope };
  const item = bodyInstances(instance.definition).find(
    (each) => each.name === text && hasMember(owner, instance, each),
  );
  return item && memberInstance(owner, instance, item);
}

/** `mem[layer - 1]`: the instance of another iteration of an unrolled repeat; undefined where no repeat declares such instances. */
export function siblingOf(
  place: Place,
  { object, span }: IndexedMember,
  index: number,
): Entity | undefined {
  const name = object.kind === "reference" ? object.name.text : "";
  const siblings = siblingsCalled(place.scope, name);
  if (siblings === undefined || findName(place, name)?.kind === "list") return undefined;
  if (siblings.other !== undefined) {
    const message = `Two repeats declare ${name}, so ${name}[${index}] may mean that of either.`;
    const notes = [siblings.other, siblings.span].map((at) => ({
      message: "Declared here.",
      span: at,
    }));
    throw problem("MEM0189", span, message, { notes, help: "Give one of them another name." });
  }
  const sibling = siblings.at(place, index, span);
  if (sibling?.kind === "poison") throw new Silenced();
  if (sibling !== undefined) return sibling;
  throw problem("MEM0189", span, `Iteration ${index} has no ${name}, or none yet.`, {
    notes: [{ message: "It is declared here.", span: siblings.span }],
    help: "What an iteration that comes later has can be asked for if it is a `memory` of the repeat itself, in no branch.",
  });
}

function siblingsCalled({ frame, siblings }: Scope, name: string): Siblings | undefined {
  return siblings.get(name) ?? (frame.outer && siblingsCalled(frame.outer, name));
}

export const noSiblings = ({ span }: IndexedMember) =>
  problem("MEM0189", span, "Only what a repeat declares, by `memory` or `use`, has siblings.");

/** `next M`: what a state was written, legal after its write in program order. */
export function nextOf(place: Place, { state, span }: Next): Entity {
  if (place.scope.inReset) throw nextInReset(span);
  if (state.kind === "member") {
    const object = evaluate(place, state.object);
    if (object.kind === "instance") {
      const written = instanceNext(place, object.instance, state.member.text);
      if (written !== undefined) return written;
      if (object.instance.failed) throw new Silenced();
    }
  } else if (state.kind === "reference") {
    const written = memberNext(place.scope, state.name.text);
    if (written !== undefined) return written;
    if (isPoisoned(place.scope, state.name.text)) throw new Silenced();
  }
  const name =
    state.kind === "member"
      ? state.member.text
      : state.kind === "reference"
        ? state.name.text
        : "M";
  const { words } = place.checker.report.unread;
  const object = state.kind === "member" ? state.object : undefined;
  const owner = object?.kind === "reference" ? object.name.text : "";
  if (words.has(name) || words.has(owner)) throw new Silenced();
  throw problem(
    "MEM0190",
    span,
    "`next` gives the value a state has been written, but no write stands before it.",
    { help: `A method writes a state: ${name} <- …` },
  );
}

/** Its write failed. */
function isPoisoned({ names, frame }: Scope, name: string): boolean {
  if (names.get(name)?.kind === "poison") return true;
  return frame.outer !== undefined && isPoisoned(frame.outer, name);
}
