/**
 * What a plan costs before anything runs: bytes alive at every node, a buffer for every value,
 * floating-point operations.
 *
 * Liveness follows the order of the nodes. A view lives in the buffer of what it views. Inputs
 * belong to the caller and constants to the compiled plan, so both are there the whole time.
 */
import { countFlops, elementCount, operations, type TensorType } from "../ops/index.ts";
import type { Plan, PlanNode, ValueId } from "./plan.ts";

export interface PlannerOptions {
  /** Bytes of one real number on the engine. */
  readonly realBytes: 4 | 8;
}

export interface Lifetime {
  readonly value: ValueId;
  readonly bytes: number;
  readonly role: "input" | "constant" | "output" | "working";
  /** The value whose buffer this one is a view of, or itself. */
  readonly storage: ValueId;
  /** Index of the node that makes it; -1 for inputs and constants. */
  readonly from: number;
  /**
   * Index of the last node that needs its storage; the count of nodes for outputs, inputs and
   * constants.
   */
  readonly to: number;
}

export interface Buffer {
  readonly bytes: number;
  /** The values that take turns in it, in order. */
  readonly values: readonly ValueId[];
}

export interface MemoryPlan {
  /** Most bytes alive at once: inputs, constants, outputs made so far and working values. */
  readonly peakBytes: number;
  /** Index of the first node at which the peak is reached; -1 for a plan without nodes. */
  readonly atNode: number;
  readonly inputBytes: number;
  readonly constantBytes: number;
  /**
   * Bytes of outputs that nodes make; an output that is an input or a constant has none of its own.
   */
  readonly outputBytes: number;
  /** Most bytes of working values alive at once. */
  readonly workingPeak: number;
  readonly lifetimes: readonly Lifetime[];
  /**
   * Buffers of working values when each takes the smallest free one that fits; their sum is what an
   * arena needs.
   */
  readonly buffers: readonly Buffer[];
}

/** Bytes of a tensor on an engine. */
export function bytesOf(type: TensorType, realBytes: 4 | 8): number {
  const entries = elementCount(type);
  switch (type.kind) {
    case "real":
      return entries * realBytes;
    case "int":
      return entries * 4;
    case "flag":
      return entries;
    default:
      return type.kind satisfies never;
  }
}

export function planMemory(plan: Plan, { realBytes }: PlannerOptions): MemoryPlan {
  const lifetimes = lifetimesOf(plan, realBytes);
  const owners = lifetimes.filter(({ value, storage }) => value === storage);
  const total = (role: Lifetime["role"]): number =>
    owners.reduce((sum, owner) => (owner.role === role ? sum + owner.bytes : sum), 0);
  const inputBytes = total("input");
  const constantBytes = total("constant");

  const made = plan.nodes.map((): Lifetime[] => []);
  const freed = plan.nodes.map((): Lifetime[] => []);
  for (const owner of owners) {
    made[owner.from]?.push(owner);
    if (owner.role === "working") freed[owner.to]?.push(owner);
  }
  const arena = new Arena();
  let outputs = 0;
  let working = 0;
  let workingPeak = 0;
  let peakBytes = inputBytes + constantBytes;
  let atNode = -1;
  plan.nodes.forEach((_, i) => {
    for (const { role, value, bytes } of made[i] ?? []) {
      if (role === "output") outputs += bytes;
      if (role !== "working") continue;
      working += bytes;
      arena.take(value, bytes);
    }
    workingPeak = Math.max(workingPeak, working);
    const alive = inputBytes + constantBytes + outputs + working;
    if (alive > peakBytes || atNode === -1) {
      peakBytes = alive;
      atNode = i;
    }
    for (const { value, bytes } of freed[i] ?? []) {
      working -= bytes;
      arena.release(value);
    }
  });
  return {
    peakBytes,
    atNode,
    inputBytes,
    constantBytes,
    outputBytes: total("output"),
    workingPeak,
    lifetimes,
    buffers: arena.buffers,
  };
}

/** Floating-point operations of a plan, a multiply-add counted as 2. */
export function planFlops(plan: Plan): number {
  return plan.nodes.reduce((sum, node) => sum + nodeFlops(plan, node), 0);
}

/** Floating-point operations of one node of a plan. */
export function nodeFlops({ values }: Plan, node: PlanNode): number {
  return countFlops(
    node.op,
    node.inputs.map((value) => typeAt(values, value)),
    node.attributes,
  );
}

function lifetimesOf(plan: Plan, realBytes: 4 | 8): readonly Lifetime[] {
  const end = plan.nodes.length;
  const from = plan.values.map(() => -1);
  const to = plan.values.map(() => -1);
  const storage = plan.values.map((_, value) => value);
  const role = plan.values.map((): Lifetime["role"] => "working");
  const owner = (value: ValueId): ValueId => storage[value] ?? value;
  const mark = (value: ValueId, as: Lifetime["role"]): void => {
    const stored = owner(value);
    if (role[stored] === "working") role[stored] = as;
    to[stored] = end;
  };
  for (const { value } of plan.inputs) mark(value, "input");
  for (const { value } of plan.constants) mark(value, "constant");
  plan.nodes.forEach((node, i) => {
    for (const input of node.inputs) to[owner(input)] = Math.max(to[owner(input)] ?? -1, i);
    for (const output of node.outputs) {
      from[output] = i;
      const viewed = viewedBy(plan, node);
      if (viewed !== undefined) storage[output] = owner(viewed);
      to[owner(output)] = Math.max(to[owner(output)] ?? -1, i);
    }
  });
  for (const { value } of plan.outputs) mark(value, "output");
  return plan.values.map((type, value) => ({
    value,
    bytes: bytesOf(type, realBytes),
    role: role[owner(value)] ?? "working",
    storage: owner(value),
    from: from[value] ?? -1,
    to: to[owner(value)] ?? -1,
  }));
}

/** The value whose entries the node's result shows under other names, in the same order. */
function viewedBy({ values }: Plan, node: PlanNode): ValueId | undefined {
  const [viewed] = node.inputs;
  if (viewed === undefined || operations[node.op].view !== true) return undefined;
  if (node.op !== "merge") return viewed;
  const names = typeAt(values, viewed).axes.map(({ name }) => name);
  const first = names.indexOf(node.attributes.axes[0] ?? "");
  return node.attributes.axes.every((axis, i) => names[first + i] === axis) ? viewed : undefined;
}

function typeAt(values: readonly TensorType[], value: ValueId): TensorType {
  const type = values[value];
  if (type === undefined) throw new RangeError(`The plan has no value ${value}.`);
  return type;
}

/** Buffers that working values take turns in. */
class Arena {
  private readonly all: { bytes: number; values: ValueId[] }[] = [];
  private readonly free = new Set<number>();
  private readonly held = new Map<ValueId, number>();

  get buffers(): readonly Buffer[] {
    return this.all;
  }

  /** The smallest free buffer that fits; else the largest free one, grown; else a new one. */
  take(value: ValueId, bytes: number): void {
    let best: number | undefined;
    const sizeOf = (buffer: number): number => this.all[buffer]?.bytes ?? 0;
    for (const buffer of this.free) {
      if (best === undefined || better(sizeOf(buffer), sizeOf(best), bytes)) best = buffer;
    }
    if (best === undefined) best = this.all.push({ bytes: 0, values: [] }) - 1;
    this.free.delete(best);
    this.held.set(value, best);
    const chosen = this.all[best];
    chosen?.values.push(value);
    if (chosen !== undefined) chosen.bytes = Math.max(chosen.bytes, bytes);
  }

  release(value: ValueId): void {
    const buffer = this.held.get(value);
    if (buffer !== undefined) this.free.add(buffer);
  }
}

/** Whether a buffer of `size` is a better home for `bytes` than one of `other`. */
function better(size: number, other: number, bytes: number): boolean {
  if (size >= bytes) return other < bytes || size < other;
  return other < bytes && size > other;
}
