/**
 * The conformance suite: every case of conformance-cases.ts as a plan of one node, run on an engine
 * and compared with the op table's float64 evaluation. A test file of an engine calls
 * `describeConformance(engine)`.
 */
import { describe, expect, it } from "vitest";
import {
  evaluate,
  type HostTensor,
  hostTensor,
  inferTypes,
  operations,
  sameType,
  typeText,
} from "../../src/ops/index.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import type { Plan, PlanNode } from "../../src/runtime/plan.ts";
import { type ConformanceCase, conformanceCases, type Input } from "./conformance-cases.ts";

export { type ConformanceCase, conformanceCases };

const SEED = 20_240_607;

/** Whether the case's operands are inputs of the plan, or all but the first are constants of it. */
export type Variant = "inputs" | "constants";

/** A small generator of numbers in [0, 1): mulberry32. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function tensorOf({ axes, entries }: Input, random: () => number): HostTensor {
  const count = Object.values(axes).reduce((product, size) => product * size, 1);
  const make = (entry: () => number) => Array.from({ length: count }, entry);
  switch (entries.kind) {
    case "uniform": {
      const { low, high } = entries;
      return hostTensor(
        "real",
        axes,
        make(() => Math.fround(low + (high - low) * random())),
      );
    }
    case "steps": {
      const { low, high } = entries;
      return hostTensor(
        "real",
        axes,
        make(() => Math.round(2 * (low + (high - low) * random())) / 2),
      );
    }
    case "whole": {
      const { low, high } = entries;
      return hostTensor(
        "int",
        axes,
        make(() => low + Math.floor((high - low + 1) * random())),
      );
    }
    case "flags":
      return hostTensor(
        "flag",
        axes,
        make(() => (random() < entries.on ? 1 : 0)),
      );
    case "list":
      return hostTensor(
        entries.of,
        axes,
        entries.entries.map((x) => (entries.of === "real" ? Math.fround(x) : x)),
      );
    default:
      return entries satisfies never;
  }
}

/** The case's operands, always the same. */
export function operandsOf(testCase: ConformanceCase): readonly HostTensor[] {
  const random = generator(SEED);
  return testCase.inputs.map((input) => tensorOf(input, random));
}

/** A plan of the case's one node, whose outputs are all its results. */
export function planOf(
  testCase: ConformanceCase,
  operands: readonly HostTensor[],
  variant: Variant,
): Plan {
  const { op, attributes } = testCase;
  const types = operands.map(({ type }) => type);
  const results = inferTypes(op, types, attributes);
  const constant = (value: number) => variant === "constants" && value > 0;
  const node = {
    op,
    attributes,
    inputs: types.map((_, i) => i),
    outputs: results.map((_, i) => types.length + i),
  };
  return {
    name: testCase.name,
    values: [...types, ...results],
    inputs: types.flatMap((_, i) => (constant(i) ? [] : [{ name: `input[${i}]`, value: i }])),
    constants: operands.flatMap((tensor, i) => (constant(i) ? [{ value: i, tensor }] : [])),
    nodes: [node as PlanNode], // operation and attributes come from one case
    outputs: results.map((_, i) => ({ name: `result[${i}]`, value: types.length + i })),
  };
}

/**
 * Runs the case on an engine and compares every result. Throws with both numbers at the first
 * difference.
 */
export async function checkCase(
  engine: Engine,
  testCase: ConformanceCase,
  variant: Variant,
  tolerance = engine.realBytes === 4 ? 1e-5 : 1e-12,
): Promise<void> {
  const operands = operandsOf(testCase);
  const plan = planOf(testCase, operands, variant);
  const executable = await engine.compile(plan);
  try {
    const given = operands.filter((_, i) => variant === "inputs" || i === 0);
    const outputs = await executable.run(given.map((tensor) => engine.upload(tensor)));
    const expected = evaluate(testCase.op, operands, testCase.attributes);
    expect(outputs).toHaveLength(expected.length);
    expected.forEach((tensor, i) => {
      const output = outputs[i];
      if (output !== undefined) compare(engine.download(output), tensor, tolerance, `result ${i}`);
    });
  } finally {
    await executable.release();
  }
}

/**
 * Throws unless both tensors have one type and entries equal up to `tolerance * max(1,
 * |expected|)`.
 */
export function compare(
  actual: HostTensor,
  expected: HostTensor,
  tolerance: number,
  what = "the result",
): void {
  if (!sameType(actual.type, expected.type)) {
    throw new Error(`${what} is ${typeText(actual.type)} instead of ${typeText(expected.type)}`);
  }
  expect(actual.data.constructor, `storage of ${what}`).toBe(expected.data.constructor);
  expect(actual.data).toHaveLength(expected.data.length);
  expected.data.forEach((wanted, i) => {
    const got = actual.data[i] ?? Number.NaN;
    if (Object.is(got, wanted) || got === wanted) return;
    if (Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted))) return;
    throw new Error(
      `entry ${i} of ${what}, ${typeText(expected.type)}, is ${got} instead of ${wanted}`,
    );
  });
}

/** Registers one test a case and variant. `makeEngine` is called once. */
export function describeConformance(
  name: string,
  makeEngine: () => Engine | Promise<Engine>,
  cases: readonly ConformanceCase[] = conformanceCases,
): void {
  describe(`${name} agrees with the op table (seed ${SEED})`, () => {
    const engine = Promise.resolve().then(makeEngine);
    for (const testCase of cases) {
      const variants: readonly Variant[] =
        testCase.inputs.length > 1 ? ["inputs", "constants"] : ["inputs"];
      for (const variant of variants) {
        it(
          variant === "inputs" ? testCase.name : `${testCase.name}, constant operands`,
          async () => {
            const ready = await engine;
            if (testCase.compileTime === true && ready.name !== "reference") {
              await expect(checkCase(ready, testCase, variant)).rejects.toThrow();
            } else await checkCase(ready, testCase, variant);
          },
        );
      }
    }
    it("covers every operation", () => {
      const covered = new Set<string>(cases.map(({ op }) => op));
      expect(Object.keys(operations).filter((op) => !covered.has(op))).toEqual([]);
    });
  });
}
