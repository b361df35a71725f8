/**
 * Does the memory work? `task:recall` shows four of eight symbols in the first segment and asks for them in the fourth. Prints a Markdown
 * table: Memformer trained with `mrbp(4)`, with `detach`, and with its memory emptied before each segment.
 *
 *   node bench/recall.mjs [--steps N] [--seed N] [--threads N] [--forget biased_norm]
 */
import { optionsFrom, percent, programsOf, row, taskRun } from "./task-runs.mjs";

const { steps, seed, threads, forget } = optionsFrom(process.argv.slice(2), {
  steps: 1500,
  seed: 0,
  threads: 2,
  forget: "none",
});

const settings = {
  vocab: 10,
  D: 32,
  heads: 4,
  hidden: 64,
  encoders: 2,
  decoders: 1,
  slots: 8,
  "mem.forget": forget,
  "train.segment": 4,
  "train.batch": 64,
};
const common = { task: "task:recall", steps, seed, threads };

row("training", "memory in the evaluation", "answers right", "training, s");
row("---", "---", "---:", "---:");

const replay = await programsOf("specs/memformer.mem", settings);
const remembered = await taskRun({ ...common, programs: replay });
row("mrbp(4)", "kept", percent(remembered.accuracy), remembered.seconds.toFixed(0));

const emptied = await taskRun({
  ...common,
  programs: replay,
  memory: false,
  parameters: remembered.parameters,
});
row("the same", "emptied before each segment", percent(emptied.accuracy), "-");

const detached = await programsOf("specs/memformer.mem", {
  ...settings,
  "train.through_time": "detach",
});
const unguided = await taskRun({ ...common, programs: detached });
row("detach", "kept", percent(unguided.accuracy), unguided.seconds.toFixed(0));

const never = await taskRun({ ...common, programs: replay, memory: false });
row(
  "mrbp(4), memory emptied before each segment",
  "emptied before each segment",
  percent(never.accuracy),
  never.seconds.toFixed(0),
);
row("(guessing)", "", percent(1 / 8), "-");
