/** `--explain-passes`: every pass, with the operations and bytes of the plans it leads to. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { EmittedFile } from "../../src/codegen/emit.ts";
import type { PassEffect } from "../../src/codegen/explain-passes.ts";
import { explainPasses, passTable } from "../../src/codegen/explain-passes.ts";
import { passes } from "../../src/ir/passes/index.ts";
import { planStep } from "../../src/runtime/planner-step.ts";
import { simplifications } from "../../src/runtime/stage.ts";
import type { TrainingDefinition } from "../../src/runtime/training.ts";
import { load } from "./load.ts";

const main = "classifier.mem";
const spec = `mem 1
model Classifier {
  dim vocab = 7, D = 5, hidden = 6
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  x = ffn(norm(table.look(tokens)), hidden)
  output logits = table.score(x)
  loss main = cross_entropy(logits, labels)
}
train {
  data { labels = tokens ahead 1 }
  segment 4 tokens;  batch 64 streams;  rollout 1 segment
  through_time detach
  optimizer adamw(rate = 1e-3)
  steps 1
}
`;
const library = "specs/std/layers.mem";
const sources = [
  { path: "std/layers.mem", text: readFileSync(library, "utf8") },
  { path: main, text: spec },
];

/** The plans of a training step: operations in all, and the most bytes alive. */
async function figures(files: readonly EmittedFile[], without: ReadonlySet<string>) {
  const file = files.find(({ path }) => path.endsWith(".train.ts"));
  const exported = Object.values(load(file?.text ?? ""));
  const definition = exported.find(
    (each): each is TrainingDefinition =>
      typeof each === "object" && each !== null && "rollout" in each,
  );
  if (definition === undefined) throw new Error("Nothing trains.");
  const { plans, peakBytes } = await planStep(definition, {
    realBytes: 4,
    without: new Set(simplifications.map(({ name }) => name).filter((name) => without.has(name))),
  });
  return { nodes: plans.reduce((sum, plan) => sum + plan.nodes.length, 0), bytes: peakBytes };
}

const measure = { simplifications, figures };

describe("explaining passes", () => {
  it("measures the generated code after each pass", { timeout: 60_000 }, async () => {
    const options = { version: "0.0.0", hash: "0".repeat(64) };
    const { diagnostics, effects = [] } = await explainPasses(sources, main, options, measure);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(effects.map(({ name }) => name)).toEqual([
      ...passes.map(({ name }) => name),
      ...simplifications.map(({ name }) => `staging: ${name}`),
    ]);
    const effect = (name: string): PassEffect | undefined =>
      effects.find((each) => each.name === name);
    for (const name of ["layer-norm", "linear", "cross-entropy", "staging: dead"]) {
      const { before, after } = effect(name) ?? {};
      expect(after?.nodes, name).toBeLessThan(before?.nodes ?? 0);
    }
    expect(effect("layer-norm")?.after.bytes).toBeLessThan(effect("layer-norm")?.before.bytes ?? 0);
    for (const [index, { before }] of effects.entries()) {
      if (index > 0) expect(before).toEqual(effects[index - 1]?.after);
    }
  });

  it("says what is wrong with a spec that has errors", async () => {
    const broken = [{ path: main, text: "mem 1\nmodel M { output y = nothing }\n" }];
    const options = { version: "0.0.0", hash: "0".repeat(64) };
    const explained = await explainPasses(broken, main, options, measure);
    expect(explained.effects).toBeUndefined();
    expect(explained.diagnostics.length).toBeGreaterThan(0);
  });

  it("prints a line a pass", () => {
    const before = { nodes: 120, bytes: 3 * 2 ** 20 };
    const after = { nodes: 99, bytes: 2.5 * 2 ** 20 };
    expect(passTable([{ name: "linear", doc: "Fuses.", before, after }])).toBe(
      [
        "pass    operations  planned rollout (MiB)  what it does",
        "linear  120 → 99    3.00 → 2.50            Fuses.",
        "",
      ].join("\n"),
    );
  });
});
