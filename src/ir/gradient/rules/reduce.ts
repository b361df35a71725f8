/**
 * Gradient rules of reductions, of what works along an axis, and of contractions (rules R17, R18).
 */
import type { Axis, OpName } from "../../../ops/index.ts";
import { OPEN } from "../../../ops/index.ts";
import type { FunctionBuilder } from "../../function-builder.ts";
import type { Operand, Value } from "../../graph.ts";
import { axisSize, real } from "../../symbolic.ts";
import type { Contribution, GradientContext, GradientRule } from "./context.ts";
import {
  countOf,
  hasAxis,
  namesOf,
  openFirst,
  positionAlong,
  productGradient,
  repeatAlong,
  sumTo,
  unionAxes,
} from "./context.ts";
import { div, mul, where } from "./elementwise.ts";

type Reduction = "sum" | "mean" | "max" | "min" | "logsumexp" | "softmax";

/**
 * A rule of an operation on a tensor and, if it has one, a mask; contributions have axes of both.
 */
function reduction<Name extends Reduction>(
  contribution: (
    context: GradientContext<Name>,
    cotangent: Value,
    mask: Operand | undefined,
    axes: readonly Axis[],
  ) => Value | undefined,
): GradientRule<Name> {
  return (context) => {
    const cotangent = context.cotangent(0);
    const [type] = context.operandTypes;
    if (cotangent === undefined || type === undefined) return [];
    const axes = unionAxes(...context.operandTypes);
    const single: Contribution = () => {
      const mask = context.operandTypes.length > 1 ? context.operand(1) : undefined;
      const value = contribution(context, cotangent, mask, axes);
      return value && sumTo(context.f, value, type, axes);
    };
    return [single];
  };
}

/** How many entries take part: a constant, or a value over the axes kept. */
function countTakingPart(
  { f, attributes }: GradientContext<"mean">,
  mask: Operand | undefined,
  axes: readonly Axis[],
): Operand {
  const over = axes.filter((axis) => attributes.over.includes(axis.name));
  if (mask === undefined || "constant" in mask) {
    const open = over.filter((axis) => axis.size === OPEN);
    if (open.length === 0) return real(countOf(over));
    const sizes = open.map(({ name }) => ({ name, size: axisSize({ kind: "real", axes }, name) }));
    const ones = f.op("fill", [], { value: 1, axes: sizes, kind: "real" });
    return sumTo(f, ones, { axes: [] }, over);
  }
  const kept = axes.filter((axis) => !attributes.over.includes(axis.name));
  return sumTo(f, mask, { axes: kept }, over);
}

/**
 * On for the one entry that gave the result: the lowest index among ties, an open axis counting
 * before the others.
 */
function chosen(
  { f, attributes }: GradientContext<"max" | "min">,
  searched: Operand,
  mask: Operand | undefined,
  axes: readonly Axis[],
): Value {
  const along = openFirst(
    attributes.over.flatMap((name) => axes.filter((axis) => axis.name === name)),
  );
  const position = positionAlong(f, along);
  const [first] = along;
  const index =
    first !== undefined && along.length === 1
      ? f.op("argmax", mask === undefined ? [searched] : [searched, mask], { over: first.name })
      : chosenAmong(f, searched, mask, along, axes);
  const hit = f.op("equal", [position, index], {});
  return mask === undefined ? hit : f.op("and", [hit, mask], {});
}

/** As `chosen`, along several axes made one; `axes` are those of the values searched and masked. */
function chosenAmong(
  f: FunctionBuilder,
  searched: Operand,
  mask: Operand | undefined,
  along: readonly Axis[],
  axes: readonly Axis[],
): Value {
  const names = namesOf(along);
  const into = freshAxis(names.join(""), axes);
  const merged = (value: Operand): Operand => {
    if ("constant" in value) return value;
    return f.op("merge", [repeatAlong(f, value, along)], { axes: names, into });
  };
  const operands = mask === undefined ? [merged(searched)] : [merged(searched), merged(mask)];
  return f.op("argmax", operands, { over: into });
}

/** The name, or with the first number from 2 on that makes it none of the axes'. */
function freshAxis(wanted: string, axes: readonly Axis[]): string {
  let name = wanted;
  for (let count = 2; hasAxis({ axes }, name); count++) name = `${wanted}${count}`;
  return name;
}

/** Cotangents of the two sides of a sum of products. */
const contract: GradientRule<"contract"> = (c) => {
  const d = c.cotangent(0);
  const [left, right] = c.operandTypes;
  const axes = c.resultTypes[0]?.axes ?? [];
  if (d === undefined || left === undefined || right === undefined) return [];
  return [
    () => productGradient(c.f, d, c.operand(1), left, axes),
    () => productGradient(c.f, d, c.operand(0), right, axes),
  ];
};

const cumsum: GradientRule<"cumsum"> = (c) => {
  const d = c.cotangent(0);
  const { over, reverse } = c.attributes;
  if (d === undefined) return [];
  return [
    () => {
      const along = repeatAlong(c.f, d, onAxes(c, [over]));
      return c.f.op("cumsum", [along], { over, reverse: reverse !== true });
    },
  ];
};

/** The result's axes of the given names. */
function onAxes<Name extends OpName>(
  { resultTypes }: GradientContext<Name>,
  names: readonly string[],
): readonly Axis[] {
  return (resultTypes[0]?.axes ?? []).filter((axis) => names.includes(axis.name));
}

export const reduceRules = {
  sum: reduction<"sum">(({ f }, d, mask) => (mask === undefined ? d : where(f, mask, d, 0))),
  mean: reduction<"mean">((c, d, mask, axes) => {
    const share = div(c.f, d, countTakingPart(c, mask, axes));
    return mask === undefined ? share : where(c.f, mask, share, 0);
  }),
  max: reduction<"max">((c, d, mask, axes) =>
    where(c.f, chosen(c, c.operand(0), mask, axes), d, 0),
  ),
  min: reduction<"min">((c, d, mask, axes) => {
    const searched = c.f.op("neg", [c.operand(0)], {});
    return where(c.f, chosen(c, searched, mask, axes), d, 0);
  }),
  logsumexp: reduction<"logsumexp">((c, d, mask) => {
    const operands = mask === undefined ? [c.operand(0)] : [c.operand(0), mask];
    return mul(c.f, d, c.f.op("softmax", operands, c.attributes));
  }),
  softmax: reduction<"softmax">((c, d) => {
    const { over } = c.attributes;
    if (!over.some((name) => hasAxis(d.type, name))) return undefined;
    const along = repeatAlong(c.f, d, onAxes(c, over));
    return c.f.op("softmaxGradient", [c.result(0), along], { over: namesOf(onAxes(c, over)) });
  }),
  cumsum,
  contract,
} as const;
