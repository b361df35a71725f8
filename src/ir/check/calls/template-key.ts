/** When two calls of a block are of one kind, so that one function serves both. */

import { type Static, staticKey } from "../expressions/static.ts";
import { boundStateAxes } from "../instances/axes.ts";
import type { Instance } from "../instances/instance.ts";
import { startsOf } from "../instances/restart.ts";
import { someNode } from "../syntax.ts";
import type { AxisBinding, Callee } from "./arguments.ts";

export function templateKey(
  callee: Callee,
  options: ReadonlyMap<string, Static>,
  axes: AxisBinding,
): string {
  const states = callee.instance === undefined ? "" : stateAxesOf(callee.instance);
  const all = [...(callee.instance?.options ?? []), ...options];
  const statics = all.map(([name, value]) => `${name}=${staticKey(value)}`);
  const tensors = [...axes.tensors].map(([name, tensor]) => {
    const parts = tensor.axes.map((axis) => `${axis.name}:${axis.size}${axis.data ? "*" : ""}`);
    return `${name}:${tensor.number}${tensor.batch ? "b" : ""}${tensor.constant ? "c" : ""}[${parts.join(",")}]`;
  });
  const reads = readsNext(callee.body) ? [...(callee.instance?.next ?? [])] : [];
  const nexts = reads.map(([state, { value }]) => {
    const order = value.axes.map((axis) => axis.name).join(",");
    return ` next ${state}${value.batch ? "b" : ""}[${order}]`;
  });
  const span = (callee.method ?? callee.definition).span;
  const restarts = callee.instance === undefined ? "" : restartsOf(callee.instance);
  return `${span.file}:${span.start} ${restarts} ${callee.instance === undefined ? "" : "instance "}${statics.join(" ")} ${tensors.join(" ")} ${states}${nexts.join("")}`;
}

/** Axes that calls bound on states of the instance and of those in its body. */
const stateAxesOf = (instance: Instance): string =>
  [
    ...boundStateAxes(instance).map((axis) => `${axis.name}:${axis.size}${axis.data ? "*" : ""}`),
    ...[...instance.members].map(([name, each]) => `${name}(${stateAxesOf(each)})`),
  ].join(",");

/** States that restart within a segment, of the instance and of those in its body. */
const restartsOf = (instance: Instance): string =>
  [
    ...startsOf(instance).keys(),
    ...[...instance.members].map(([name, each]) => `${name}(${restartsOf(each)})`),
  ].join(",");

/** Whether `next M` occurs, which may be one value for all examples or one for each, as it was written. */
export const readsNext = (body: Callee["body"]): boolean =>
  someNode(body, ({ kind }) => kind === "next");
