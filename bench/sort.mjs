/**
 * What is the ∞-former for? `task:sort` (Martins et al. 2022): symbols sorted by how often they occurred. Prints a Markdown table of accuracy
 * at three lengths for Transformer-XL and for the ∞-former with evenly spaced and with sticky resampling.
 *
 *   node bench/sort.mjs [--steps N] [--alphabet N] [--segment N] [--seed N] [--threads N]
 */
import { optionsFrom, percent, programsOf, row, taskRun } from "./task-runs.mjs";

const { steps, alphabet, segment, seed, threads } = optionsFrom(process.argv.slice(2), {
  steps: 3000,
  alphabet: 4,
  segment: 16,
  seed: 0,
  threads: 2,
});

/** Segments of an episode; its last tokens are the answer. */
const episodes = [2, 4, 6];

const host = { vocab: alphabet + 2, D: 32, heads: 2, key: 16, hidden: 64, depth: 2 };
const memory = { short: segment, block: segment, bases: 32, resample: 16, widths: "[0.05,0.1]" };
const models = [
  ["Transformer-XL", "specs/transformer-xl.mem", { ...host, length: segment, tied: "off" }],
  ["∞-former", "specs/infinity-former.mem", { ...host, ...memory }],
  [
    "∞-former, sticky",
    "specs/infinity-former.mem",
    { ...host, ...memory, sampling: "sticky(bins=16)" },
  ],
];

/** Small models take, and few steps need, more than the rate of the specs. */
const rate = 5e-3;

const lengths = episodes.map((count) => count * segment - alphabet);
row("model", ...lengths.map((length) => `${length} symbols`), "ms a step");
row("---", ...lengths.map(() => "---:"), "---:");
for (const [name, spec, settings] of models) {
  const cells = [];
  const times = [];
  for (const [i, rollout] of episodes.entries()) {
    const task = `task:sort(length = ${lengths[i]}, alphabet = ${alphabet})`;
    const programs = await programsOf(spec, {
      ...settings,
      "train.segment": segment,
      "train.batch": 32,
      "train.rollout": rollout,
    });
    const { accuracy, seconds } = await taskRun({ programs, task, steps, rate, seed, threads });
    cells.push(percent(accuracy));
    times.push(((1000 * seconds) / steps).toFixed(0));
    process.stderr.write(
      `${name}, ${lengths[i]} symbols: ${cells.at(-1)}, ${seconds.toFixed(0)} s\n`,
    );
  }
  row(name, ...cells, times.join(", "));
}
// With the symbols given so far, one of those that are left.
const left = Array.from({ length: alphabet }, (_, i) => 1 / (i + 1));
const guessing = percent(left.reduce((sum, share) => sum + share, 0) / alphabet);
row("(guessing among the symbols that are left)", ...lengths.map(() => guessing), "-");
