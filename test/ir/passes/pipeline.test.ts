/** The list of passes: its order, leaving some out, watching them. */
import { describe, expect, it } from "vitest";
import { FunctionBuilder } from "../../../src/ir/function-builder.ts";
import { printGraph } from "../../../src/ir/graph-text.ts";
import { passes, pipelines, runPasses } from "../../../src/ir/passes/index.ts";
import { OPEN } from "../../../src/ops/index.ts";
import { graphOf, real, type } from "../kit.ts";
import { nodesOf } from "./kit.ts";

/** -log softmax at the label, of a linear layer's logits, computed twice. */
function classifier() {
  const f = new FunctionBuilder("classifier");
  const x = f.input("x", real({ batch: OPEN, D: 3 }), { role: "argument" });
  const W = f.input("W", real({ D: 3, V: 4 }), { role: "parameter" });
  const b = f.input("b", real({ V: 4 }), { role: "parameter" });
  const labels = f.input("labels", type("int", { batch: OPEN }), { role: "argument" });
  const loss = () => {
    const logits = f.op("add", [f.op("contract", [x, W], { over: ["D"] }), b], {});
    const picked = f.op("gather", [logits, labels], { axis: "V" });
    return f.op("sub", [f.op("logsumexp", [logits], { over: ["V"] }), picked], {});
  };
  f.result(f.op("add", [loss(), loss()], {}, "both"), { role: "return" });
  return graphOf(f.finish());
}

describe("the pipeline", () => {
  it("has a name and a sentence for each pass, and those before the gradient come first", () => {
    expect(new Set(passes.map(({ name }) => name)).size).toBe(passes.length);
    for (const { name, doc } of passes) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(doc).toMatch(/^[A-Za-z].*\.$/);
    }
    const stages = passes.map(({ stage }) => stage);
    expect(stages).toEqual([...stages].sort());
  });

  it("lets later passes see what earlier ones made", () => {
    expect(nodesOf(runPasses(classifier(), "model"))).toEqual([
      "$linear: real [batch, V=4] = linear x, W, b { over: [D], activation: none }",
      "$loss: real [batch] = crossEntropy $linear, labels { over: V }",
      "both: real [batch] = add $loss, $loss",
    ]);
  });

  it("changes nothing the second time", () => {
    const once = runPasses(classifier(), "model");
    expect(runPasses(once, "model")).toBe(once);
  });

  it("leaves out what is disabled, and tells what each pass did and how long it took", () => {
    const seen: string[] = [];
    let now = 0;
    const graph = classifier();
    const after = runPasses(graph, "model", {
      disabled: new Set(passes.map(({ name }) => name).filter((name) => name !== "linear")),
      observe: (report) => {
        seen.push(`${report.program} ${report.pass.name} ${report.milliseconds}`);
        expect(report.before).toBe(graph);
        expect(printGraph(report.after)).toContain("linear x, W, b");
      },
      clock: () => now++,
    });
    expect(seen).toEqual(["evaluate linear 1"]);
    expect(nodesOf(after).filter((line) => line.includes("= linear")).length).toBe(2);
  });

  it("grows from nothing to all of them", () => {
    const steps = pipelines();
    expect(steps.length).toBe(passes.length + 1);
    expect(steps[0]).toEqual({
      pass: undefined,
      disabled: new Set(passes.map(({ name }) => name)),
    });
    expect(steps.at(-1)).toEqual({ pass: passes.at(-1), disabled: new Set() });
  });
});
