/**
 * Gradients of random functions: values used several times, axes that come and go, cotangents that
 * lack axes, reductions over the batch. A failure is found again by its seed.
 */
import { describe, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { unionAxes } from "../../../src/ir/gradient/rules/context.ts";
import type { GraphFunction, Value } from "../../../src/ir/graph.ts";
import { axisSize } from "../../../src/ir/symbolic.ts";
import { OPEN, OpError } from "../../../src/ops/index.ts";
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
    const made = aligned(() => step(f, random, values));
    if (made !== undefined) values.push(made);
  }
  for (const [index, value] of values.slice(-3).entries()) {
    f.result(value, { role: "return", path: [`y${index}`] });
  }
  return f.finish();
}

/** What a step gives, nothing if it puts together values in which one name is axes of two sizes. */
function aligned(made: () => Value | undefined): Value | undefined {
  try {
    return made();
  } catch (error) {
    if (error instanceof OpError) return undefined;
    throw error;
  }
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
  switch (random.below(20)) {
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
    case 11:
      return join(f, random, a, b);
    case 12: {
      const merged = a.type.axes.filter(({ name }) => name !== "batch").map(({ name }) => name);
      const into = pick(random, [...merged, "M"]);
      if (merged.length < 2 || into === undefined) return undefined;
      return f.op("merge", [a], { axes: merged.reverse(), into });
    }
    case 13: {
      // As many entries as the axis has, among two axes of which one may have its name.
      if (axis === undefined || axis === "batch") return undefined;
      const [slow, fast] = ["N", axis].sort(() => random.next() - 0.5) as [string, string];
      if (a.type.axes.some((each) => each.name === "N")) return undefined;
      const into = [
        { name: slow, size: axisSize(a.type, axis) },
        { name: fast, size: 1 },
      ];
      return f.op("split", [a], { axis, into });
    }
    case 14:
      return axis === undefined || axis === "batch"
        ? undefined
        : f.op("gather", [a, positionsIn(f, random, b)], { axis });
    case 15: {
      const index = positionsIn(f, random, b);
      const all = unionAxes(a.type, index.type).map(({ name }) => name);
      const over = all.filter(() => random.next() < 0.5);
      const free = ["T", "D", "H"].filter((name) => over.includes(name) || !all.includes(name));
      const target = pick(random, free);
      if (target === undefined) return undefined;
      const op = random.next() < 0.5 ? "scatterAdd" : "scatterPut";
      return f.op(op, [a, index], { over, axis: target, size: sizes[target] ?? 1 });
    }
    case 16: {
      const into = pick(random, missing);
      if (axis === undefined || axis === "batch" || into === undefined) return undefined;
      if (into === "batch") return undefined;
      const size = sizes[into] ?? 1;
      return f.op("window", [a], { axis, size, from: -1, step: 1, every: 1, into });
    }
    case 17: {
      const on = f.op("equal", [positionsIn(f, random, b), 1], {});
      return f.op("where", [on, a, pick(random, values) ?? a], {});
    }
    case 18: {
      if (axis === undefined || axis === "batch") return undefined;
      const into = pick(random, [axis, ...missing]) ?? axis;
      return into === "batch" ? undefined : f.op("rename", [a], { names: { [axis]: into } });
    }
    default:
      return axis === undefined || axis === "batch"
        ? undefined
        : f.op("slice", [a], { axis, start: 0, size: 1, into: null });
  }
}

/** Two values one after the other, along axes that may be names of the other's. */
function join(f: FunctionBuilder, random: Random, a: Value, b: Value): Value | undefined {
  const pieces = [a, b].map(
    ({ type }) => pick(random, [null, ...type.axes.map(({ name }) => name)]) ?? null,
  );
  const into = pick(random, ["T", "D", "H", "J"]) ?? "J";
  if (pieces.includes("batch")) return undefined;
  const others = [a, b].flatMap(({ type }, i) =>
    type.axes.map(({ name }) => name).filter((name) => name !== pieces[i]),
  );
  return others.includes(into) ? undefined : f.op("join", [a, b], { pieces, into });
}

/** Places from -1 to 2 along the axes of a value, some of which are in range. */
function positionsIn(f: FunctionBuilder, random: Random, value: Value): Value {
  const axes = value.type.axes.filter(() => random.next() < 0.7);
  const sized = axes.map(({ name }) => ({ name, size: axisSize(value.type, name) }));
  let place = f.op("fill", [], { value: random.below(4) - 1, axes: [], kind: "int" });
  for (const { name, size } of sized) {
    if (name === "batch") continue;
    const along = f.op("index", [], { axis: name, size });
    place = f.op("sub", [f.op("mul", [along, 2], {}), place], {});
  }
  return place;
}

describe("gradients of random functions", () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))("seed %i", (seed) => {
    const written = randomFunction(new Random(seed), 12);
    expectGradient(graphOf(written), { seed, sizes: { batch: 1 + (seed % 3) } });
  });
});
