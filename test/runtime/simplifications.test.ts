/** What staging leaves out of a plan, and plans staged without it: more nodes, the same numbers. */
import { describe, expect, it } from "vitest";
import { hostTensor } from "../../src/ops/index.ts";
import type { Builder, Tensor } from "../../src/runtime/builder.ts";
import { evaluatePlan } from "../../src/runtime/reference.ts";
import { type Simplification, simplifications, stage } from "../../src/runtime/stage.ts";

const type = { kind: "real", axes: [{ name: "T", size: 3 }] } as const;
const x = hostTensor("real", type.axes, [1, -2, 3]);

function wasteful(g: Builder, given: Tensor): Tensor {
  g.sin(given); // nobody reads it
  const scale = g.add(g.index({ axis: "T", size: 3 }), 1);
  const [left, right] = [g.exp(given), g.exp(given)];
  return g.mul(g.add(g.add(left, right), 0), scale);
}

function staged(without: readonly Simplification[]) {
  return stage("wasteful", wasteful, [type], { without: new Set(without) }).plan;
}

describe("staging", () => {
  const names = simplifications.map(({ name }) => name);
  const least = staged([]);

  it("leaves out what is neutral, repeated, constant or dead", () => {
    expect(least.nodes.map(({ op }) => op)).toEqual(["exp", "add", "mul"]);
    expect(staged(names).nodes.map(({ op }) => op)).toEqual([
      ...["sin", "index", "add", "exp", "exp", "add", "add", "mul"],
    ]);
  });

  it("computes the same without each of them", () => {
    const [wanted] = evaluatePlan(least, [x]).outputs;
    for (const name of names) {
      const plan = staged([name]);
      expect(plan.nodes.length, name).toBeGreaterThan(least.nodes.length);
      expect(evaluatePlan(plan, [x]).outputs[0]?.data, name).toEqual(wanted?.data);
    }
  });
});
