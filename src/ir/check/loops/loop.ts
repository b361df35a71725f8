/** The function of a loop's body: what it captures, what comes out of it. `repeat` and `scan` are made of it. */

import type { Span, Statement } from "../../../parser/tree.ts";
import type { GraphFunction, Operand, RepeatNode } from "../../graph.ts";
import { toValue, valueOfTensor } from "../calls/results.ts";
import { asTensor, type Place } from "../emit.ts";
import type { CheckedAxis, TensorEntity } from "../entities.ts";
import { Frame } from "../frame.ts";
import { finishInstances } from "../instances/segment-end.ts";
import { addLossResults } from "../loss-terms.ts";
import { findName } from "../names/name.ts";
import { addProbes } from "../probe.ts";
import { problem, Silenced } from "../problem.ts";
import { Scope } from "../scope.ts";
import { runStatements } from "../statements/statement.ts";
import {
  assignedNames,
  carriedResults,
  type LoopParts,
  type Promotions,
  promoted,
  promotionsOf,
} from "./carried.ts";

export function startLoop(
  place: Place,
  title: string,
  body: readonly Statement[],
  address: readonly string[] | undefined,
  from: readonly { readonly name: string; readonly value: TensorEntity; readonly span: Span }[],
  span: Span,
  promotions: Promotions,
  stepAxis?: CheckedAxis,
): LoopParts {
  const { checker, scope } = place;
  const frame = new Frame(checker.functionName(title), title, scope, scope.frame.formalValues, {
    address,
    ...(stepAxis !== undefined && { inScan: true }),
  });
  frame.stepAxis = stepAxis;
  const inner: Place = {
    checker,
    scope: new Scope({
      frame,
      definitions: scope.definitions,
      seesBatch: scope.seesBatch,
      inReset: scope.inReset,
    }),
  };
  const assigned = [...assignedNames(body)].flatMap((name) => {
    if (from.some((each) => each.name === name)) return [];
    const entity = findName(place, name);
    if (entity === undefined || !["tensor", "number", "flag"].includes(entity.kind)) return [];
    return [{ name, value: asTensor(scope, entity, span), span }];
  });
  const carried = [...from, ...assigned].map(({ name, value, span: at }) => {
    const outer = promoted(place, name, toValue(place, value, at), promotions.get(name), at);
    const port = frame.input(name, outer, "argument", [name]);
    inner.scope.names.set(name, port);
    inner.scope.seeAxes(port.axes);
    return { name, outer, port, span: at, restart: value.restart };
  });
  return { place, frame, inner, carried };
}

/** Runs the body, again where a carried name has to enter as another type. */
export function runLoop(
  place: Place,
  body: readonly Statement[],
  start: (promotions: Promotions) => LoopParts,
): LoopParts {
  const { checker } = place;
  let promotions: Promotions = new Map();
  for (;;) {
    const parts = start(promotions);
    const span = parts.carried[0]?.span ?? body[0]?.span;
    const run = () => runStatements(parts.inner, body);
    const went = checker.report.allOf(() => {
      if (span === undefined) run();
      else checker.nested(parts.frame.builder.name, span, run);
    });
    if (!went) throw new Silenced();
    const again = promotionsOf(parts, promotions);
    if (again === undefined) return parts;
    promotions = again;
    checker.releaseName(parts.frame.builder.name);
  }
}

export function yielded(
  { inner }: LoopParts,
  names: readonly { readonly text: string; readonly span: Span }[],
): readonly TensorEntity[] {
  return names.map((name) => {
    const entity = inner.scope.names.get(name.text);
    if (entity === undefined)
      throw problem("MEM0242", name.span, `The loop never gives ${name.text} a value.`);
    if (entity.kind === "poison") throw new Silenced();
    return toValue(inner, asTensor(inner.scope, entity, name.span), name.span);
  });
}

interface Collected {
  readonly graph: GraphFunction;
  readonly collecting: RepeatNode["collecting"];
}

export function finishLoop(
  parts: LoopParts,
  yields: readonly { readonly name: string; readonly tensor: TensorEntity }[],
): Collected {
  const { frame, inner, place } = parts;
  const carried = carriedResults(parts);
  finishInstances(inner, frame);
  const { builder } = frame;
  const collecting: RepeatNode["collecting"][number][] = [];
  carried.forEach((value, position) => {
    builder.result(value, { role: "return", path: [parts.carried[position]?.name ?? value.name] });
    collecting.push("carried");
  });
  for (const { name, tensor } of yields) {
    builder.result(valueOfTensor(tensor), {
      role: "return",
      path: [carried.length > 0 ? `${name}Each` : name],
    });
    collecting.push("stacked");
  }
  for (const { path, value } of frame.next) {
    builder.result(value, { role: "next", path });
    collecting.push("stacked");
  }
  const summed = addLossResults(builder, frame.losses);
  collecting.push(...new Array<"summed">(summed).fill("summed"));
  addProbes(inner);
  const graph: GraphFunction = { ...builder.finish(), numbers: frame.formals };
  place.checker.functions.set(graph.name, graph);
  return { graph, collecting };
}

export const numbersOf = (place: Place, frame: Frame) =>
  frame.formals.map(({ name, value }) => {
    const number = { value: Number(value), text: { kind: "formal", name } } as const;
    place.scope.frame.mention(number.text);
    return { name, value: number };
  });

export function captureInputs(frame: Frame): ReadonlyMap<string, Operand> {
  return new Map(
    [...frame.captured.values()].map(({ outer, port }) => [valueOfTensor(port).name, outer]),
  );
}
