/** Results of functions are values: a number written in place becomes one. */

import type { Span } from "../../../parser/tree.ts";
import type { Value } from "../../graph.ts";
import { emit, type Place } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";

/** Functions take values; a number written in place becomes one. */
export function toValue(place: Place, tensor: TensorEntity, span: Span): TensorEntity {
  if ("name" in tensor.operand) return tensor;
  const op = tensor.number === "real" ? "real" : tensor.number === "int" ? "int" : "not";
  if (op !== "not") return emit(place, op, [tensor], {}, { span });
  return emit(place, "and", [tensor, tensor], {}, { span });
}

/** The value of a tensor that is one. */
export function valueOfTensor(tensor: TensorEntity): Value {
  if (!("name" in tensor.operand)) throw new Error("A result is a value.");
  return tensor.operand;
}
