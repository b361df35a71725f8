/** Axes of an instance's states that formals of its methods bind: the same ones at every call (rule R3). */

import type { AxisDeclaration, BlockDefinition, Span } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { CheckedAxis, Instance } from "../frame.ts";
import { memberItems } from "../names/member.ts";
import { problem } from "../problem.ts";

/**
 * Binds a formal axis that states and dims of the instance mention; every call must bind the same one. An axis whose size the
 * definition itself says is not for calls to bind: a wrong one is an error of the call alone.
 */
export function bindInstanceAxis(
  { checker }: Place,
  instance: Instance,
  formal: string,
  axis: CheckedAxis,
  span: Span,
): void {
  if (saysSize(instance, formal)) return;
  const before = instance.bound.get(formal);
  if (before === undefined) {
    const bound = { ...axis, name: formal };
    instance.bound.set(formal, bound);
    if (!membersMention(instance.definition, formal)) return;
    const key = memberAxesKey(instance.span, instance.path);
    const known = checker.memberAxes.get(key) ?? new Map<string, CheckedAxis>();
    checker.memberAxes.set(key, known.set(formal, bound));
  } else if (before.size !== axis.size && statesMention(instance.definition, formal)) {
    throw problem(
      "MEM0187",
      span,
      `${instance.name} was first called with ${formal} = ${before.size}, here with ${axis.size}, and its states have that axis.`,
    );
  }
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
    ({ statement }) => statement.kind === "state" && mentionsAxis(statement.states, axis),
  );

const membersMention = (definition: BlockDefinition, axis: string): boolean =>
  statesMention(definition, axis) ||
  memberItems(definition).some(
    ({ statement }) => statement.kind === "param" && mentionsAxis(statement.parameters, axis),
  );

const mentionsAxis = (
  tensors: readonly { readonly axes: readonly AxisDeclaration[] }[],
  axis: string,
): boolean => tensors.some(({ axes }) => axes.some(({ name }) => name.text === axis));
