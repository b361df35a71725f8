/** What the tests of the onnx engine share. */
import { expect } from "vitest";
import type { HostTensor } from "../../../src/ops/index.ts";
import { hostTensor } from "../../../src/ops/index.ts";
import type { Builder } from "../../../src/runtime/builder.ts";
import type { Engine } from "../../../src/runtime/engine.ts";
import { lowerPlan } from "../../../src/runtime/onnx/compile.ts";
import type { Plan } from "../../../src/runtime/plan.ts";
import { evaluatePlan } from "../../../src/runtime/reference.ts";
import { type StagedFunction, stage } from "../../../src/runtime/stage.ts";
import { compare, generator } from "../conformance.ts";

export type Axes = Readonly<Record<string, number>>;

/** A real tensor of numbers in -1 … 1, exact in 32 bits. */
export function randomTensor(axes: Axes, random: () => number): HostTensor {
  const count = Object.values(axes).reduce((product, size) => product * size, 1);
  const entries = Array.from({ length: count }, () => Math.fround(2 * random() - 1));
  return hostTensor("real", axes, entries);
}

export function randomTensors(all: readonly Axes[], seed: number): HostTensor[] {
  const random = generator(seed);
  return all.map((axes) => randomTensor(axes, random));
}

/** The plan of a function of a builder and tensors. */
export function planFor(
  inputs: readonly HostTensor[],
  // The builder's methods check the tensors they are given.
  body: (g: Builder, ...inputs: never[]) => unknown,
): Plan {
  const types = inputs.map(({ type }) => type);
  return stage("test", body as StagedFunction, types).plan;
}

/**
 * Runs a plan on an engine and compares every output with the float64 evaluation of the same plan.
 */
export async function checkPlan(
  engine: Engine,
  plan: Plan,
  inputs: readonly HostTensor[],
  tolerance = 1e-5,
): Promise<void> {
  const executable = await engine.compile(plan);
  const outputs = await executable.run(inputs.map((tensor) => engine.upload(tensor)));
  await executable.release();
  const { outputs: expected } = evaluatePlan(plan, inputs);
  expect(outputs).toHaveLength(expected.length);
  outputs.forEach((output, i) => {
    const wanted = expected[i] as HostTensor;
    compare(engine.download(output), wanted, tolerance, plan.outputs[i]?.name);
  });
}

/** How often each operator occurs in a plan's graph, branches not counted. */
export function operatorCounts(plan: Plan): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { op } of lowerPlan(plan).graph?.nodes ?? []) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
}
