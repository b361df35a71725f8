/** Results of functions are values: a number written in place becomes one. */

import type { Span } from "../../../parser/tree.ts";
import { emit, type Place } from "../emit.ts";
import type { TensorEntity } from "../frame.ts";

/** Functions take values; a number written in place becomes one. */
export function toValue(place: Place, tensor: TensorEntity, span: Span): TensorEntity {
  if ("name" in tensor.operand) return tensor;
  const op = tensor.number === "real" ? "real" : tensor.number === "int" ? "int" : "not";
  if (op !== "not") return emit(place, op, [tensor], {}, { span });
  return emit(place, "and", [tensor, tensor], {}, { span });
}
