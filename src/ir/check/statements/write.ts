/** `M <- e`: what a state of the memory at hand is handed on as (rule R9). */

import { suggest } from "../../../parser/suggest.ts";
import type { Span, WriteStatement } from "../../../parser/tree.ts";
import { asTensor, broadcastTo, emit, type Place, typeOf } from "../emit.ts";
import { evaluate, evaluateTensor } from "../expressions/expression.ts";
import { memberItems } from "../names/member.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";

/** The state of that name of the method that a loop stands in. */
function outerState(scope: Scope, name: string): Span | undefined {
  const { outer } = scope.frame;
  if (outer === undefined) return undefined;
  const item = memberItems(outer.member?.definition).find((each) => each.name === name);
  return item?.statement.kind === "state" ? item.statement.span : outerState(outer, name);
}

export function write(place: Place, { state, value, span }: WriteStatement): void {
  const { member } = place.scope;
  const outside = outerState(place.scope, state.text);
  if (member === undefined && outside !== undefined) {
    throw problem(
      "MEM0220",
      span,
      `${state.text} is written inside a loop, so more than once a segment.`,
      {
        notes: [{ message: "The state is declared here.", span: outside }],
        help: "Carry a local through the loop and write it once afterwards.",
      },
    );
  }
  const item = memberItems(member?.definition).find((each) => each.name === state.text);
  if (member?.write === undefined || item?.statement.kind !== "state") {
    if (place.checker.report.unread.words.has(state.text)) throw new Silenced();
    const states = memberItems(member?.definition).filter(
      (each) => each.statement.kind === "state",
    );
    const near = suggest(
      state.text,
      states.map(({ name }) => name),
    );
    throw problem(
      "MEM0236",
      state.span,
      `${state.text} is not a state of the memory this method belongs to.`,
      {
        help:
          near === undefined
            ? "`<-` writes a state inside a method of its memory; a local is assigned with `=`."
            : `Did you mean ${near}? A local is assigned with \`=\`.`,
      },
    );
  }
  const entity = evaluate(place, { kind: "reference", name: state, span: state.span });
  const target = asTensor(place.scope, entity, state.span);
  const given = evaluateTensor(place, value);
  const tensor =
    given.number === "int" && target.number === "real"
      ? emit(place, "real", [given], {}, { span })
      : given;
  if (tensor.number !== target.number) {
    throw problem(
      "MEM0182",
      value.span,
      `The state ${state.text} is ${target.number}, it cannot get ${typeOf(tensor)}.`,
    );
  }
  const stray = tensor.axes.find(
    (axis) => !target.axes.some((own) => own.name === axis.name && own.size === axis.size),
  );
  if (stray !== undefined) {
    throw problem(
      "MEM0183",
      value.span,
      `The state ${state.text} is ${typeOf(target)}, it cannot get ${typeOf(tensor)}.`,
    );
  }
  member.write(state.text, broadcastTo(place, tensor, target.axes, span), span);
}
