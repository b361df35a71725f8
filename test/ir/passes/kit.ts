/** Passes shown on small graphs: their text before and after, and that both compute the same. */
import { expect } from "vitest";
import type { Graph, GraphFunction } from "../../../src/ir/graph.ts";
import { printFunction } from "../../../src/ir/graph-text.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import { interpret } from "../../../src/ir/interpret.ts";
import type { Pass } from "../../../src/ir/passes/index.ts";
import { verify } from "../../../src/ir/verify.ts";
import { entriesOf, Random } from "../kit.ts";

/** The nodes of a graph's main function, a line each. */
export function nodesOf(graph: Graph, name = graph.main): readonly string[] {
  const lines = printFunction(functionOf(graph, name)).split("\n").slice(1, -2);
  return lines.map((line) => line.trim()).filter((line) => !/^(in|out|numbers) /.test(line));
}

export function functionOf(graph: Graph, name = graph.main): GraphFunction {
  const found = graph.functions.get(name);
  if (found === undefined) throw new Error(`The graph has no function ${name}.`);
  return found;
}

/** Whether two values agree to a relative 1e-12. */
export function expectEqualValues(found: HostValue, wanted: HostValue, what: string): void {
  const entries = entriesOf(found, wanted);
  const expected = entriesOf(wanted);
  expect(entries.length, what).toBe(expected.length);
  for (const [index, entry] of expected.entries()) {
    const scale = Math.max(1, Math.abs(entry));
    const difference = Math.abs((entries[index] ?? Number.NaN) - entry) / scale;
    const same = Object.is(entries[index], entry) || difference <= 1e-12;
    expect(same, `${what}[${index}]: ${entries[index]}, not ${entry}`).toBe(true);
  }
}

/** Runs a pass; the graph it gives is legal and computes the same on random inputs, also for a batch of one. */
export function runPass(
  pass: Pass,
  graph: Graph,
  seed: number,
  sizes: readonly Readonly<Record<string, number>>[] = [{ batch: 3 }, { batch: 1 }],
): Graph {
  expect(verify(graph)).toEqual([]);
  const after = pass.run(graph);
  expect(verify(after)).toEqual([]);
  for (const size of sizes) {
    const random = new Random(seed);
    const inputs = functionOf(graph).inputs.map((port) => random.value(port.value.type, size));
    const wanted = interpret(graph, graph.main, inputs).results;
    const found = interpret(after, after.main, inputs).results;
    for (const [position, value] of wanted.entries()) {
      const other = found[position];
      if (other === undefined) throw new Error(`Result ${position} is missing.`);
      expectEqualValues(other, value, `result ${position}, seed ${seed}, ${JSON.stringify(size)}`);
    }
  }
  return after;
}
