/**
 * The cases of the conformance suite once more, with operands that earlier nodes have left in
 * memory in another order than that of their types, and with results that later nodes use.
 */
import { describe, it } from "vitest";
import { type HostTensor, inferTypes, type OpName, zeros } from "../../../src/ops/index.ts";
import { createOnnxEngine } from "../../../src/runtime/onnx/index.ts";
import type { Plan, PlanNode } from "../../../src/runtime/plan.ts";
import { type ConformanceCase, conformanceCases, operandsOf } from "../conformance.ts";
import { checkPlan } from "./kit.ts";

const engine = createOnnxEngine({ threads: 1 });

/** A node that leaves a tensor as it is, but in the memory order of zeros it is combined with. */
const neutral = { real: "add", int: "add", flag: "or" } as const;

interface Shuffled {
  readonly plan: Plan;
  readonly inputs: readonly HostTensor[];
}

/** The case's node on operands that are combined with zeros of reversed axes. */
function shuffled({ name, op, attributes }: ConformanceCase, operands: readonly HostTensor[]) {
  const reversed = operands.map(({ type }) =>
    zeros({ kind: type.kind, axes: type.axes.toReversed() }),
  );
  const count = operands.length;
  const node = (made: { op: OpName; attributes: object; inputs: number[]; outputs: number[] }) =>
    made as unknown as PlanNode; // operation and attributes come from one case
  const combined = operands.map(({ type }, i) => {
    const result = inferTypes(neutral[type.kind], [reversed[i]?.type ?? type, type], {});
    const inputs = [count + i, i];
    const outputs = [2 * count + i];
    return { result, node: node({ op: neutral[type.kind], attributes: {}, inputs, outputs }) };
  });
  const laidOut = combined.flatMap(({ result }) => result);
  const results = inferTypes(op, laidOut, attributes);
  const first = 3 * count;
  const outputs = results.map((_, i) => first + i);
  const used = results.map(({ kind }, i) => {
    const [value, next] = [first + i, first + results.length + i];
    const inputs = [value, value];
    return node({ op: neutral[kind], attributes: {}, inputs, outputs: [next] });
  });
  const types = [...operands, ...reversed].map(({ type }) => type);
  const plan: Plan = {
    name,
    values: [...types, ...laidOut, ...results, ...results],
    inputs: types.map((_, value) => ({ name: `input[${value}]`, value })),
    constants: [],
    nodes: [
      ...combined.map((step) => step.node),
      node({ op, attributes, inputs: laidOut.map((_, i) => 2 * count + i), outputs }),
      ...used,
    ],
    outputs: [...results, ...results].map((_, i) => ({ name: `result[${i}]`, value: first + i })),
  };
  return { plan, inputs: [...operands, ...reversed] } satisfies Shuffled;
}

describe("Operands in another memory order give the same results", () => {
  const cases = conformanceCases.filter(
    ({ inputs, compileTime }) => inputs.length > 0 && compileTime !== true,
  );
  it.each(cases.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    const { plan, inputs } = shuffled(each, operandsOf(each));
    await checkPlan(await engine, plan, inputs, 2e-5);
  });
});
