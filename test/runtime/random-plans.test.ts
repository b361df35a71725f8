import { expect, it } from "vitest";
import { planMemory } from "../../src/runtime/planner.ts";
import { createReferenceEngine } from "../../src/runtime/reference.ts";
import { describeRandomPlans, randomProgram, stageProgram } from "./random-plans.ts";

describeRandomPlans("The reference engine", createReferenceEngine);

it("Plans of random programs refer to values only after they are made, without gaps", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { plan } = stageProgram(randomProgram(seed));
    const made = [...plan.inputs, ...plan.constants].map(({ value }) => value);
    for (const { inputs, outputs } of plan.nodes) {
      expect(
        inputs.every((value) => made.includes(value)),
        `seed ${seed}`,
      ).toBe(true);
      made.push(...outputs);
    }
    expect(made.sort((a, b) => a - b)).toEqual(plan.values.map((_, i) => i));
    expect(planMemory(plan, { realBytes: 4 }).lifetimes).toHaveLength(plan.values.length);
  }
});
