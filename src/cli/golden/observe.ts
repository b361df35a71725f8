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
  type Run,
  type SegmentBatch,
  type StagedFunction,
  scalar,
  type Tree,
  uploadTree,
  zeros,
} from "memc/runtime";
import type { Source, SpecRun } from "./adapter.ts";
import type { GoldenCase } from "./case.ts";
import type { LoadedPrograms } from "./programs.ts";
import {
  type GoldenSetting,
  parameterTensors,
  realType,
  segmentBatch,
  startingStates,
} from "./setting.ts";

/** What a run gave: the tensor behind a source, undefined if there is none. */
export type Observed = (source: Source) => HostTensor | undefined;

export async function observe(
  golden: GoldenCase,
  run: SpecRun,
  programs: LoadedPrograms,
  engine: Engine,
): Promise<Observed> {
  const observation = new Observation({ golden, spec: run, programs, engine });
  try {
    await observation.evaluate();
    await observation.train();
  } finally {
    await observation.release();
  }
  return observation.find;
}

class Observation {
  readonly #programs: LoadedPrograms;
  readonly #engine: Engine;
  readonly #run: EngineRun;
  readonly #parameters: Tree<DeviceTensor>;
  readonly #states: Tree<DeviceTensor>;
  readonly #segments: readonly SegmentBatch[];
  readonly #found = new Map<string, HostTensor>();
  #total = 0;

  constructor(setting: GoldenSetting) {
    const { programs, engine, spec } = setting;
    this.#programs = programs;
    this.#engine = engine;
    this.#run = createRun(engine, { probes: true });
    this.#parameters = uploadTree(engine, parameterTensors(setting));
    this.#states = startingStates(setting);
    this.#segments = spec.segments.map((_, s) => segmentBatch(setting, s));
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
