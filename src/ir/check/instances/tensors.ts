/** Parameters and states of an instance: in the frame that declares it, and captured from loops' bodies. */

import type { Statement } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import { type Instance, type Member, Scope, type TensorEntity, valueBehind } from "../frame.ts";
import { declaredAxes } from "../names/axes.ts";
import { keepCapture } from "../names/capture.ts";
import { isTaken, memberItems, memberScope } from "../names/member.ts";
import { declareTensor, parameterDeclaration } from "../parameter.ts";
import { enteringState } from "./state.ts";

/** The instance's members as its own frame sees them. */
function viewOf(place: Place, instance: Instance): Scope {
  if (instance.view !== undefined) return instance.view;
  const member: Member = {
    definition: instance.definition,
    options: instance.options,
    known: new Map(),
    tensor: (name) => ownTensor(place, instance, name),
    next: (name) => instance.next.get(name)?.value,
    write: undefined,
  };
  const view = new Scope({
    frame: instance.frame,
    definitions: instance.definitions,
    axes: new Map(instance.bound),
    member,
    prefix: instance.path,
  });
  instance.view = view;
  return view;
}

/** A parameter or entering state, in the frame that declares the instance. */
export function ownTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const known = instance.entering.get(name);
  if (known !== undefined) return known;
  const view = viewOf(place, instance);
  for (const [axis, bound] of instance.bound) view.axes.set(axis, bound);
  const inside: Place = { ...place, scope: memberScope(view, requireMember(view)) };
  for (const item of memberItems(instance.definition)) {
    if (item.name !== name || !isTaken(inside, item)) continue;
    const { statement, position } = item;
    const origin = { message: `${instance.name} is declared here.`, span: instance.span };
    const tensor = place.checker.report.within(origin, () =>
      statement.kind === "state"
        ? enteringState(inside, instance, statement, name)
        : ownParameter(inside, instance, statement, position),
    );
    instance.entering.set(name, tensor);
    return tensor;
  }
  throw new Error(`${instance.name} has no ${name}.`);
}

function requireMember(scope: Scope): Member {
  if (scope.member === undefined) throw new Error("A view has a member.");
  return scope.member;
}

function ownParameter(
  place: Place,
  instance: Instance,
  statement: Statement,
  position: number,
): TensorEntity {
  if (statement.kind !== "param") throw new Error("Only parameters and states have tensors.");
  const item = statement.parameters[position];
  if (item === undefined) throw new Error("A parameter has a position.");
  const axes = declaredAxes(place, item.axes);
  const path = [...instance.path, item.name.text];
  const owner = instance.definition.name.text;
  return declareTensor(place, parameterDeclaration(place, item, path, axes, owner, statement.doc));
}

/** A parameter or entering state where it is used: captured when a loop's body uses an instance declared outside. */
export function instanceTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const { scope, checker } = place;
  if (scope.frame === instance.frame) {
    return ownTensor({ checker, scope: instance.scope }, instance, name);
  }
  const { outer } = scope.frame;
  if (outer === undefined) throw new Error(`${instance.name} is out of reach.`);
  const there = instanceTensor({ checker, scope: outer }, instance, name);
  return captureMember(scope, instance, [name], there, roleOf(instance, name));
}

function roleOf(instance: Instance, name: string): "parameter" | "state" {
  const item = memberItems(instance.definition).find((each) => each.name === name);
  return item?.statement.kind === "state" ? "state" : "parameter";
}

export function captureMember(
  scope: Scope,
  instance: Instance,
  path: readonly string[],
  outer: TensorEntity,
  role: "parameter" | "state" | "draw" | "argument",
): TensorEntity {
  const key = `${instance.name}.${path.join(".")}`;
  const known = scope.frame.captured.get(key);
  if (known !== undefined) return known.port;
  const struct = role === "argument" ? "own" : instance.name;
  const copies = valueBehind(outer)?.type.copies ?? [];
  const hint = path.at(-1) ?? instance.name;
  const port = scope.frame.input(hint, outer, role, path, struct, copies);
  return keepCapture(scope, key, outer, port);
}
