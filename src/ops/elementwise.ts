/** Operations that compute each entry from the entries of their inputs at the same place. */
import type { OpAttributes } from "./attributes.ts";
import {
  alignAxes,
  elementCount,
  mixKinds,
  mixNumbers,
  operands,
  requireFlag,
  requireInt,
  requireNumbers,
  resultType,
} from "./axes.ts";
import {
  erf,
  floorDivide,
  floorModulo,
  relu,
  roundToEven,
  sigmoid,
  softplus,
  truncateToInt,
} from "./special-functions.ts";
import { map1, map2, map3 } from "./strided.ts";
import type { HostTensor, NumberKind, OpDefinition, TensorType } from "./types.ts";

type Elementwise = OpDefinition<OpAttributes<number>["neg"]>;
type Unary = (x: number) => number;
type Binary = (a: number, b: number) => number;

const first = (types: readonly TensorType[]): TensorType => types[0] as TensorType;
const countFirst = (types: readonly TensorType[]): number => elementCount(first(types));
const one = (operand: readonly TensorType[]) => operands(operand, "the operand");
const two = (pair: readonly TensorType[]) =>
  operands(pair, "the left operand", "the right operand");

function evaluateUnary(f: Unary): Elementwise["evaluate"] {
  return ([x], _, [type]) => [map1(type as TensorType, x as HostTensor, f)];
}

/** Real result; an int input becomes real. */
function realUnary(doc: string, f: Unary): Elementwise {
  return {
    doc,
    arity: 1,
    numbers: "real",
    type(inputs) {
      requireNumbers(one(inputs));
      return [resultType("real", first(inputs).axes)];
    },
    flops: countFirst,
    evaluate: evaluateUnary(f),
  };
}

/** Result of the input's kind, real or int. */
function numberUnary(doc: string, f: Unary): Elementwise {
  return {
    doc,
    arity: 1,
    type(inputs) {
      return [resultType(mixNumbers(one(inputs)), first(inputs).axes)];
    },
    flops: countFirst,
    evaluate: evaluateUnary(f),
  };
}

/** Result of one kind from an input of any. */
function conversion(doc: string, kind: NumberKind, f: Unary): Elementwise {
  return {
    doc,
    arity: 1,
    type: (inputs) => [resultType(kind, first(inputs).axes)],
    flops: () => 0,
    evaluate: evaluateUnary(f),
  };
}

/** Flops of an elementwise operation: one for each entry of the aligned inputs. */
function countAligned(inputs: readonly TensorType[]): number {
  return elementCount({ axes: alignAxes(two(inputs)) });
}

/** Numbers of the mixed kind, with an exact rule for two ints where the real one would round. */
function arithmetic(doc: string, f: Binary, ints: Binary = f): Elementwise {
  return {
    doc,
    arity: 2,
    numbers: "mixed",
    type(inputs) {
      const pair = two(inputs);
      return [resultType(mixNumbers(pair), alignAxes(pair))];
    },
    flops: countAligned,
    evaluate: ([a, b], _, [type]) => {
      const result = type as TensorType;
      const rule = result.kind === "int" ? ints : f;
      return [map2(result, a as HostTensor, b as HostTensor, rule)];
    },
  };
}

/** A rule with one kind of result for the inputs that `check` lets through. */
function binary(
  doc: string,
  kind: NumberKind,
  check: (pair: ReturnType<typeof two>) => void,
  f: Binary,
): Elementwise {
  return {
    doc,
    arity: 2,
    type(inputs) {
      const pair = two(inputs);
      check(pair);
      return [resultType(kind, alignAxes(pair))];
    },
    flops: countAligned,
    evaluate: ([a, b], _, [type]) => [
      map2(type as TensorType, a as HostTensor, b as HostTensor, f),
    ],
  };
}

function realBinary(doc: string, f: Binary): Elementwise {
  return { ...binary(doc, "real", requireNumbers, f), numbers: "real" };
}

function comparison(doc: string, holds: (a: number, b: number) => boolean): Elementwise {
  const rule = binary(doc, "flag", mixNumbers, (a, b) => (holds(a, b) ? 1 : 0));
  return { ...rule, numbers: "mixed" };
}

function equality(doc: string, holds: (a: number, b: number) => boolean): Elementwise {
  const rule = binary(doc, "flag", mixKinds, (a, b) => (holds(a, b) ? 1 : 0));
  return { ...rule, numbers: "mixed" };
}

function integer(doc: string, f: Binary): Elementwise {
  return binary(doc, "int", (pair) => pair.forEach(requireInt), f);
}

function logical(doc: string, f: Binary): Elementwise {
  return binary(doc, "flag", (pair) => pair.forEach(requireFlag), f);
}

const where: Elementwise = {
  doc: "The first choice where the condition is on, else the second.",
  arity: 3,
  numbers: "mixed",
  type(inputs) {
    const [condition, ...choices] = operands(
      inputs,
      "the condition",
      "the first choice",
      "the second choice",
    );
    if (condition !== undefined) requireFlag(condition);
    const kind = mixKinds(choices);
    return [resultType(kind, alignAxes(condition === undefined ? [] : [condition, ...choices]))];
  },
  flops: (inputs) => elementCount({ axes: alignAxes(two(inputs)) }),
  evaluate: ([condition, a, b], _, [type]) => [
    map3(
      type as TensorType,
      condition as HostTensor,
      a as HostTensor,
      b as HostTensor,
      (on, x, y) => (on !== 0 ? x : y),
    ),
  ],
};

const clip: Elementwise = {
  doc: "The operand moved into low .. high; gradient 1 on the bounds.",
  arity: 3,
  numbers: "mixed",
  type(inputs) {
    const all = operands(inputs, "the operand", "the lower bound", "the upper bound");
    return [resultType(mixNumbers(all), alignAxes(all))];
  },
  flops: (inputs) => 2 * elementCount({ axes: alignAxes(two(inputs)) }),
  evaluate: ([x, low, high], _, [type]) => [
    map3(
      type as TensorType,
      x as HostTensor,
      low as HostTensor,
      high as HostTensor,
      (value, least, most) => Math.min(Math.max(value, least), most),
    ),
  ],
};

const stop: Elementwise = {
  doc: "The operand, which carries no gradient from here on (R13).",
  arity: 1,
  view: true,
  type: (inputs) => [resultType(first(inputs).kind, first(inputs).axes)],
  flops: () => 0,
  evaluate: evaluateUnary((x) => x),
};

export const elementwise = {
  neg: numberUnary("The operand with its sign changed.", (x) => -x),
  exp: realUnary("The exponential function.", Math.exp),
  log: realUnary("The natural logarithm; NaN below 0.", Math.log),
  log1p: realUnary("log(1 + x), exact near 0.", Math.log1p),
  sqrt: realUnary("The square root; NaN below 0.", Math.sqrt),
  rsqrt: realUnary("1 / sqrt(x).", (x) => 1 / Math.sqrt(x)),
  tanh: realUnary("The hyperbolic tangent.", Math.tanh),
  sigmoid: realUnary("1 / (1 + exp(-x)).", sigmoid),
  softplus: realUnary("log(1 + exp(x)).", softplus),
  erf: realUnary("The error function, 2 / sqrt(pi) times the integral of exp(-u^2) to x.", erf),
  sin: realUnary("The sine of an angle in radians.", Math.sin),
  cos: realUnary("The cosine of an angle in radians.", Math.cos),
  abs: numberUnary("The magnitude.", Math.abs),
  sign: numberUnary("1, 0 or -1, as x is above, at or below 0.", Math.sign),
  floor: realUnary("The next whole number downwards.", Math.floor),
  round: realUnary("The nearest whole number, a half to the even one.", roundToEven),
  relu: realUnary("max(x, 0), with gradient 0 at 0.", relu),
  not: {
    ...conversion("On where the operand is off.", "flag", (x) => (x === 0 ? 1 : 0)),
    type(inputs) {
      one(inputs).forEach(requireFlag);
      return [resultType("flag", first(inputs).axes)];
    },
    flops: countFirst,
  },
  real: conversion("The operand as a real number; on is 1, off is 0.", "real", (x) => x),
  int: conversion("The operand truncated toward 0; on is 1, off is 0.", "int", truncateToInt),
  stop,
  add: arithmetic("The sum, aligned by axis name.", (a, b) => a + b),
  sub: arithmetic("The difference, aligned by axis name.", (a, b) => a - b),
  mul: arithmetic("The product, aligned by axis name.", (a, b) => a * b, Math.imul),
  div: realBinary("The real quotient, also of two ints.", (a, b) => a / b),
  pow: realBinary(
    "The left operand to the power of the right, real also for two ints.",
    (a, b) => a ** b,
  ),
  minimum: arithmetic("The smaller of two; NaN if one of them is.", Math.min),
  maximum: arithmetic("The larger of two; NaN if one of them is.", Math.max),
  floorDiv: integer("The int quotient rounded down; 0 if the divisor is 0.", floorDivide),
  mod: integer("The remainder with the divisor's sign; 0 if the divisor is 0.", floorModulo),
  equal: equality("On where both are equal; NaN equals nothing.", (a, b) => a === b),
  notEqual: equality("On where both differ.", (a, b) => a !== b),
  less: comparison("On where the left is smaller.", (a, b) => a < b),
  lessEqual: comparison("On where the left is smaller or equal.", (a, b) => a <= b),
  greater: comparison("On where the left is larger.", (a, b) => a > b),
  greaterEqual: comparison("On where the left is larger or equal.", (a, b) => a >= b),
  and: logical("On where both are.", (a, b) => a & b),
  or: logical("On where one of both is.", (a, b) => a | b),
  where,
  clip,
} satisfies { readonly [name: string]: Elementwise };
