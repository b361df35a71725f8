/**
 * The run that a rollout is handed: functions of the generated code, staged and compiled at their
 * first use with tensors of some types, then called again and again.
 */
import {
  type HostTensor,
  zeros as hostZeros,
  scalar,
  type TensorType,
  typeText,
} from "../ops/index.ts";
import type { Builder, Tensor } from "./builder.ts";
import { diagnose, type NonFinite } from "./diagnose.ts";
import type { DeviceTensor, Engine, Executable } from "./engine.ts";
import type { Tree } from "./model.ts";
import type { Plan } from "./plan.ts";
import { type Staged, type StagedFunction, stage, typesOf } from "./stage.ts";
import type { Run } from "./training.ts";
import { flatten, isNumber, isTyped, mapTree, mergeTrees, TreeError } from "./tree.ts";

/** A probed value of one call. */
export interface ProbeReading {
  /** The function that was called. */
  readonly from: string;
  /** `probe.layer[3].attention.scores`, or `probe.gradient.layer[3].…`. */
  readonly name: string;
  readonly tensor: DeviceTensor;
}

export interface EngineRun extends Run {
  readonly engine: Engine;
  /** Calls so far by the function's name; additions of trees count as `add`. */
  readonly counts: ReadonlyMap<string, number>;
  /** Plans compiled so far, in order. */
  readonly plans: readonly Plan[];
  /**
   * Probed values since the last time they were taken, oldest first; none unless the run was made
   * with `probes`.
   */
  takeProbes(): readonly ProbeReading[];
  /**
   * Runs one call again in float64 to find the operation that first makes a NaN or an infinite
   * number.
   */
  diagnose(staged: StagedFunction, ...inputs: readonly object[]): NonFinite | undefined;
  /** Frees the compiled plans. */
  release(): Promise<void>;
}

export interface RunOptions {
  /** Whether probes of the generated code are read back beside the results of each call. */
  readonly probes?: boolean;
}

interface Compiled {
  readonly staged: Staged;
  readonly executable: Executable;
}

const LARGEST_FLOAT32 = 3.4028234663852886e38;

/**
 * A run on an engine. Calls of one function with tensors of equal types share one compiled plan.
 */
export function createRun(engine: Engine, options: RunOptions = {}): EngineRun {
  return new PlannedRun(engine, options.probes === true);
}

class PlannedRun implements EngineRun {
  readonly engine: Engine;
  readonly counts = new Map<string, number>();
  readonly plans: Plan[] = [];
  private readonly probes: boolean;
  private readings: ProbeReading[] = [];
  private readonly functions = new Map<StagedFunction, Map<string, Promise<Compiled>>>();
  private readonly zeroTensors = new Map<string, DeviceTensor>();
  /** Tensors of zeros, which several trees share. */
  private readonly lasting = new Set<DeviceTensor>();

  constructor(engine: Engine, probes: boolean) {
    this.engine = engine;
    this.probes = probes;
  }

  readonly call: Run["call"] = async (staged, ...inputs) => {
    const result: unknown = await this.invoke(staged, inputs);
    return result as never; // the tree that the function returned, which is what its type says
  };

  private async invoke(
    staged: StagedFunction,
    inputs: readonly object[],
  ): Promise<Tree<DeviceTensor | undefined>> {
    const name = staged === addTrees ? "add" : staged.name || "function";
    const { key, tensors } = signature(inputs);
    const known = this.functions.get(staged) ?? new Map<string, Promise<Compiled>>();
    this.functions.set(staged, known);
    const ready = known.get(key) ?? this.compile(name, staged, inputs);
    known.set(key, ready);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);

    const { staged: plan, executable } = await ready;
    const outputs = await executable.run(tensors);
    if (this.probes) this.read(name, plan, outputs);
    return mapTree(plan.resultTree, isNumber, (index) => outputs[index]);
  }

  scalar(value: number): DeviceTensor {
    return this.engine.upload(scalar(value));
  }

  merge(...trees: readonly Tree<DeviceTensor>[]): Tree<DeviceTensor> {
    return mergeTrees(...trees);
  }

  zeros<Like extends object>(like: Like): Like {
    return mapTree(like, isTyped, ({ type }) => this.zerosOf(type)) as Like; // tree for tree
  }

  async add<Term extends object>(total: Term | undefined, term: Term): Promise<Term> {
    if (total === undefined) return term;
    const sum: unknown = await this.invoke(addTrees, [total, term]);
    this.discard(total);
    this.discard(term);
    return sum as Term; // same tree, same types
  }

  discard(tree: object): void {
    const leaves = flatten<DeviceTensor>(tree, isTyped).map(({ leaf }) => leaf);
    this.engine.discard(leaves.filter((leaf) => !this.lasting.has(leaf)));
  }

  takeProbes(): readonly ProbeReading[] {
    const taken = this.readings;
    this.readings = [];
    return taken;
  }

  diagnose(staged: StagedFunction, ...inputs: readonly object[]): NonFinite | undefined {
    const { plan } = stage(staged.name || "function", staged, inputs.map(typesOf), { trace: true });
    const tensors: readonly HostTensor[] = signature(inputs).tensors.map((x) =>
      this.engine.download(x),
    );
    const largest = this.engine.realBytes === 4 ? LARGEST_FLOAT32 : Number.MAX_VALUE;
    return diagnose(plan, tensors, largest);
  }

  async release(): Promise<void> {
    const compiled = [...this.functions.values()].flatMap((known) => [...known.values()]);
    this.functions.clear();
    for (const outcome of await Promise.allSettled(compiled)) {
      if (outcome.status === "fulfilled") await outcome.value.executable.release();
    }
  }

  private async compile(
    name: string,
    staged: StagedFunction,
    inputs: readonly object[],
  ): Promise<Compiled> {
    const result = stage(name, staged, inputs.map(typesOf), { probes: this.probes });
    this.plans.push(result.plan);
    return { staged: result, executable: await this.engine.compile(result.plan) };
  }

  private read(name: string, { plan, firstProbe }: Staged, outputs: readonly DeviceTensor[]): void {
    outputs.slice(firstProbe).forEach((tensor, i) => {
      const port = plan.outputs[firstProbe + i];
      if (port !== undefined) this.readings.push({ from: name, name: port.name, tensor });
    });
  }

  private zerosOf(type: TensorType): DeviceTensor {
    const key = typeText(type);
    const known = this.zeroTensors.get(key);
    if (known !== undefined) return known;
    const made = this.engine.upload(hostZeros(type));
    this.zeroTensors.set(key, made);
    this.lasting.add(made);
    return made;
  }
}

/**
 * The addresses and types of a call's tensors as one text, and the tensors in the order of the
 * plan's inputs.
 */
function signature(inputs: readonly object[]): {
  readonly key: string;
  readonly tensors: readonly DeviceTensor[];
} {
  const leaves = flatten<DeviceTensor>(inputs, isTyped);
  return {
    key: leaves.map(({ name, leaf }) => `${name}: ${textOf(leaf.type)}`).join("\n"),
    tensors: leaves.map(({ leaf }) => leaf),
  };
}

/** `typeText`, written once for each type: those of a plan's results are the same at every call. */
function textOf(type: TensorType): string {
  const text = typeTexts.get(type) ?? typeText(type);
  typeTexts.set(type, text);
  return text;
}

const typeTexts = new WeakMap<TensorType, string>();

/** Adds two trees leaf by leaf. Throws TreeError where they differ. */
export function addTrees(g: Builder, total: Tree<Tensor>, term: Tree<Tensor>): Tree<Tensor> {
  const totals = new Map(flatten<Tensor>(total, isTyped).map(({ name, leaf }) => [name, leaf]));
  const sum = mapTree<Tensor, Tensor>(term, isTyped, (leaf, name) => {
    const other = totals.get(name);
    if (other === undefined) throw new TreeError(`The total has no \`${name}\` to add to.`);
    totals.delete(name);
    return g.add(other, leaf);
  });
  const [missing] = totals.keys();
  if (missing !== undefined)
    throw new TreeError(`\`${missing}\` is in the total but not in the term.`);
  return sum;
}
