/**
 * The onnx engine: plans become ONNX models that onnxruntime-node runs on the CPU, in float32.
 *
 * Model and session are made once a plan. A run hands tensors over without copying them and blocks
 * the event loop until it is done, so a program that has to answer meanwhile trains in a worker
 * thread.
 */
import { availableParallelism } from "node:os";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { HostData, HostTensor, TensorType } from "../../ops/index.ts";
import { sameType, typeText } from "../../ops/index.ts";
import type { DeviceTensor, Engine, Executable } from "../engine.ts";
import type { Plan } from "../plan.ts";
import { EngineError } from "../reference.ts";
import type { LoweredPlan, OutputSource } from "./compile.ts";
import { lowerPlan } from "./compile.ts";
import { type Entries, free, keepFreedMemory, type Storage } from "./memory.ts";
import { encodeModel } from "./model.ts";
import type { Ort } from "./session.ts";
import { loadOnnxRuntime, sessionOptions, threadsFor } from "./session.ts";
import { sameOrder } from "./shapes.ts";

export interface OnnxOptions {
  /** Threads that share one operator, if it is large: all cores unless said. */
  readonly threads?: number;
}

/** A tensor of this engine: entries in the order of the type's axes. */
class OnnxTensor implements DeviceTensor {
  readonly type: TensorType;
  readonly storage: Storage;
  #latest: Tensor | undefined;
  #discarded = false;

  constructor(type: TensorType, storage: Storage) {
    this.type = type;
    this.storage = storage;
    storage.users += 1;
  }

  /** Throws EngineError after the tensor was discarded: its entries are gone. */
  get entries(): Entries {
    if (this.#discarded) {
      throw new EngineError(`A tensor of ${typeText(this.type)} is read after it was discarded.`);
    }
    return this.storage.entries;
  }

  /** The entries as ONNX Runtime takes them, under a shape that a session asks for. */
  shaped(ort: Ort, dims: readonly number[]): Tensor {
    const latest = this.#latest;
    if (latest !== undefined && !this.#discarded && sameOrder(latest.dims, dims)) return latest;
    this.#latest = ortTensor(ort, this.entries, dims);
    return this.#latest;
  }

  /** Gives the entries that no tensor shows any more, if they are its own. */
  discard(): Entries | undefined {
    if (this.#discarded) return undefined;
    this.#discarded = true;
    this.#latest = undefined;
    this.storage.users -= 1;
    return this.storage.users === 0 ? this.storage.entries : undefined;
  }
}

function ortTensor(ort: Ort, entries: Entries, dims: readonly number[]): Tensor {
  if (entries instanceof Float32Array) return new ort.Tensor("float32", entries, dims);
  if (entries instanceof Int32Array) return new ort.Tensor("int32", entries, dims);
  return new ort.Tensor("bool", entries, dims);
}

/** Loads onnxruntime-node. Throws EngineMissingError if it cannot be loaded. */
export async function createOnnxEngine(options: OnnxOptions = {}): Promise<Engine> {
  const ort = await loadOnnxRuntime();
  const threads = options.threads ?? availableParallelism();
  keepFreedMemory();
  return {
    name: "onnx",
    realBytes: 4,
    async compile(plan) {
      const lowered = lowerPlan(plan);
      const session =
        lowered.graph === undefined
          ? undefined
          : await ort.InferenceSession.create(
              encodeModel(lowered.graph),
              sessionOptions(threadsFor(plan, threads), lowered.graph.nodes.length),
            );
      return new OnnxExecutable(ort, plan, lowered, session);
    },
    upload,
    download,
    discard(tensors) {
      free(tensors.flatMap((tensor) => ownTensor(tensor).discard() ?? []));
    },
  };
}

class OnnxExecutable implements Executable {
  readonly plan: Plan;
  readonly #ort: Ort;
  readonly #lowered: LoweredPlan;
  readonly #session: InferenceSession | undefined;
  readonly #constants = new Map<HostTensor, OnnxTensor>();

  constructor(ort: Ort, plan: Plan, lowered: LoweredPlan, session: InferenceSession | undefined) {
    this.#ort = ort;
    this.plan = plan;
    this.#lowered = lowered;
    this.#session = session;
  }

  async run(inputs: readonly DeviceTensor[]): Promise<DeviceTensor[]> {
    const given = this.#check(inputs);
    const feeds: Record<string, Tensor> = {};
    for (const { name, position, dims } of this.#lowered.inputs) {
      const input = given[position];
      if (input !== undefined) feeds[name] = input.shaped(this.#ort, dims);
    }
    const made = this.#session === undefined ? {} : await this.#session.run(feeds);
    const results = new Map(
      Object.entries(made).map(([name, tensor]) => [
        name,
        { entries: entriesOf(tensor), users: 0 },
      ]),
    );
    return this.#lowered.outputs.map((source, i) =>
      this.#output(source, this.#typeOf(i), given, results),
    );
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }

  #typeOf(output: number): TensorType {
    const type = this.plan.values[this.plan.outputs[output]?.value ?? -1];
    if (type === undefined)
      throw new EngineError(`Plan ${this.plan.name} has no output ${output}.`);
    return type;
  }

  #check(inputs: readonly DeviceTensor[]): OnnxTensor[] {
    const { name, inputs: ports, values } = this.plan;
    if (inputs.length !== ports.length) {
      throw new EngineError(
        `Plan ${name} has ${ports.length} inputs, but ${inputs.length} tensors are given.`,
      );
    }
    return inputs.map((input, i) => {
      const port = ports[i];
      const type = values[port?.value ?? -1];
      const tensor = ownTensor(input);
      if (type !== undefined && !sameType(type, tensor.type)) {
        throw new EngineError(
          `Input ${port?.name} of plan ${name} is ${typeText(type)}, not ${typeText(tensor.type)}.`,
        );
      }
      return tensor;
    });
  }

  #output(
    source: OutputSource,
    type: TensorType,
    inputs: readonly OnnxTensor[],
    results: ReadonlyMap<string, Storage>,
  ): OnnxTensor {
    switch (source.kind) {
      case "result": {
        const result = results.get(source.name);
        if (result === undefined) throw new EngineError(`The session gave no ${source.name}.`);
        return new OnnxTensor(type, result);
      }
      case "input": {
        const input = inputs[source.position];
        if (input === undefined) throw new EngineError(`Input ${source.position} is missing.`);
        return new OnnxTensor(type, input.storage);
      }
      case "constant": {
        const constant = this.#constants.get(source.tensor) ?? upload(source.tensor);
        this.#constants.set(source.tensor, constant);
        return new OnnxTensor(type, constant.storage);
      }
      default:
        return source satisfies never;
    }
  }
}

function ownTensor(tensor: DeviceTensor): OnnxTensor {
  if (tensor instanceof OnnxTensor) return tensor;
  throw new EngineError("A tensor of another engine is given to the onnx engine.");
}

function entriesOf({ data }: Tensor): Entries {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) {
    return data;
  }
  throw new EngineError("The session gave a result of an unexpected element type.");
}

/** Copies: the host tensor may change afterwards. */
function upload({ type, data }: HostTensor): OnnxTensor {
  return new OnnxTensor(type, { entries: copied(data), users: 0 });
}

/** `slice` would not do: that of a Buffer shows the same memory. */
function copied(data: HostData): Entries {
  if (data instanceof Float64Array) return Float32Array.from(data);
  return data instanceof Int32Array ? Int32Array.from(data) : Uint8Array.from(data);
}

function download(tensor: DeviceTensor): HostTensor {
  const { type, entries } = ownTensor(tensor);
  const data: HostData =
    entries instanceof Float32Array ? Float64Array.from(entries) : entries.slice();
  return { type, data };
}
