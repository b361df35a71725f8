/** Names for what the spec does not name. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { check } from "../../../src/ir/check/check.ts";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import type { Graph } from "../../../src/ir/graph.ts";
import { printGraph } from "../../../src/ir/graph-text.ts";
import { hashGraph } from "../../../src/ir/hash.ts";
import { nameValues } from "../../../src/ir/name-values.ts";
import { resultsOf } from "../../../src/ir/rewrite.ts";
import { trainingGraph } from "../../../src/ir/training-graph.ts";
import { verify } from "../../../src/ir/verify.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { graphOf, real } from "../kit.ts";

const folder = new URL("../../../specs/", import.meta.url);
const sources = [...readdirSync(folder), ...readdirSync(new URL("std/", folder))]
  .filter((name) => name.endsWith(".mem"))
  .map((name) => (readdirSync(folder).includes(name) ? name : `std/${name}`))
  .map((path) => ({ path, text: readFileSync(new URL(path, folder), "utf8") }));
const specs = sources.map(({ path }) => path).filter((path) => !path.startsWith("std/"));

describe.each(specs)("the names of %s", (path) => {
  const graph = check(sources, path, {}).model?.programs.train?.graph;
  if (graph === undefined) throw new Error(`${path} does not train.`);

  it("leave what is computed as it was", () => {
    const named = nameValues(graph);
    expect(verify(named)).toEqual([]);
    expect(hashGraph(named)).toBe(hashGraph(graph));
    const training = trainingGraph(named);
    expect(hashGraph(nameValues(training))).toBe(hashGraph(training));
  });

  it("stay when they are given again", () => {
    const named = nameValues(graph);
    expect(printGraph(nameValues(named))).toBe(printGraph(named));
  });
});

/** Names of the values that nodes of the main function make. */
const namesOf = ({ functions, main }: Graph): readonly string[] =>
  functions
    .get(main)
    ?.nodes.flatMap(resultsOf)
    .map(({ name }) => name) ?? [];

describe("a value without a name", () => {
  it("is called after what it is, or after two short names", () => {
    const f = new FunctionBuilder("f");
    const x = f.input("x", real({ batch: OPEN, T: 2, D: 3 }), { role: "argument" });
    const W = f.input("W", real({ D: 3, E: 4 }), { role: "parameter" });
    const product = f.op("contract", [x, W], { over: ["D"] });
    const p = f.op("softmax", [product], { over: ["E"] });
    const squares = f.op("mul", [p, p], {});
    f.op("sum", [squares], { over: ["E"] });
    f.op("div", [x, 2], {});
    f.op("sum", [x], { over: ["T"] });
    f.result(f.op("add", [x, x], {}), { role: "return", path: ["y"] });
    expect(namesOf(nameValues(graphOf(f.finish())))).toEqual([
      "$xW",
      "$weights",
      "$square",
      "$total",
      "$scaled",
      "$total$2",
      "$y",
    ]);
  });

  it("takes no name from the spec, whatever letter it begins with", () => {
    const f = new FunctionBuilder("f");
    const x = f.input("x", real({ batch: OPEN, T: 2 }), { role: "argument" });
    const sum = f.op("tanh", [x], {}, "_sum");
    const total = f.op("mul", [sum, sum], {}, "_total2");
    f.result(f.op("sum", [total], { over: ["T"] }), { role: "return", path: ["y"] });
    expect(namesOf(nameValues(graphOf(f.finish())))).toEqual(["_sum", "_total2", "$y"]);
  });

  it("is called after the call that it goes into", () => {
    const g = new FunctionBuilder("inner");
    const y = g.input("y", real({ batch: OPEN }), { role: "argument" });
    g.result(g.op("exp", [y], {}), { role: "return", path: ["exp"] });
    const inner = g.finish();
    const f = new FunctionBuilder("f");
    const x = f.input("x", real({ batch: OPEN }), { role: "argument" });
    const [z] = f.call(inner, [f.op("neg", [x], {})], { scope: ["deep", "net"] });
    f.result(f.op("tanh", [z!], {}, "t"), { role: "return", path: ["t"] });
    const named = nameValues(graphOf(inner, f.finish()));
    expect(namesOf(named)).toEqual(["$deepNetY", "$deepNetOut", "t"]);
    expect(named.functions.get("inner")?.results[0]?.path).toEqual(["out"]);
  });
});
