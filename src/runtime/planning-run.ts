/**
 * The run of a step that only plans (see planner-step.ts): what is held between calls, and for how long.
 */
import { type TensorType, typeText } from "../ops/index.ts";
import type { DeviceTensor } from "./engine.ts";
import type { Tree } from "./model.ts";
import type { Plan } from "./plan.ts";
import { bytesOf, planMemory } from "./planner.ts";
import { addTrees } from "./run.ts";
import { type Simplification, type Staged, type StagedFunction, stage, typesOf } from "./stage.ts";
import type { Run } from "./training.ts";
import { flatten, isNumber, isTyped, mapTree, mergeTrees, nest } from "./tree.ts";

/** What a tensor that lives between calls is there for. */
export type HeldRole =
  | "parameters"
  | "gradients"
  | "optimizer"
  | "states"
  | "inputs"
  | "residuals"
  | "scalars";

/** What one run of a plan needs beside its inputs, which its caller holds. */
export interface Footprint {
  /** Held by the compiled plan from its compilation on. */
  readonly constantBytes: number;
  /** Most bytes alive at once while it runs: working values, and the outputs made so far. */
  readonly runBytes: number;
}

export interface StepPlannerOptions {
  /** Bytes of one real number on the engine. */
  readonly realBytes: 4 | 8;
  /** What an engine makes of a plan; without it, or where it says nothing, the plan's values are all there is. */
  readonly footprint?: (plan: Plan) => Footprint | undefined;
  /** Simplifications that staging does not make. */
  readonly without?: ReadonlySet<Simplification>;
}

/** One run of a plan in a step. */
export interface PlannedCall {
  /** Name of the function of the generated code; `add` for sums of trees, `adamw` for the update. */
  readonly name: string;
  readonly plan: Plan;
  /** Bytes of tensors that live while it runs, by what they are there for; its results are not among them. */
  readonly held: Readonly<Record<HeldRole, number>>;
  /** Bytes that the run needs beside them: working values and results. */
  readonly runBytes: number;
  /** Sum of both. */
  readonly bytes: number;
}

export interface StepPlan {
  /** Most bytes alive at once in a step, constants of compiled plans not counted. */
  readonly peakBytes: number;
  /** The call in which the peak is reached; undefined for a step without calls. */
  readonly peak: PlannedCall | undefined;
  /** Bytes of the constants of all compiled plans. */
  readonly constantBytes: number;
  readonly calls: readonly PlannedCall[];
  /** The plans that are compiled, each once, in order of their first run. */
  readonly plans: readonly Plan[];
}

/** The entries of a tensor: several tensors may show the same ones. */
interface Storage {
  readonly bytes: number;
  readonly role: HeldRole;
  /** Number of the call that makes it; -1 for what is there from the start. */
  readonly from: number;
  /** Number of the last call that runs while it is there; infinite until the last tensor that shows it is discarded. */
  to: number;
  /** Tensors that show it and were not discarded. */
  users: number;
}

class PlannedTensor implements DeviceTensor {
  readonly type: TensorType;
  readonly storage: Storage;
  #discarded = false;

  constructor(type: TensorType, storage: Storage) {
    this.type = type;
    this.storage = storage;
    storage.users += 1;
  }

  /** After the call of this number. */
  discard(call: number): void {
    if (this.#discarded) return;
    this.#discarded = true;
    this.storage.users -= 1;
    if (this.storage.users === 0) this.storage.to = call;
  }
}

interface Compiled {
  readonly staged: Staged;
  /** For each output of the plan: the input or the plan's own value that stores its entries. */
  readonly stored: readonly (
    | { readonly kind: "input"; readonly position: number }
    | { readonly kind: "constant" }
    | { readonly kind: "made"; readonly value: number; readonly bytes: number }
  )[];
  readonly footprint: Footprint;
}

/**
 * A run that stages what it is asked to call and keeps the books: its tensors have types and lives, but no entries.
 */
export class PlanningRun implements Run {
  /** Whether calls belong to the update rather than to a rollout. */
  updating = false;
  readonly #options: StepPlannerOptions;
  readonly #functions = new Map<StagedFunction, Map<string, Compiled>>();
  readonly #calls: Compiled[] = [];
  readonly #storages: Storage[] = [];
  readonly #zeros = new Map<string, PlannedTensor>();
  /** Tensors of zeros, which several trees share. */
  readonly #lasting = new Set<PlannedTensor>();

  constructor(options: StepPlannerOptions) {
    this.#options = options;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls.length;
  }

  /** Tensors that the training loop holds from here to the end of the step. */
  hold(role: HeldRole, types: ReadonlyMap<string, TensorType>): Tree<DeviceTensor> {
    return nest(
      Array.from(
        types,
        ([address, type]) => [address, this.#made(type, role, this.calls - 1)] as const,
      ),
    );
  }

  readonly call: Run["call"] = async (staged, ...inputs) => {
    const result: unknown = this.#invoke(staged, inputs);
    return result as never; // the tree that the function returned, which is what its type says
  };

  scalar(_value: number): DeviceTensor {
    const type: TensorType = { kind: "real", axes: [] };
    return this.#made(type, "scalars", this.calls - 1);
  }

  merge(...trees: readonly Tree<DeviceTensor>[]): Tree<DeviceTensor> {
    return mergeTrees(...trees);
  }

  zeros<Like extends object>(like: Like): Like {
    return mapTree(like, isTyped, ({ type }) => this.#zerosOf(type)) as Like; // tree for tree
  }

  async add<Term extends object>(total: Term | undefined, term: Term): Promise<Term> {
    if (total === undefined) return term;
    const sum: unknown = this.#invoke(addTrees, [total, term]);
    this.discard(total);
    this.discard(term);
    return sum as Term; // same tree, same types
  }

  discard(tree: object): void {
    for (const { leaf } of flatten<DeviceTensor>(tree, isTyped)) {
      const tensor = own(leaf);
      if (!this.#lasting.has(tensor)) tensor.discard(this.calls - 1);
    }
  }

  /** The step that has been run. */
  finish(): StepPlan {
    const calls = this.#calls.map(({ staged: { plan }, footprint }, i): PlannedCall => {
      const held = { ...NOTHING };
      for (const { role, from, to, bytes } of this.#storages) {
        if (from < i && to >= i) held[role] += bytes;
      }
      const { runBytes } = footprint;
      const bytes = Object.values(held).reduce((sum, each) => sum + each, runBytes);
      return { name: plan.name, plan, held, runBytes, bytes };
    });
    const compiled = [...this.#functions.values()].flatMap((known) => [...known.values()]);
    const peak = calls.reduce<PlannedCall | undefined>(
      (most, each) => (most === undefined || each.bytes > most.bytes ? each : most),
      undefined,
    );
    return {
      peakBytes: peak?.bytes ?? 0,
      peak,
      constantBytes: compiled.reduce((sum, { footprint }) => sum + footprint.constantBytes, 0),
      calls,
      plans: compiled.map(({ staged }) => staged.plan),
    };
  }

  #invoke(staged: StagedFunction, inputs: readonly object[]): Tree<DeviceTensor | undefined> {
    const leaves = flatten<DeviceTensor>(inputs, isTyped);
    const key = leaves.map(({ name, leaf }) => `${name}: ${typeText(leaf.type)}`).join("\n");
    const known = this.#functions.get(staged) ?? new Map<string, Compiled>();
    this.#functions.set(staged, known);
    const compiled = known.get(key) ?? this.#compile(staged, inputs);
    known.set(key, compiled);

    const given = leaves.map(({ leaf }) => own(leaf).storage);
    const position = this.#calls.push(compiled) - 1;
    const made = new Map<number, Storage>();
    const { plan, resultTree } = compiled.staged;
    const outputs = plan.outputs.map(({ name, value }, i): PlannedTensor => {
      const type = plan.values[value] as TensorType;
      const place = compiled.stored[i];
      if (place?.kind === "input") {
        return new PlannedTensor(type, given[place.position] as Storage);
      }
      const bytes = place?.kind === "made" ? place.bytes : 0; // constants are counted apart
      const owner = place?.kind === "made" ? place.value : value;
      const role = this.#roleOf(name, given[0]);
      const storage = made.get(owner) ?? this.#storage(bytes, role, position);
      made.set(owner, storage);
      return new PlannedTensor(type, storage);
    });
    return mapTree(resultTree, isNumber, (index) => outputs[index]);
  }

  #compile(staged: StagedFunction, inputs: readonly object[]): Compiled {
    const { realBytes, footprint, without } = this.#options;
    const result = stage(
      staged === addTrees ? "add" : staged.name || "function",
      staged,
      inputs.map(typesOf),
      without === undefined ? {} : { without },
    );
    const { plan } = result;
    const memory = planMemory(plan, { realBytes });
    const positions = new Map(plan.inputs.map(({ value }, i) => [value, i]));
    const stored = plan.outputs.map(({ value }): Compiled["stored"][number] => {
      const { storage, role } = memory.lifetimes[value] ?? { storage: value, role: "output" };
      const position = positions.get(storage);
      if (position !== undefined) return { kind: "input", position };
      if (role === "constant") return { kind: "constant" };
      const bytes = memory.lifetimes[storage]?.bytes ?? 0;
      return { kind: "made", value: storage, bytes };
    });
    const { constantBytes, inputBytes, peakBytes } = memory;
    const planned = { constantBytes, runBytes: peakBytes - inputBytes - constantBytes };
    return { staged: result, stored, footprint: footprint?.(plan) ?? planned };
  }

  /** What a result is there for, by the first word of its address. */
  #roleOf(address: string, first: Storage | undefined): HeldRole {
    const [word = ""] = address.split(/[.[]/, 1);
    if (this.updating) {
      if (word === "parameters") return "parameters";
      return word === "gradientNorm" ? "scalars" : "optimizer";
    }
    switch (word) {
      case "parameters":
        return "gradients";
      case "next":
        return "states";
      case "entering":
        return "gradients";
      case "residuals":
        return "residuals";
      case "losses":
      case "counts":
        return "scalars";
      default:
        return first?.role ?? "scalars"; // a sum is what its terms are
    }
  }

  #zerosOf(type: TensorType): PlannedTensor {
    const key = typeText(type);
    const known = this.#zeros.get(key) ?? this.#made(type, "scalars", this.calls - 1);
    this.#zeros.set(key, known);
    this.#lasting.add(known);
    return known;
  }

  #made(type: TensorType, role: HeldRole, from: number): PlannedTensor {
    const bytes = bytesOf(type, this.#options.realBytes);
    return new PlannedTensor(type, this.#storage(bytes, role, from));
  }

  #storage(bytes: number, role: HeldRole, from: number): Storage {
    const storage = { bytes, role, from, to: Number.POSITIVE_INFINITY, users: 0 };
    this.#storages.push(storage);
    return storage;
  }
}

const NOTHING: Record<HeldRole, number> = {
  parameters: 0,
  gradients: 0,
  optimizer: 0,
  states: 0,
  inputs: 0,
  residuals: 0,
  scalars: 0,
};

function own(tensor: DeviceTensor): PlannedTensor {
  if (tensor instanceof PlannedTensor) return tensor;
  throw new TypeError("A tensor of an engine is given to a run that only plans.");
}
