/**
 * Which resets the states of an instance obey (rule R9): that of its declaration and those of the memories that it stands in, which are
 * handed down to what their methods declare and call.
 */
import type { Span } from "../../../parser/tree.ts";
import { emit, type Place, renameAxes } from "../emit.ts";
import type { CheckedAxis, TensorEntity } from "../entities.ts";
import type { Frame } from "../frame.ts";
import { capture } from "../names/capture.ts";
import { problem } from "../problem.ts";
import type { Scope } from "../scope.ts";
import { declaredReset } from "./declared-reset.ts";
import type { Instance, ResetKinds } from "./instance.ts";

/** A flag of the whole segment, or one with the segment's axis. */
export type ResetKind = keyof ResetKinds;

/** Which resets there are, without a value of them where only calls may need it. */
export function resetKinds(place: Place, instance: Instance): ResetKinds {
  const { standsFor, owner, scope } = instance;
  if (standsFor !== undefined) return resetKinds(place, standsFor);
  const own = declaredReset(place, instance);
  const around = owner === undefined ? handedKinds(scope) : resetKinds(place, owner);
  return {
    segment: around.segment || own?.axes.length === 0,
    steps: around.steps || (own !== undefined && own.axes.length > 0),
  };
}

/** The flag that all the instance's states but those marked `kept` restart by, in the frame that declares it. */
export function resetOf(
  place: Place,
  instance: Instance,
  kind: ResetKind,
): TensorEntity | undefined {
  const known = instance.resets.get(kind);
  if (known !== undefined) return known;
  const owner: Place = { ...place, scope: instance.scope };
  const declared = instance.standsFor === undefined ? declaredReset(place, instance) : undefined;
  const own =
    declared !== undefined && (declared.axes.length === 0) === (kind === "segment")
      ? declared
      : undefined;
  const handed =
    instance.owner === undefined
      ? handedReset(owner, kind, instance.span)
      : resetOf(place, instance.owner, kind);
  const both = own && handed ? either(owner, own, handed, instance.span) : (own ?? handed);
  if (both !== undefined) instance.resets.set(kind, both);
  return both;
}

function either(place: Place, own: TensorEntity, handed: TensorEntity, span: Span): TensorEntity {
  const names = new Map<string, string>();
  const [from, to] = [handed.axes[0], own.axes[0]];
  if (from !== undefined && to !== undefined) names.set(from.name, to.name);
  return emit(place, "or", [own, renameAxes(place, handed, names, span)], {}, { span });
}

/** The function that a loop's body stands in, however deep. */
const functionOf = (scope: Scope): Frame =>
  scope.frame.outer === undefined ? scope.frame : functionOf(scope.frame.outer);

/** The resets that callers hand to the function. */
export const handedKinds = (scope: Scope): ResetKinds => functionOf(scope).handed;

/** A reset that the function is handed, where it is needed: captured by loops' bodies. */
export function handedReset(place: Place, kind: ResetKind, span: Span): TensorEntity | undefined {
  const { scope, checker } = place;
  const { frame } = scope;
  if (frame.outer !== undefined) {
    const outer = handedReset({ checker, scope: frame.outer }, kind, span);
    return outer && capture(scope, kind === "segment" ? "reset" : "restart", outer);
  }
  if (!frame.handed[kind]) return undefined;
  if (kind === "segment") {
    const type = { number: "flag", axes: [], batch: true } as const;
    return frame.implicitInput("reset", { kind: "reset" }, type);
  }
  const axis = segmentAxis(scope);
  if (axis === undefined) {
    const message = `A memory around ${frame.title} restarts at steps of the segment, whose axis ${frame.title} does not have.`;
    throw problem("MEM0186", span, message, {
      help: "any(flag over AXIS) makes one flag of many.",
    });
  }
  return stepsInput(frame, axis);
}

/** The flag of steps as an argument of the function. */
export const stepsInput = (frame: Frame, axis: CheckedAxis): TensorEntity =>
  frame.implicitInput(
    `restart${axis.name}`,
    { kind: "restart", axis: axis.name },
    { number: "flag", axes: [axis], batch: true },
  );

const segmentAxis = ({ fixed }: Scope): CheckedAxis | undefined =>
  [...fixed.values()].find(({ data }) => data);
