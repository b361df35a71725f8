/** Gradient rules of the operations that rename, cut, put together and repeat axes. */
import type { Axis, OpName } from "../../../ops/index.ts";
import type { SymbolicNumber, Value } from "../../graph.ts";
import { axisSize, calculate, literal } from "../../symbolic.ts";
import type { Contribution, GradientContext, GradientRule } from "./context.ts";
import { hasAxis, repeatAlong, sumTo } from "./context.ts";

/** A rule of one operand, which is skipped where no gradient arrives. */
function single<Name extends OpName>(
  contribution: (context: GradientContext<Name>, cotangent: Value) => Value | undefined,
): GradientRule<Name> {
  return (context) => {
    const cotangent = context.cotangent(0);
    return cotangent === undefined ? [] : [() => contribution(context, cotangent)];
  };
}

function resultAxes<Name extends OpName>(c: GradientContext<Name>): readonly Axis[] {
  return c.resultTypes[0]?.axes ?? [];
}

function operandSize<Name extends OpName>(
  c: GradientContext<Name>,
  position: number,
  axis: string,
): SymbolicNumber {
  const type = c.operandTypes[position];
  if (type === undefined) throw new Error(`There is no operand ${position}.`);
  return axisSize(type, axis);
}

/** The cotangent repeated along those of the named axes of the result that it lacks. */
function along<Name extends OpName>(
  c: GradientContext<Name>,
  d: Value,
  ...names: readonly string[]
): Value {
  const axes = resultAxes(c).filter((axis) => names.includes(axis.name));
  return repeatAlong(c.f, d, axes);
}

const split = single<"split">((c, d) => {
  const names = c.attributes.into.map((axis) => axis.name);
  if (!names.some((name) => hasAxis(d.type, name))) return d;
  const whole = along(c, d, ...names);
  return c.f.op("merge", [whole], { axes: names, into: c.attributes.axis });
});

const merge = single<"merge">((c, d) => {
  const { axes, into } = c.attributes;
  if (!hasAxis(d.type, into)) return d;
  const parts = axes.map((name) => ({ name, size: operandSize(c, 0, name) }));
  return c.f.op("split", [d], { axis: into, into: parts });
});

const rename = single<"rename">((c, d) => {
  const back = Object.entries(c.attributes.names).filter(([, to]) => hasAxis(d.type, to));
  if (back.length === 0) return d;
  return c.f.op("rename", [d], { names: Object.fromEntries(back.map(([from, to]) => [to, from])) });
});

/** The cotangent among zeros. */
const slice = single<"slice">((c, d) => {
  const { axis, start, size, into } = c.attributes;
  const part = into === null ? d : along(c, d, into);
  const rest = calculate("-", calculate("-", operandSize(c, 0, axis), start), size);
  const zeros = (count: SymbolicNumber): Value =>
    c.f.op("fill", [], { value: 0, axes: [{ name: axis, size: count }], kind: "real" });
  const pieces: { readonly value: Value; readonly axis: string | null }[] = [];
  if (start.value > 0) pieces.push({ value: zeros(start), axis });
  pieces.push({ value: part, axis: into });
  if (rest.value > 0) pieces.push({ value: zeros(rest), axis });
  if (pieces.length === 1 && into === axis) return part;
  if (pieces.length === 1 && into !== null) {
    return c.f.op("rename", [part], { names: { [into]: axis } });
  }
  return c.f.op(
    "join",
    pieces.map((piece) => piece.value),
    {
      pieces: pieces.map((piece) => piece.axis),
      into: axis,
    },
  );
});

/**
 * Each piece gets its slice of the cotangent. The axis it is joined along may be one that other
 * pieces have too: in the cotangent that name is theirs until the slice takes it.
 */
const join: GradientRule<"join"> = (c) => {
  const d = c.cotangent(0);
  if (d === undefined) return [];
  const { pieces, into } = c.attributes;
  const others = resultAxes(c).filter((axis) => axis.name !== into);
  let start = literal(0);
  return c.operandTypes.map((type, position): Contribution => {
    const axis = pieces[position] ?? null;
    const size = axis === null ? literal(1) : axisSize(type, axis);
    const from = start;
    start = calculate("+", start, size);
    return () => {
      const theirs = others.filter(({ name }) => name === axis);
      const own = others.filter(({ name }) => name !== axis);
      const axes = resultAxes(c).filter((each) => !theirs.includes(each));
      const whole = sumTo(c.f, d, { axes }, theirs);
      const part = hasAxis(whole.type, into)
        ? c.f.op("slice", [whole], { axis: into, start: from, size, into: axis })
        : whole;
      return sumTo(c.f, part, type, own);
    };
  });
};

const broadcast = single<"broadcast">((c, d) => {
  const [type] = c.operandTypes;
  return type && sumTo(c.f, d, type, resultAxes(c));
});

const shift = single<"shift">((c, d) => {
  const { axis, by } = c.attributes;
  const back = calculate("neg", by);
  return c.f.op("shift", [along(c, d, axis)], { axis, by: back, fill: 0 });
});

const reverse = single<"reverse">((c, d) =>
  hasAxis(d.type, c.attributes.axis) ? c.f.op("reverse", [d], c.attributes) : d,
);

const window = single<"window">((c, d) => {
  const { axis, from, step, every, into } = c.attributes;
  const length = operandSize(c, 0, axis);
  return c.f.op("unwindow", [along(c, d, axis, into)], { axis, length, from, step, every, into });
});

const unwindow = single<"unwindow">((c, d) => {
  const { axis, from, step, every, into } = c.attributes;
  const size = operandSize(c, 0, into);
  return c.f.op("window", [along(c, d, axis)], { axis, size, from, step, every, into });
});

export const shapeRules = {
  split,
  merge,
  rename,
  slice,
  join,
  broadcast,
  shift,
  reverse,
  window,
  unwindow,
} as const;
