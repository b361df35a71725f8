import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type Builder,
  referenceEngine,
  type Tensor,
  type TrainingDefinition,
} from "../../../src/runtime/index.ts";
import { loadCheckpoint } from "../../../src/runtime/training/checkpoint.ts";
import { NonFiniteError } from "../../../src/runtime/training/finite.ts";
import type { StepMetrics } from "../../../src/runtime/training/metrics.ts";
import type { TrainingState } from "../../../src/runtime/training/state.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";
import {
  type TrainOptions,
  type TrainResult,
  train,
} from "../../../src/runtime/training/trainer.ts";
import { documents, schedule, training } from "./memory-model.ts";

const seed = 7;

function options(
  changes: Partial<TrainOptions> = {},
  definition: TrainingDefinition = training(),
): TrainOptions {
  const source = textSource(documents, definition, { passes: "endless", seed });
  return { definition, engine: referenceEngine, source, seed, ...changes };
}

async function trained(
  changes: Partial<TrainOptions> = {},
  definition?: TrainingDefinition,
): Promise<TrainResult & { readonly metrics: readonly StepMetrics[] }> {
  const metrics: StepMetrics[] = [];
  const onStep = (step: StepMetrics) => void metrics.push(step);
  return { ...(await train(options({ onStep, ...changes }, definition))), metrics };
}

/** Everything but times and memory. */
const numbers = ({ loss, losses, perplexity, tokens, rate, gradientNorm }: StepMetrics) => ({
  ...{ loss, losses, perplexity, tokens, rate, gradientNorm },
});

describe("train", () => {
  it("learns, and reports each step", async () => {
    const { metrics, state, stopped } = await trained({ steps: 40 });
    expect(stopped).toBe("steps");
    expect(state.step).toBe(40);
    const [first, last] = [metrics[0], metrics.at(-1)];
    expect(first?.loss).toBeCloseTo(Math.log(256), 1);
    expect(last?.loss).toBeLessThan(4);
    expect(first?.perplexity).toBeCloseTo(Math.exp(first?.loss ?? 0), 9);
    expect(first?.step).toBe(1);
    expect(first?.tokens).toBe(20);
    expect(first?.rate).toBeCloseTo(schedule.optimizer.rate / 2, 12);
    expect(first?.peakResidentBytes).toBeGreaterThan(1e6);
  });

  it("gives the same bytes from the same seed, and others from another", async () => {
    const [once, again, other] = [await trained(), await trained(), await trained({ seed: 8 })];
    expect(again.state).toEqual(once.state);
    expect(again.metrics.map(numbers)).toEqual(once.metrics.map(numbers));
    expect(other.state.parameters).not.toEqual(once.state.parameters);
  });

  it.each([{}, { updateEvery: 2 }, { rollout: 3, stride: 3, updateEvery: 3 }])(
    "resumes to the same bytes as an uninterrupted run, schedule %o",
    async (changes) => {
      const definition = training(changes);
      const whole = await trained({ steps: 8 }, definition);
      const abort = new AbortController();
      let kept: TrainingState | undefined;
      const half = await trained(
        {
          steps: 8,
          signal: abort.signal,
          onStep: ({ step }, state) => {
            if (step !== 3) return;
            kept = state();
            abort.abort();
          },
        },
        definition,
      );
      expect(half.stopped).toBe("aborted");
      expect(half.state).toEqual(kept);
      const resumed = await trained({ steps: 8, resume: half.state }, definition);
      expect(resumed.state).toEqual(whole.state);
      expect(resumed.metrics.map(numbers)).toEqual(whole.metrics.slice(3).map(numbers));
    },
  );

  it("does nothing when aborted before it starts, and when already done", async () => {
    const { state, stopped } = await trained({ signal: AbortSignal.abort() });
    expect([state.step, stopped]).toEqual([0, "aborted"]);
    const done = await trained({ steps: 2 });
    expect((await trained({ steps: 2, resume: done.state })).state).toEqual(done.state);
  });

  it("refuses to resume under another seed", async () => {
    const { state } = await trained({ steps: 1 });
    await expect(trained({ seed: 9, resume: state })).rejects.toThrow(/has seed 7, not 9/);
  });

  it("stops where a source ends", async () => {
    const definition = training();
    const source = textSource(documents, definition, { passes: "once", seed });
    const { stopped, state } = await trained({ source, steps: 100 }, definition);
    expect(stopped).toBe("no more data");
    expect(state.step).toBeGreaterThan(2);
    expect(state.step).toBeLessThan(20);
  });

  it("changes nothing for a step that the source cannot fill", async () => {
    const definition = training({ updateEvery: 2 });
    const source = textSource(documents, definition, { passes: "once", seed });
    const { state } = await trained({ source, steps: 100 }, definition);
    const again = textSource(documents, definition, { passes: "once", seed });
    const exact = await trained({ source: again, steps: state.step }, definition);
    expect(state.position).toEqual(exact.state.position);
    expect(state.states).toEqual(exact.state.states);
  });

  it("saves checkpoints as it goes and one at the end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "memc-train-"));
    try {
      const checkpoint = { folder, every: 2 };
      const { state, checkpoint: path } = await trained({ steps: 5, checkpoint });
      expect(readdirSync(folder)).toEqual([
        "checkpoint-000002",
        "checkpoint-000004",
        "checkpoint-000005",
        "latest",
      ]);
      expect(path).toBe(join(folder, "checkpoint-000005"));
      const loaded = loadCheckpoint(folder, training());
      expect(loaded.state).toEqual(state);
      expect(loaded.record).toEqual({ model: "Memory", schedule, steps: 5 });

      // A training that is resumed at its end has nothing to add.
      const finished = await trained({ steps: 5, checkpoint, resume: loaded.state });
      expect(finished.checkpoint).toBeUndefined();
      expect(readdirSync(folder)).toHaveLength(4);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("starts from given weights where there are some", async () => {
    const { state } = await trained({ steps: 1 });
    const parameters = new Map([["out.U", state.parameters.get("out.U") as never]]);
    const next = await trained({ steps: 0, parameters });
    expect(next.state.parameters.get("out.U")).toEqual(state.parameters.get("out.U"));
    expect(next.state.parameters.get("table.E")).not.toEqual(state.parameters.get("table.E"));
  });

  it("stops at a loss that is no number, and names the step and the operation", async () => {
    const plain = training();
    const broken: TrainingDefinition = {
      ...plain,
      async rollout(run, parameters, states, segments) {
        const result = await plain.rollout(run, parameters, states, segments);
        if (broke++ < 2) return result;
        const main = await run.call(breakLoss, result.losses[0] ?? {});
        return { ...result, losses: [{ main }, { main }] };
      },
    };
    let broke = 0;
    const training3 = trained({}, broken);
    await expect(training3).rejects.toThrow(NonFiniteError);
    await expect(training3).rejects.toThrow(
      /^Step 3: the loss is NaN\. The first operation of breakLoss that makes a NaN is sqrt/,
    );
    await expect(training3).rejects.toMatchObject({ step: 2, state: undefined });
  });

  it.each([
    [1e6, "numbers as large as \\d\\.\\de\\+\\d+: it grows from segment to segment\\.$"],
    [Number.POSITIVE_INFINITY, "numbers that are not finite: a segment before left them\\.$"],
  ])(
    "names a state that grows by %s in each step until the loss breaks down",
    async (factor, held) => {
      const plain = training();
      let steps = 0;
      const growing: TrainingDefinition = {
        ...plain,
        async rollout(run, parameters, states, segments) {
          const result = await plain.rollout(run, parameters, states, segments);
          const grow = function grow(g: Builder, { M, seen }: Record<"M" | "seen", Tensor>) {
            return { M: g.mul(M, factor ** (steps + 1)), seen };
          };
          const { mem } = result.states as { readonly mem: object };
          const grown = { ...result, states: { mem: await run.call(grow, mem) } };
          steps += 1;
          if (steps <= 3) return grown;
          const main = await run.call(breakLoss, result.losses[0] ?? {});
          return { ...grown, losses: [{ main }, { main }] };
        },
      };
      await expect(trained({}, growing)).rejects.toThrow(
        new RegExp(`^Step 4: the loss is NaN\\..* State mem\\.M enters the step with ${held}`),
      );
      steps = 0;
      await expect(trained({}, growing)).rejects.toMatchObject({ step: 3, state: "mem.M" });
      // A state's start value takes the place of what enters where each rollout is an example of its own.
      steps = 0;
      const examples = trained(
        {},
        { ...growing, ...training({ batching: "examples" }), rollout: growing.rollout },
      );
      await expect(examples).rejects.toMatchObject({ step: 3, state: undefined });
    },
  );
});

function breakLoss(g: Builder, losses: { readonly main: Tensor }) {
  return g.sqrt(g.neg(losses.main));
}
