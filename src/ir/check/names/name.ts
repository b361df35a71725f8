/** What a name means at a place: locals, members of the instance, captures of a loop, definitions. */

import { suggest } from "../../../parser/suggest.ts";
import type { Name } from "../../../parser/tree.ts";
import { axisNumber, type Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { flagValue } from "../expressions/static.ts";
import { primitiveNames } from "../primitives/names.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";
import { findAxis, isUnmade } from "./axes.ts";
import { capture } from "./capture.ts";
import { findDefinition } from "./definitions.ts";
import { batchSize } from "./globals.ts";
import { findMember, memberItems } from "./member.ts";

/** The meaning of a name, or undefined. */
export function findName(place: Place, name: string): Entity | undefined {
  const { scope, checker } = place;
  const local = scope.names.get(name);
  if (local !== undefined) {
    if (local.kind === "poison") throw new Silenced();
    return local;
  }
  if (scope.member !== undefined) {
    const member = findMember(place, scope.member, name);
    if (member !== undefined) return member;
  }
  if (name === "training") return flagValue(checker.training);
  const { outer } = scope.frame;
  if (outer !== undefined) {
    const entity = findName({ checker, scope: outer }, name);
    if (entity === undefined) return undefined;
    return entity.kind === "tensor" ? capture(scope, name, entity) : entity;
  }
  const found = findDefinition(scope.definitions, name);
  return found === undefined ? undefined : { kind: "definition", definition: found.definition };
}

/** The meaning of a name; an axis in arithmetic is its size. */
export function resolveName(place: Place, name: Name): Entity {
  const entity = findName(place, name.text);
  if (entity !== undefined) return entity;
  const axis = findAxis(place, name.text);
  if (axis !== undefined) return axisNumber(place.scope, axis);
  if (name.text === "batch" && place.scope.seesBatch) {
    place.checker.noteBatch(name.span);
    return batchSize(place, name.span);
  }
  const { checker, scope } = place;
  if (checker.report.unread.words.has(name.text) || isUnmade(scope, name.text))
    throw new Silenced();
  if (scope.frame.losses.some(({ path }) => path.at(-1) === name.text)) {
    throw problem(
      "MEM0110",
      name.span,
      `${name.text} is a loss, which has no value in equations.`,
      {
        help: `Name its value first: v = …; loss ${name.text} = v`,
      },
    );
  }
  const known = scope.frame.ofBodies.get(name.text);
  if (known === "carried") {
    const message = `Nothing here is called ${name.text}: a scan's \`from\` names what it carries for its body alone.`;
    const help = `The last one of what \`yield ${name.text}\` gives is \`last(y over T)\`, where y is the scan's value over T.`;
    throw problem("MEM0110", name.span, message, { help });
  }
  if (known === "index") {
    const message = `Nothing here is called ${name.text}: the index of a repeat is known in its body alone.`;
    const help = `What an iteration makes leaves the repeat by its \`yield\`: repeat … as ${name.text} yield s { …; s = … }`;
    throw problem("MEM0110", name.span, message, { help });
  }
  const near = suggest(name.text, visibleNames(place));
  throw problem("MEM0110", name.span, `Nothing here is called ${name.text}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

function visibleNames({ scope }: Place): readonly string[] {
  const names = new Set<string>(primitiveNames);
  for (let at: Scope | undefined = scope; at !== undefined; at = at.frame.outer) {
    for (const name of at.names.keys()) names.add(name);
    for (const name of at.axes.keys()) names.add(name);
    for (const item of memberItems(at.member?.definition)) names.add(item.name);
    for (const option of at.member?.definition.options ?? []) names.add(option.name.text);
  }
  for (const name of scope.definitions.own.keys()) names.add(name);
  for (const name of scope.definitions.library.keys()) names.add(name);
  return [...names].sort();
}
