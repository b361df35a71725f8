/** Gradient rules of the operations that stand for patterns. */
import type { Operand, Value } from "../../graph.ts";
import { axisSize, real } from "../../symbolic.ts";
import type { Contribution, GradientRule } from "./context.ts";
import { productGradient, repeatAlong, sumTo, unionAxes } from "./context.ts";
import {
  div,
  mul,
  neg,
  sub,
  throughGelu,
  throughRelu,
  throughSigmoid,
  throughTanh,
} from "./elementwise.ts";

/** Computes a value at its first use. */
function once<Result>(compute: () => Result): () => Result {
  let known: { readonly value: Result } | undefined;
  return () => {
    known ??= { value: compute() };
    return known.value;
  };
}

/**
 * activation(x . weight + bias); the pre-activation is computed again where the derivative needs it
 * (gelu).
 */
const linear: GradientRule<"linear"> = (c) => {
  const d = c.cotangent(0);
  const [x, weight, bias] = c.operandTypes;
  const [y] = c.resultTypes;
  if (d === undefined || x === undefined || weight === undefined || y === undefined) return [];
  const { f } = c;
  const inner = once((): Value => {
    switch (c.attributes.activation) {
      case "none":
        return d;
      case "relu":
        return throughRelu(f, c.result(0), d);
      case "tanh":
        return throughTanh(f, c.result(0), d);
      case "sigmoid":
        return throughSigmoid(f, c.result(0), d);
      case "gelu": {
        const operands = c.operandTypes.map((_, position) => c.operand(position));
        const before = f.op("linear", operands, { over: c.attributes.over, activation: "none" });
        return throughGelu(f, before, d);
      }
      default:
        return c.attributes.activation satisfies never;
    }
  });
  return [
    () => productGradient(f, inner(), c.operand(1), x, y.axes),
    () => productGradient(f, inner(), c.operand(0), weight, y.axes),
    bias && (() => sumTo(f, inner(), bias, y.axes)),
  ];
};

const crossEntropy: GradientRule<"crossEntropy"> = (c) => {
  const d = c.cotangent(0);
  const [logits, labels] = c.operandTypes;
  if (d === undefined || logits === undefined || labels === undefined) return [];
  return [
    () => {
      const operands = [c.operand(0), c.operand(1), d];
      const all = c.f.op("crossEntropyGradient", operands, c.attributes);
      return sumTo(c.f, all, logits, unionAxes(logits, labels));
    },
  ];
};

/**
 * Layer normalisation (Ba, Kiros, Hinton 2016): with xhat = (x - mean) * inverse, y = xhat * gain +
 * bias.
 */
const layerNorm: GradientRule<"layerNorm"> = (c) => {
  const { f } = c;
  const { over } = c.attributes;
  const [x, gain, bias] = c.operandTypes;
  const [y] = c.resultTypes;
  if (x === undefined || gain === undefined || bias === undefined || y === undefined) return [];
  const d = c.cotangent(0);
  const dMean = c.cotangent(1);
  const dInverse = c.cotangent(2);
  const centred = once((): Value => sub(f, c.operand(0), c.result(1)));
  const count = (): Operand => real(axisSize(x, over));
  const throughX: Contribution = () => {
    const terms: Value[] = [];
    if (d !== undefined) {
      const whole = repeatAlong(f, d, y.axes);
      const operands = [c.operand(0), c.operand(1), c.result(1), c.result(2), whole];
      const all = f.op("layerNormGradient", operands, { over });
      terms.push(sumTo(f, all, x, y.axes));
    }
    if (dMean !== undefined) terms.push(div(f, dMean, count()));
    if (dInverse !== undefined) {
      const cube = mul(f, c.result(2), mul(f, c.result(2), c.result(2)));
      const slope = neg(f, div(f, mul(f, centred(), cube), count()));
      terms.push(mul(f, dInverse, slope));
    }
    const [first, ...rest] = terms;
    return first && rest.reduce((total, term) => f.op("add", [total, term], {}), first);
  };
  if (d === undefined) return [throughX];
  return [
    throughX,
    () => sumTo(f, mul(f, d, mul(f, centred(), c.result(2))), gain, y.axes),
    () => sumTo(f, d, bias, y.axes),
  ];
};

/**
 * softmax(query . key * scale) . value, from the probabilities that the forward computation kept.
 */
const attention: GradientRule<"attention"> = (c) => {
  const { f } = c;
  const { width, keys, scale } = c.attributes;
  const [query, key, value] = c.operandTypes;
  const [output, probabilities] = c.resultTypes;
  if (query === undefined || key === undefined || value === undefined) return [];
  if (output === undefined || probabilities === undefined) return [];
  const d = c.cotangent(0);
  const dKept = c.cotangent(1);
  if (d === undefined && dKept === undefined) return [];
  const scoreAxes = unionAxes(query, key).filter((axis) => axis.name !== width);
  const scores = once((): Value => {
    const arriving: Value[] = dKept === undefined ? [] : [dKept];
    if (d !== undefined) {
      arriving.push(productGradient(f, d, c.operand(2), probabilities, output.axes));
    }
    const [first, ...rest] = arriving;
    if (first === undefined) throw new Error("No gradient arrives at the probabilities.");
    const total = rest.reduce((sum, term) => f.op("add", [sum, term], {}), first);
    const along = repeatAlong(
      f,
      total,
      probabilities.axes.filter((axis) => axis.name === keys),
    );
    const inner = f.op("softmaxGradient", [c.result(1), along], { over: [keys] });
    return sumTo(f, mul(f, inner, real(scale)), { axes: scoreAxes }, probabilities.axes);
  });
  return [
    () => productGradient(f, scores(), c.operand(1), query, scoreAxes),
    () => productGradient(f, scores(), c.operand(0), key, scoreAxes),
    d && (() => productGradient(f, d, c.result(1), value, output.axes)),
  ];
};

export const fusedRules = { linear, crossEntropy, layerNorm, attention } as const;
