/** Tensors made from nothing but attributes. */
import type { OpAttributes } from "./attributes.ts";
import { requireEntry, requireSizes, resultType } from "./axes.ts";
import { allocateFor } from "./strided.ts";
import type { OpDefinition, TensorType } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;

const index: Rule<"index"> = {
  doc: "0, 1, … along an axis.",
  arity: 0,
  type(_, { axis, size }) {
    requireSizes([{ name: axis, size }]);
    return [resultType("int", [{ name: axis, size }])];
  },
  flops: () => 0,
  evaluate: (_, __, [type]) => {
    const data = allocateFor(type as TensorType);
    for (let i = 0; i < data.length; i++) data[i] = i;
    return [{ type: type as TensorType, data }];
  },
};

const fill: Rule<"fill"> = {
  doc: "One number in every entry.",
  arity: 0,
  type(_, { value, axes, kind }) {
    requireSizes(axes);
    requireEntry(value, kind);
    return [resultType(kind, axes)];
  },
  flops: () => 0,
  evaluate: (_, { value }, [type]) => [
    { type: type as TensorType, data: allocateFor(type as TensorType).fill(value) },
  ],
};

const values: Rule<"values"> = {
  doc: "The listed numbers along an axis.",
  arity: 0,
  type: (_, { list, into }) => [resultType("real", [{ name: into, size: list.length }])],
  flops: () => 0,
  evaluate: (_, { list }, [type]) => [{ type: type as TensorType, data: Float64Array.from(list) }],
};

export const sources = { index, fill, values };
