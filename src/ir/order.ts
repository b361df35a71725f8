/**
 * The order in which a value lists its axes. It means nothing for what is computed; but what calls and loops hand on is as they say,
 * and parameters, states and their gradients are handed out in the order that the spec declares.
 */
import { BATCH } from "../ops/index.ts";
import type { FunctionBuilder } from "./function-builder.ts";
import type { Value, ValueType } from "./graph.ts";
import { axisSize } from "./symbolic.ts";

type Listed = Pick<ValueType, "axes">;

export function sameOrder(left: Listed, right: Listed): boolean {
  const { axes } = right;
  return (
    left.axes.length === axes.length && left.axes.every((axis, i) => axis.name === axes[i]?.name)
  );
}

/**
 * A value without copies as the type lists its axes, repeated along those it lacks: added to
 * zeros (a flag: or off), since a sum lists the axes of its first operand first. The batch, which comes first anyway, is not among
 * the axes of those zeros if the value has it.
 */
export function inOrder(f: FunctionBuilder, value: Value, type: Listed): Value {
  const { kind } = value.type;
  const own = new Set(value.type.axes.map(({ name }) => name));
  const axes = type.axes
    .filter(({ name }) => name !== BATCH || !own.has(name))
    .map(({ name }) => ({ name, size: axisSize({ kind, ...type }, name) }));
  const zeros = f.op("fill", [], { value: 0, axes, kind });
  return f.op(kind === "flag" ? "or" : "add", [zeros, value], {});
}
