/**
 * Runs a case's segments on an engine: forward through the evaluate program, carrying states, and once more through the rollout
 * of the train program, which gives losses and gradients.
 */
import {
  createRun,
  type DeviceTensor,
  downloadTree,
  type Engine,
  type EngineRun,
  expandDeclarations,
  type HostTensor,
  hostTensor,
  initialParameters,
  initialStates,
  type Run,
  type SegmentBatch,
  type StagedFunction,
  scalar,
  segmentDraws,
  type TensorType,
  type Tree,
  uploadTree,
  zeros,
} from "memc/runtime";
import { InputError } from "../exit.ts";
import type { Given, Source, SpecRun } from "./adapter.ts";
import type { GoldenCase, Tensors } from "./case.ts";
import { fromFile, LayoutError } from "./layout.ts";
import type { LoadedPrograms } from "./programs.ts";

/** What a run gave: the tensor behind a source, undefined if there is none. */
export type Observed = (source: Source) => HostTensor | undefined;

export async function observe(
  golden: GoldenCase,
  run: SpecRun,
  programs: LoadedPrograms,
  engine: Engine,
): Promise<Observed> {
  const observation = new Observation(golden, run, programs, engine);
  try {
    await observation.evaluate();
    await observation.train();
  } finally {
    await observation.release();
  }
  return observation.find;
}

class Observation {
  readonly #golden: GoldenCase;
  readonly #spec: SpecRun;
  readonly #programs: LoadedPrograms;
  readonly #engine: Engine;
  readonly #run: EngineRun;
  readonly #parameters: Tree<DeviceTensor>;
  readonly #states: Tree<DeviceTensor>;
  readonly #segments: readonly SegmentBatch[];
  readonly #found = new Map<string, HostTensor>();
  #total = 0;

  constructor(golden: GoldenCase, spec: SpecRun, programs: LoadedPrograms, engine: Engine) {
    this.#golden = golden;
    this.#spec = spec;
    this.#programs = programs;
    this.#engine = engine;
    this.#run = createRun(engine, { probes: true });
    this.#parameters = uploadTree(engine, this.#parameterTensors());
    this.#states = this.#startingStates();
    this.#segments = spec.segments.map((_, s) => this.#segment(s));
  }

  readonly find: Observed = (source) => {
    return source.kind === "total" ? scalar(this.#total) : this.#found.get(keyOf(source));
  };

  async release(): Promise<void> {
    await this.#run.release();
  }

  /** The generated inference code, segment by segment. */
  async evaluate(): Promise<void> {
    const { segment } = this.#programs.evaluate;
    let states = this.#states;
    for (const [s, { inputs, draws }] of this.#segments.entries()) {
      const own = this.#run.merge(this.#parameters, states, draws);
      const result = await callSegment(this.#run, segment, own, inputs);
      for (const [name, tensor] of Object.entries(result.outputs)) {
        this.#note({ kind: "output", segment: s, name }, tensor);
      }
      states = result.next;
      for (const [address, tensor] of downloadTree(this.#engine, states)) {
        this.#found.set(keyOf({ kind: "next", segment: s, address }), tensor);
      }
      this.#noteProbes(s, "value");
    }
  }

  /** The generated rollout. */
  async train(): Promise<void> {
    const { train } = this.#programs;
    const result = await train.rollout(
      this.#watched(),
      this.#parameters,
      this.#states,
      this.#segments,
    );
    for (const [s, tree] of result.losses.entries()) {
      for (const [address, tensor] of downloadTree(this.#engine, tree)) {
        this.#found.set(keyOf({ kind: "loss", segment: s, address }), tensor);
        this.#total += (this.#weights[s] ?? 0) * Number(tensor.data[0]);
      }
    }
    for (const [address, { axes }] of expandDeclarations(train.parameters)) {
      this.#found.set(keyOf({ kind: "parameter", address }), zeros(realType(axes)));
    }
    for (const [address, tensor] of downloadTree(this.#engine, result.gradients)) {
      this.#found.set(keyOf({ kind: "parameter", address }), tensor);
    }
  }

  /** Weights of the segments' losses, as the generated code hands them to the backward. */
  readonly #weights: number[] = [];

  /**
   * The run with an eye on which segment a call belongs to: the one whose inputs it is given. So probes of its gradients are
   * told apart, in whatever order the schedule runs the segments.
   */
  #watched(): Run {
    const inner = this.#run;
    const watch = async (...given: Parameters<Run["call"]>) => {
      const result = await inner.call(...given);
      const [, ...trees] = given;
      const s = this.#segments.findIndex(({ inputs }) => trees.includes(inputs));
      const weight = trees.find(isScalar);
      if (s >= 0 && weight !== undefined) {
        this.#weights[s] = Number(this.#engine.download(weight).data[0]);
        this.#noteProbes(s, "gradient");
      } else inner.takeProbes();
      return result;
    };
    return {
      call: watch as Run["call"],
      scalar: (value) => inner.scalar(value),
      merge: (...trees) => inner.merge(...trees),
      zeros: (like) => inner.zeros(like),
      add: (total, term) => inner.add(total, term),
      discard: (tree) => inner.discard(tree),
    };
  }

  #note(source: Source, tensor: DeviceTensor): void {
    this.#found.set(keyOf(source), this.#engine.download(tensor));
  }

  #noteProbes(segment: number, kind: "value" | "gradient"): void {
    const prefix = kind === "value" ? "probe." : "probe.gradient.";
    for (const { name, tensor } of this.#run.takeProbes()) {
      if (!name.startsWith(prefix)) continue;
      if (kind === "value" && name.startsWith("probe.gradient.")) continue;
      this.#note({ kind, segment, address: name.slice(prefix.length) }, tensor);
    }
  }

  // ---------------------------------------------------------------- what goes in

  #parameterTensors(): ReadonlyMap<string, HostTensor> {
    const { parameters } = this.#programs.train;
    const tensors = new Map<string, HostTensor>();
    const types = new Map<string, TensorType>();
    for (const [address, { axes }] of expandDeclarations(parameters)) {
      types.set(address, realType(axes));
    }
    const unused = new Set(this.#golden.weights.keys());
    for (const each of this.#spec.weights) {
      unused.delete(each.file);
      for (const [address, tensor] of place(each, this.#golden.weights, types)) {
        tensors.set(address, tensor);
      }
    }
    const missing = [...types.keys()].filter((address) => !tensors.has(address));
    const first = initialParameters({ parameters }, 0);
    for (const address of missing) {
      const tensor = first.get(address);
      if (!this.#spec.fresh.includes(address) || tensor === undefined) {
        throw new InputError(`${this.#spec.spec}: no weight of the case is ${address}`);
      }
      tensors.set(address, tensor);
    }
    unused.delete("_empty");
    const [left] = unused;
    if (left !== undefined && this.#spec.others !== true)
      throw new InputError(`the weight ${left} is taken by no parameter`);
    return tensors;
  }

  #startingStates(): Tree<DeviceTensor> {
    const { train } = this.#programs;
    const { batch, states: given = [], counts = {} } = this.#spec;
    const zero = initialStates(this.#engine, train, batch);
    const all = new Map(downloadTree(this.#engine, zero));
    const types = new Map([...all].map(([address, { type }]) => [address, type] as const));
    for (const each of given) {
      for (const [address, tensor] of place(each, this.#golden.inputs, types)) {
        all.set(address, tensor);
      }
    }
    for (const [address, count] of Object.entries(counts)) {
      const type = types.get(address);
      if (type === undefined) throw new InputError(`there is no state ${address}`);
      all.set(
        address,
        hostTensor(
          "int",
          type.axes,
          Array.from({ length: batch }, () => count),
        ),
      );
    }
    return uploadTree(this.#engine, all);
  }

  #segment(s: number): SegmentBatch {
    const { train } = this.#programs;
    const { batch, states } = this.#spec;
    const { axis, tokens } = train.schedule.segment;
    const fresh = s === 0 && states === undefined;
    const rows = { name: "batch", size: batch };
    const inputs = new Map<string, HostTensor>([
      ["fresh", filled("flag", [rows], fresh ? 1 : 0)],
      ["valid", filled("flag", [rows, { name: axis, size: tokens }], 1)],
    ]);
    const types = new Map<string, TensorType>();
    for (const [name, { kind, axes }] of Object.entries(train.inputs)) {
      types.set(name, { kind, axes: [rows, ...realType(axes).axes] });
    }
    for (const each of this.#spec.segments[s] ?? []) {
      for (const [name, tensor] of place(each, this.#golden.inputs, types)) {
        inputs.set(name, tensor);
      }
    }
    for (const [name, type] of types) {
      if (inputs.has(name)) continue;
      // Documents begin where streams do.
      if (type.kind === "flag") inputs.set(name, zeros(type));
      else throw new InputError(`${this.#spec.spec}: no input of the case is ${name}`);
    }
    return {
      inputs: Object.fromEntries(
        [...inputs].map(([name, tensor]) => [name, this.#engine.upload(tensor)]),
      ),
      draws: this.#draws(s),
      tokens: batch * tokens,
    };
  }

  #draws(s: number): Tree<DeviceTensor> {
    const { train } = this.#programs;
    const key = { seed: 0, step: 0, segment: s };
    const drawn = segmentDraws(this.#engine, train, key, this.#spec.batch);
    const all = new Map(downloadTree(this.#engine, drawn));
    const types = new Map([...all].map(([address, { type }]) => [address, type] as const));
    for (const each of this.#spec.draws?.[s] ?? []) {
      for (const [address, tensor] of place(each, this.#golden.inputs, types)) {
        all.set(address, tensor);
      }
    }
    return uploadTree(this.#engine, all);
  }
}

/** A segment's result on the engine. */
interface SegmentOnEngine {
  readonly outputs: Readonly<Record<string, DeviceTensor>>;
  readonly next: Tree<DeviceTensor>;
}

/** `run.call` with a result of the stated type: that of a model's own segment function has no finite form. */
async function callSegment(
  run: Run,
  segment: StagedFunction,
  own: Tree<DeviceTensor>,
  inputs: SegmentBatch["inputs"],
): Promise<SegmentOnEngine> {
  const call = run.call as (
    staged: StagedFunction,
    ...given: readonly object[]
  ) => Promise<unknown>;
  return (await call(segment, own as object, inputs)) as SegmentOnEngine;
}

/** The tensors of one entry of a map, by address. Throws InputError. */
function place(
  { file, layout, to }: Given,
  tensors: Tensors,
  types: ReadonlyMap<string, TensorType>,
): readonly (readonly [string, HostTensor])[] {
  const tensor = tensors.get(file);
  if (tensor === undefined) throw new InputError(`the case has no tensor ${file}`);
  const wanted = to.map((address) => {
    const type = types.get(address);
    if (type === undefined) throw new InputError(`${file}: there is nothing called ${address}`);
    return type;
  });
  try {
    const placed = fromFile(tensor, layout, wanted);
    return placed.map((each, i) => [to[i] ?? "", each] as const);
  } catch (error) {
    if (error instanceof LayoutError) throw new InputError(`${file}: ${error.message}`);
    throw error;
  }
}

function realType(axes: Readonly<Record<string, number>>): TensorType {
  return { kind: "real", axes: Object.entries(axes).map(([name, size]) => ({ name, size })) };
}

function filled(kind: "flag", axes: TensorType["axes"], value: number): HostTensor {
  const tensor = zeros({ kind, axes });
  tensor.data.fill(value);
  return tensor;
}

function isScalar(tree: object): tree is DeviceTensor {
  return "type" in tree && (tree as DeviceTensor).type.axes?.length === 0;
}

function keyOf(source: Exclude<Source, { kind: "total" }> | Source): string {
  switch (source.kind) {
    case "output":
      return `${source.segment} output ${source.name}`;
    case "next":
    case "value":
    case "loss":
    case "gradient":
      return `${source.segment} ${source.kind} ${source.address}`;
    case "parameter":
      return `gradient ${source.address}`;
    case "total":
      return "total";
    default:
      return source satisfies never;
  }
}
