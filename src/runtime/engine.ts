/**
 * The interface every engine implements: compile a plan, hold tensors, run, read back.
 *
 * A `DeviceTensor` is opaque to everyone but its engine. Runs never change a tensor they are given.
 * A tensor that is discarded is freed at once; one that is not, when the collector finds that nobody
 * holds it any more.
 */
import type { HostTensor, TensorType } from "../ops/index.ts";
import type { Plan } from "./plan.ts";

export interface DeviceTensor {
  readonly type: TensorType;
}

export interface Executable {
  readonly plan: Plan;
  /** One tensor per plan input, in order; gives one per plan output, in order. */
  run(inputs: readonly DeviceTensor[]): Promise<DeviceTensor[]>;
  release(): Promise<void>;
}

export interface Engine {
  readonly name: "reference" | "onnx";
  /** Bytes of one real number: 8 in `reference`, 4 in `onnx`. */
  readonly realBytes: 4 | 8;
  compile(plan: Plan): Promise<Executable>;
  /** Moves a host tensor to the engine (rounding reals to its precision). */
  upload(tensor: HostTensor): DeviceTensor;
  download(tensor: DeviceTensor): HostTensor;
  /** Frees tensors, which are not read again. Others that show the same entries stay as they are. */
  discard(tensors: readonly DeviceTensor[]): void;
}
