/** What loops carry from one iteration to the next: names bound before and bound again inside, with unchanged type (rule R4). */

import type { Span } from "../../../parser/tree.ts";
import type { Value } from "../../graph.ts";
import { toValue, valueOfTensor } from "../calls/results.ts";
import { asTensor, broadcastTo, emit, inAxisOrder, type Place, typeOf } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import type { Frame } from "../frame.ts";
import { forEachExample } from "../names/globals.ts";
import { problem, Silenced } from "../problem.ts";
import { isAssignment, isObject, isScanExpression } from "../syntax.ts";

/**
 * What a carried name must enter as so that it leaves each iteration as it came: an int that becomes real, one value for all examples that
 * becomes one for each, an axis that becomes the segment's.
 */
interface Promotion {
  readonly real: boolean;
  readonly batch: boolean;
  /** Axes of what a number is carried as. */
  readonly axes: readonly CheckedAxis[];
  /** Names of axes that are the segment's. */
  readonly data: ReadonlySet<string>;
}

export type Promotions = ReadonlyMap<string, Promotion>;

export interface LoopParts {
  readonly place: Place;
  readonly frame: Frame;
  readonly inner: Place;
  readonly carried: readonly {
    readonly name: string;
    readonly outer: TensorEntity;
    readonly port: TensorEntity;
    readonly span: Span;
    /** It enters as a state that restarts within the segment. */
    readonly restart: TensorEntity["restart"];
  }[];
}

export function promoted(
  place: Place,
  name: string,
  tensor: TensorEntity,
  promotion: Promotion | undefined,
  span: Span,
): TensorEntity {
  const real =
    promotion?.real && tensor.number === "int"
      ? emit(place, "real", [tensor], {}, { span })
      : tensor;
  const axes = promotion?.axes ?? [];
  const spread = promotion?.batch
    ? forEachExample(place, real, axes, span, name)
    : broadcastTo(place, real, axes, span);
  const data = promotion?.data ?? new Set();
  return {
    ...spread,
    axes: spread.axes.map((axis) => (data.has(axis.name) ? { ...axis, data: true } : axis)),
  };
}

/** Which carried names must enter otherwise than they do; undefined if none. */
export function promotionsOf(
  { inner, carried }: LoopParts,
  before: Promotions,
): Promotions | undefined {
  const found = new Map(before);
  let changed = false;
  for (const { name, port, outer } of carried) {
    const entity = inner.scope.names.get(name);
    if (entity?.kind !== "tensor" && entity?.kind !== "number") continue;
    const real =
      port.number === "int" &&
      (entity.kind === "number" ? !entity.integer : entity.number === "real");
    const batch = entity.kind === "tensor" && entity.batch && !port.batch;
    const spreads =
      entity.kind === "tensor" &&
      outer.constant &&
      port.axes.length === 0 &&
      entity.axes.length > 0;
    const data = entity.kind === "tensor" ? newlyData(port, entity) : [];
    if (!real && !batch && !spreads && data.length === 0) continue;
    const known = found.get(name);
    found.set(name, {
      real: real || (known?.real ?? false),
      batch: batch || (known?.batch ?? false),
      axes: spreads ? entity.axes : (known?.axes ?? []),
      data: new Set([...(known?.data ?? []), ...data]),
    });
    changed = true;
  }
  return changed ? found : undefined;
}

/** Names of the axes that are the segment's on leaving an iteration but not on entering it. */
function newlyData(port: TensorEntity, leaving: TensorEntity): readonly string[] {
  const before = port.axes.filter((axis) => !axis.data).map((axis) => axis.name);
  return leaving.axes
    .filter(({ name, data }) => data && before.includes(name))
    .map(({ name }) => name);
}

/** Names that statements bind, in order, also in scans within their expressions: those of a scan's own `from` are not seen outside. */
export function assignedNames(part: unknown, into: Set<string> = new Set()): ReadonlySet<string> {
  if (Array.isArray(part)) {
    for (const each of part) assignedNames(each, into);
    return into;
  }
  if (!isObject(part)) return into;
  if (isScanExpression(part)) {
    const own = new Set(part.scan.from.map(({ name }) => name.text));
    assignedNames(part.scan.from, into);
    for (const name of assignedNames(part.scan.body)) if (!own.has(name)) into.add(name);
    return into;
  }
  if (isAssignment(part)) for (const target of part.targets) into.add(target.name.text);
  for (const [key, each] of Object.entries(part)) if (key !== "span") assignedNames(each, into);
  return into;
}

const hasAxes = (port: TensorEntity, { axes }: Pick<TensorEntity, "axes">): boolean =>
  axes.length === port.axes.length &&
  axes.every((axis) => port.axes.some((own) => own.name === axis.name && own.size === axis.size));

/** What each carried name ends as, with unchanged type (rule R4). */
export function carriedResults({ inner, frame, carried }: LoopParts): readonly Value[] {
  return carried.map(({ name, port, span }) => {
    const entity = inner.scope.names.get(name);
    if (entity === undefined || entity.kind === "poison") throw new Silenced();
    const given = toValue(inner, asTensor(inner.scope, entity, span), span);
    const tensor =
      given.number === "int" && port.number === "real"
        ? emit(inner, "real", [given], {}, { span })
        : given;
    if (!hasAxes(port, tensor) || tensor.number !== port.number) {
      const differs = (entity: Entity) =>
        !hasAxes(port, entity.kind === "tensor" ? entity : { axes: [] });
      const rebound = frame.bound.find((each) => each.name.text === name && differs(each.entity));
      throw problem(
        "MEM0243",
        rebound?.name.span ?? span,
        `${name} enters each iteration as ${typeOf(port)} but leaves it as ${typeOf(tensor)}.`,
        {
          help: "A name bound before a loop and rebound inside is carried with unchanged type.",
        },
      );
    }
    const each = port.batch ? forEachExample(inner, tensor, [], span) : tensor;
    return valueOfTensor(inAxisOrder(inner, each, port.axes, span));
  });
}
