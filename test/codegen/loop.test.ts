/** Loops of generated code against the interpreter, down to one layer and one step. */
import { describe, expect, it } from "vitest";
import { emit } from "../../src/codegen/index.ts";
import { EACH } from "../../src/codegen/struct.ts";
import type { HostValue } from "../../src/ir/interpret.ts";
import { interpret } from "../../src/ir/interpret.ts";
import type { HostTensor } from "../../src/ops/index.ts";
import { transposeTo } from "../../src/ops/index.ts";
import type { DeviceTensor, ModelDefinition } from "../../src/runtime/index.ts";
import { createReferenceEngine, createRun } from "../../src/runtime/index.ts";
import { load } from "./load.ts";
import { loopGraph, loopModel } from "./loop-model.ts";
import { randomInputs, treeOf, upload } from "./tensors.ts";

const emitted = async (sizes: { depth: number; T: number }) => {
  const [file] = await emit(loopModel(sizes), { version: "0.1.0", hash: "0123456789abcdef" });
  return file?.text ?? "";
};

describe("loops", () => {
  it.each([
    { depth: 3, T: 5 },
    { depth: 1, T: 1 },
    { depth: 2, T: 7 },
  ])("compute what the graph says: $depth layers, $T steps", async (sizes) => {
    const graph = loopGraph(sizes);
    const main = graph.functions.get(graph.main);
    const values = randomInputs(graph, 3);
    const expected = interpret(graph, graph.main, [...values.values()]);
    const definition = load(await emitted(sizes)).loops as ModelDefinition;
    const engine = createReferenceEngine();
    const run = createRun(engine, { probes: true });
    const own = upload(treeOf(values, "parameter", "state", "draw"));
    const result = await run.call(definition.segment, own, upload(treeOf(values, "argument")));
    const keys = { return: "outputs", next: "next", loss: "losses" } as Record<string, string>;
    main?.results.forEach((port, i) => {
      compare(
        at(result, [keys[port.role] ?? "", ...port.path]),
        expected.results[i],
        engine.download,
      );
    });
    expect(run.takeProbes()).toHaveLength(sizes.depth * sizes.T);
  });

  it("are loops in the text, whatever the sizes", async () => {
    const small = await emitted({ depth: 3, T: 5 });
    const large = await emitted({ depth: 30, T: 50 });
    expect(large.replace("{ depth: 30, T: 50 }", "{ depth: 3, T: 5 }")).toBe(small);
    expect(small).toContain("for (const [i, each] of own.layer.entries()) {");
    expect(small).toContain("for (let t = 0; t < T; t++) {");
    expect(small).toMatch(/const out = cellStep\(\s*g\.scope\("T", t\),\s*own\.cell,/);
  });
});

/** The values at a path, an array where it says "each copy". */
function at(tree: unknown, path: readonly string[]): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return tree;
  if (segment === EACH) return (tree as readonly unknown[]).map((copy) => at(copy, rest));
  return at((tree as Readonly<Record<string, unknown>>)[segment], rest);
}

function compare(
  actual: unknown,
  expected: HostValue | undefined,
  download: (tensor: DeviceTensor) => HostTensor,
): void {
  if (expected === undefined) throw new Error("nothing to compare with");
  if (!("type" in expected)) {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((copy, i) => {
      compare((actual as readonly unknown[])[i], copy, download);
    });
    return;
  }
  const got = download(actual as DeviceTensor);
  const order = expected.type.axes.map((axis) => axis.name);
  expect(got.type.kind).toBe(expected.type.kind);
  const data = Array.from(transposeTo(got, order).data);
  Array.from(expected.data).forEach((value, i) => {
    expect(data[i]).toBeCloseTo(value, 12);
  });
}
