/** Gradient rules of the operations that work entry by entry (rule R5 for the kinks). */
import type { OpName } from "../../../ops/index.ts";
import type { FunctionBuilder, LooseOperand } from "../../function-builder.ts";
import type { Operand, Value } from "../../graph.ts";
import { calculate, isConstant, literal, real } from "../../symbolic.ts";
import type { Contribution, GradientContext, GradientRule } from "./context.ts";
import { inOrderOf, sumTo } from "./context.ts";

/** Short forms of the operations that derivatives are written in. */
export const mul = (f: FunctionBuilder, a: LooseOperand, b: LooseOperand): Value =>
  f.op("mul", [a, b], {});
export const div = (f: FunctionBuilder, a: LooseOperand, b: LooseOperand): Value =>
  f.op("div", [a, b], {});
export const sub = (f: FunctionBuilder, a: LooseOperand, b: LooseOperand): Value =>
  f.op("sub", [a, b], {});
export const neg = (f: FunctionBuilder, a: LooseOperand): Value => f.op("neg", [a], {});
export const where = (f: FunctionBuilder, c: Operand, a: LooseOperand, b: LooseOperand): Value =>
  f.op("where", [c, a, b], {});

/**
 * A rule whose contributions may have any of the result's axes: those the operand lacks are summed.
 */
function aligned<Name extends OpName>(
  contributions: (
    context: GradientContext<Name>,
    cotangent: Value,
  ) => readonly (Contribution | undefined)[],
): GradientRule<Name> {
  return (context) => {
    const cotangent = context.cotangent(0);
    if (cotangent === undefined) return [];
    return contributions(context, cotangent).map((contribution, position) => {
      if (contribution === undefined) return undefined;
      return () => {
        const value = contribution();
        const type = context.operandTypes[position];
        const full = context.resultTypes[0]?.axes ?? [];
        return value && type && sumTo(context.f, value, type, full);
      };
    });
  };
}

type Unary =
  | "neg"
  | "exp"
  | "log"
  | "log1p"
  | "sqrt"
  | "rsqrt"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "erf"
  | "sin"
  | "cos"
  | "abs"
  | "relu"
  | "real";
type Binary = "add" | "sub" | "mul" | "div" | "pow" | "minimum" | "maximum";

/** Cotangent of the pre-activation, from that of the result `y` of an activation. */
export const throughRelu = (f: FunctionBuilder, y: Operand, d: Value): Value =>
  where(f, f.op("greater", [y, 0], {}), d, 0);
export const throughTanh = (f: FunctionBuilder, y: Operand, d: Value): Value =>
  mul(f, d, sub(f, 1, mul(f, y, y)));
export const throughSigmoid = (f: FunctionBuilder, y: Operand, d: Value): Value =>
  mul(f, d, mul(f, y, sub(f, 1, y)));

/** The derivative of x * Phi(x) is Phi(x) + x * phi(x), of the pre-activation `x`. */
export function throughGelu(f: FunctionBuilder, x: Operand, d: Value): Value {
  const half = mul(f, f.op("add", [1, f.op("erf", [mul(f, x, Math.SQRT1_2)], {})], {}), 0.5);
  const density = mul(f, f.op("exp", [mul(f, mul(f, x, x), -0.5)], {}), 1 / Math.sqrt(2 * Math.PI));
  return mul(f, d, f.op("add", [half, mul(f, x, density)], {}));
}

const unary: { readonly [Name in Unary]: GradientRule<Name> } = {
  neg: aligned(({ f }, d) => [() => neg(f, d)]),
  exp: aligned((c, d) => [() => mul(c.f, d, c.result(0))]),
  log: aligned((c, d) => [() => div(c.f, d, c.operand(0))]),
  log1p: aligned((c, d) => [() => div(c.f, d, c.f.op("add", [c.operand(0), 1], {}))]),
  sqrt: aligned((c, d) => [() => div(c.f, d, mul(c.f, c.result(0), 2))]),
  rsqrt: aligned((c, d) => [
    () => {
      const y = c.result(0);
      return mul(c.f, d, mul(c.f, mul(c.f, y, mul(c.f, y, y)), -0.5));
    },
  ]),
  tanh: aligned((c, d) => [() => throughTanh(c.f, c.result(0), d)]),
  sigmoid: aligned((c, d) => [() => throughSigmoid(c.f, c.result(0), d)]),
  softplus: aligned((c, d) => [() => mul(c.f, d, c.f.op("sigmoid", [c.operand(0)], {}))]),
  erf: aligned((c, d) => [
    () => {
      const x = c.operand(0);
      const density = c.f.op("exp", [neg(c.f, mul(c.f, x, x))], {});
      return mul(c.f, d, mul(c.f, density, 2 / Math.sqrt(Math.PI)));
    },
  ]),
  sin: aligned((c, d) => [() => mul(c.f, d, c.f.op("cos", [c.operand(0)], {}))]),
  cos: aligned((c, d) => [() => neg(c.f, mul(c.f, d, c.f.op("sin", [c.operand(0)], {})))]),
  abs: aligned((c, d) => [() => mul(c.f, d, c.f.op("sign", [c.operand(0)], {}))]),
  relu: aligned((c, d) => [() => throughRelu(c.f, c.result(0), d)]),
  real: aligned((_, d) => [() => d]),
};

const binary: { readonly [Name in Binary]: GradientRule<Name> } = {
  add: aligned((_, d) => [() => d, () => d]),
  sub: aligned(({ f }, d) => [() => d, () => neg(f, d)]),
  mul: aligned((c, d) =>
    c.same(0, 1)
      ? [() => mul(c.f, d, mul(c.f, c.operand(0), 2))]
      : [() => times(c, d, 1, 0), () => times(c, d, 0, 1)],
  ),
  div: aligned((c, d) => [
    () => div(c.f, d, c.operand(1)),
    () => neg(c.f, div(c.f, mul(c.f, d, c.result(0)), c.operand(1))),
  ]),
  pow: aligned((c, d) => [() => throughBase(c, d), () => throughExponent(c, d)]),
  minimum: aligned((c, d) => onOneSide(c, d, "lessEqual")),
  maximum: aligned((c, d) => onOneSide(c, d, "greaterEqual")),
};

/** The cotangent times an operand, the two in the order that lists the axes as the other operand does, if one does. */
function times(c: GradientContext<"mul">, d: Value, factor: number, side: number): Value {
  const other = c.operand(factor);
  const type = c.operandTypes[side];
  if (isConstant(other) || type === undefined) return mul(c.f, d, other);
  return c.f.op("mul", inOrderOf(type, d, other), {});
}

/** d * b * a^(b - 1); 0 where the exponent is 0, also at a = 0. */
function throughBase(c: GradientContext<"pow">, d: Value): Value | undefined {
  const base = c.operand(0);
  const exponent = c.operand(1);
  if (isConstant(exponent)) {
    const { constant } = exponent;
    if (constant.value === 0) return undefined;
    if (constant.value === 1) return d;
    const lower = calculate("-", constant, literal(1));
    const power = lower.value === 1 ? base : c.f.op("pow", [base, real(lower)], {});
    return mul(c.f, d, mul(c.f, power, real(constant)));
  }
  const power = c.f.op("pow", [base, sub(c.f, exponent, 1)], {});
  const slope = mul(c.f, exponent, power);
  return mul(c.f, d, where(c.f, c.f.op("equal", [exponent, 0], {}), 0, slope));
}

/** d * y * log(a); 0 at a = 0, where the power is constant for the exponents it exists for. */
function throughExponent(c: GradientContext<"pow">, d: Value): Value {
  const base = c.operand(0);
  const slope = mul(c.f, c.result(0), c.f.op("log", [base], {}));
  return mul(c.f, d, where(c.f, c.f.op("equal", [base, 0], {}), 0, slope));
}

/** The first operand gets the gradient where it is chosen or tied, the second elsewhere. */
function onOneSide(
  c: GradientContext<"minimum" | "maximum">,
  d: Value,
  comparison: "lessEqual" | "greaterEqual",
): readonly Contribution[] {
  const first = (): Value => c.f.op(comparison, [c.operand(0), c.operand(1)], {});
  return [() => where(c.f, first(), d, 0), () => where(c.f, first(), 0, d)];
}

export const elementwiseRules = {
  ...unary,
  ...binary,
  where: aligned<"where">((c, d) => [
    undefined,
    () => where(c.f, c.operand(0), d, 0),
    () => where(c.f, c.operand(0), 0, d),
  ]),
  clip: aligned<"clip">((c, d) => {
    const [x, low, high] = [0, 1, 2];
    type Comparison = "greaterEqual" | "lessEqual" | "less" | "greater";
    const compare = (left: number, op: Comparison, right: number): Value =>
      c.f.op(op, [c.operand(left), c.operand(right)], {});
    const both = (a: Value, b: Value): Value => c.f.op("and", [a, b], {});
    const inside = (): Value =>
      both(compare(x, "greaterEqual", low), compare(x, "lessEqual", high));
    // The upper bound is applied last: it is what a lower one above it gives.
    const raised = (): Value => both(compare(x, "less", low), compare(low, "lessEqual", high));
    const lowered = (): Value =>
      c.f.op("or", [compare(x, "greater", high), compare(low, "greater", high)], {});
    return [
      () => where(c.f, inside(), d, 0),
      () => where(c.f, raised(), d, 0),
      () => where(c.f, lowered(), d, 0),
    ];
  }),
} as const;
