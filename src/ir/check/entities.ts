/** What a name may mean while checking: tensors, numbers, instances. */
import type { NumberKind } from "../../ops/index.ts";
import type { BlockDefinition, Span } from "../../parser/tree.ts";
import type { NumberExpression, Operand, Value } from "../graph.ts";
import { isValue } from "../symbolic.ts";
import type { Static } from "./expressions/static.ts";
import type { Instance } from "./instances/instance.ts";

/** An axis of a tensor while checking. */
export interface CheckedAxis {
  readonly name: string;
  readonly size: number;
  /** Its size in terms of number formals and axes of the arguments. */
  readonly declared: NumberExpression;
  /** It is the segment's axis, so that `valid` says which of its entries exist (rule R12). */
  readonly data: boolean;
  /** Where it got its size. */
  readonly from?: Span;
}

export interface TensorEntity {
  readonly kind: "tensor";
  readonly operand: Operand;
  readonly number: NumberKind;
  /** Without the batch. */
  readonly axes: readonly CheckedAxis[];
  readonly batch: boolean;
  /** Known before anything runs. */
  readonly constant: boolean;
  /** For an entering state that restarts within the segment (rule R9): where along the axis, and as what. */
  readonly restart?: (axis: CheckedAxis, span: Span) => Restart;
}

export interface Restart {
  /** `[batch, axis]`: before which steps. */
  readonly flag: TensorEntity;
  readonly start: TensorEntity;
}

export interface InstanceEntity {
  readonly kind: "instance";
  readonly instance: Instance;
}

/** Several results of one call. */
export interface TupleEntity {
  readonly kind: "tuple";
  readonly items: readonly { readonly name: string; readonly value: TensorEntity }[];
}

/** A name whose statement failed. */
export interface PoisonEntity {
  readonly kind: "poison";
}

/** A definition, not yet called. */
export interface DefinitionEntity {
  readonly kind: "definition";
  readonly definition: BlockDefinition;
}

export type Entity =
  | Static
  | TensorEntity
  | InstanceEntity
  | TupleEntity
  | PoisonEntity
  | DefinitionEntity;

/** The value behind an entity's operand, if it is one. */
export function valueBehind(entity: TensorEntity): Value | undefined {
  return isValue(entity.operand) ? entity.operand : undefined;
}
