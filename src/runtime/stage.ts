/**
 * Staging: runs a function of the generated code once on the recording builder and gives the plan
 * of what it computes. Input and result trees are flattened to the plan's ports, named by address.
 */
import type { HostTensor, TensorType } from "../ops/index.ts";
import type { Builder } from "./builder.ts";
import type { Tree } from "./model.ts";
import type { Plan, PlanNode, PlanPort } from "./plan.ts";
import {
  type Recorded,
  type RecordedNode,
  Recorder,
  type Simplification,
} from "./staging/recorder.ts";
import { type RecordedProbe, recordingBuilder, toRecorded } from "./staging/recording-builder.ts";
import { Tracer } from "./staging/tracer.ts";
import { isTensorType, isTyped, mapTree } from "./tree.ts";

export { type Simplification, StagingError } from "./staging/recorder.ts";

/**
 * A function of the generated code: a builder, then trees of tensors; gives a tree of tensors (or
 * numbers).
 */
export type StagedFunction = (g: Builder, ...inputs: never[]) => unknown;

export interface StageOptions {
  /**
   * Names of the function's inputs, the first part of their ports' addresses; `input[0]` … without.
   */
  readonly names?: readonly string[];
  /** Whether probes become outputs of the plan; they cost nothing otherwise. */
  readonly probes?: boolean;
  /** Whether nodes remember the calls they come from (`PlanNode.trace`); slow. */
  readonly trace?: boolean;
  /** Simplifications that are not made: to see what each is worth. */
  readonly without?: ReadonlySet<Simplification>;
}

/** What staging does to every plan, in the order it does it. */
export const simplifications: readonly { readonly name: Simplification; readonly doc: string }[] = [
  {
    name: "identities",
    doc: "x * 1, x + 0, what is undone, masks that are on everywhere: the operand as it is.",
  },
  { name: "common", doc: "Equal operations on equal values, across functions: done once." },
  { name: "constants", doc: "Operations on constants alone: evaluated in float64." },
  { name: "dead", doc: "Operations that no result needs: left out." },
];

export interface Staged {
  readonly plan: Plan;
  /**
   * The function's result with the index of a plan output for each tensor. Probes are the outputs
   * beyond these.
   */
  readonly resultTree: Tree<number>;
  /** Index of the first output that is a probe. */
  readonly firstProbe: number;
}

/**
 * Stages `staged` for inputs of these types. Nodes that no output needs are dropped; numbers of
 * values are compact: inputs, then constants, then the nodes' results in order. Throws StagingError
 * where the function misuses the builder.
 */
export function stage(
  name: string,
  staged: StagedFunction,
  inputTypes: readonly Tree<TensorType>[],
  options: StageOptions = {},
): Staged {
  const tracer = options.trace === true ? new Tracer() : undefined;
  const recorder = new Recorder(tracer, options.without);
  const probes = options.probes === true ? new Map<string, RecordedProbe>() : undefined;
  const inputs = inputTypes.map((tree, i) =>
    mapTree(
      tree,
      isTensorType,
      (type, address) => recorder.input(address, type),
      options.names?.[i] ?? `input[${i}]`,
    ),
  );
  const g = recordingBuilder({ recorder, tracer, probes });
  const result = staged(g, ...(inputs as never[]));

  const outputs: { readonly name: string; readonly value: Recorded }[] = [];
  const resultTree = mapTree(result, isResult, (leaf, address) => {
    const value = toRecorded(recorder, leaf, "real", `The result ${address || "of the function"}`);
    return outputs.push({ name: address || "result", value }) - 1;
  });
  const firstProbe = outputs.length;
  if (probes !== undefined) outputs.push(...probes.values());
  return {
    plan: finish(name, recorder, outputs, options.without?.has("dead") ?? false),
    resultTree,
    firstProbe,
  };
}

/** Types of a tree of tensors, as `stage` takes them. */
export function typesOf(tree: unknown): Tree<TensorType> {
  return mapTree(tree, isTyped, ({ type }) => type);
}

function isResult(node: unknown): node is Recorded | number | boolean {
  return isTyped(node) || typeof node === "number" || typeof node === "boolean";
}

/** The plan of the nodes that the outputs need, or of all. */
function finish(
  name: string,
  recorder: Recorder,
  outputs: readonly { readonly name: string; readonly value: Recorded }[],
  keepDead: boolean,
): Plan {
  const live = new Set<Recorded>(outputs.map(({ value }) => value));
  const kept: RecordedNode[] = [];
  for (const node of recorder.nodes.toReversed()) {
    if (!keepDead && !node.outputs.some((value) => live.has(value))) continue;
    kept.push(node);
    for (const input of node.inputs) live.add(input);
  }
  kept.reverse();

  const values: TensorType[] = [];
  const numbers = new Map<Recorded, number>();
  const number = (value: Recorded): number => {
    const known = numbers.get(value);
    if (known !== undefined) return known;
    numbers.set(value, values.length);
    return values.push(value.type) - 1;
  };
  const inputs: PlanPort[] = recorder.inputs.map((input) => ({
    name: input.source.kind === "input" ? input.source.name : "",
    value: number(input),
  }));
  const constants: { readonly value: number; readonly tensor: HostTensor }[] = [];
  for (const value of Array.from(live).sort((a, b) => a.id - b.id)) {
    if (value.source.kind !== "constant") continue;
    constants.push({ value: number(value), tensor: value.source.constant.tensor });
  }
  const nodes = kept.map(({ inputs: used, outputs: made, ...node }) => ({
    ...node,
    inputs: used.map(number),
    outputs: made.map(number),
  }));
  return {
    name,
    values,
    inputs,
    constants,
    nodes: nodes as readonly PlanNode[], // operation and attributes were recorded together
    outputs: outputs.map(({ name: address, value }) => ({ name: address, value: number(value) })),
  };
}
