/** Checks the body of a block or method once for given options and argument types. */

import type { NumberKind } from "../../../ops/index.ts";
import type { AxisDeclaration, Expression, Name, Span } from "../../../parser/tree.ts";
import type { GraphFunction } from "../../graph.ts";
import type { Checker } from "../checker.ts";
import type { Place } from "../emit.ts";
import type { CheckedAxis, Restart, TensorEntity } from "../entities.ts";
import { evaluateNumber } from "../expressions/expression.ts";
import type { Static } from "../expressions/static.ts";
import { Frame } from "../frame.ts";
import { boundStateAxes } from "../instances/axes.ts";
import { allSeen, seenAxes, seenInstance } from "../instances/body.ts";
import { addressOf, type Instance, type Member } from "../instances/instance.ts";
import { stepsInput } from "../instances/resets.ts";
import { startsOf } from "../instances/restart.ts";
import { finishInstances } from "../instances/segment-end.ts";
import { addLossResults } from "../loss-terms.ts";
import { type MemberItem, memberItems, memberScope } from "../names/member.ts";
import { findName } from "../names/name.ts";
import { insideBlock, numberFormals, optionValue } from "../option.ts";
import { addProbes } from "../probe.ts";
import { problem, Silenced } from "../problem.ts";
import { Scope } from "../scope.ts";
import { runStatements } from "../statements/statement.ts";
import { indexedNames } from "../syntax.ts";
import { type AxisBinding, type Callee, type GivenOption, givenOptions } from "./arguments.ts";
import { refuseUnwritten } from "./implicit.ts";
import { warnOfPadding } from "./ragged.ts";
import { toValue } from "./results.ts";
import { declaredReturns, type NamedTensor, type ReturnedValue } from "./returns.ts";
import type { ReturnType, Template } from "./template.ts";

const camel = (title: string): string =>
  title.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());

/** The template, or undefined if its body has errors (they are reported); `at` is the call that it is made for. */
export function makeTemplate(
  checker: Checker,
  callee: Callee,
  given: ReadonlyMap<string, Static>,
  axes: AxisBinding,
  { handed, inScan, at }: Pick<Frame, "handed" | "inScan"> & { readonly at: Span },
): Template | undefined {
  const all = givenOptions(callee, given);
  const formalValues = new Map<string, number>();
  for (const { formal, value } of all) {
    for (const number of numberFormals(formal, value))
      formalValues.set(number.name, number.value.value);
  }
  const name = checker.functionName(camel(callee.title));
  const frame = new Frame(name, callee.title, undefined, formalValues, {
    handed,
    inScan,
    indexed: indexedNames(callee.body),
  });
  const scope = new Scope({
    frame,
    definitions: callee.definitions,
    member: memberOf(
      callee,
      frame,
      all,
      (item) => seen(item),
      (state) => refuseUnwritten(checker, callee, state, at),
    ),
    optionsAt: callee.instance && addressOf(callee.instance),
  });
  const place: Place = { checker, scope };
  const seen = (item: MemberItem): Instance => {
    const { member } = scope;
    if (member === undefined || callee.instance === undefined)
      throw new Error(`${callee.title} has no instance ${item.name}.`);
    return seenInstance({ checker, scope: memberScope(scope, member) }, callee.instance, item);
  };
  let template: Template | undefined;
  checker.report.attempt(() => {
    for (const { name, value, formal, shared } of all) {
      // A method sees its instance's options as members.
      if (!shared || callee.method === undefined) scope.names.set(name, insideBlock(formal, value));
    }
    for (const formal of callee.formals) bindFormal(place, axes, formal.name);
    for (const axis of boundStateAxes(callee.instance)) {
      if (!scope.axes.has(axis.name))
        scope.fixAxes([{ ...axis, declared: { kind: "axis", name: axis.name } }]);
    }
    frame.restAxes = [...axes.rest.keys()].flatMap((name) => scope.axes.get(name) ?? []);
    for (const formal of callee.formals) checkFormalSizes(place, axes, formal.axes);
    for (const option of callee.options) {
      if (given.has(option.name.text) || option.default === undefined) continue;
      scope.names.set(
        option.name.text,
        optionValue(place, option.type, option.default, option.name.text),
      );
    }
    let returned: readonly ReturnedValue[] | undefined;
    const went = checker.report.allOf(() => {
      returned = runStatements(place, callee.body);
    });
    if (!went) return;
    const returns = declaredReturns(place, callee, returned);
    finishInstances(place, frame);
    const values = new Map(all.map(({ name, value }) => [name, value]));
    const variant = variantOf(callee, values); // a method's option hides its memory's of that name
    template = finish(checker, callee, frame, place, returns, variant);
  });
  return template;
}

/** Methods see the dims, constants, parameters and states of their instance. */
function memberOf(
  callee: Callee,
  frame: Frame,
  given: readonly GivenOption[],
  instance: Member["instance"],
  refuse: (state: string) => void,
): Member | undefined {
  if (callee.instance === undefined || callee.method === undefined) return undefined;
  const options = given
    .filter(({ shared }) => shared)
    .map(({ name, value, formal }) => [name, insideBlock(formal, value)] as const);
  const member: Member = {
    definition: callee.definition,
    options: new Map(options),
    known: new Map(),
    tensor: (name, axes, number) => {
      const isState = isStateName(callee, name);
      const entity = { number, axes, batch: isState };
      const port = frame.input(name, entity, isState ? "state" : "parameter", [name], "self");
      return callee.instance !== undefined && startsOf(callee.instance).has(name)
        ? { ...port, restart: (axis: CheckedAxis) => restartPorts(frame, name, port, axis) }
        : port;
    },
    next: (name) => {
      const written = frame.writes.get(name);
      if (written !== undefined) return written.value;
      const before = callee.instance?.next.get(name);
      if (before === undefined) {
        if (callee.instance?.failed) throw new Silenced();
        refuse(name);
        return undefined;
      }
      const implicit = { kind: "next", state: name } as const;
      const tensor = frame.implicitInput(`${name}Written`, implicit, before.value);
      member.known.set(`next ${name}`, tensor);
      return tensor;
    },
    instance,
    write: (name, value, span) => {
      const before = frame.writes.get(name);
      if (before !== undefined) {
        throw problem("MEM0221", span, `The state ${name} is written twice in a segment.`, {
          notes: [{ message: "The first write is here.", span: before.span }],
          help: "Compute in a local and write once.",
        });
      }
      frame.writes.set(name, { value, span });
    },
  };
  return member;
}

/** Arguments that say where a state restarts along the axis, and as what. */
function restartPorts(frame: Frame, name: string, state: TensorEntity, axis: CheckedAxis): Restart {
  return {
    flag: stepsInput(frame, axis),
    start: frame.implicitInput(
      `${name}Start`,
      { kind: "start", state: name },
      { number: state.number, axes: state.axes, batch: true },
    ),
  };
}

const isStateName = ({ definition }: Callee, name: string): boolean =>
  memberItems(definition).some((each) => each.name === name && each.statement.kind === "state");

function bindFormal(place: Place, axes: AxisBinding, name: Name): void {
  const tensor = axes.tensors.get(name.text);
  if (tensor === undefined) return;
  const { scope } = place;
  const inside = tensor.axes.map(
    (axis): CheckedAxis => ({ ...axis, declared: { kind: "axis", name: axis.name } }),
  );
  const port = scope.frame.input(name.text, { ...tensor, axes: inside }, "argument", [name.text]);
  scope.fixAxes(inside);
  const entering: TensorEntity = { ...port, constant: tensor.constant };
  scope.frame.inputs.set(name.text, entering);
  scope.names.set(name.text, entering);
}

/** `[H, J: H]`, and formal axes that a dim of the instance also names. */
function checkFormalSizes(
  place: Place,
  axes: AxisBinding,
  declared: readonly AxisDeclaration[],
): void {
  for (const { name, size } of declared) {
    const axis = axes.formals.get(name.text);
    if (axis === undefined) continue;
    const wanted =
      size !== undefined ? evaluateNumber(place, size).value : memberSize(place, name.text);
    if (wanted !== undefined && wanted !== axis.size) {
      throw problem(
        "MEM0223",
        name.span,
        `Axis ${name.text} must have ${wanted} entries, the argument has ${axis.size}.`,
      );
    }
  }
}

function memberSize(place: Place, name: string): number | undefined {
  if (place.scope.member === undefined) return undefined;
  const entity = findName(place, name);
  return entity?.kind === "number" ? entity.value : undefined;
}

function finish(
  checker: Checker,
  callee: Callee,
  frame: Frame,
  place: Place,
  returns: readonly NamedTensor[],
  variant: readonly string[],
): Template {
  const types: ReturnType[] = [];
  const { builder } = frame;
  for (const { name, tensor } of returns) {
    const { operand } = toValue(place, tensor, callee.definition.name.span);
    if (!("name" in operand)) throw new Error("A result is a value.");
    if (callee.outputs?.kind === "named") builder.suggestName(operand, name);
    builder.result(operand, { role: "return", path: [name] });
    types.push({
      name,
      number: tensor.number,
      axes: tensor.axes,
      batch: tensor.batch,
      constant: tensor.constant,
    });
  }
  const written = new Map<string, { axes: readonly CheckedAxis[]; number: NumberKind }>();
  for (const [state, { value }] of frame.writes) {
    const { operand } = toValue(place, value, callee.definition.name.span);
    if (!("name" in operand)) throw new Error("A written value is a value.");
    builder.result(operand, { role: "next", path: [state], struct: "self" });
    written.set(`next ${state}`, { axes: value.axes, number: value.number });
  }
  for (const { path, next } of allSeen(frame)) {
    for (const [state, { value }] of next) {
      const { operand } = toValue(place, value, callee.definition.name.span);
      if (!("name" in operand)) throw new Error("A written value is a value.");
      const at = [...path, ...state.split(".")];
      builder.result(operand, { role: "next", path: at, struct: "self" });
      written.set(`next ${at.join(".")}`, { axes: value.axes, number: value.number });
    }
  }
  for (const { path, value } of frame.next) builder.result(value, { role: "next", path });
  addLossResults(builder, frame.losses);
  addProbes(place, callee.method === undefined ? "block" : "method");
  const graph = finishGraph(frame, callee, variant);
  if (callee.method !== undefined) warnOfPadding(place, graph);
  checker.functions.set(graph.name, graph);
  return {
    graph,
    returns: types,
    declarations: frame.declarations,
    losses: frame.losses,
    members: written,
    seen: frame.seenDeclarations,
    seenAxes: seenAxes(frame),
    implicit: frame.implicit,
  };
}

function finishGraph(frame: Frame, callee: Callee, variant: readonly string[]): GraphFunction {
  const doc = callee.method?.doc ?? callee.definition.doc;
  return {
    ...frame.builder.finish(),
    numbers: frame.formals,
    file: callee.definition.span.file,
    ...(variant.length === 0 ? {} : { variant }),
    ...(doc === undefined ? {} : { doc }),
  };
}

/** A word for each switch and choice that is not as its default says: `causal`, `without_bias`. */
function variantOf(callee: Callee, values: ReadonlyMap<string, Static>): readonly string[] {
  const ofInstance = callee.instance === undefined ? [] : callee.definition.options;
  return [...callee.options, ...ofInstance].flatMap(({ name: { text: name }, default: usual }) => {
    const value = values.get(name);
    if (value?.kind === "flag") {
      if (usual?.kind === "flag" && usual.value === value.value) return [];
      return [value.value ? name : `without_${name}`];
    }
    if (value?.kind !== "choice" || value.name === wordOf(usual)) return [];
    return [value.name === "none" || value.name === "off" ? `without_${name}` : value.name];
  });
}

/** The alternative that the default of a choice names. */
function wordOf(usual: Expression | undefined): string | undefined {
  if (usual?.kind === "flag") return usual.value ? "on" : "off";
  const reference = usual?.kind === "call" ? usual.callee : usual;
  return reference?.kind === "reference" ? reference.name.text : undefined;
}
