/**
 * Memories that restart in the middle of a segment (rule R9): `reset when e` with the segment's axis acts before step t in every
 * `scan` and `linear_scan` that starts from a state of the memory.
 */
import type { Span, Statement } from "../../../parser/tree.ts";
import { emit, type Place, renameAxes } from "../emit.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import type { CheckedAxis, Instance, Restart, TensorEntity } from "../frame.ts";
import { memberItems } from "../names/member.ts";
import { problem } from "../problem.ts";
import { captureMember, hasMember, instanceTensor } from "./tensors.ts";

/** The flag of a declaration's `reset when`: of the whole segment, or of its steps. */
export function declaredReset(place: Place, instance: Instance): TensorEntity | undefined {
  const { reset } = instance;
  if (reset === undefined || instance.declaredReset !== undefined) return instance.declaredReset;
  const tensor = evaluateTensor({ ...place, scope: instance.scope.forReset() }, reset);
  if (tensor.number !== "flag") {
    throw problem("MEM0124", reset.span, "`reset when` needs a flag.", {
      help: "input document in flag",
    });
  }
  const [axis, ...more] = tensor.axes;
  if (axis !== undefined && (more.length > 0 || !axis.data)) {
    const names = tensor.axes.map(({ name }) => name).join(", ");
    throw problem(
      "MEM0186",
      reset.span,
      `A reset is one flag, or one for each step of the segment; this one has ${names}.`,
      {
        help: "any(flag over AXIS) makes one flag of many.",
      },
    );
  }
  instance.declaredReset = tensor;
  return tensor;
}

/** The flag of the steps before which the memory restarts, if it restarts at steps. */
export function stepResetOf(place: Place, instance: Instance): TensorEntity | undefined {
  const reset = declaredReset(place, instance);
  return reset === undefined || reset.axes.length === 0 ? undefined : reset;
}

/** Makes the start values of a memory that restarts at steps, before a method of it is checked. */
export function prepareRestarts(place: Place, instance: Instance): void {
  if (stepResetOf(place, instance) === undefined) return;
  const owner: Place = { ...place, scope: instance.scope };
  for (const item of memberItems(instance.definition)) {
    const { statement, name } = item;
    if (!isState(statement) || statement.kept || instance.starts.has(name)) continue;
    if (hasMember(owner, instance, item)) instanceTensor(owner, instance, name);
  }
}

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
function reachedReset(place: Place, instance: Instance): TensorEntity | undefined {
  const { scope, checker } = place;
  if (scope.frame === instance.frame || scope.frame.outer === undefined)
    return stepResetOf(place, instance);
  const outer = reachedReset({ checker, scope: scope.frame.outer }, instance);
  return outer && captureMember(scope, instance, ["restart"], outer, "argument");
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
    return instance.starts.get(state);
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
  const reset = reachedReset(place, instance);
  const [own] = reset?.axes ?? [];
  if (reset === undefined || own === undefined)
    throw new Error(`${instance.name} does not restart at steps.`);
  if (!axis.data || axis.size !== own.size) {
    throw problem(
      "MEM0186",
      span,
      `${instance.name} restarts along ${own.name}, but this recurrence runs along ${axis.name}.`,
      {
        notes: [{ message: "The memory is declared here.", span: instance.span }],
      },
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
