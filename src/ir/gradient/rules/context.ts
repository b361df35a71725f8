/**
 * What a gradient rule is given, and the few tensor manipulations all rules share.
 *
 * A cotangent may lack axes of the value it belongs to: it is then the same along them, and nothing
 * is repeated in memory until a rule needs the entries apart. So the cotangent of `sum(x over T)`
 * is that of its result, as it stands.
 */
import type { Axis, OpAttributes, OpName, TensorType } from "../../../ops/index.ts";
import { OPEN } from "../../../ops/index.ts";
import type { FunctionBuilder } from "../../function-builder.ts";
import type { Operand, SymbolicNumber, Value, ValueType } from "../../graph.ts";
import { axisSize, calculate, literal, real } from "../../symbolic.ts";

export interface GradientContext<Name extends OpName> {
  /** The backward function being written. */
  readonly f: FunctionBuilder;
  readonly attributes: OpAttributes<SymbolicNumber>[Name];
  readonly operandTypes: readonly ValueType[];
  readonly resultTypes: readonly ValueType[];
  /** Whether two operands are one value. */
  same(left: number, right: number): boolean;
  /**
   * What the forward computation had there, handed to the backward function because it is asked
   * for.
   */
  operand(position: number): Operand;
  result(position: number): Value;
  /** Cotangents of results. Absent where no gradient arrives. */
  cotangent(position: number): Value | undefined;
}

/**
 * Computes one operand's contribution, if it is asked for it; absent where the derivative is zero
 * everywhere.
 */
export type Contribution = () => Value | undefined;

/**
 * Contributions to the cotangents of the operands, in order (fewer than the operands: the rest get
 * none). Their axes are among the operand's.
 */
export type GradientRule<Name extends OpName> = (
  context: GradientContext<Name>,
) => readonly (Contribution | undefined)[];

export const hasAxis = (type: Pick<TensorType, "axes">, name: string): boolean =>
  type.axes.some((axis) => axis.name === name);

/** Axes of the first, then those of the others it lacks. */
export function unionAxes(...types: readonly Pick<TensorType, "axes">[]): readonly Axis[] {
  const axes: Axis[] = [];
  for (const type of types) {
    axes.push(...type.axes.filter((axis) => !axes.some((known) => known.name === axis.name)));
  }
  return axes;
}

export const namesOf = (axes: readonly Axis[]): string[] => axes.map((axis) => axis.name);

/** Repeats a value along those of the axes that it lacks. */
export function repeatAlong(f: FunctionBuilder, value: Value, axes: readonly Axis[]): Value {
  const missing = axes.filter((axis) => !hasAxis(value.type, axis.name));
  if (missing.length === 0) return value;
  const sized = missing.map(({ name }) => ({ name, size: axisSize({ kind: "real", axes }, name) }));
  return f.op("broadcast", [value], { axes: sized });
}

/**
 * Sums a value over the axes that `type` lacks. `full` are the axes of the computation the value
 * stems from: along one that both the value and `type` lack, each entry counts.
 */
export function sumTo(
  f: FunctionBuilder,
  value: Value,
  type: Pick<TensorType, "axes">,
  full: readonly Axis[],
): Value {
  const gone = full.filter((axis) => !hasAxis(type, axis.name) && !hasAxis(value.type, axis.name));
  const open = gone.filter((axis) => axis.size === OPEN);
  const repeated = open.length === 0 ? value : repeatAlong(f, value, open);
  const over = namesOf(repeated.type.axes).filter((name) => !hasAxis(type, name));
  const summed = over.length === 0 ? repeated : f.op("sum", [repeated], { over });
  const count = countOf(gone.filter((axis) => axis.size !== OPEN));
  return count.value === 1 ? summed : f.op("mul", [summed, real(count)], {});
}

/** Number of entries along axes of known sizes. */
export function countOf(axes: readonly Axis[]): SymbolicNumber {
  return axes.reduce(
    (count, axis) => calculate("*", count, axisSize({ kind: "real", axes }, axis.name)),
    literal(1),
  );
}

/**
 * Cotangent of one side of a product: `result = sum over some axes of side * other`. `axes` are
 * those of the result.
 */
export function productGradient(
  f: FunctionBuilder,
  cotangent: Value,
  other: Operand,
  side: Pick<TensorType, "axes">,
  axes: readonly Axis[],
): Value {
  if ("constant" in other) return sumTo(f, f.op("mul", [cotangent, other], {}), side, axes);
  const gone = axes.filter((axis) => !hasAxis(side, axis.name));
  const shared = gone.filter(
    (axis) => hasAxis(cotangent.type, axis.name) && hasAxis(other.type, axis.name),
  );
  const alone = gone.filter(
    (axis) => !hasAxis(cotangent.type, axis.name) && hasAxis(other.type, axis.name),
  );
  const factor = alone.length === 0 ? other : f.op("sum", [other], { over: namesOf(alone) });
  const product =
    shared.length === 0
      ? f.op("mul", [cotangent, factor], {})
      : f.op("contract", inOrderOf(side, cotangent, factor), { over: namesOf(shared) });
  return sumTo(
    f,
    product,
    side,
    gone.filter((axis) => !hasAxis(other.type, axis.name)),
  );
}

/** The two factors in the order that gives the product the axis order of `side`, if one does. */
export function inOrderOf(
  side: Pick<TensorType, "axes">,
  left: Value,
  right: Value,
): readonly [Value, Value] {
  const order = (first: Value, second: Value): string =>
    unionAxes(first.type, second.type)
      .filter((axis) => hasAxis(side, axis.name))
      .map((axis) => axis.name)
      .join();
  const wanted = namesOf(side.axes)
    .filter((name) => hasAxis(left.type, name) || hasAxis(right.type, name))
    .join();
  const swapped = order(left, right) !== wanted && order(right, left) === wanted;
  return swapped ? [right, left] : [left, right];
}

/**
 * Open axes first, the others as they are: a size that is not known before staging is then one that
 * no position is multiplied by.
 */
export const openFirst = (axes: readonly Axis[]): readonly Axis[] => [
  ...axes.filter((axis) => axis.size === OPEN),
  ...axes.filter((axis) => axis.size !== OPEN),
];

/**
 * A whole number 0, 1, … for each entry of the axes together, the first of `openFirst` slowest: int
 * over the axes.
 */
export function positionAlong(f: FunctionBuilder, axes: readonly Axis[]): Value {
  const [first, ...rest] = openFirst(axes);
  if (first === undefined) return f.op("fill", [], { value: 0, axes: [], kind: "int" });
  const type = { kind: "int", axes } as const;
  const index = ({ name }: Axis): Value =>
    f.op("index", [], { axis: name, size: axisSize(type, name) });
  let position = index(first);
  for (const axis of rest) {
    const size = { constant: axisSize(type, axis.name), kind: "int" } as const;
    position = f.op("add", [f.op("mul", [position, size], {}), index(axis)], {});
  }
  return position;
}
