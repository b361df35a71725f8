/**
 * The memory works, at the smallest size: two symbols of four, shown in the first segment and asked for in the fourth, where nothing but the
 * memory still knows them. `bench/recall.mjs` has the table at a larger size.
 */
import { expect, test } from "vitest";
import {
  createOnnxEngine,
  evaluateModel,
  parseTask,
  type SegmentSource,
  type SourceProgram,
  TaskSource,
  train,
} from "../../src/runtime/index.ts";
import { specPrograms } from "./kit.ts";

const seed = 0;
const size = { vocab: "6", D: "16", hidden: "16", heads: "2", slots: "4" };

test("Memformer recalls with mrbp(4), and only from its memory", { timeout: 300_000 }, async () => {
  const { evaluate: model, train: definition } = await specPrograms("specs/memformer.mem", {
    ...size,
    ...{ encoders: "1", decoders: "1", "mem.forget": "none" },
    ...{ "train.segment": "2", "train.batch": "64", "train.through_time": "mrbp(4)" },
  });
  const engine = await createOnnxEngine({ threads: 1 });
  const episodes = (program: SourceProgram, split: "train" | "evaluation") => {
    const task = parseTask("task:recall(shown = 2, symbols = 4)", program);
    return new TaskSource(task, program, {
      seed,
      split,
      ...(split === "train" ? {} : { episodes: 256 }),
    });
  };
  const source = episodes(definition, "train");
  const { state } = await train({ definition, engine, source, seed, steps: 300 });
  const accuracy = async (read: SegmentSource) => {
    const options = { model, engine, parameters: state.parameters, seed, source: read };
    return (await evaluateModel(options)).accuracy ?? Number.NaN;
  };
  expect(await accuracy(episodes(model, "evaluation"))).toBeGreaterThan(0.7);
  expect(await accuracy(emptied(episodes(model, "evaluation")))).toBeLessThan(0.45);
});

/** The same segments, but every state starts anew with each. */
function emptied(source: SegmentSource): SegmentSource {
  return {
    next: () =>
      source.next().map((segment) => {
        const { fresh } = segment.inputs;
        if (fresh === undefined) throw new Error("a segment says whether its streams start");
        const restarting = { type: fresh.type, data: Uint8Array.from(fresh.data, () => 1) };
        return { ...segment, inputs: { ...segment.inputs, fresh: restarting } };
      }),
    position: () => source.position(),
    restore: (position) => source.restore(position),
  };
}
