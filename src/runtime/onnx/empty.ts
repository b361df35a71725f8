/**
 * Tensors without entries: they never enter an ONNX graph, whose operators are not sure about them.
 */
import type { HostTensor, TensorType } from "../../ops/index.ts";
import { evaluate, zeros } from "../../ops/index.ts";
import type { PlanNode } from "../plan.ts";
import type { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";
import { elementOf } from "./values.ts";

export function isEmpty({ axes }: TensorType): boolean {
  return axes.some(({ size }) => size === 0);
}

export function emptyTensor(type: TensorType): HostTensor {
  return zeros(type);
}

/** A value without entries, for rules that only look at its axes. */
export function emptyValue(w: TensorWriter, { kind, axes }: TensorType): Value {
  return { ...w.number(0, elementOf(kind)), axes };
}

/**
 * Whether a node with an operand that has no entries can be lowered like any other, given
 * `emptyValue` for it. The results of all other operations then depend on no entry of any operand.
 */
export function lowersEmpty(node: PlanNode, types: readonly TensorType[]): boolean {
  if (node.op === "linear") return true;
  if (node.op !== "attention") return false;
  const { keys } = node.attributes;
  return types.every(({ axes }) => axes.every(({ name, size }) => name !== keys || size > 0));
}

/** The results of a node whose operands have no entries to speak of. */
export function emptyResults(
  w: TensorWriter,
  node: PlanNode,
  types: readonly TensorType[],
): readonly Value[] {
  const results = evaluate(node.op, types.map(zeros), node.attributes);
  return results.map((tensor) =>
    isEmpty(tensor.type) ? emptyValue(w, tensor.type) : w.constant(tensor),
  );
}

/** A join without its pieces that have no entries. */
export function withoutEmptyPieces(
  node: PlanNode & { readonly op: "join" },
  types: readonly TensorType[],
): PlanNode & { readonly op: "join" } {
  const kept = node.inputs.map((_, i) => !isEmpty(types[i] as TensorType));
  return {
    ...node,
    inputs: node.inputs.filter((_, i) => kept[i]),
    attributes: {
      ...node.attributes,
      pieces: node.attributes.pieces.filter((_, i) => kept[i]),
    },
  };
}
