/**
 * A plan: a static list of kernel calls with concrete shapes, made by running ("staging") a
 * function of the generated code once on a recording builder. Engines compile plans; the planner
 * computes their peak bytes.
 */
import type { HostTensor, OpAttributes, OpName, TensorType } from "../ops/index.ts";

/** Index into `Plan.values`. */
export type ValueId = number;

export type PlanNode = {
  readonly [Name in OpName]: {
    readonly op: Name;
    readonly attributes: OpAttributes<number>[Name];
    readonly inputs: readonly ValueId[];
    readonly outputs: readonly ValueId[];
    /**
     * The calls that recorded it, innermost first: `attention (memformer.ts:41) < layer
     * (memformer.ts:77)`.
     */
    readonly trace?: string;
  };
}[OpName];

export interface PlanPort {
  /** Dotted address, e.g. `own.layer[3].attention.Wq` or `next.mem.M`. */
  readonly name: string;
  readonly value: ValueId;
}

export interface Plan {
  readonly name: string;
  readonly values: readonly TensorType[];
  readonly inputs: readonly PlanPort[];
  /** Values known before anything runs, evaluated in float64 while staging. */
  readonly constants: readonly { readonly value: ValueId; readonly tensor: HostTensor }[];
  readonly nodes: readonly PlanNode[];
  readonly outputs: readonly PlanPort[];
}
