/** Axes of an instance's states that formals of its methods bind: the same ones at every call (rule R3). */

import type { BlockDefinition, Span } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { CheckedAxis } from "../entities.ts";
import { type MemberItem, memberItems } from "../names/member.ts";
import { problem } from "../problem.ts";
import type { Instance } from "./instance.ts";

/**
 * Makes a call with the formal axes bound that the instance's tensors mention; every call must bind the same ones. An axis whose
 * size the definition itself says is not for calls to bind: a wrong one is an error of the call alone. A call that fails binds
 * nothing: what it gave an axis that had no size is presumed until another call binds it.
 */
export function bindingAxes<Result>(
  { checker }: Place,
  instance: Instance,
  formals: ReadonlyMap<string, CheckedAxis>,
  span: Span,
  call: () => Result,
): Result {
  const own = [...formals].filter(([formal]) => !saysSize(instance, formal));
  for (const [formal, axis] of own) checkSame(instance, formal, axis, span);
  const open = own.flatMap(([formal, axis]) => {
    const before = instance.bound.get(formal);
    return before === undefined || instance.presumed.has(formal)
      ? [{ formal, before, bound: { ...axis, name: formal } }]
      : [];
  });
  const key = memberAxesKey(instance.span, instance.path);
  const known = checker.memberAxes.get(key) ?? new Map<string, CheckedAxis>();
  const note = (formal: string, bound: CheckedAxis): void => {
    if (memberMentioning(instance.definition, formal) !== undefined)
      checker.memberAxes.set(key, known.set(formal, bound));
  };
  for (const { formal, bound } of open) presume(instance, formal, bound);
  try {
    const result = call();
    for (const { formal, bound } of open) {
      instance.presumed.delete(formal);
      note(formal, bound);
    }
    return result;
  } catch (error) {
    for (const { formal, before, bound } of open) {
      if (before !== undefined) presume(instance, formal, before);
      else note(formal, bound);
    }
    throw error;
  }
}

function checkSame(instance: Instance, formal: string, axis: CheckedAxis, span: Span): void {
  const before = instance.bound.get(formal);
  if (before === undefined || before.size === axis.size || instance.presumed.has(formal)) return;
  const mentioning = memberMentioning(instance.definition, formal);
  if (mentioning === undefined) return;
  throw problem(
    "MEM0187",
    span,
    `${instance.name} was first called with ${formal} = ${before.size}, here with ${axis.size}, and its ${mentioning} has that axis.`,
  );
}

/** Gives an axis a size until a call binds it. Tensors that were made with another size were for a call that failed. */
function presume(instance: Instance, formal: string, axis: CheckedAxis): void {
  const { bound, presumed, entering, carried, starts, frame, path } = instance;
  const before = bound.get(formal);
  bound.set(formal, axis);
  presumed.add(formal);
  if (before === undefined || before.size === axis.size) return;
  for (const [name, tensor] of [...entering, ...carried]) {
    if (!tensor.axes.some((each) => each.name === formal)) continue;
    entering.delete(name);
    carried.delete(name);
    starts.delete(name);
    frame.addressed.delete([...path, name].join("."));
    frame.addresses.delete([...path, name]);
  }
  instance.view = undefined;
}

export const memberAxesKey = (span: Span, path: readonly string[]): string =>
  `${span.file}:${span.start} ${path.join(".")}`;

/** Axes of the instance's states that formals of its methods have bound. */
export function boundStateAxes(instance: Instance | undefined): readonly CheckedAxis[] {
  return [...(instance?.bound.values() ?? [])].filter((axis) =>
    statesMention(instance?.definition, axis.name),
  );
}

/** Whether a dim, constant or option of the definition has the axis's name, so that its states have that size. */
const saysSize = ({ definition, options }: Instance, axis: string): boolean =>
  options.has(axis) ||
  memberItems(definition).some(
    ({ name, statement }) =>
      name === axis && (statement.kind === "dim" || statement.kind === "const"),
  );

const statesMention = (definition: BlockDefinition | undefined, axis: string): boolean =>
  memberItems(definition).some(
    (item) => item.statement.kind === "state" && axesOf(item).includes(axis),
  );

/** The first state or parameter with the axis. */
const memberMentioning = (definition: BlockDefinition, axis: string): string | undefined =>
  memberItems(definition).find((item) => axesOf(item).includes(axis))?.name;

/** Names of the axes that a state has, or that a parameter has without saying how large they are. */
function axesOf({ statement, position }: MemberItem): readonly string[] {
  const axes =
    statement.kind === "state"
      ? statement.states[position]?.axes
      : statement.kind === "param"
        ? statement.parameters[position]?.axes.filter(({ size }) => size === undefined)
        : undefined;
  return axes?.map(({ name }) => name.text) ?? [];
}
