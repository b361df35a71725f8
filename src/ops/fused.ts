/** Operations that passes make of patterns, and the ones that their gradients need. */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  elementCount,
  findAxis,
  operands,
  requireAxes,
  requireAxis,
  requireFlag,
  requireInt,
  requireNumbers,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { contractedType, contractionFlops, contractTensors } from "./contract.ts";
import { indexing } from "./indexing.ts";
import { reductions, rowsOf, softmaxRows } from "./reduce.ts";
import { gelu, relu, sigmoid } from "./special-functions.ts";
import { map1, map2, reorder, sizesOf, stridesAlong, walk } from "./strided.ts";
import type { HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;
type Activation = OpAttributes<number>["linear"]["activation"];

function activate(activation: Activation): (x: number) => number {
  switch (activation) {
    case "none":
      return (x) => x;
    case "relu":
      return relu;
    case "tanh":
      return Math.tanh;
    case "sigmoid":
      return sigmoid;
    case "gelu":
      return gelu;
    default:
      return activation satisfies never;
  }
}

/** The real sum of products, as an operand of what follows. */
function productOf(left: Operand, right: Operand, over: readonly string[], role: string): Operand {
  const type = { ...contractedType(left, right, over), kind: "real" as const };
  return { role, type };
}

const linear: Rule<"linear"> = {
  doc: "activation(x . weight over the axes + bias).",
  arity: 2,
  optional: 1,
  numbers: "real",
  type(inputs, { over }) {
    const all = operands(inputs, "the operand", "the weight", "the bias");
    const [x, weight, ...bias] = all as [Operand, Operand, ...Operand[]];
    requireNumbers(bias);
    const product = productOf(x, weight, over, "the product");
    return [resultType("real", alignAxes([product, ...bias]))];
  },
  flops: (inputs, { over, activation }) => {
    const [x, weight, bias] = inputs as [TensorType, TensorType, TensorType | undefined];
    const product = contractedType(
      { role: "the operand", type: x },
      { role: "the weight", type: weight },
      over,
    );
    const after = (bias === undefined ? 0 : 1) + (activation === "none" ? 0 : 1);
    return contractionFlops(x, weight, over) + after * elementCount(product);
  },
  evaluate: ([x, weight, bias], { over, activation }, [type]) => {
    const result = type as TensorType;
    const [a, b] = [x as HostTensor, weight as HostTensor];
    const [left, right] = operands([a.type, b.type], "the operand", "the weight");
    const { type: inner } = productOf(left as Operand, right as Operand, over, "the product");
    const product = contractTensors(a, b, over, inner);
    const sum = bias === undefined ? product : map2(result, product, bias, (p, c) => p + c);
    return [map1(result, sum, activate(activation))];
  },
};

const labelled = (inputs: readonly TensorType[], over: string) => {
  const all = operands(inputs, "the logits", "the labels", "the gradient");
  const [logits, labels, ...gradient] = all as [Operand, Operand, ...Operand[]];
  requireNumbers([logits, ...gradient]);
  requireAxis(logits, over);
  requireInt(labels);
  for (const { role, type } of [labels, ...gradient]) {
    if (findAxis(type, over) !== undefined) {
      throw new OpError(
        `The classes are along ${over}, so ${role} must lack that axis: found ${typeText(type)}.`,
      );
    }
  }
  return alignAxes(all);
};

const crossEntropy: Rule<"crossEntropy"> = {
  doc: "logsumexp(logits over the axis) - logits at axis = labels; a label out of range reads 0.",
  arity: 2,
  numbers: "real",
  indices: [1],
  type: (inputs, { over }) => [resultType("real", without(labelled(inputs, over), [over]))],
  flops: (inputs, { over }) => 4 * elementCount({ axes: labelled(inputs, over) }),
  evaluate: ([logits, labels], { over }, [type]) => {
    const [x, i] = [logits as HostTensor, labels as HostTensor];
    const reduced = reductions.logsumexp.type([x.type], { over: [over] });
    const [total] = reductions.logsumexp.evaluate([x], { over: [over] }, reduced);
    const read = indexing.gather.type([x.type, i.type], { axis: over });
    const [picked] = indexing.gather.evaluate([x, i], { axis: over }, read);
    const result = type as TensorType;
    return [map2(result, total as HostTensor, picked as HostTensor, (a, b) => a - b)];
  },
};

const crossEntropyGradient: Rule<"crossEntropyGradient"> = {
  doc: "d * (softmax(logits over the axis) - one_hot(labels)).",
  arity: 3,
  numbers: "real",
  indices: [1],
  type: (inputs, { over }) => [resultType("real", labelled(inputs, over))],
  flops: (inputs, { over }) => 7 * elementCount({ axes: labelled(inputs, over) }),
  evaluate: ([logits, labels, gradient], { over }, [type]) => {
    const [x, i, d] = [logits as HostTensor, labels as HostTensor, gradient as HostTensor];
    const result = type as TensorType;
    const rows = rowsOf(x, undefined, [over]);
    const softmax = { type: { kind: "real", axes: rows.axes }, data: softmaxRows(rows) } as const;
    const { data } = map2(result, softmax, d, (p, weight) => p * weight);
    const classes = findAxis(result, over)?.size ?? 0;
    const [step = 0] = stridesAlong(result.axes, [{ name: over, size: classes }]);
    const places = without(result.axes, [over]);
    const strides = [result, i.type, d.type].map((of) => stridesAlong(of.axes, places));
    walk(sizesOf(places), strides, ([o = 0, p = 0, q = 0], length, [s = 0, dp = 0, dq = 0]) => {
      for (let n = 0; n < length; n++, o += s, p += dp, q += dq) {
        const label = i.data[p] as number;
        if (label < 0 || label >= classes) continue;
        data[o + label * step] = (data[o + label * step] as number) - (d.data[q] as number);
      }
    });
    return [{ type: result, data }];
  },
};

const softmaxGradient: Rule<"softmaxGradient"> = {
  doc: "p * (d - sum(p * d over the axes)), for probabilities p and a gradient d.",
  arity: 2,
  numbers: "real",
  type(inputs, { over }) {
    const pair = operands(inputs, "the probabilities", "the gradient");
    requireNumbers(pair);
    requireAxes(pair[0] as Operand, over);
    return [resultType("real", alignAxes(pair))];
  },
  flops: (inputs) => 4 * elementCount({ axes: alignAxes(operands(inputs, "the operand")) }),
  evaluate: ([p, d], { over }, [type]) => {
    const result = type as TensorType;
    const product = map2(result, p as HostTensor, d as HostTensor, (a, b) => a * b);
    const reduced = reductions.sum.type([result], { over });
    const [total] = reductions.sum.evaluate([product], { over }, reduced);
    const part = map2(result, p as HostTensor, total as HostTensor, (a, b) => a * b);
    return [map2(result, product, part, (a, b) => a - b)];
  },
};

interface AttentionTypes {
  readonly scores: TensorType;
  readonly probabilities: TensorType;
  readonly output: TensorType;
}

function attentionTypes(
  inputs: readonly TensorType[],
  { width, keys }: OpAttributes<number>["attention"],
): AttentionTypes {
  const all = operands(inputs, "the query", "the key", "the value", "the mask");
  const [query, key, value, ...mask] = all as [Operand, Operand, Operand, ...Operand[]];
  mask.forEach(requireFlag);
  requireAxis(key, keys);
  const scores = productOf(query, key, [width], "the scores");
  const type = resultType("real", alignAxes([scores, ...mask]));
  const output = productOf({ role: "the probabilities", type }, value, [keys], "the output");
  return { scores: scores.type, probabilities: type, output: output.type };
}

const attention: Rule<"attention"> = {
  doc:
    "softmax(query . key over width * scale over keys) . value over keys (Vaswani et al. 2017): " +
    "the output and the probabilities.",
  arity: 3,
  masked: true,
  numbers: "real",
  results: 2,
  type(inputs, attributes) {
    const { output, probabilities } = attentionTypes(inputs, attributes);
    return [output, probabilities];
  },
  flops: (inputs, attributes) => {
    const [query, key, value] = inputs as [TensorType, TensorType, TensorType];
    const { probabilities } = attentionTypes(inputs, attributes);
    return (
      contractionFlops(query, key, [attributes.width]) +
      6 * elementCount(probabilities) +
      contractionFlops(probabilities, value, [attributes.keys])
    );
  },
  evaluate: ([query, key, value, mask], attributes, types) => {
    const { width, keys, scale } = attributes;
    const [output, probabilities] = types as [TensorType, TensorType];
    const [q, k, v] = [query, key, value] as [HostTensor, HostTensor, HostTensor];
    const { scores } = attentionTypes([q.type, k.type, v.type], attributes);
    const logits = map1(scores, contractTensors(q, k, [width], scores), (x) => x * scale);
    const rows = rowsOf(logits, mask, [keys]);
    const weights = {
      type: probabilities,
      data: reorder(softmaxRows(rows), rows.axes, probabilities.axes),
    };
    return [contractTensors(weights, v, [keys], output), weights];
  },
};

export const fused = {
  linear,
  crossEntropy,
  crossEntropyGradient,
  softmaxGradient,
  attention,
};
