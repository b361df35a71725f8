/**
 * The reference engine: runs a plan in float64 with the op table, node by node. It is the oracle
 * that other engines are compared with, and finds the operation that first made a NaN.
 */
import {
  evaluate,
  type HostTensor,
  OpError,
  sameType,
  type TensorType,
  typeText,
} from "../ops/index.ts";
import type { DeviceTensor, Engine, Executable } from "./engine.ts";
import type { Plan, PlanNode, ValueId } from "./plan.ts";

/** An engine was given tensors that its plan does not take. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

/** A device tensor of this engine is the host tensor itself, until it is discarded. */
class ReferenceTensor implements DeviceTensor {
  readonly type: TensorType;
  #host: HostTensor | undefined;

  constructor(host: HostTensor) {
    this.type = host.type;
    this.#host = host;
  }

  /** Throws EngineError after the tensor was discarded. */
  get host(): HostTensor {
    if (this.#host !== undefined) return this.#host;
    throw new EngineError(`A tensor of ${typeText(this.type)} is read after it was discarded.`);
  }

  discard(): void {
    this.#host = undefined;
  }
}

export interface ReferenceExecutable extends Executable {
  /**
   * Most bytes of values alive at once during the latest run: inputs, constants, and what nodes
   * made and still need.
   */
  readonly peakBytes: number;
}

export interface ReferenceEngine extends Engine {
  readonly name: "reference";
  compile(plan: Plan): Promise<ReferenceExecutable>;
}

/** Every value of a plan as it is made: `visit` sees each node with its inputs and results. */
export type Visit = (
  node: PlanNode,
  inputs: readonly HostTensor[],
  results: readonly HostTensor[],
  index: number,
) => void;

/** For each node, the values that no later node and no output needs. */
function releases(plan: Plan): readonly (readonly ValueId[])[] {
  const kept = new Set<ValueId>();
  for (const { value } of [...plan.inputs, ...plan.constants, ...plan.outputs]) kept.add(value);
  const released = plan.nodes.map((): ValueId[] => []);
  for (let i = plan.nodes.length - 1; i >= 0; i--) {
    const node = plan.nodes[i];
    if (node === undefined) continue;
    for (const value of [...node.inputs, ...node.outputs]) {
      if (kept.has(value)) continue;
      kept.add(value);
      released[i]?.push(value);
    }
  }
  return released;
}

/**
 * Runs a plan on host tensors; gives its outputs and the most bytes alive at once. Throws
 * EngineError on wrong inputs.
 */
export function evaluatePlan(
  plan: Plan,
  inputs: readonly HostTensor[],
  visit?: Visit,
  released = releases(plan),
): { readonly outputs: readonly HostTensor[]; readonly peakBytes: number } {
  const values = new Map<ValueId, HostTensor>();
  let bytes = 0;
  const hold = (value: ValueId, tensor: HostTensor): void => {
    values.set(value, tensor);
    bytes += tensor.data.byteLength;
  };
  const get = (value: ValueId): HostTensor => {
    const tensor = values.get(value);
    if (tensor === undefined)
      throw new EngineError(`Plan ${plan.name} uses value ${value} before it is made.`);
    return tensor;
  };
  bindInputs(plan, inputs, hold);
  for (const { value, tensor } of plan.constants) hold(value, tensor);
  let peakBytes = bytes;
  plan.nodes.forEach((node, index) => {
    const operands = node.inputs.map(get);
    const results = evaluateNode(node, operands);
    node.outputs.forEach((value, i) => {
      const result = results[i];
      if (result === undefined) throw new EngineError(`${node.op} has no result ${i}.`);
      hold(value, result);
    });
    peakBytes = Math.max(peakBytes, bytes);
    visit?.(node, operands, results, index);
    for (const value of released[index] ?? []) {
      bytes -= values.get(value)?.data.byteLength ?? 0;
      values.delete(value);
    }
  });
  return { outputs: plan.outputs.map(({ value }) => get(value)), peakBytes };
}

function bindInputs(
  plan: Plan,
  inputs: readonly HostTensor[],
  hold: (value: ValueId, tensor: HostTensor) => void,
): void {
  if (inputs.length !== plan.inputs.length) {
    throw new EngineError(
      `Plan ${plan.name} has ${plan.inputs.length} inputs, but ${inputs.length} tensors are given.`,
    );
  }
  plan.inputs.forEach(({ name, value }, i) => {
    const tensor = inputs[i];
    const type = plan.values[value];
    if (tensor === undefined || type === undefined) return;
    if (!sameType(tensor.type, type)) {
      throw new EngineError(
        `Input ${name} of plan ${plan.name} is ${typeText(type)}, not ${typeText(tensor.type)}.`,
      );
    }
    hold(value, tensor);
  });
}

function evaluateNode(node: PlanNode, operands: readonly HostTensor[]): readonly HostTensor[] {
  try {
    return evaluate(node.op, operands, node.attributes);
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    const from = node.trace === undefined ? "" : ` (${node.trace})`;
    throw new EngineError(`In ${node.op}${from}: ${error.message}`, { cause: error });
  }
}

/** The float64 engine. Its tensors are host tensors, so upload and download copy nothing. */
export function createReferenceEngine(): ReferenceEngine {
  return {
    name: "reference",
    realBytes: 8,
    async compile(plan) {
      const released = releases(plan);
      let peakBytes = 0;
      return {
        plan,
        get peakBytes() {
          return peakBytes;
        },
        async run(inputs) {
          const result = evaluatePlan(plan, inputs.map(hostOf), undefined, released);
          peakBytes = result.peakBytes;
          return result.outputs.map((host) => new ReferenceTensor(host));
        },
        async release() {},
      };
    },
    upload: (tensor) => new ReferenceTensor(tensor),
    download: hostOf,
    discard(tensors) {
      for (const tensor of tensors) ownTensor(tensor).discard();
    },
  };
}

/** The float64 engine, ready to use: it has no state of its own. */
export const referenceEngine: ReferenceEngine = createReferenceEngine();

function hostOf(tensor: DeviceTensor): HostTensor {
  return ownTensor(tensor).host;
}

function ownTensor(tensor: DeviceTensor): ReferenceTensor {
  if (tensor instanceof ReferenceTensor) return tensor;
  throw new EngineError("A tensor of another engine is given to the reference engine.");
}
