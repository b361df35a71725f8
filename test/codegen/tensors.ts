/** Random tensors for a segment's function, as the interpreter and as generated code take them. */

import { EACH } from "../../src/codegen/struct.ts";
import type { Graph, Port } from "../../src/ir/graph.ts";
import type { HostValue } from "../../src/ir/interpret.ts";
import type { HostTensor, TensorType } from "../../src/ops/index.ts";
import { hostTensor, OPEN } from "../../src/ops/index.ts";
import type { DeviceTensor, Tree } from "../../src/runtime/index.ts";
import { createReferenceEngine, nest } from "../../src/runtime/index.ts";

export const BATCH_SIZE = 2;

/** Numbers in [-1, 1), the same for a seed on every machine (xorshift32). */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 31 - 1;
  };
}

/** Reals in [-0.5, 0.5); whole numbers from 0 to 10. */
export function randomTensor(type: TensorType, next: () => number): HostTensor {
  const axes = type.axes.map(({ name, size }) => ({
    name,
    size: size === OPEN ? BATCH_SIZE : size,
  }));
  const count = axes.reduce((product, { size }) => product * size, 1);
  const numbers = Array.from({ length: count }, () =>
    type.kind === "real" ? next() / 2 : Math.floor(((next() + 1) / 2) * 11),
  );
  return hostTensor(type.kind, axes, numbers);
}

function randomValue(port: Port, next: () => number): HostValue {
  const [count] = port.value.type.copies;
  if (count === undefined) return randomTensor(port.value.type, next);
  return Array.from({ length: count }, () => randomTensor(port.value.type, next));
}

/** One value for each input of the graph's main function. */
export function randomInputs(graph: Graph, seed: number): ReadonlyMap<Port, HostValue> {
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error("The graph has no main function.");
  const next = generator(seed);
  return new Map(main.inputs.map((port) => [port, randomValue(port, next)]));
}

/** The tree of the values at the addresses of ports with these roles. */
export function treeOf(
  values: ReadonlyMap<Port, HostValue>,
  ...roles: readonly Port["role"][]
): Tree<HostTensor> {
  const leaves = [...values].flatMap(([port, value]): [string, HostTensor][] => {
    if (!roles.includes(port.role)) return [];
    const address = port.path.reduce(
      (text, part) => (part === EACH ? `${text}[*]` : text === "" ? part : `${text}.${part}`),
      "",
    );
    return leavesOf(address, value);
  });
  return nest(leaves);
}

function leavesOf(address: string, value: HostValue): [string, HostTensor][] {
  if ("type" in value) return [[address, value]];
  return value.flatMap((copy, i) => leavesOf(address.replace("[*]", `[${i}]`), copy));
}

/** The tree with its tensors on a reference engine. */
export function upload(tree: unknown): Tree<DeviceTensor> {
  const engine = createReferenceEngine();
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== "object" || node === null) return node;
    if ("type" in node && "data" in node) return engine.upload(node as HostTensor);
    return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, walk(each)]));
  };
  return walk(tree) as Tree<DeviceTensor>;
}
