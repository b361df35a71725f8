/** Arguments that the compiler adds to a call: what is visible everywhere, `next M`, resets of memories. */

import type { Span } from "../../../parser/tree.ts";
import type { Checker } from "../checker.ts";
import { type Place, renameAxes } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { located } from "../instances/body.ts";
import { handedReset } from "../instances/resets.ts";
import { handedAlong, reachedReset, reachedStart, restartAlong } from "../instances/restart.ts";
import { instanceNext } from "../instances/tensors.ts";
import { globalTensor, validOf } from "../names/globals.ts";
import { memberItems } from "../names/member.ts";
import { problem, Silenced } from "../problem.ts";
import { isWrite, nodesIn } from "../syntax.ts";
import type { AxisBinding, Callee } from "./arguments.ts";
import type { Template } from "./template.ts";

export function implicitTensor(
  place: Place,
  callee: Callee,
  template: Template,
  name: string,
  axes: AxisBinding,
  span: Span,
): TensorEntity {
  const implicit = template.implicit.get(name);
  switch (implicit?.kind) {
    case "fresh":
    case "present":
    case "counted":
      return globalTensor(place, { kind: implicit.kind }, span);
    case "reset": {
      const flag =
        callee.instance === undefined
          ? handedReset(place, "segment", span)
          : reachedReset(place, callee.instance, "segment");
      if (flag === undefined) throw new Error(`${callee.title} is handed no reset.`);
      return flag;
    }
    case "valid": {
      const axis = axes.formals.get(implicit.axis) ?? axes.rest.get(implicit.axis);
      if (axis === undefined) throw new Error(`${implicit.axis} is bound by no argument.`);
      const valid = validOf(place, axis, span);
      if (valid.kind !== "tensor")
        throw new Error("A data axis has a tensor that says what is valid.");
      return renameAxes(place, valid, new Map([[axis.name, implicit.axis]]), span);
    }
    case "restart": {
      const axis = axes.formals.get(implicit.axis) ?? axes.rest.get(implicit.axis);
      if (axis === undefined) throw new Error(`${implicit.axis} is bound by no argument.`);
      const flag =
        callee.instance === undefined
          ? handedAlong(place, axis, span)
          : restartAlong(place, callee.instance, axis, span);
      return renameAxes(place, flag, new Map([[axis.name, implicit.axis]]), span);
    }
    case "start": {
      const at = callee.instance && located(callee.instance, implicit.state.split("."));
      const start = at && reachedStart(place, at.instance, at.path.join("."));
      if (start === undefined) throw new Error(`${implicit.state} has no start.`);
      return start;
    }
    case "next": {
      const written = callee.instance && instanceNext(place, callee.instance, implicit.state);
      if (written === undefined)
        throw new Error(`${callee.title} is handed no next ${implicit.state}.`);
      return written;
    }
    default:
      throw new Error(`${name} is no argument of ${callee.title}.`);
  }
}

/** Refuses the call of a method that reads what another one writes, before that one was called; `at` is the call. */
export function refuseUnwritten(
  { report }: Checker,
  { definition, title, body, instance }: Callee,
  state: string,
  at: Span,
): void {
  const item = memberItems(definition).find(({ name }) => name === state);
  const writes = nodesIn(body, isWrite).some((each) => each.state.text === state);
  if (item?.statement.kind !== "state" || writes) return;
  const { words } = report.unread;
  if (words.has(state) || words.has(instance?.name ?? "")) throw new Silenced();
  const message = `${title} reads next ${state}, but nothing has written ${state} before.`;
  throw problem("MEM0190", at, message, { help: "Call the method that writes it first." });
}
