/** Calls of blocks and of methods of instances: what is called, and the template that calls of one kind share. */

import { suggest } from "../../../parser/suggest.ts";
import type { BlockDefinition, Call, MethodDefinition, Span } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { Entity } from "../entities.ts";
import { evaluate } from "../expressions/expression.ts";
import { isStatic, type Static } from "../expressions/static.ts";
import { bindingAxes } from "../instances/axes.ts";
import { nextInReset, writeInReset } from "../instances/in-reset.ts";
import type { Instance, ResetKinds } from "../instances/instance.ts";
import { bodyMember } from "../instances/members.ts";
import { handedKinds, resetKinds } from "../instances/resets.ts";
import { prepareRestarts } from "../instances/restart.ts";
import { enterMembers } from "../instances/tensors.ts";
import { type Definitions, findDefinition } from "../names/definitions.ts";
import { findName } from "../names/name.ts";
import { primitiveRule } from "../primitives/rules.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";
import { type AxisBinding, bindArguments, bindAxes, type Callee } from "./arguments.ts";
import { bindTemplate } from "./bind-template.ts";
import { makeTemplate } from "./body.ts";
import type { Template } from "./template.ts";
import { readsNext, templateKey } from "./template-key.ts";

export function callBlock(place: Place, call: Call, hint?: string): Entity {
  const { callee } = call;
  if (callee.kind === "reference") {
    const { text, span } = callee.name;
    const entity = findName(place, text);
    if (entity?.kind === "instance")
      return callInstance(place, call, entity.instance, undefined, hint);
    if (entity === undefined || isStatic(entity)) {
      const rule = primitiveRule(text);
      if (rule !== undefined) return rule(place, call, hint);
    }
    const found = findDefinition(place.scope.definitions, text);
    if (
      found !== undefined &&
      (entity === undefined || entity.kind === "definition" || isStatic(entity))
    ) {
      if (
        found.definition.kind === "memory" ||
        found.definition.body.some((each) => each.kind === "method")
      ) {
        throw problem("MEM0210", span, `${text} has methods: make an instance first.`, {
          help: `${found.definition.kind === "memory" ? "memory" : "use"} name = ${text}(…)`,
        });
      }
      return callTemplate(
        place,
        call,
        blockCallee(found.definition, found.definitions, undefined),
        [call.alias?.text ?? text],
        hint,
      );
    }
    const rule = primitiveRule(text);
    if (rule !== undefined && entity === undefined) return rule(place, call, hint);
    if (entity !== undefined) throw problem("MEM0211", span, `${text} is not a block.`);
    if (place.checker.report.unread.words.has(text)) throw new Silenced();
    const names = [
      ...place.scope.definitions.own.keys(),
      ...place.scope.definitions.library.keys(),
    ];
    const near = suggest(text, names);
    throw problem("MEM0110", span, `There is no block ${text}.`, {
      help:
        siblingHelp(place.scope, text) ??
        (near === undefined ? undefined : `Did you mean ${near}?`),
    });
  }
  if (callee.kind === "member") {
    const object = evaluate(place, callee.object);
    if (object.kind === "poison") throw new Silenced();
    if (object.kind !== "instance") {
      throw problem("MEM0211", callee.span, "Only instances of blocks and memories have methods.");
    }
    const method = object.instance.definition.body.find(
      (each): each is MethodDefinition =>
        each.kind === "method" && each.name.text === callee.member.text,
    );
    const inBody =
      method === undefined ? bodyMember(place, object.instance, callee.member) : undefined;
    if (inBody !== undefined) return callInstance(place, call, inBody, undefined, hint);
    if (method === undefined) {
      if (place.checker.report.unread.words.has(callee.member.text)) throw new Silenced();
      const names = object.instance.definition.body.flatMap((each) =>
        each.kind === "method" ? [each.name.text] : [],
      );
      const near = suggest(callee.member.text, names);
      throw problem(
        "MEM0212",
        callee.member.span,
        `${object.instance.definition.name.text} has no method ${callee.member.text}.`,
        {
          help: near === undefined ? `It has ${names.join(", ")}.` : `Did you mean ${near}?`,
        },
      );
    }
    return callInstance(place, call, object.instance, method, hint);
  }
  throw problem("MEM0211", callee.span, "This cannot be called.");
}

/** What to do instead of calling another method of the same memory. */
function siblingHelp({ member, frame }: Scope, name: string): string | undefined {
  const isMethod = member?.definition.body.some(
    (each) => each.kind === "method" && each.name.text === name,
  );
  if (isMethod)
    return `A method is called through an instance, from outside: make ${name} a block of the file and pass it what it needs.`;
  return frame.outer === undefined ? undefined : siblingHelp(frame.outer, name);
}

function blockCallee(
  definition: BlockDefinition,
  definitions: Definitions,
  instance: Instance | undefined,
): Callee {
  const { formals, options, outputs, body } = definition;
  return {
    definition,
    method: undefined,
    definitions,
    instance,
    formals,
    options: instance ? [] : options,
    outputs,
    body,
    title: definition.name.text,
  };
}

/** The instance, and those in its body, with states that no reset has touched. */
const beforeResets = (instance: Instance): Instance => ({
  ...instance,
  starts: new Map(),
  members: new Map([...instance.members].map(([name, each]) => [name, beforeResets(each)])),
});

function callInstance(
  place: Place,
  call: Call,
  found: Instance,
  method: MethodDefinition | undefined,
  hint: string | undefined,
): Entity {
  const { definition, definitions } = found;
  found.called = true;
  // What a reset calls sees the states before any reset.
  if (place.scope.inReset && method !== undefined) enterMembers(place, found);
  const instance = place.scope.inReset ? beforeResets(found) : found;
  if (method === undefined) {
    if (definition.body.some((each) => each.kind === "method")) {
      throw problem(
        "MEM0210",
        call.span,
        `${instance.name} has methods; call one: ${instance.name}.method(…).`,
      );
    }
    return callTemplate(
      place,
      call,
      blockCallee(definition, definitions, instance),
      [call.alias?.text ?? instance.name],
      hint,
    );
  }
  const { formals, options, outputs, body } = method;
  const title = `${definition.name.text}.${method.name.text}`;
  const callee: Callee = {
    definition,
    method,
    definitions,
    instance,
    formals,
    options,
    outputs,
    body,
    title,
  };
  const scope = call.alias === undefined ? [instance.name, method.name.text] : [call.alias.text];
  try {
    return callTemplate(place, call, callee, scope, hint);
  } catch (error) {
    instance.failed = true;
    throw error;
  }
}

const mostTemplates = 2000;

function callTemplate(
  place: Place,
  call: Call,
  callee: Callee,
  scope: readonly string[],
  hint: string | undefined,
): Entity {
  const { checker } = place;
  const given = bindArguments(place, call, callee, scope);
  // Names of axes inside the block are its own: the caller sees those of the results.
  const apart: Place = { checker, scope: place.scope.apart() };
  const axes = bindAxes(apart, callee, given.tensors);
  const { instance } = callee;
  const make = () => {
    if (instance !== undefined && callee.method !== undefined) enterMembers(apart, instance);
    if (instance !== undefined && !place.scope.inReset) prepareRestarts(apart, instance);
    if (place.scope.inReset && readsNext(callee.body)) throw nextInReset(call.span, callee.title);
    const handed = handedTo(place, instance);
    const template = templateOf(place, call, callee, given.options, axes, handed);
    const written = template.graph.results.find(({ role }) => role === "next");
    if (place.scope.inReset && written !== undefined)
      throw writeInReset(call.span, callee.title, written.path.join("."));
    if (instance !== undefined) refuseOwnReset(instance, template, call.span);
    return bindTemplate(apart, call, callee, template, given, axes, scope, hint);
  };
  const results =
    instance === undefined ? make() : bindingAxes(apart, instance, axes.formals, call.span, make);
  for (const { value } of results) place.scope.seeAxes(value.axes);
  const [single] = results;
  return results.length === 1 && single !== undefined
    ? single.value
    : { kind: "tuple", items: results };
}

/**
 * The template of calls of this kind, made for the first of them. In scans one with losses is another one, where they are parts of a mean,
 * and one with draws is none.
 */
function templateOf(
  { checker, scope }: Place,
  call: Call,
  callee: Callee,
  options: ReadonlyMap<string, Static>,
  axes: AxisBinding,
  handed: ResetKinds,
): Template {
  const key = templateKey(callee, options, axes);
  const { inScan } = scope.frame;
  // What a function does depends on the resets around it where it holds states, and on a scan around it where it has losses or draws.
  const resets = `${handed.segment ? " reset" : ""}${handed.steps ? " restart" : ""}`;
  const scanned = inScan ? " in a scan" : "";
  const keyOf = (made: Template): string =>
    `${key}${holdsStates(made) ? resets : ""}${dependsOnScan(made) ? scanned : ""}`;
  const known = [key, `${key}${resets}`, `${key}${scanned}`, `${key}${resets}${scanned}`]
    .map((each) => [each, checker.templates.get(each)] as const)
    .find(([each, made]) => made !== undefined && keyOf(made) === each)?.[1];
  if (known !== undefined) return known;
  const nested = `${callee.title} ${callee.definition.span.file}`;
  if (checker.calls.includes(nested)) {
    throw problem("MEM0218", call.span, `${callee.title} calls itself.`, {
      help: "Repetition is written `repeat n as i { … }` or `scan over T { … }`.",
    });
  }
  if (checker.templates.size >= mostTemplates) {
    throw problem(
      "MEM0263",
      call.span,
      `This spec calls blocks in more than ${mostTemplates} different ways.`,
    );
  }
  checker.deeper(callee.title, call.span);
  checker.calls.push(nested);
  const origin = { message: "Called from here.", span: call.span };
  const made = checker.report.within(origin, () =>
    makeTemplate(checker, callee, options, axes, { handed, inScan, at: call.span }),
  );
  checker.calls.pop();
  if (made === undefined) throw new Silenced();
  checker.templates.set(keyOf(made), made);
  return made;
}

/** The own reset of a memory in the body of another does not come to what its methods declare. */
function refuseOwnReset({ standsFor, name }: Instance, template: Template, span: Span): void {
  if (standsFor?.reset === undefined || !holdsStates(template)) return;
  throw problem(
    "MEM0186",
    span,
    `${name} has a reset of its own and stands in the body of another memory, so no memory can stand in its methods.`,
    { help: "Declare the memories of its methods in its body." },
  );
}

const dependsOnScan = ({ losses, declarations }: Template): boolean =>
  losses.length > 0 || declarations.some(({ role }) => role === "draw");

/** Whether memories stand in the function, so that it matters which resets it is handed. */
const holdsStates = ({ graph }: Template): boolean =>
  graph.results.some(({ role, struct }) => role === "next" && struct === "own");

/** The resets that memories in the callee obey. What a reset calls sees the states before any reset. */
function handedTo(place: Place, instance: Instance | undefined): ResetKinds {
  if (place.scope.inReset) return { segment: false, steps: false };
  return instance === undefined ? handedKinds(place.scope) : resetKinds(place, instance);
}
