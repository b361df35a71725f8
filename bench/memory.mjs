/**
 * The memory of a training step on the onnx engine, planned and measured, for each way to train through time.
 *
 *   node bench/memory.mjs [SPEC] [--horizons 1,4,16,32] [--batch N] [--steps N] [--rounds N] [--only MRBP] [--set ADDRESS=VALUE]… [--write FILE]
 *
 * Planned: the peak of `planStep`, known before anything runs. Measured: how far the peak of resident memory grows from after the
 * sessions are made to `--steps` steps later, in a fresh process for each row. The rows take turns within a round; the best step of
 * all rounds counts for time, the greatest growth for memory. `--write` puts the table between the marks in a file. Exits with 1 where
 * a plan of at least 256 MiB is more than 15 % off.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { bundleCompiler, loadCompiler, root, settingsOf, trainingProgram } from "./compiler.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    horizons: { type: "string", default: "1,4,16,32" },
    batch: { type: "string", default: "192" },
    steps: { type: "string", default: "10" },
    rounds: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    set: {
      type: "string",
      multiple: true,
      default: ["D=32", "hidden=64", "slots=16", "encoders=2", "decoders=4"],
    },
    only: { type: "string", default: "BPTT,checkpoint,MRBP" },
    write: { type: "string" },
    row: { type: "string" },
  },
});
const spec = positionals[0] ?? join(root, "specs", "memformer.mem");
const folder =
  process.env.MEMC_BENCH ?? join(root, "node_modules", ".cache", `memc-memory-${process.pid}`);
if (options.row === undefined) await parent();
else await child(JSON.parse(options.row));

async function parent() {
  mkdirSync(folder, { recursive: true });
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  await bundleCompiler(folder);
  const rows = options.horizons
    .split(",")
    .map(Number)
    .flatMap((horizon) => [
      { name: "BPTT", horizon, through: `bptt(horizon = ${horizon})` },
      {
        name: `checkpoint every ${Math.ceil(Math.sqrt(horizon))}`,
        horizon,
        through: `checkpoint(horizon = ${horizon}, every = ${Math.ceil(Math.sqrt(horizon))})`,
      },
      { name: "MRBP", horizon, through: `mrbp(horizon = ${horizon})` },
    ])
    .filter(({ name }) => options.only.split(",").includes(name.split(" ")[0]));
  const best = new Map();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const row of rows) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [...process.argv.slice(1), "--row", JSON.stringify(row)],
        { encoding: "utf8", env: { ...process.env, MEMC_BENCH: folder } },
      );
      if (status !== 0) throw new Error(`${row.through}: ${stderr}`);
      const found = JSON.parse(stdout.trim().split("\n").at(-1));
      const known = best.get(row);
      best.set(row, {
        planned: found.planned,
        measured: Math.max(found.measured, known?.measured ?? 0),
        ms: Math.min(found.ms, known?.ms ?? Number.POSITIVE_INFINITY),
      });
      console.log(`${row.through}: ${stdout.trim()} load ${loadavg()[0].toFixed(1)}`);
    }
  }
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(0);
  const table = [
    "| horizon | schedule | planned, MiB | measured, MiB | measured / planned | ms a step |",
    "| ---: | --- | ---: | ---: | ---: | ---: |",
    ...Array.from(best, ([{ name, horizon }, { planned, measured, ms }]) => {
      const ratio = (measured / planned).toFixed(2);
      return `| ${horizon} | ${name} | ${mib(planned)} | ${mib(measured)} | ${ratio} | ${ms.toFixed(0)} |`;
    }),
    "",
    `Segments of 64 tokens, ${options.batch} streams, ${options.set.join(", ")}; ${options.steps} steps; ${options.threads} threads; ` +
      `load at the end ${loadavg()[0].toFixed(1)}.`,
  ].join("\n");
  console.log(table);
  for (const [{ through }, { planned, measured }] of best) {
    if (planned < 256 * 2 ** 20 || Math.abs(measured / planned - 1) <= 0.15) continue;
    console.error(`${through} is more than 15 % off its plan`);
    process.exitCode = 1;
  }
  if (options.write === undefined) return;
  const text = readFileSync(options.write, "utf8");
  const marks = /(<!-- memory: begin -->\n)[\s\S]*?(\n<!-- memory: end -->)/;
  if (!marks.test(text)) throw new Error(`${options.write} has no marks for the table`);
  writeFileSync(
    options.write,
    text.replace(marks, (_, begin, end) => begin + table + end),
  );
}

/** One schedule in a process of its own; the last line it prints is JSON. */
async function child({ through, horizon }) {
  const { runtime } = await loadCompiler(folder);
  const text = readFileSync(spec, "utf8")
    .replace(/through_time [^\n]*/, `through_time ${through}`)
    .replace(/rollout \d+ segments?/, `rollout ${horizon} segments`)
    .replace(/batch \d+/, `batch ${options.batch}`);
  const training = await trainingProgram(folder, process.pid, {
    main: basename(spec),
    text,
    settings: settingsOf(options.set),
  });

  const { createOnnxEngine, onnxFootprint, planStep, textSource, train } = runtime;
  const plan = await planStep(training, { realBytes: 4, footprint: onnxFootprint });
  const engine = await createOnnxEngine({ threads: Number(options.threads) });
  // Every plan of the step is compiled before the clock and the meter start.
  const keyOf = ({ name, values, inputs, nodes, outputs }) =>
    JSON.stringify([name, values, inputs, nodes, outputs]);
  const ready = new Map();
  for (const each of plan.plans) ready.set(keyOf(each), await engine.compile(each));
  const compiled = {
    ...engine,
    compile: async (each) => {
      const executable = ready.get(keyOf(each));
      if (executable === undefined) throw new Error(`${each.name} was not planned`);
      return executable;
    },
  };
  const document = Uint8Array.from({ length: 2 ** 20 }, (_, i) => ((i * 7919) >> 3) & 127);
  const streams = textSource([document], training, { passes: "endless", seed: 1 });
  writeFileSync("/proc/self/clear_refs", "5"); // the peak starts anew
  const before = resident("VmRSS");
  let ms = Number.POSITIVE_INFINITY;
  await train({
    definition: training,
    engine: compiled,
    source: streams,
    seed: 1,
    steps: Number(options.steps),
    onStep: ({ seconds }) => {
      ms = Math.min(ms, 1000 * seconds);
    },
  });
  const measured = resident("VmHWM") - before;
  console.log(JSON.stringify({ planned: plan.peakBytes, measured, ms, peak: plan.peak.name }));
}

/** Bytes of a line of /proc/self/status. */
function resident(name) {
  const [, kib] = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kib) * 1024;
}
