/**
 * Memories that restart in the middle of a segment (rule R9): `reset when e` with the segment's axis acts before step t in every
 * `scan` and `linear_scan` that starts from a state of the memory.
 */
import type { Note } from "../../../parser/diagnostic.ts";
import type { Span, Statement } from "../../../parser/tree.ts";
import { emit, type Place, renameAxes } from "../emit.ts";
import type { CheckedAxis, Restart, TensorEntity } from "../entities.ts";
import { memberItems } from "../names/member.ts";
import { problem } from "../problem.ts";
import type { Instance } from "./instance.ts";
import { handedReset, type ResetKind, resetKinds, resetOf } from "./resets.ts";
import { captureMember, hasMember, instanceTensor, ownTensor, seenStart } from "./tensors.ts";

/** Makes the start values of a memory that restarts at steps, before a method of it is checked. */
export function prepareRestarts(place: Place, instance: Instance): void {
  for (const member of instance.members.values()) prepareRestarts(place, member);
  if (instance.standsFor !== undefined || !resetKinds(place, instance).steps) return;
  const owner: Place = { ...place, scope: instance.scope };
  for (const item of memberItems(instance.definition)) {
    const { statement, name } = item;
    if (!isState(statement) || statement.kept || instance.starts.has(name)) continue;
    if (hasMember(owner, instance, item)) instanceTensor(owner, instance, name);
  }
}

/** What states restart as: for an instance that a method sees, at the caller. */
export const startsOf = ({ standsFor, starts }: Instance): Instance["starts"] =>
  standsFor === undefined ? starts : startsOf(standsFor);

/** Reports states that are to restart at steps where no recurrence starts from them, so that nothing would restart them. */
export function reportUnrestarted(owner: Place, instance: Instance): void {
  const missed = memberItems(instance.definition).flatMap((item) => {
    const { statement, name, position } = item;
    if (!isState(statement) || !instance.starts.has(name) || instance.restarted.has(name))
      return [];
    if (!hasMember(owner, instance, item)) return [];
    return [{ name, span: statement.states[position]?.name.span ?? statement.span }];
  });
  const [first] = missed;
  if (first === undefined) return;
  const names = missed.map(({ name }) => name).join(", ");
  owner.checker.report.add(
    problem(
      "MEM0186",
      instance.reset?.span ?? instance.span,
      `${instance.name} is to restart at steps of the segment, but no scan or linear_scan starts from its ${missed.length > 1 ? "states" : "state"} ${names}.`,
      {
        notes: missed.map(({ name, span }) => ({ message: `${name} is declared here.`, span })),
        help: `Start a scan from ${first.name}, or mark it \`kept\`: then no reset of the declaration restarts it.`,
      },
    ).diagnostic,
  );
}

const isState = (statement: Statement): statement is Extract<Statement, { kind: "state" }> =>
  statement.kind === "state";

/** The flag where it is needed: captured when a loop's body calls a memory declared outside. */
export function reachedReset(
  place: Place,
  instance: Instance,
  kind: ResetKind,
): TensorEntity | undefined {
  const { scope, checker } = place;
  if (scope.frame === instance.frame || scope.frame.outer === undefined)
    return resetOf(place, instance, kind);
  const outer = reachedReset({ checker, scope: scope.frame.outer }, instance, kind);
  const name = kind === "segment" ? "reset" : "restart";
  return outer && captureMember(scope, instance, [name], outer, "argument");
}

/** The start value where a recurrence that starts from the state needs it. */
export function reachedStart(
  place: Place,
  instance: Instance,
  state: string,
): TensorEntity | undefined {
  const { scope, checker } = place;
  instance.restarted.add(state);
  if (scope.frame === instance.frame || scope.frame.outer === undefined)
    return instance.standsFor === undefined
      ? instance.starts.get(state)
      : seenStart(instance, state, ownTensor(place, instance, state));
  const outer = reachedStart({ checker, scope: scope.frame.outer }, instance, state);
  return outer && captureMember(scope, instance, [`${state}Start`], outer, "argument");
}

/** The flag along an axis of a call or loop. */
export function restartAlong(
  place: Place,
  instance: Instance,
  axis: CheckedAxis,
  span: Span,
): TensorEntity {
  const reset = reachedReset(place, instance, "steps");
  if (reset === undefined) throw new Error(`${instance.name} does not restart at steps.`);
  const origin = { message: "The memory is declared here.", span: instance.span };
  return along(place, instance.name, reset, axis, span, [origin]);
}

/** The flag that the function is handed, along an axis of a call. */
export function handedAlong(place: Place, axis: CheckedAxis, span: Span): TensorEntity {
  const reset = handedReset(place, "steps", span);
  if (reset === undefined) throw new Error("No reset at steps is handed down.");
  return along(place, "A memory around this", reset, axis, span, []);
}

function along(
  place: Place,
  title: string,
  reset: TensorEntity,
  axis: CheckedAxis,
  span: Span,
  notes: readonly Note[],
): TensorEntity {
  const [own] = reset.axes;
  if (own === undefined) throw new Error("A reset at steps has an axis.");
  if (!axis.data || axis.size !== own.size) {
    throw problem(
      "MEM0186",
      span,
      `${title} restarts along ${own.name}, but this recurrence runs along ${axis.name}.`,
      { notes },
    );
  }
  return renameAxes(place, reset, new Map([[own.name, axis.name]]), span);
}

/** `a` and `b` of h = a * h + b with the restarts in them: where one acts, h before the step is the start. */
export function restartedScan(
  place: Place,
  a: TensorEntity,
  b: TensorEntity,
  { flag, start }: Restart,
  span: Span,
): readonly [TensorEntity, TensorEntity] {
  const making = { span };
  const begun = emit(place, "add", [emit(place, "mul", [a, start], {}, making), b], {}, making);
  const none = emit(
    place,
    "mul",
    [a, emit(place, "real", [emit(place, "not", [flag], {}, making)], {}, making)],
    {},
    making,
  );
  return [none, emit(place, "where", [flag, begun, b], {}, making)];
}
