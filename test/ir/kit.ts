/** Random host values, and gradients of graphs held against central differences. */
import { expect } from "vitest";
import type { DifferentiatedGraph, DifferentiateOptions } from "../../src/ir/gradient/index.ts";
import { differentiate } from "../../src/ir/gradient/index.ts";
import type { Graph, GraphFunction, Port, Value, ValueType } from "../../src/ir/graph.ts";
import type { HostValue, Interpretation } from "../../src/ir/interpret.ts";
import { interpret } from "../../src/ir/interpret.ts";
import { verify } from "../../src/ir/verify.ts";
import type { HostTensor, NumberKind } from "../../src/ops/index.ts";
import { BATCH, elementCount, hostTensor, OPEN, transposeTo } from "../../src/ops/index.ts";

/** A type from a kind and axes in order: `type("real", { batch: OPEN, T: 3 })`. */
export function type(
  kind: NumberKind,
  axes: Readonly<Record<string, number>> = {},
  copies: readonly number[] = [],
): ValueType {
  const list = Object.entries(axes).map(([name, size]) => ({ name, size }));
  return { kind, axes: list, copies };
}

export const real = (axes: Readonly<Record<string, number>> = {}): ValueType => type("real", axes);

/** A graph of the given functions, callees first, whose main function is the last. */
export function graphOf(...functions: readonly GraphFunction[]): Graph {
  const main = functions.at(-1)?.name ?? "main";
  return { functions: new Map(functions.map((each) => [each.name, each])), main };
}

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** Values of a type: reals in +-1, ints in 0 .. 2, flags that are mostly on. */
  value(of: ValueType, sizes: Readonly<Record<string, number>> = { [BATCH]: 2 }): HostValue {
    const [count, ...copies] = of.copies;
    if (count !== undefined) {
      return Array.from({ length: count }, () => this.value({ ...of, copies }, sizes));
    }
    return this.tensor(
      of,
      (kind) => {
        if (kind === "real") return this.between(-1, 1);
        return kind === "int" ? this.below(3) : Number(this.next() < 0.7);
      },
      sizes,
    );
  }

  tensor(
    of: ValueType,
    entry: (kind: NumberKind) => number,
    sizes: Readonly<Record<string, number>> = { [BATCH]: 2 },
  ): HostTensor {
    const axes = of.axes.map(({ name, size }) => ({
      name,
      size: size === OPEN ? (sizes[name] ?? 2) : size,
    }));
    const entries = Array.from({ length: elementCount({ axes }) }, () => entry(of.kind));
    return hostTensor(of.kind, axes, entries);
  }
}

export function isTensor(value: HostValue): value is HostTensor {
  return "data" in value;
}

/** Entries in the order of the axes of `like`, copies one after the other. */
export function entriesOf(value: HostValue, like: HostValue = value): number[] {
  if (isTensor(value)) {
    const order = isTensor(like) ? like.type.axes.map((axis) => axis.name) : [];
    return [...transposeTo(value, order).data];
  }
  return value.flatMap((copy, index) =>
    entriesOf(copy, isTensor(like) ? copy : (like[index] ?? copy)),
  );
}

/** Sum of products of entries. */
export function dot(left: HostValue, right: HostValue): number {
  const others = entriesOf(right, left);
  return entriesOf(left).reduce((sum, entry, index) => sum + entry * (others[index] ?? 0), 0);
}

/** left + scale * right. */
export function along(left: HostValue, scale: number, right: HostValue): HostValue {
  if (!isTensor(left)) {
    return left.map((copy, index) =>
      along(copy, scale, isTensor(right) ? right : (right[index] ?? copy)),
    );
  }
  const steps = entriesOf(right, left);
  const moved = [...left.data].map((entry, index) => entry + scale * (steps[index] ?? 0));
  return hostTensor(left.type.kind, left.type.axes, moved);
}

const key = (role: string, struct: string, path: readonly string[]): string =>
  [role, struct, ...path].join("/");

export interface GradientRun {
  readonly results: readonly HostValue[];
  /** By `struct/path`. */
  readonly gradients: ReadonlyMap<string, HostValue>;
  readonly forward: Interpretation;
  readonly backward: Interpretation;
}

/** Runs the forward function, then the backward one with what it asks for. */
export function runGradient(
  graph: DifferentiatedGraph,
  inputs: readonly HostValue[],
  cotangentOf: (path: readonly string[]) => HostValue,
): GradientRun {
  const forward = graph.functions.get(graph.forward);
  const backward = graph.functions.get(graph.backward);
  if (forward === undefined || backward === undefined) throw new Error("A half is missing.");
  const first = interpret(graph, graph.forward, inputs);
  const known = new Map<string, HostValue>();
  const note = (ports: readonly Port[], values: readonly HostValue[]): void => {
    for (const [index, port] of ports.entries()) {
      const value = values[index];
      if (value !== undefined) known.set(key(port.role, port.struct, port.path), value);
    }
  };
  note(forward.inputs, inputs);
  note(forward.results, first.results);
  const given = backward.inputs.map((port) => {
    if (port.role === "cotangent") return cotangentOf(port.path);
    const found = known.get(key(port.role, port.struct, port.path));
    if (found === undefined) throw new Error(`Nobody gives ${port.role} ${port.path.join(".")}.`);
    return found;
  });
  const second = interpret(graph, graph.backward, given);
  const gradients = new Map<string, HostValue>();
  for (const [index, port] of backward.results.entries()) {
    const value = second.results[index];
    if (value !== undefined) gradients.set([port.struct, ...port.path].join("."), value);
  }
  return { results: first.results, gradients, forward: first, backward: second };
}

/** Where the gradient of an input is found. */
export function gradientKey(port: Port): string {
  return [port.role === "argument" ? "argument" : port.struct, ...port.path].join(".");
}

export interface GradientCheck {
  readonly seed: number;
  /** Values of inputs by name; others are drawn. */
  readonly inputs?: Readonly<Record<string, HostValue>>;
  readonly sizes?: Readonly<Record<string, number>>;
  readonly options?: Partial<DifferentiateOptions>;
  readonly step?: number;
}

/**
 * Differentiates the main function with respect to all its real inputs and compares sum of c *
 * result, for random cotangents c, with fourth-order central differences in random directions.
 * Gives the differentiated graph.
 */
export function expectGradient(graph: Graph, check: GradientCheck): DifferentiatedGraph {
  const random = new Random(check.seed);
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error("There is no main function.");
  const differentiated = differentiate(graph, {
    wrt: () => true,
    cotangents: () => true,
    ...check.options,
  });
  expect(verify(graph)).toEqual([]);
  expect(verify(differentiated)).toEqual([]);
  const inputs = main.inputs.map(
    (port) => check.inputs?.[port.value.name] ?? random.value(port.value.type, check.sizes),
  );
  const plain = interpret(graph, graph.main, inputs).results;
  const cotangents = new Map<string, HostValue>();
  const weights = main.results.map((port, index) => {
    const result = plain[index];
    if (result === undefined) throw new Error("A result is missing.");
    const weight = like(result, () => random.between(-1, 1));
    const struct = port.struct === "own" ? [] : [port.struct];
    cotangents.set([port.role, ...struct, ...port.path].join("/"), weight);
    return weight;
  });
  const taken = new Set(
    (differentiated.functions.get(differentiated.backward)?.inputs ?? [])
      .filter((port) => port.role === "cotangent")
      .map((port) => port.path.join("/")),
  );
  const isTaken = (port: Port): boolean =>
    taken.has([port.role, ...(port.struct === "own" ? [] : [port.struct]), ...port.path].join("/"));
  const run = runGradient(differentiated, inputs, (path) => {
    const cotangent = cotangents.get(path.join("/"));
    if (cotangent === undefined) throw new Error(`There is no result ${path.join(".")}.`);
    return cotangent;
  });
  for (const [index, result] of plain.entries()) {
    const again = run.results[index];
    expect(again && entriesOf(again, result)).toEqual(entriesOf(result));
  }
  const loss = (at: readonly HostValue[]): number =>
    interpret(graph, graph.main, at).results.reduce((sum, result, index) => {
      const port = main.results[index];
      const weight = weights[index];
      return port && weight && isTaken(port) ? sum + dot(weight, result) : sum;
    }, 0);
  const step = check.step ?? 1e-3;
  for (const [index, port] of main.inputs.entries()) {
    const input = inputs[index];
    if (input === undefined || port.value.type.kind !== "real") continue;
    const direction = like(input, () => random.between(-1, 1));
    const at = (scale: number): number =>
      loss(
        inputs.map((value, other) => (other === index ? along(value, scale, direction) : value)),
      );
    const difference = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
    const gradient = run.gradients.get(gradientKey(port));
    if (gradient !== undefined) {
      expect(entriesOf(gradient).length, port.value.name).toBe(entriesOf(input).length);
    }
    const predicted = gradient === undefined ? 0 : dot(direction, gradient);
    const scale = Math.max(Math.abs(difference), Math.abs(predicted), 1e-2);
    expect(
      Math.abs(difference - predicted) / scale,
      `gradient of ${port.value.name}: ${predicted}, differences: ${difference}, seed ${check.seed}`,
    ).toBeLessThan(1e-6);
  }
  return differentiated;
}

/** A value of the same shape with other entries. */
export function like(value: HostValue, entry: () => number): HostValue {
  if (!isTensor(value)) return value.map((copy) => like(copy, entry));
  return hostTensor("real", value.type.axes, Array.from(value.data, entry));
}

export type { Value };
