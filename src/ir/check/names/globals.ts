/** What is visible everywhere without being passed: whether the stream starts, which tokens exist. */

import { BATCH, OPEN } from "../../../ops/index.ts";
import type { Span } from "../../../parser/tree.ts";
import { axisNumber, broadcastTo, emit, type Place, renameAxes, writable } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import { flagValue } from "../expressions/static.ts";
import { type Implicit, implicitKey } from "../frame.ts";
import { capture } from "./capture.ts";

/** The number of examples, as the sum of ones over the batch. */
export function batchSize(place: Place, span: Span): TensorEntity {
  const fresh = globalTensor(place, { kind: "fresh" }, span);
  const one = emit(place, "or", [fresh, emit(place, "not", [fresh], {}, { span })], {}, { span });
  return emit(place, "sum", [one], { over: ["batch"] }, { span });
}

/** A tensor repeated along the batch and those of the axes that it lacks: as it is where it has them. */
export function forEachExample(
  place: Place,
  tensor: TensorEntity,
  axes: readonly CheckedAxis[],
  span: Span,
  hint?: string,
): TensorEntity {
  if (tensor.batch) return broadcastTo(place, tensor, axes, span);
  // Some input of the function must say how many examples there are; whether a stream starts is known of each.
  const { inputs } = place.scope.frame.builder;
  const isSaid = inputs.some(({ value }) => value.type.axes.some(({ name }) => name === BATCH));
  if (!isSaid) globalTensor(place, { kind: "fresh" }, span);
  const missing = axes.filter((axis) => !tensor.axes.some((own) => own.name === axis.name));
  const batch = {
    name: BATCH,
    size: { value: OPEN, text: { kind: "axis", name: BATCH } },
  } as const;
  const sized = missing.map((axis) => ({
    name: axis.name,
    size: writable(place.scope, axisNumber(place.scope, axis)),
  }));
  const attributes = { axes: [batch, ...sized] };
  const repeated = emit(place, "broadcast", [tensor], attributes, {
    span,
    axes: missing,
    hints: [hint],
  });
  return { ...repeated, constant: false };
}

export type Global =
  | { readonly kind: "fresh" }
  | { readonly kind: "present" }
  | { readonly kind: "counted" }
  | { readonly kind: "valid"; readonly axis: CheckedAxis };

const globalName = (global: Global): string =>
  global.kind === "valid" ? `valid${global.axis.name}` : global.kind;

/**
 * `fresh` [batch]: the stream starts here; `present` [batch]: some token exists; `valid` [batch, axis]: which tokens do; `counted` [batch]:
 * some token exists, in a scan along the segment that of the step.
 */
export function globalTensor(place: Place, global: Global, span: Span): TensorEntity {
  const { scope, checker } = place;
  const { frame } = scope;
  if (global.kind === "counted" && !frame.inScan) {
    return globalTensor(place, { kind: "present" }, span);
  }
  const name = globalName(global);
  const implicit: Implicit =
    global.kind === "valid" ? { kind: "valid", axis: global.axis.name } : global;
  const key = implicitKey(implicit);
  const known = frame.globals.get(key);
  if (known !== undefined) return known;
  const make = (): TensorEntity => {
    if (global.kind === "counted" && frame.stepAxis?.data) {
      return countedStep(place, frame.stepAxis, span);
    }
    if (frame.outer !== undefined) {
      const outer = globalTensor({ checker, scope: frame.outer }, global, span);
      return capture(scope, name, outer);
    }
    const valid = frame.globals.get(implicitKey({ kind: "valid", axis: checker.segmentAxis }));
    if (frame.isMain && valid !== undefined) {
      if (global.kind === "present") {
        return emit(
          place,
          "any",
          [valid],
          { over: [checker.segmentAxis] },
          { span, hints: [name] },
        );
      }
      if (global.kind === "valid") {
        return renameAxes(place, valid, new Map([[checker.segmentAxis, global.axis.name]]), span);
      }
    }
    const axes = global.kind === "valid" ? [global.axis] : [];
    return frame.implicitInput(name, implicit, { number: "flag", axes, batch: true });
  };
  const tensor = make();
  frame.globals.set(key, tensor);
  return tensor;
}

/** `counted` in the body of a scan along the segment: the token of the step exists, and that of each scan around it. */
function countedStep(place: Place, axis: CheckedAxis, span: Span): TensorEntity {
  const { checker, scope } = place;
  const valid = globalTensor(place, { kind: "valid", axis }, span);
  const { outer } = scope.frame;
  if (outer === undefined || !outer.frame.inScan) return valid;
  const around = globalTensor({ checker, scope: outer }, { kind: "counted" }, span);
  return emit(place, "and", [valid, capture(scope, "counted", around)], {}, { span });
}

/** `valid(T)`: a tensor for the segment's axis, on for every other (rule R12). */
export function validOf(place: Place, axis: CheckedAxis, span: Span): Entity {
  if (!axis.data) return flagValue(true);
  return globalTensor(place, { kind: "valid", axis }, span);
}
