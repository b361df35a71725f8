/** From a plan to an ONNX graph, and what of the plan's outputs the graph does not compute. */
import type { HostTensor, TensorType } from "../../ops/index.ts";
import { operations } from "../../ops/index.ts";
import type { Plan, PlanNode, ValueId } from "../plan.ts";
import { wantedOrders } from "./demand.ts";
import {
  emptyResults,
  emptyTensor,
  emptyValue,
  isEmpty,
  lowersEmpty,
  withoutEmptyPieces,
} from "./empty.ts";
import { GraphWriter } from "./graph.ts";
import type { LoweringContext } from "./lowering.ts";
import type { GraphProto } from "./model.ts";
import { resultRanges } from "./ranges.ts";
import { lowerings } from "./table.ts";
import { TensorWriter } from "./tensors.ts";
import type { Value } from "./values.ts";

/** Where an output of the plan comes from. */
export type OutputSource =
  | { readonly kind: "result"; readonly name: string }
  /** The entries of an input, which are not copied. */
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "constant"; readonly tensor: HostTensor };

/**
 * An input of the graph: which of the plan's it is, and the shape under which the graph takes its
 * entries.
 */
export interface GraphInput {
  readonly name: string;
  readonly position: number;
  readonly dims: readonly number[];
}

export interface LoweredPlan {
  /** Undefined if nothing is left to compute. */
  readonly graph: GraphProto | undefined;
  readonly inputs: readonly GraphInput[];
  /** For each output of the plan, in order. */
  readonly outputs: readonly OutputSource[];
}

export function lowerPlan(plan: Plan): LoweredPlan {
  const w = new TensorWriter(new GraphWriter());
  const wanted = wantedOrders(plan);
  const values = new Map<ValueId, Value>();
  const constants = new Map<ValueId, HostTensor>();
  const used = new Set(plan.nodes.flatMap((node) => node.inputs));
  const names = new Map<string, number>();

  for (const { value, tensor } of plan.constants) {
    constants.set(value, tensor);
    if (!isEmpty(tensor.type)) values.set(value, w.constant(tensor));
  }
  plan.inputs.forEach(({ value }, position) => {
    const type = typeOf(plan, value);
    if (!used.has(value) || isEmpty(type)) return;
    const name = `input${position}`;
    names.set(name, position);
    values.set(value, w.input(name, type));
  });

  const get = (value: ValueId): Value => {
    const type = typeOf(plan, value);
    return isEmpty(type) ? emptyValue(w, type) : (values.get(value) as Value);
  };
  for (const planned of plan.nodes) {
    const results = planned.outputs.map((output) => typeOf(plan, output));
    if (results.every(isEmpty)) continue;
    const types = planned.inputs.map((input) => typeOf(plan, input));
    const node = planned.op === "join" ? withoutEmptyPieces(planned, types) : planned;
    const context = { w, results, wanted: node.outputs.map(wanted) };
    const made =
      planned.op !== "join" && types.some(isEmpty) && !lowersEmpty(node, types)
        ? emptyResults(w, node, types)
        : lowerNode(context, node, node.inputs.map(get));
    node.outputs.forEach((output, i) => {
      values.set(output, made[i] as Value);
    });
  }

  const outputs = plan.outputs.map(({ value }): OutputSource => {
    const type = typeOf(plan, value);
    const known = constants.get(value);
    if (known !== undefined) return { kind: "constant", tensor: known };
    if (isEmpty(type)) return { kind: "constant", tensor: emptyTensor(type) };
    const position = plan.inputs.findIndex((input) => input.value === value);
    if (position >= 0) return { kind: "input", position };
    return outputOf(w, values.get(value) as Value, type, names);
  });
  const results = new Map(
    outputs.flatMap((output, i) => {
      if (output.kind !== "result") return [];
      const { element } = values.get(plan.outputs[i]?.value ?? -1) as Value;
      return [[output.name, { name: output.name, element }] as const];
    }),
  );
  return {
    graph: results.size === 0 ? undefined : w.graph.finish(plan.name, [...results.values()]),
    inputs: w.graph.inputs.map(({ name, dims }) => ({
      name,
      dims,
      position: names.get(name) as number,
    })),
    outputs,
  };
}

function typeOf(plan: Plan, value: ValueId): TensorType {
  const type = plan.values[value];
  if (type === undefined) throw new Error(`Plan ${plan.name} has no value ${value}.`);
  return type;
}

/** Emits the nodes of one operation, its inputs converted as the op table says. */
export function lowerNode(
  context: LoweringContext,
  node: PlanNode,
  inputs: readonly Value[],
): readonly Value[] {
  const { numbers, indices = [] } = operations[node.op];
  const mixed = inputs.some(({ element }, i) => element === "float32" && !indices.includes(i));
  const real = numbers === "real" || (numbers === "mixed" && mixed);
  const converted = inputs.map((value, i) =>
    real && value.element === "int32" && !indices.includes(i)
      ? context.w.cast(value, "float32")
      : value,
  );
  // The table's entry has the attributes of its own operation; the union of both is beyond the type
  // checker.
  const lower = lowerings[node.op] as (
    context: LoweringContext,
    inputs: readonly Value[],
    attributes: PlanNode["attributes"],
  ) => readonly Value[];
  const ranges = resultRanges(node, converted);
  return lower(context, converted, node.attributes).map((value, i) => {
    const { range: _, ...rest } = value;
    const range = ranges[i] ?? value.range;
    return value.element === "int32" && range !== undefined ? { ...rest, range } : rest;
  });
}

/** The name of an output's entries in the order of its type, under whatever shape. */
function outputOf(
  w: TensorWriter,
  computed: Value,
  type: TensorType,
  inputs: ReadonlyMap<string, number>,
): OutputSource {
  const value = w.materialize({ ...computed, axes: type.axes });
  const order = type.axes.filter(({ size }) => size !== 1).map(({ name }) => name);
  const placement = w.place(value, order);
  if (value.constant !== undefined) {
    const { name } = w.anyView(value, placement);
    return { kind: "result", name: w.graph.node("Identity", [name]) };
  }
  const { name: made } = w.anyView(value, placement);
  for (const { name } of placement.views) {
    const position = inputs.get(name);
    if (position !== undefined) return { kind: "input", position };
  }
  return { kind: "result", name: made };
}
