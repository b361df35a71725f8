/** What loops carry from one iteration to the next: names bound before and bound again inside, with unchanged type (rule R4). */

import type { Span, Statement } from "../../../parser/tree.ts";
import type { Value } from "../../graph.ts";
import { toValue } from "../calls/results.ts";
import { asTensor, broadcastTo, emit, type Place, typeOf } from "../emit.ts";
import type { CheckedAxis, Frame, TensorEntity } from "../frame.ts";
import { globalTensor } from "../names/globals.ts";
import { problem, Silenced } from "../problem.ts";

/** What a carried name must enter as so that it leaves each iteration as it came: an int that becomes real, one value for all examples that becomes one for each. */
interface Promotion {
  readonly real: boolean;
  readonly batch: boolean;
  /** Axes of what a number is carried as. */
  readonly axes: readonly CheckedAxis[];
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
  }[];
}

export function promoted(
  place: Place,
  tensor: TensorEntity,
  promotion: Promotion | undefined,
  span: Span,
): TensorEntity {
  const real =
    promotion?.real && tensor.number === "int"
      ? emit(place, "real", [tensor], {}, { span })
      : tensor;
  const spread = broadcastTo(place, real, promotion?.axes ?? [], span);
  if (!promotion?.batch || spread.batch) return spread;
  const fresh = globalTensor(place, { kind: "fresh" }, span);
  return emit(place, "where", [fresh, spread, spread], {}, { span });
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
    if (!real && !batch && !spreads) continue;
    const known = found.get(name);
    found.set(name, {
      real: real || (known?.real ?? false),
      batch: batch || (known?.batch ?? false),
      axes: spreads ? entity.axes : (known?.axes ?? []),
    });
    changed = true;
  }
  return changed ? found : undefined;
}

/** Names that statements bind, in order. */
export function assignedNames(
  statements: readonly Statement[],
  into: Set<string> = new Set(),
): Set<string> {
  for (const statement of statements) {
    if (statement.kind === "assign")
      for (const target of statement.targets) into.add(target.name.text);
    if (statement.kind === "when") {
      assignedNames(statement.then, into);
      assignedNames(statement.otherwise ?? [], into);
    }
    if (statement.kind === "repeat" || statement.kind === "scan")
      assignedNames(statement.body, into);
  }
  return into;
}

/** What each carried name ends as, with unchanged type (rule R4). */
export function carriedResults({ inner, carried }: LoopParts): readonly Value[] {
  return carried.map(({ name, port, span }) => {
    const entity = inner.scope.names.get(name);
    if (entity === undefined || entity.kind === "poison") throw new Silenced();
    const given = toValue(inner, asTensor(inner.scope, entity, span), span);
    const tensor =
      given.number === "int" && port.number === "real"
        ? emit(inner, "real", [given], {}, { span })
        : given;
    const sameAxes =
      tensor.axes.length === port.axes.length &&
      tensor.axes.every((axis) =>
        port.axes.some((own) => own.name === axis.name && own.size === axis.size),
      );
    if (!sameAxes || tensor.number !== port.number) {
      throw problem(
        "MEM0243",
        span,
        `${name} enters each iteration as ${typeOf(port)} but leaves it as ${typeOf(tensor)}.`,
        {
          help: "A name bound before a loop and rebound inside is carried with unchanged type.",
        },
      );
    }
    if (!("name" in tensor.operand)) throw new Error("A carried result is a value.");
    return tensor.operand;
  });
}
