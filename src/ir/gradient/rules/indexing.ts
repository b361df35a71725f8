/**
 * Gradient rules of indexing (R19), choices (R17) and linear recurrences. Indices carry no
 * gradient.
 */
import type { Value } from "../../graph.ts";
import { axisSize } from "../../symbolic.ts";
import type { GradientRule } from "./context.ts";
import { hasAxis, namesOf, positionAlong, repeatAlong, sumTo, unionAxes } from "./context.ts";
import { mul, where } from "./elementwise.ts";

/** Adds up what each entry was read for. */
const gather: GradientRule<"gather"> = (c) => {
  const d = c.cotangent(0);
  const [x, index] = c.operandTypes;
  const { axis } = c.attributes;
  if (d === undefined || x === undefined || index === undefined) return [];
  const aligned = x.axes.filter((each) => each.name !== axis);
  const over = namesOf(index.axes).filter((name) => !hasAxis({ axes: aligned }, name));
  const size = axisSize(x, axis);
  return [() => c.f.op("scatterAdd", [d, c.operand(1)], { over, axis, size })];
};

/** Reads back the entry each one was added to. */
const scatterAdd: GradientRule<"scatterAdd"> = (c) => {
  const d = c.cotangent(0);
  const [v, index] = c.operandTypes;
  const { axis } = c.attributes;
  if (d === undefined || v === undefined || index === undefined) return [];
  return [
    () => {
      const entries = repeatAlong(c.f, d, resultAxis(c.resultTypes[0]?.axes ?? [], axis));
      const back = c.f.op("gather", [entries, c.operand(1)], { axis });
      return sumTo(c.f, back, v, unionAxes(v, index));
    },
  ];
};

/**
 * As scatterAdd, for the elements that were not overwritten: those whose position is found where
 * they wrote.
 */
const scatterPut: GradientRule<"scatterPut"> = (c) => {
  const d = c.cotangent(0);
  const [v, index] = c.operandTypes;
  const { over, axis } = c.attributes;
  if (d === undefined || v === undefined || index === undefined) return [];
  return [
    () => {
      const all = unionAxes(v, index);
      const written = over.flatMap((name) => all.filter((each) => each.name === name));
      const position = c.f.op("add", [positionAlong(c.f, written), 1], {});
      const last = c.f.op("scatterPut", [position, c.operand(1)], c.attributes);
      const found = c.f.op("gather", [last, c.operand(1)], { axis });
      const entries = repeatAlong(c.f, d, resultAxis(c.resultTypes[0]?.axes ?? [], axis));
      const back = c.f.op("gather", [entries, c.operand(1)], { axis });
      const kept = where(c.f, c.f.op("equal", [found, position], {}), back, 0);
      return sumTo(c.f, kept, v, all);
    },
  ];
};

function resultAxis<Axis extends { readonly name: string }>(
  axes: readonly Axis[],
  name: string,
): readonly Axis[] {
  return axes.filter((axis) => axis.name === name);
}

/** Values go back to the entries they were taken from. */
const topK: GradientRule<"topK"> = (c) => {
  const d = c.cotangent(0);
  const [x] = c.operandTypes;
  const { over, into } = c.attributes;
  if (d === undefined || x === undefined) return [];
  const size = axisSize(x, over);
  return [() => c.f.op("scatterAdd", [d, c.result(1)], { over: [into], axis: over, size })];
};

/**
 * The adjoint g[t] = d[t] + a[t + 1] * g[t + 1] is a linear recurrence backwards in time; the
 * coefficient of its first step meets a start of 0, so it may be anything.
 */
const linearScan: GradientRule<"linearScan"> = (c) => {
  const d = c.cotangent(0);
  const [a, b, start] = c.operandTypes;
  const [y] = c.resultTypes;
  const { over } = c.attributes;
  if (d === undefined || a === undefined || b === undefined || start === undefined) return [];
  if (y === undefined || y.axes.some((axis) => axis.name === over && axis.size === 0)) return [];
  const { f } = c;
  const withoutTime = y.axes.filter((axis) => axis.name !== over);
  let adjoint: Value | undefined;
  const adjointOnce = (): Value => {
    if (adjoint !== undefined) return adjoint;
    const last = f.op("reverse", [repeatAlong(f, d, resultAxis(y.axes, over))], { axis: over });
    let factor = c.operand(0);
    if (hasAxis(a, over)) {
      factor = f.op("reverse", [factor], { axis: over });
      factor = f.op("shift", [factor], { axis: over, by: 1, fill: 0 });
    }
    const scanned = f.op("linearScan", [factor, last, 0], { over });
    adjoint = f.op("reverse", [scanned], { axis: over });
    return adjoint;
  };
  const first = (value: Value): Value =>
    hasAxis(value.type, over)
      ? f.op("slice", [value], { axis: over, start: 0, size: 1, into: null })
      : value;
  return [
    () => {
      const steps = axisSize(y, over);
      const earlier = f.op("shift", [c.result(0)], { axis: over, by: 1, fill: 0 });
      const time = f.op("index", [], { axis: over, size: steps });
      const atFirst = f.op("equal", [time, 0], {});
      const entering = where(f, atFirst, c.operand(2), earlier);
      return sumTo(f, mul(f, adjointOnce(), entering), a, y.axes);
    },
    () => sumTo(f, adjointOnce(), b, y.axes),
    () => {
      const factor = c.operand(0);
      const entered = "constant" in factor ? factor : first(factor);
      return sumTo(f, mul(f, first(adjointOnce()), entered), start, withoutTime);
    },
  ];
};

export const indexingRules = { gather, scatterAdd, scatterPut, topK, linearScan } as const;
