/**
 * Instances in the body of a memory or of a block with methods: at the caller they stand below their owner, and methods see them as what
 * enters with the owner's own tensors.
 */
import type { BlockDefinition } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { CheckedAxis } from "../entities.ts";
import type { Frame } from "../frame.ts";
import { type MemberItem, memberItems } from "../names/member.ts";
import { problem } from "../problem.ts";
import { Scope } from "../scope.ts";
import { type InstanceStatement, makeInstance, registerInstance } from "./declare.ts";
import type { Instance } from "./instance.ts";

/** Whether it is called by its methods, so that these share what its body declares. */
export const hasMethods = ({ kind, body }: BlockDefinition): boolean =>
  kind === "memory" || body.some((each) => each.kind === "method");

/** The `use` or `memory` of an item. */
export function instanceStatement({ statement }: MemberItem): InstanceStatement | undefined {
  if (statement.kind === "use")
    return { name: statement.name, value: statement.value, keyword: "use", reset: undefined };
  if (statement.kind === "memory")
    return {
      name: statement.name,
      value: statement.value,
      keyword: "memory",
      reset: statement.reset,
    };
  return undefined;
}

/** Names of the instances in a body, be it in branches that are not taken. */
export const bodyInstances = (definition: BlockDefinition): readonly MemberItem[] =>
  hasMethods(definition)
    ? memberItems(definition).filter((item) => instanceStatement(item) !== undefined)
    : [];

/** An instance in the body of another, made where its owner's declarations are read. */
export function bodyInstance(inside: Place, owner: Instance, item: MemberItem): Instance {
  const known = owner.members.get(item.name);
  if (known !== undefined) return known;
  const statement = instanceStatement(item);
  if (statement === undefined) throw new Error(`${item.name} is no instance.`);
  const scope = new Scope({ ...inside.scope, prefix: owner.path });
  const place: Place = { ...inside, scope };
  const { standsFor } = owner;
  if (standsFor === undefined) {
    const instance = makeInstance(place, statement, { owner });
    refuseItself(instance, owner);
    registerInstance(instance);
    owner.members.set(item.name, instance);
    return instance;
  }
  const outer = standsFor.members.get(item.name);
  if (outer === undefined) throw new Error(`${item.name} has no counterpart at the caller.`);
  const instance = makeInstance(place, statement, { standsFor: outer });
  owner.members.set(item.name, instance);
  return instance;
}

function refuseItself(
  { definition, span }: Pick<Instance, "definition" | "span">,
  owner: Instance,
): void {
  if (owner.definition === definition) {
    const { text } = definition.name;
    throw problem("MEM0218", span, `${text} stands in its own body.`, {
      help: "Repetition is written `repeat n as i { … }`, around the memory.",
    });
  }
  if (owner.owner !== undefined) refuseItself({ definition, span }, owner.owner);
}

/** An instance of the callee's body as the method sees it. */
export function seenInstance(inside: Place, outer: Instance, item: MemberItem): Instance {
  const { seen } = inside.scope.frame;
  const known = seen.get(item.name);
  if (known !== undefined) return known;
  const statement = instanceStatement(item);
  const standsFor = outer.members.get(item.name);
  if (statement === undefined || standsFor === undefined)
    throw new Error(`${item.name} has no counterpart at the caller.`);
  const scope = new Scope({ ...inside.scope, prefix: [] });
  const instance = makeInstance({ ...inside, scope }, statement, { standsFor });
  seen.set(item.name, instance);
  return instance;
}

/** All instances of bodies that a method saw, however deep. */
export function allSeen({ seen }: Frame): readonly Instance[] {
  const below = (instance: Instance): readonly Instance[] => [
    instance,
    ...[...instance.members.values()].flatMap(below),
  ];
  return [...seen.values()].flatMap(below);
}

/** Where a tensor of an owner and of the instances in its body belongs: `cache.rows`. */
export function located(
  instance: Instance,
  path: readonly string[],
): { readonly instance: Instance; readonly path: readonly string[] } {
  const [first = "", ...rest] = path;
  const member = rest.length === 0 ? undefined : instance.members.get(first);
  return member === undefined ? { instance, path } : located(member, rest);
}

/** Axes of states that calls in a method bound, by the path of the instance in the body. */
export interface SeenAxes {
  readonly path: readonly string[];
  readonly axes: ReadonlyMap<string, CheckedAxis>;
}

export const seenAxes = (frame: Frame): readonly SeenAxes[] =>
  allSeen(frame).flatMap(({ path, bound, presumed }) => {
    const axes = new Map([...bound].filter(([name]) => !presumed.has(name)));
    return axes.size === 0 ? [] : [{ path, axes }];
  });
