/**
 * Gradients of random functions: values used several times, axes that come and go, cotangents that
 * lack axes, reductions over the batch. A failure is found again by its seed.
 */
import { describe, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import type { GraphFunction, Value } from "../../../src/ir/graph.ts";
import { axisSize } from "../../../src/ir/symbolic.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { expectGradient, graphOf, Random, real } from "../kit.ts";

const sizes: Readonly<Record<string, number>> = { batch: OPEN, T: 3, D: 2, H: 1 };

function pick<Item>(random: Random, items: readonly Item[]): Item | undefined {
  return items[random.below(items.length)];
}

/**
 * A function of up to four inputs and `length` smooth operations on values drawn from all made
 * before.
 */
function randomFunction(random: Random, length: number): GraphFunction {
  const f = new FunctionBuilder("main");
  const values: Value[] = [];
  for (let index = 0; index < 4; index++) {
    const axes = Object.entries(sizes).filter(() => random.next() < 0.6);
    values.push(f.input(`x${index}`, real(Object.fromEntries(axes)), { role: "argument" }));
  }
  while (f.nodes.length < length) {
    const made = step(f, random, values);
    if (made !== undefined) values.push(made);
  }
  for (const [index, value] of values.slice(-3).entries()) {
    f.result(value, { role: "return", path: [`y${index}`] });
  }
  return f.finish();
}

function step(f: FunctionBuilder, random: Random, values: readonly Value[]): Value | undefined {
  const a = pick(random, values);
  const b = pick(random, values);
  if (a === undefined || b === undefined) return undefined;
  const axis = pick(random, a.type.axes)?.name;
  const shared = a.type.axes.filter((each) =>
    b.type.axes.some((other) => other.name === each.name),
  );
  const missing = Object.keys(sizes).filter(
    (name) => !a.type.axes.some((each) => each.name === name),
  );
  const donor = values.find((value) => value.type.axes.some((each) => each.name === missing[0]));
  switch (random.below(12)) {
    case 0:
      return f.op("add", [a, b], {});
    case 1:
      return f.op("mul", [a, b], {});
    case 2:
      return f.op("tanh", [a], {});
    case 3:
      return axis === undefined ? undefined : f.op("sum", [a], { over: [axis] });
    case 4:
      return axis === undefined ? undefined : f.op("mean", [a], { over: [axis] });
    case 5: {
      const over = pick(random, shared)?.name;
      return over === undefined ? undefined : f.op("contract", [a, b], { over: [over] });
    }
    case 6:
      return axis === undefined ? undefined : f.op("softmax", [a], { over: [axis] });
    case 7:
      return axis === undefined ? undefined : f.op("logsumexp", [a], { over: [axis] });
    case 8: {
      const [name] = missing;
      if (donor === undefined || name === undefined) return undefined;
      return f.op("broadcast", [a], { axes: [{ name, size: axisSize(donor.type, name) }] });
    }
    case 9:
      return axis === undefined || axis === "batch"
        ? undefined
        : f.op("cumsum", [a], { over: axis });
    case 10:
      return axis === undefined || axis === "batch"
        ? undefined
        : f.op("shift", [a], { axis, by: 1, fill: 0.5 });
    default:
      return axis === undefined || axis === "batch"
        ? undefined
        : f.op("slice", [a], { axis, start: 0, size: 1, into: null });
  }
}

describe("gradients of random functions", () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))("seed %i", (seed) => {
    const written = randomFunction(new Random(seed), 12);
    expectGradient(graphOf(written), { seed, sizes: { batch: 1 + (seed % 3) } });
  });
});
