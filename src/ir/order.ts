/**
 * The order in which a value lists its axes. It means nothing for what is computed; parameters,
 * states and their gradients are handed out in the order that the spec declares.
 */
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
 * A real value without copies as the type lists its axes, repeated along those it lacks: added to
 * zeros, since a sum lists the axes of its first operand first.
 */
export function inOrder(f: FunctionBuilder, value: Value, type: Listed): Value {
  const axes = type.axes.map(({ name }) => ({
    name,
    size: axisSize({ kind: "real", ...type }, name),
  }));
  return f.op("add", [f.op("fill", [], { value: 0, axes, kind: "real" }), value], {});
}
