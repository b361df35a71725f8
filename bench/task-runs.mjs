/** What the task benchmarks share: a spec as loaded programs, a training on a task with its accuracy, and a table. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createOnnxEngine,
  evaluateModel,
  parseTask,
  TaskSource,
  train,
} from "../dist/runtime/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The text that `memc build SPEC --set …` writes, loaded: the programs `evaluate` and `train`. */
export async function programsOf(spec, settings) {
  const folder = await mkdtemp(join(tmpdir(), "memc-bench-"));
  try {
    const pairs = Object.entries(settings).flatMap(([name, value]) => [
      "--set",
      `${name}=${value}`,
    ]);
    const build = ["build", spec, "--emit", "js", "--out", folder, ...pairs];
    const { status, stderr } = spawnSync(process.execPath, [join(root, "dist/memc.js"), ...build], {
      cwd: root,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
    await mkdir(join(folder, "node_modules"));
    await symlink(root, join(folder, "node_modules/memc"), "junction");
    await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
    const names = (await readdir(folder)).filter((name) => name.endsWith(".js"));
    const load = async (training) => {
      const name = names.find((one) => one.endsWith(".train.js") === training);
      const values = Object.values(await import(pathToFileURL(join(folder, name)).href));
      return values.find((value) => value?.parameters !== undefined);
    };
    return { model: await load(false), definition: await load(true) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A source whose streams start afresh with every segment, so that nothing is remembered. */
function forgetting(source) {
  const fresh = (segment) => {
    const { inputs } = segment;
    const data = inputs.fresh.data.map(() => 1);
    return { ...segment, inputs: { ...inputs, fresh: { ...inputs.fresh, data } } };
  };
  return {
    next: () => source.next().map(fresh),
    position: () => source.position(),
    restore: (position) => source.restore(position),
  };
}

/**
 * Trains on a task and evaluates on episodes that training never sees. `memory: false` empties every state before each segment, in
 * training and evaluation. `rate` replaces the schedule's. `parameters` in place of `steps` skips the training. Accuracy is of the answers alone, from 0 to 1.
 */
export async function taskRun({
  programs,
  task,
  steps,
  rate,
  seed,
  threads,
  memory = true,
  parameters,
}) {
  const { model } = programs;
  const { schedule } = programs.definition;
  const optimizer = { ...schedule.optimizer, rate: rate ?? schedule.optimizer.rate };
  const definition = { ...programs.definition, schedule: { ...schedule, optimizer } };
  const engine = await createOnnxEngine({ threads });
  const source = (program, options) => {
    const episodes = new TaskSource(parseTask(task, program), program, { seed, ...options });
    return memory ? episodes : forgetting(episodes);
  };
  const started = performance.now();
  let peak = 0;
  const trained =
    parameters ??
    (
      await train({
        definition,
        engine,
        source: source(definition, { split: "train" }),
        seed,
        steps,
        onStep: ({ step, loss, peakResidentBytes }) => {
          peak = peakResidentBytes;
          const shown = process.stderr.isTTY && step % 10 === 0;
          if (shown) process.stderr.write(`\r\x1b[2Kstep ${step}/${steps} loss ${loss.toFixed(4)}`);
        },
      })
    ).state.parameters;
  const seconds = (performance.now() - started) / 1000;
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[2K");
  const { accuracy, scored } = await evaluateModel({
    model,
    engine,
    parameters: trained,
    seed,
    source: source(model, { split: "evaluation", episodes: 400 }),
  });
  return { accuracy, scored, seconds, peak, parameters: trained };
}

/** Options of the command line: `--steps 300`, whole numbers only; `defaults` says which there are. */
export function optionsFrom(argv, defaults) {
  const values = { ...defaults };
  for (let i = 0; i < argv.length; i += 2) {
    const name = argv[i].replace(/^--/, "");
    const word = typeof defaults[name] === "string";
    const value = word ? argv[i + 1] : Number(argv[i + 1]);
    const fits = word ? value !== undefined : Number.isInteger(value) && value >= 0;
    if (!Object.hasOwn(defaults, name) || !fits) {
      const known = Object.entries(defaults).map(
        ([one, usual]) => `--${one} ${typeof usual === "string" ? "WORD" : "N"}`,
      );
      throw new Error(`${argv[i]} ${argv[i + 1] ?? ""}: there are ${known.join(", ")}`);
    }
    values[name] = value;
  }
  return values;
}

/** A row of a Markdown table. */
export function row(...cells) {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
