/**
 * What each pass is worth: the training step of a spec on the onnx engine with all passes, with none, and with all but one.
 *
 *   node bench/passes.mjs [SPEC] [--rounds N] [--set ADDRESS=VALUE]… [--only NAME,NAME] [--threads N]
 *
 * A step is a whole rollout: every forward, backward and critical call of the schedule, without the update. The variants take turns
 * within a round, the best call of each function counts, times its calls in a step, and the ratio is to all passes. Times are processor time, so that a machine that does other
 * work besides gives the same figures; with one thread, as here unless said, they are what a step takes on an idle core. Operations and planned bytes are those of the plans.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { bundleCompiler, loadCompiler, root, settingsOf, trainingProgram } from "./compiler.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    set: { type: "string", multiple: true, default: [] },
    only: { type: "string" },
    threads: { type: "string", default: "1" },
  },
});
const spec = positionals[0] ?? "specs/memformer.mem";

/** Compiled code resolves packages from here. */
const folder = join(root, "node_modules", ".cache", `memc-bench-${process.pid}`);
mkdirSync(folder, { recursive: true });
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

await bundleCompiler(folder);
const { passes, runtime } = await loadCompiler(folder);
const asked = {
  main: basename(spec),
  text: readFileSync(spec, "utf8"),
  settings: settingsOf(options.set),
};

async function prepare(label, chosen) {
  const definition = await trainingProgram(folder, label, { ...asked, passes: chosen });
  const engine = await runtime.createOnnxEngine({ threads: Number(options.threads) });
  const run = runtime.createRun(engine);
  /** Calls of each function and the least processor time of one, in milliseconds. */
  const calls = new Map();
  const timed = Object.create(run, {
    call: {
      value: async (staged, ...inputs) => {
        const start = process.cpuUsage();
        const result = await run.call(staged, ...inputs);
        const { user, system } = process.cpuUsage(start);
        const known = calls.get(staged.name) ?? { count: 0, least: Infinity };
        const least = Math.min(known.least, (user + system) / 1000);
        calls.set(staged.name, { count: known.count + 1, least });
        return result;
      },
    },
  });
  const { schedule } = definition;
  const length = schedule.segment.tokens * (schedule.rollout + 2) * schedule.batch * 2;
  const text = Uint8Array.from({ length }, (_, i) => (i * i * 31 + (i >> 3)) % 96);
  const source = runtime.textSource([text], definition, { passes: "endless", seed: 0 });
  const segments = source.next().map((segment, i) => ({
    inputs: runtime.uploadInputs(engine, segment),
    draws: runtime.segmentDraws(
      engine,
      definition,
      { seed: 0, step: 0, segment: i },
      schedule.batch,
    ),
    tokens: segment.tokens,
  }));
  const parameters = runtime.uploadTree(engine, runtime.initialParameters(definition, 0));
  const states = runtime.initialStates(engine, definition, schedule.batch);
  const step = () => definition.rollout(timed, parameters, states, segments);
  const { losses } = await step();
  const loss = [...runtime.downloadTree(engine, losses.at(-1)).values()].reduce(
    (sum, { data }) => sum + data[0],
    0,
  );
  const planned = run.plans.map((plan) => runtime.planMemory(plan, { realBytes: 4 }).peakBytes);
  const operations = run.plans.reduce((sum, plan) => sum + plan.nodes.length, 0);
  return { label, step, loss, operations, peak: Math.max(...planned), calls };
}

const only = options.only?.split(",");
const variants = [];
variants.push(await prepare("all", {}));
variants.push(await prepare("none", "none"));
for (const { name } of passes) {
  if (only !== undefined && !only.includes(name)) continue;
  variants.push(
    await prepare(`without ${name}`.replaceAll(" ", "-"), { disabled: new Set([name]) }),
  );
}
const load = () =>
  loadavg()
    .map((each) => each.toFixed(1))
    .join(" ");
console.log(
  `${asked.main}, onnx, ${options.threads} thread, best of ${options.rounds}; load before ${load()}`,
);
for (let round = 0; round < Number(options.rounds); round++) {
  for (const variant of variants) await variant.step();
}
const steps = Number(options.rounds) + 1;
/** A step made of the best call of each function. */
const best = ({ calls }) =>
  [...calls.values()].reduce((sum, { count, least }) => sum + (count / steps) * least, 0);
const [all] = variants;
console.log(
  "variant                      ms    ratio   operations  planned MiB  loss of the last segment",
);
for (const variant of variants) {
  const { label, operations, peak, loss } = variant;
  console.log(
    [
      label.padEnd(24),
      best(variant).toFixed(0).padStart(6),
      (best(variant) / best(all)).toFixed(3).padStart(8),
      String(operations).padStart(11),
      (peak / 2 ** 20).toFixed(1).padStart(12),
      loss.toFixed(6).padStart(12),
    ].join(" "),
  );
}
console.log(`load after ${load()}`);
