/** First-order linear recurrences along an axis. */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  countOf,
  elementCount,
  findAxis,
  mixNumbers,
  operands,
  requireAxis,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { allocateFor, layout, reorder } from "./strided.ts";
import type { HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OpError } from "./types.ts";

const partsOf = (inputs: readonly TensorType[]) =>
  operands(inputs, "the factor", "the increment", "the start") as [Operand, Operand, Operand];

const linearScan: OpDefinition<OpAttributes<number>["linearScan"]> = {
  doc:
    "y[t] = a[t] * y[t - 1] + b[t] along an axis with y[-1] = start: all steps, after each " +
    "update.",
  arity: 3,
  numbers: "mixed",
  type(inputs, { over }) {
    const parts = partsOf(inputs);
    const kind = mixNumbers(parts);
    const axes = alignAxes(parts);
    const [a, b, start] = parts;
    if (findAxis(a.type, over) === undefined) requireAxis(b, over);
    if (findAxis(start.type, over) !== undefined) {
      throw new OpError(
        `The start of a linear scan over ${over} must lack that axis: ` +
          `it is ${typeText(start.type)}.`,
      );
    }
    return [resultType(kind, axes)];
  },
  flops: (inputs) => 2 * elementCount({ axes: alignAxes(partsOf(inputs)) }),
  evaluate: ([a, b, start], { over }, [type]) => {
    const result = type as TensorType;
    const kept = without(result.axes, [over]);
    const axes = [...kept, ...result.axes.filter(({ name }) => name === over)];
    const factor = layout(a as HostTensor, axes);
    const increment = layout(b as HostTensor, axes);
    const begin = layout(start as HostTensor, kept);
    const steps = countOf(axes.slice(kept.length));
    const out = allocateFor({ kind: result.kind, axes });
    for (let row = 0; row < countOf(kept); row++) {
      let state = begin[row] as number;
      for (let t = row * steps; t < (row + 1) * steps; t++) {
        out[t] = (factor[t] as number) * state + (increment[t] as number);
        state = out[t] as number;
      }
    }
    return [{ type: result, data: reorder(out, axes, result.axes) }];
  },
};

export const recurrences = { linearScan };
