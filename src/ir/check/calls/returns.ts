/** What the body of a block or method returns: counted, named and given the axes that its signature declares. */

import type { AxisDeclaration, Outputs, Span } from "../../../parser/tree.ts";
import { plainName } from "../../function-builder.ts";
import { asTensor, broadcastTo, inAxisOrder, type Place, typeOf } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { declaredAxes, renamingHelp } from "../names/axes.ts";
import { returnsInLoops } from "../names/returns.ts";
import { problem, Silenced } from "../problem.ts";
import type { Callee } from "./arguments.ts";

/** The results as the signature declares them: one for each output, from `return` or from the names it lists. */
export function declaredReturns(
  place: Place,
  callee: Callee,
  returned: readonly ReturnedValue[] | undefined,
): readonly NamedTensor[] {
  const { outputs } = callee;
  if (outputs === undefined) {
    if (returned !== undefined) {
      const span = returned[0]?.span ?? callee.definition.name.span;
      throw problem("MEM0224", span, `${callee.title} returns a value but declares none.`, {
        help: "Declare it: `-> [T, D]`.",
      });
    }
    return [];
  }
  const wanted = outputsOf(outputs);
  const values = wanted.map(({ name, span }, position): ReturnedValue => {
    if (returned !== undefined) {
      const value = returned[position];
      if (value !== undefined && returned.length === wanted.length) return value;
      throw problem(
        "MEM0225",
        returned[0]?.span ?? span,
        `${callee.title} declares ${wanted.length} results and returns ${returned.length}.`,
      );
    }
    const entity = name === undefined ? undefined : place.scope.names.get(name);
    if (entity !== undefined) return { entity, span };
    const { span: whole } = callee.method ?? callee.definition;
    const unread = place.checker.report.unread.touches(whole);
    if (unread || returnsInLoops(callee.body).length > 0) throw new Silenced();
    throw problem(
      "MEM0226",
      span,
      name === undefined
        ? `${callee.title} returns nothing, but declares a result.`
        : `${callee.title} never gives ${name} a value.`,
    );
  });
  return wanted.map((output, position) => {
    const value = values[position];
    if (value === undefined) throw new Error("Results are counted.");
    const tensor = asTensor(place.scope, value.entity, value.span);
    const name = output.name ?? hintOf(tensor);
    return { name, tensor: declaredResult(place, callee, tensor, output, value.span) };
  });
}

export interface ReturnedValue {
  readonly entity: Entity;
  readonly span: Span;
}

export interface NamedTensor {
  readonly name: string;
  readonly tensor: TensorEntity;
}

interface WantedOutput {
  readonly name: string | undefined;
  readonly rest: boolean;
  readonly axes: readonly AxisDeclaration[];
  readonly span: Span;
}

function outputsOf(outputs: Outputs): readonly WantedOutput[] {
  if (outputs.kind === "axes") {
    return [{ name: undefined, rest: outputs.rest, axes: outputs.axes, span: outputs.span }];
  }
  return outputs.outputs.map(({ name, rest, axes }) => ({
    name: name.text,
    rest,
    axes,
    span: name.span,
  }));
}

const hintOf = (tensor: TensorEntity): string =>
  "name" in tensor.operand ? plainName(tensor.operand) : "result";

/** The value with the axes the signature declares: the declared order counts for calls, a missing axis is repeated. */
function declaredResult(
  place: Place,
  callee: Callee,
  tensor: TensorEntity,
  output: WantedOutput,
  span: Span,
): TensorEntity {
  const declared = declaredAxes(place, output.axes);
  const passing = tensor.axes.filter((axis) => !declared.some((each) => each.name === axis.name));
  if (!output.rest && passing.length > 0) {
    throw problem(
      "MEM0227",
      span,
      `${callee.title} declares [${declared.map((axis) => axis.name).join(", ")}] but gives ${typeOf(tensor)}.`,
      {
        notes: [{ message: "The result is declared here.", span: output.span }],
        help: renamingHelp(tensor.axes, declared),
      },
    );
  }
  for (const axis of declared) {
    const own = tensor.axes.find((each) => each.name === axis.name);
    if (own !== undefined && own.size !== axis.size) {
      throw problem(
        "MEM0227",
        span,
        `${callee.title} declares ${axis.name} = ${axis.size} but gives ${typeOf(tensor)}.`,
      );
    }
  }
  const whole = broadcastTo(place, tensor, declared, span);
  const axes = [...passing, ...declared];
  return { ...inAxisOrder(place, whole, axes, span), axes };
}
