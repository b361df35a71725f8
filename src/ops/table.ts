/** The op table: one entry an operation. */
import type { OpAttributes, OpName } from "./attributes.ts";
import { sameType, typeText } from "./axes.ts";
import { contractions } from "./contract.ts";
import { elementwise } from "./elementwise.ts";
import { fused } from "./fused.ts";
import { indexing } from "./indexing.ts";
import { linearAlgebra } from "./linear-algebra.ts";
import { neighbours } from "./neighbours.ts";
import { normalizations } from "./normalization.ts";
import { recurrences } from "./recurrence.ts";
import { reductions } from "./reduce.ts";
import { shapes } from "./shape.ts";
import { sources } from "./sources.ts";
import type { HostTensor, NumberKind, OpDefinition, TensorType } from "./types.ts";
import { OpError } from "./types.ts";

export type OperationTable = {
  readonly [Name in OpName]: OpDefinition<OpAttributes<number>[Name]>;
};

export const operations: OperationTable = {
  ...elementwise,
  ...reductions,
  ...contractions,
  ...shapes,
  ...sources,
  ...neighbours,
  ...indexing,
  ...recurrences,
  ...linearAlgebra,
  ...fused,
  ...normalizations,
} satisfies OperationTable;

export function isOperation(name: string): name is OpName {
  return Object.hasOwn(operations, name);
}

/** Whether every entry of the result comes from the entries of the operands at its own place, aligned by axis name. */
export function isElementwise(op: OpName): boolean {
  return Object.hasOwn(elementwise, op);
}

/** The fewest and the most inputs of an operation, its mask included. */
export function inputCounts(op: OpName): { readonly least: number; readonly most: number } {
  const { arity, optional = 0, masked = false } = operations[op];
  if (arity === "variadic") return { least: 1, most: Infinity };
  return { least: arity, most: arity + optional + (masked ? 1 : 0) };
}

/** Types of the results. A mask, if there is one, is the last input. Throws OpError. */
export function inferTypes<Name extends OpName>(
  op: Name,
  inputs: readonly TensorType[],
  attributes: OpAttributes<number>[Name],
): readonly TensorType[] {
  const { least, most } = inputCounts(op);
  if (inputs.length < least || inputs.length > most) {
    const range = least === most ? `${least}` : `${least} to ${most}`;
    throw new OpError(
      `${op} takes ${range} ${range === "1" ? "tensor" : "tensors"}, not ${inputs.length}.`,
    );
  }
  const definition: OpDefinition<OpAttributes<number>[Name]> = operations[op];
  return definition.type(inputs, attributes);
}

/** Floating-point operations, a multiply-add counted as 2, an axis of open size as 1 entry. */
export function countFlops<Name extends OpName>(
  op: Name,
  inputs: readonly TensorType[],
  attributes: OpAttributes<number>[Name],
): number {
  const definition: OpDefinition<OpAttributes<number>[Name]> = operations[op];
  return definition.flops(inputs, attributes);
}

/** Evaluates an operation in float64. Throws OpError for types that it does not accept. */
export function evaluate<Name extends OpName>(
  op: Name,
  inputs: readonly HostTensor[],
  attributes: OpAttributes<number>[Name],
): readonly HostTensor[] {
  const types = inferTypes(
    op,
    inputs.map(({ type }) => type),
    attributes,
  );
  const definition: OpDefinition<OpAttributes<number>[Name]> = operations[op];
  const results = definition.evaluate(inputs, attributes, types);
  results.forEach(({ type }, i) => {
    const expected = types[i];
    if (expected === undefined || !sameType(type, expected)) {
      throw new Error(`${op} made ${typeText(type)} as result ${i}.`);
    }
  });
  return results;
}

/**
 * The kind that each input has when the operation computes: an engine with typed kernels casts an
 * int input to real where this says so, and takes the others as they are.
 */
export function operandKinds(op: OpName, inputs: readonly TensorType[]): readonly NumberKind[] {
  const { numbers, indices = [] } = operations[op];
  const mixes = inputs.filter(({ kind }, i) => kind === "real" && !indices.includes(i)).length > 0;
  const converted = numbers === "real" || (numbers === "mixed" && mixes);
  return inputs.map(({ kind }, i) =>
    converted && kind === "int" && !indices.includes(i) ? "real" : kind,
  );
}
