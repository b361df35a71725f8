/** Layer normalisation and its gradient. */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  elementCount,
  findAxis,
  operands,
  requireAxis,
  requireNumbers,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { rowsOf } from "./reduce.ts";
import { realLayout, reorder } from "./strided.ts";
import type { HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;

/** Throws OpError if the operand has an axis that x lacks. */
function requireWithin(operand: Operand, x: Operand): void {
  for (const { name } of operand.type.axes) {
    if (findAxis(x.type, name) === undefined) {
      throw new OpError(
        `Axis ${name} of ${operand.role}, ${typeText(operand.type)}, is missing in ` +
          `${x.role}, ${typeText(x.type)}.`,
      );
    }
  }
}

const layerNorm: Rule<"layerNorm"> = {
  doc:
    "(x - mean) * rsqrt(variance + epsilon) * gain + bias over one axis (Ba, Kiros and Hinton " +
    "2016): " +
    "y, the mean, the inverse deviation.",
  arity: 3,
  numbers: "real",
  results: 3,
  type(inputs, { over }) {
    const all = operands(inputs, "the operand", "the gain", "the bias");
    const [x, gain, bias] = all as [Operand, Operand, Operand];
    requireNumbers(all);
    requireAxis(x, over);
    alignAxes(all);
    requireWithin(gain, x);
    requireWithin(bias, x);
    const kept = resultType("real", without(x.type.axes, [over]));
    return [resultType("real", x.type.axes), kept, kept];
  },
  flops: ([x]) => 8 * elementCount(x as TensorType),
  evaluate: ([x, gain, bias], { over, epsilon }, types) => {
    const [type, kept] = types as [TensorType, TensorType];
    const { values, axes, count, length } = rowsOf(x as HostTensor, undefined, [over]);
    const scale = realLayout(gain as HostTensor, axes);
    const offset = realLayout(bias as HostTensor, axes);
    const mean = new Float64Array(count);
    const inverse = new Float64Array(count);
    const y = new Float64Array(values.length);
    for (let row = 0; row < count; row++) {
      const begin = row * length;
      const moments = momentsOf(values.subarray(begin, begin + length));
      const factor = 1 / Math.sqrt(moments.variance + epsilon);
      mean[row] = moments.mean;
      inverse[row] = factor;
      for (let i = begin; i < begin + length; i++) {
        const normal = ((values[i] as number) - moments.mean) * factor;
        y[i] = normal * (scale[i] as number) + (offset[i] as number);
      }
    }
    return [
      { type, data: reorder(y, axes, type.axes) },
      { type: kept, data: mean },
      { type: kept, data: inverse },
    ];
  },
};

/** Mean and variance (of the population); both 0 of nothing. */
function momentsOf(row: HostTensor["data"]): { readonly mean: number; readonly variance: number } {
  if (row.length === 0) return { mean: 0, variance: 0 };
  let mean = 0;
  for (const x of row) mean += x;
  mean /= row.length;
  let variance = 0;
  for (const x of row) variance += (x - mean) ** 2;
  return { mean, variance: variance / row.length };
}

const layerNormGradient: Rule<"layerNormGradient"> = {
  doc:
    "With n = (x - mean) * inverse and g = d * gain: inverse * (g - mean(g) - n * mean(g * n)), " +
    "the gradient " +
    "of a layer norm with respect to x.",
  arity: 5,
  numbers: "real",
  type(inputs, { over }) {
    const all = operands(
      inputs,
      "the operand",
      "the gain",
      "the mean",
      "the inverse deviation",
      "the gradient",
    );
    const [x, ...others] = all as [Operand, ...Operand[]];
    requireNumbers(all);
    requireAxis(x, over);
    alignAxes(all);
    for (const operand of others) requireWithin(operand, x);
    return [resultType("real", x.type.axes)];
  },
  flops: ([x]) => 10 * elementCount(x as TensorType),
  evaluate: ([x, gain, mean, inverse, d], { over }, [type]) => {
    const result = type as TensorType;
    const { values, axes, count, length } = rowsOf(x as HostTensor, undefined, [over]);
    const scale = realLayout(gain as HostTensor, axes);
    const center = realLayout(mean as HostTensor, axes);
    const factor = realLayout(inverse as HostTensor, axes);
    const gradient = realLayout(d as HostTensor, axes);
    const normal = Float64Array.from(
      values,
      (value, i) => (value - (center[i] as number)) * (factor[i] as number),
    );
    const out = new Float64Array(values.length);
    for (let row = 0; row < count; row++) {
      const begin = row * length;
      let sum = 0;
      let along = 0;
      for (let i = begin; i < begin + length; i++) {
        const g = (gradient[i] as number) * (scale[i] as number);
        out[i] = g;
        sum += g;
        along += g * (normal[i] as number);
      }
      for (let i = begin; i < begin + length; i++) {
        const centered =
          (out[i] as number) - sum / length - ((normal[i] as number) * along) / length;
        out[i] = (factor[i] as number) * centered;
      }
    }
    return [{ type: result, data: reorder(out, axes, result.axes) }];
  },
};

export const normalizations = { layerNorm, layerNormGradient };
