/** Parameters and states of an instance: in the frame that declares it, and captured from loops' bodies. */

import type { Span, Statement } from "../../../parser/tree.ts";
import type { Declaration } from "../declaration.ts";
import type { Place } from "../emit.ts";
import { type CheckedAxis, type TensorEntity, valueBehind } from "../entities.ts";
import { declaredAxes } from "../names/axes.ts";
import { capture, freeArgument, keepCapture } from "../names/capture.ts";
import { isTaken, type MemberItem, memberItems, memberScope, stateKind } from "../names/member.ts";
import { declareTensor, parameterDeclaration } from "../parameter.ts";
import { problem } from "../problem.ts";
import { Scope } from "../scope.ts";
import { bodyInstance, bodyInstances } from "./body.ts";
import { addressOf, type Instance, type Member } from "./instance.ts";
import { stepsInput } from "./resets.ts";
import { declareState, enteringState } from "./state.ts";

/** The instance's members as its own frame sees them. */
function viewOf(place: Place, instance: Instance): Scope {
  if (instance.view !== undefined) return instance.view;
  const member: Member = {
    definition: instance.definition,
    options: instance.options,
    known: new Map(),
    tensor: (name) => ownTensor(place, instance, name),
    next: (name) => instance.next.get(name)?.value,
    instance: (item) => memberInstance(place, instance, item),
    write: undefined,
  };
  const view = new Scope({
    frame: instance.frame,
    definitions: instance.definitions,
    axes: new Map(instance.bound),
    member,
    optionsAt: addressOf(instance),
    prefix: instance.path,
  });
  instance.view = view;
  return view;
}

/** Where declarations of the instance are read. */
function insideOf(place: Place, instance: Instance): Place {
  const view = viewOf(place, instance);
  for (const [axis, bound] of instance.bound) view.axes.set(axis, bound);
  return { ...place, scope: memberScope(view, requireMember(view)) };
}

/** Whether the instance has the item: it may stand in a branch that is not taken. */
export const hasMember = (place: Place, instance: Instance, item: MemberItem): boolean =>
  isTaken(insideOf(place, instance), item);

/** An instance in the body of another. */
export const memberInstance = (place: Place, instance: Instance, item: MemberItem): Instance =>
  bodyInstance(insideOf(place, instance), instance, item);

/** Makes the instances in its body, so that methods can be told of them. */
export function enterMembers(place: Place, instance: Instance): void {
  const items = bodyInstances(instance.definition);
  if (items.length === 0) return;
  const inside = insideOf(place, instance);
  for (const item of items) {
    if (isTaken(inside, item)) enterMembers(place, bodyInstance(inside, instance, item));
  }
}

/** A tensor of an instance in the body of a memory as a method of the memory sees it: it enters with the memory's own. */
function seenTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const { frame, path, standsFor } = instance;
  const inside = insideOf(place, instance);
  for (const item of memberItems(instance.definition)) {
    const { statement, position } = item;
    if (item.name !== name || !isTaken(inside, item)) continue;
    const state = statement.kind === "state" ? statement.states[position] : undefined;
    const parameter = statement.kind === "param" ? statement.parameters[position] : undefined;
    const axes = declaredAxes(inside, (state ?? parameter)?.axes ?? []);
    const number = statement.kind === "state" ? stateKind(statement) : "real";
    const type = { number, axes, batch: state !== undefined };
    const role = state === undefined ? "parameter" : "state";
    const port = frame.input(name, type, role, [...path, name], "self");
    const tensor: TensorEntity = standsFor?.starts.has(name)
      ? {
          ...port,
          restart: (axis) => ({
            flag: stepsInput(frame, axis),
            start: seenStart(instance, name, port),
          }),
        }
      : port;
    instance.entering.set(name, tensor);
    return tensor;
  }
  throw new Error(`${instance.name} has no ${name}.`);
}

/** What such a state restarts as: an argument of the method. */
export function seenStart(
  { frame, path }: Instance,
  name: string,
  state: TensorEntity,
): TensorEntity {
  const implicit = { kind: "start", state: [...path, name].join(".") } as const;
  const type = { number: state.number, axes: state.axes, batch: true };
  return frame.implicitInput(`${name}Start`, implicit, type);
}

/** A parameter or entering state, in the frame that declares the instance. */
export function ownTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const known = instance.entering.get(name);
  if (known !== undefined) return known;
  if (instance.standsFor !== undefined) return seenTensor(place, instance, name);
  const inside = insideOf(place, instance);
  for (const item of memberItems(instance.definition)) {
    if (item.name !== name || !isTaken(inside, item)) continue;
    const { statement, position } = item;
    const origin = { message: `${instance.name} is declared here.`, span: instance.span };
    const tensor = place.checker.report.within(origin, () =>
      statement.kind === "state"
        ? enteringState(inside, instance, statement, {
            carried: carriedState(place, instance, name),
            resets: { ...inside, scope: resetScope(place, instance, inside.scope) },
            name,
          })
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

/** A state as it was carried from the segment before, in the frame that declares the instance. */
function carriedState(place: Place, instance: Instance, name: string): TensorEntity {
  const known = instance.carried.get(name);
  if (known !== undefined) return known;
  const inside = insideOf(place, instance);
  for (const item of memberItems(instance.definition)) {
    const { statement } = item;
    if (item.name !== name || statement.kind !== "state" || !isTaken(inside, item)) continue;
    const tensor = declareState(inside, instance, statement, name);
    instance.carried.set(name, tensor);
    return tensor;
  }
  throw new Error(`${instance.name} has no ${name}.`);
}

/** The instance's members as resets see them: its states are the carried ones. */
export function resetScope(place: Place, instance: Instance, { member, ...scope }: Scope): Scope {
  if (member === undefined) throw new Error("A view has a member.");
  const states = memberItems(member.definition).filter(
    ({ statement }) => statement.kind === "state",
  );
  const isState = (name: string) => states.some((item) => item.name === name);
  const before: Member = {
    ...member,
    known: new Map([...member.known].filter(([name]) => !isState(name))),
    tensor: (name) =>
      isState(name) ? carriedState(place, instance, name) : ownTensor(place, instance, name),
  };
  return new Scope({ ...scope, member: before, names: before.known, inReset: true });
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

/**
 * A tensor that the instance's block declares, where a call of the instance uses it: `instance.name` and all calls mean the same
 * one, which the first of them declares in the instance's frame.
 */
export function sharedTensor(
  place: Place,
  instance: Instance,
  path: readonly string[],
  declaration: Declaration,
  span: Span,
): TensorEntity {
  const key = path.join(".");
  return reached(place, instance, path, declaration.role, () => {
    const known = instance.entering.get(key);
    if (known !== undefined) {
      const [before, here] = [shapeOf(known.axes), shapeOf(declaration.axes)];
      if (before === here) return known;
      const message = `By its first call the ${key} of ${instance.name} is ${before}, here it would be ${here}.`;
      throw problem("MEM0187", span, message, {
        help: `Each instance has tensors of its own: use other = ${instance.definition.name.text}(…).`,
      });
    }
    const owner: Place = { ...place, scope: instance.scope.apart() };
    const tensor =
      instance.standsFor === undefined
        ? declareTensor(owner, declaration)
        : seenDeclaration(instance, path, declaration);
    instance.entering.set(key, tensor);
    return tensor;
  });
}

/** The same for an instance in the body of a memory where a method calls it: the method's caller declares the tensor. */
function seenDeclaration(
  { frame }: Instance,
  path: readonly string[],
  declaration: Declaration,
): TensorEntity {
  const { role, axes, copies } = declaration;
  if (role === "draw") throw new Error("Draws belong to calls.");
  frame.seenDeclarations.set(declaration.path.join("."), { ...declaration, path });
  const number = role === "state" ? declaration.number : "real";
  return frame.input(
    path.at(-1) ?? "tensor",
    { number, axes, batch: role === "state" },
    role,
    declaration.path,
    "self",
    copies.map(({ value }) => value),
  );
}

const shapeOf = (axes: readonly CheckedAxis[]): string =>
  `[${axes.map(({ name, size }) => `${name} = ${size}`).join(", ")}]`;

/**
 * A parameter or state where it is used: captured when a loop's body uses an instance declared outside. In a reset, a state is
 * the carried one, before any reset.
 */
export function instanceTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const owner: Place = { ...place, scope: instance.scope };
  const role = roleOf(instance, name);
  return place.scope.inReset && role === "state" && instance.standsFor === undefined
    ? reached(place, instance, [`${name}Carried`], "argument", () =>
        carriedState(owner, instance, name),
      )
    : reached(place, instance, [name], role, () => ownTensor(owner, instance, name));
}

/** What the instance's frame has, captured by each loop's body on the way to the place. */
function reached(
  place: Place,
  instance: Instance,
  path: readonly string[],
  role: Declaration["role"] | "argument",
  own: () => TensorEntity,
): TensorEntity {
  const { scope, checker } = place;
  if (scope.frame === instance.frame) return own();
  const { outer } = scope.frame;
  if (outer === undefined) throw new Error(`${instance.name} is out of reach.`);
  const there = reached({ checker, scope: outer }, instance, path, role, own);
  return captureMember(scope, instance, path, there, role);
}

/** What a state was written, where it is used; undefined before its write. */
export function instanceNext(
  { scope, checker }: Place,
  instance: Instance,
  state: string,
): TensorEntity | undefined {
  if (scope.frame === instance.frame) return instance.next.get(state)?.value;
  const { outer } = scope.frame;
  if (outer === undefined) return undefined;
  const there = instanceNext({ checker, scope: outer }, instance, state);
  return there && capture(scope, `${state}Written`, there);
}

/** The same for a state of the instance that a method belongs to. */
export function memberNext(scope: Scope, state: string): TensorEntity | undefined {
  if (scope.member !== undefined) return scope.member.next(state);
  const { outer } = scope.frame;
  const there = outer && memberNext(outer, state);
  return there && capture(scope, `${state}Written`, there);
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
  const struct = scope.frame.structOf(instance);
  // A state may be called like what the compiler hands down beside it.
  const key = `${struct}.${path.join(".")}${role === "argument" ? " handed down" : ""}`;
  const known = scope.frame.captured.get(key);
  if (known !== undefined) return known.port;
  const copies = valueBehind(outer)?.type.copies ?? [];
  const hint = path.at(-1) ?? instance.name;
  const port =
    role === "argument"
      ? scope.frame.input(hint, outer, role, [freeArgument(scope, hint)], "own", copies)
      : scope.frame.input(hint, outer, role, path, struct, copies);
  return keepCapture(scope, key, outer, port);
}
