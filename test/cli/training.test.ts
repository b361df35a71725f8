/**
 * train, eval and sample with a hand-written model in the form of generated code, which goes through the same loading as what
 * the core writes. Small enough for the float64 engine.
 */
import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../../src/cli/arguments.ts";
import type { BuildResult } from "../../src/cli/build-result.ts";
import type { CommandModule } from "../../src/cli/command.ts";
import { evalCommand } from "../../src/cli/commands/eval.ts";
import { sampleCommand } from "../../src/cli/commands/sample.ts";
import { trainCommand } from "../../src/cli/commands/train.ts";
import type { CommandEntry } from "../../src/cli/commands.ts";
import type { Compile } from "../../src/cli/compiler.ts";
import { contents, folderWith, recordingTerminal } from "./kit.ts";

const written = await readFile(
  new URL("../runtime/training/memory-model.ts", import.meta.url),
  "utf8",
);
const text = written.replace(/"[./]*src\/runtime\/index\.ts"/, '"memc/runtime"');

const compiled = [
  { path: "memory.ts", text, trace: {} },
  {
    path: "memory.train.ts",
    text: 'import { training } from "./memory.ts";\nexport const trained = training();\n',
    trace: {},
  },
] as const;

const compile: Compile<BuildResult> = () => ({ diagnostics: [], generated: compiled });

/** Commands as the program has them, but for the compiler. */
const commands = {
  train: entryOf(
    "train",
    trainCommand(async () => compile),
  ),
  eval: entryOf(
    "eval",
    evalCommand(async () => compile),
  ),
  sample: entryOf(
    "sample",
    sampleCommand(async () => compile),
  ),
};

function entryOf(name: string, command: CommandModule): CommandEntry {
  return { name, usage: "<spec>", summary: "", load: async () => ({ command }) };
}

/** `memc <name> memory.mem --engine reference --seed 3 …`; interrupted when the error stream gets `interruptAt`. */
async function run(
  folder: string,
  name: keyof typeof commands,
  options: Readonly<Record<string, string | number | boolean>> = {},
  interruptAt?: string,
) {
  const terminal = recordingTerminal(folder);
  const watched = {
    ...terminal,
    err: (line: string) => {
      terminal.err(line);
      if (interruptAt !== undefined && line.includes(interruptAt)) terminal.interrupt();
    },
  };
  const words = Object.entries({ engine: "reference", seed: 3, ...options }).map(
    ([option, value]) => `--${option}=${value}`,
  );
  const code = await runCommand(commands[name], ["memory.mem", ...words], watched);
  return { code, ...terminal.written };
}

const book = "the quick brown fox jumps over the lazy dog. pack my box with five dozen jugs. ";
const files = { "memory.mem": "", "book.txt": book.repeat(4) };

describe("memc train", () => {
  test("trains, evaluates beside what counting achieves, and shows a sample", async () => {
    const folder = await folderWith(files);
    const { code, out, err } = await run(folder, "train", { data: "book.txt", steps: 12 });
    expect(code).toBe(0);
    expect(err).toContain("Memory: 3,084 parameters, detach, engine reference\n");
    expect(err).toMatch(
      /book\.txt: 1 document of 316 bytes, its last 31 held out; 12 steps; .*runs\/memory/,
    );
    expect(err).toMatch(/step 12\/12 {2}loss \d\.\d{4} {2}perplexity [\d.]+ {2}[\d,]+ tokens\/s/);
    expect(out).toMatch(
      /^held-out perplexity {2}[\d.]+\n {2}byte bigram +[\d.]+\n {2}byte trigram/,
    );
    expect(out).toContain("\nsample, going on from ");
    expect((await readdir(join(folder, "runs/memory"))).sort()).toEqual([
      "checkpoint-000012",
      "latest",
      "metrics.jsonl",
    ]);
    const log = (await readFile(join(folder, "runs/memory/metrics.jsonl"), "utf8")).trimEnd();
    expect(log.split("\n").map((line) => JSON.parse(line).step)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  });

  test("a second training gets a folder of its own; a named folder is not written over", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", steps: 1, evaluate: false };
    await run(folder, "train", options);
    await run(folder, "train", options);
    expect((await readdir(join(folder, "runs"))).sort()).toEqual(["memory", "memory-2"]);
    await expect(run(folder, "train", { ...options, out: "runs/memory" })).rejects.toThrow(
      "runs/memory holds a training already",
    );
  });

  test("Ctrl-C finishes the step and says how to go on; what goes on gives the same bytes", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", steps: 9, evaluate: false };
    await run(folder, "train", { ...options, out: "whole" });
    const stopped = await run(folder, "train", { ...options, out: "parts" }, "step 1/9");
    expect(stopped.code).toBe(130);
    expect(stopped.err).toContain(
      "stopped after step 1; go on with:\n" +
        "  memc train memory.mem --data book.txt --steps 9 --seed 3 --engine reference --out parts --resume\n",
    );
    const resumed = await run(folder, "train", { ...options, out: "parts", resume: true });
    expect(resumed.err).toContain("steps 2 to 9");
    const [whole, parts] = [
      await contents(join(folder, "whole")),
      await contents(join(folder, "parts")),
    ];
    const last = Object.keys(whole).filter((path) => path.startsWith("checkpoint-000009/"));
    expect(last).toHaveLength(4);
    for (const path of last) expect(parts[path]).toBe(whole[path]);
  });

  test.each([
    [{ data: "two" }, "two: 2 documents of 395 bytes, 38 at their ends held out"],
    [{ data: "two", valid: "book.txt" }, "two: 2 documents of 395 bytes, 1 held out"],
    [{ data: "ten" }, "ten: 9 documents of 711 bytes, 1 held out"],
  ])("%j says what is held out", async (options, said) => {
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`ten/${i}`, book]));
    const two = { "two/a": book, "two/b": book.repeat(4) };
    const folder = await folderWith({ ...files, ...ten, ...two });
    const { err } = await run(folder, "train", { ...options, steps: 1, evaluate: false });
    expect(err).toContain(`${said}; 1 steps`);
  });

  test("a task", async () => {
    const folder = await folderWith(files);
    const options = { data: "task:recall", steps: 2, "checkpoint-every": 1 };
    const { out, err } = await run(folder, "train", options);
    expect(err).toContain("task:recall; 2 steps");
    expect(out).toMatch(/accuracy +[\d.]+ % of [\d,]+ answers/);
    expect(out).not.toContain("bigram");
    expect(await readdir(join(folder, "runs/memory"))).toContain("checkpoint-000001");
  });

  test.each([
    [{ data: "nothing.txt" }, "nothing.txt does not exist"],
    [{ data: "task:nothing" }, "there is no task:nothing; there are task:recall and task:sort"],
    [{ data: "task:recall(shown = 99)" }, /task:recall shows 99 symbols/],
    [{ data: "book.txt", steps: 0 }, /--steps 0: a whole number of at least 1/],
    [{ data: "book.txt", steps: 1.5 }, /--steps 1.5: a whole number/],
    [{ data: "book.txt", seed: -1 }, /--seed -1: a whole number from 0/],
    [{ data: "book.txt", resume: true }, /there is no training in runs\/memory/],
    [{ data: "book.txt", out: "book.txt" }, /is not a folder/],
  ])("%j is refused, with nothing written", async (options, message) => {
    const folder = await folderWith(files);
    await expect(run(folder, "train", options)).rejects.toThrow(message);
    expect(Object.keys(await contents(folder)).sort()).toEqual(Object.keys(files).sort());
  });

  test("a checkpoint of another seed is not resumed", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", steps: 1, evaluate: false, out: "run" };
    await run(folder, "train", options);
    const other = { ...options, resume: true, seed: 4 };
    await expect(run(folder, "train", other)).rejects.toThrow("has seed 3, not 4");
  });

  test("a state that grows until the loss breaks down is what is to be mended, not the rate", async () => {
    const growing = `import { training } from "./memory.ts";
const plain = training();
const grow = (g, { M, seen }) => ({ M: g.mul(M, 1e15), seen });
const breakLoss = (g, losses) => g.sqrt(g.neg(losses.main));
let steps = 0;
export const trained = { ...plain, async rollout(run, parameters, states, segments) {
  const result = await plain.rollout(run, parameters, states, segments);
  const main = steps++ < 2 ? undefined : await run.call(breakLoss, result.losses[0]);
  const losses = main === undefined ? result.losses : [{ main }, { main }];
  return { ...result, losses, states: { mem: await run.call(grow, result.states.mem) } };
} };
`;
    const [model, train] = compiled;
    const broken = trainCommand(async () => () => ({
      diagnostics: [],
      generated: [model, { ...train, text: growing }],
    }));
    const terminal = recordingTerminal(await folderWith(files));
    const words = ["memory.mem", "--data=book.txt", "--engine=reference", "--no-evaluate"];
    await expect(runCommand(entryOf("train", broken), words, terminal)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^Step 3: the loss is NaN\..* State mem\.M enters the step with/,
      ),
      help: "bound mem.M where it is written, by a decay below 1, a gate or a norm, or reset it more often",
    });
  });

  test("a finished training says so and how to go on, and writes nothing", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", steps: 2, out: "run" };
    await run(folder, "train", { ...options, evaluate: false });
    const before = await contents(folder);
    for (const again of [{ data: "book.txt", out: "run" }, options]) {
      const { code, out, err } = await run(folder, "train", { ...again, resume: true });
      expect([code, out]).toEqual([0, ""]);
      expect(err).toBe(
        "the training in run is finished: it has made all of its 2 steps\n" +
          "to go on, give a larger total:\n" +
          "  memc train memory.mem --data book.txt --steps 4 --seed 3 --engine reference --out run --resume\n" +
          "to see what it learnt:\n" +
          "  memc eval memory.mem --data book.txt --checkpoint run\n",
      );
    }
    expect(await contents(folder)).toEqual(before);
    const more = { ...options, steps: 4, evaluate: false, resume: true };
    const { err } = await run(folder, "train", more);
    expect(err).toContain("steps 3 to 4 (--steps; the run's total was 2)");
  });

  test.each([
    ["task:recal", "there is no task:recal;", "did you mean task:recall?"],
    ["task:nothing", "there is no task:nothing;", undefined],
  ])("--data %s is about the task, not about held-out data", async (data, message, help) => {
    const folder = await folderWith(files);
    await expect(run(folder, "train", { data })).rejects.toMatchObject({
      message: expect.stringMatching(`^${message}`),
      help,
    });
  });

  test("held-out data that is too short asks for --valid only to mend it", async () => {
    const folder = await folderWith({ ...files, "word.txt": "word", "letter.txt": "a" });
    await expect(run(folder, "train", { data: "word.txt" })).rejects.toMatchObject({
      help: "it is the last tenth of --data: give more, or leave the evaluation out with --no-evaluate",
    });
    const valid = "letter.txt";
    await expect(run(folder, "train", { data: "book.txt", valid })).rejects.toMatchObject({
      help: "name other data with --valid, or leave the evaluation out with --no-evaluate",
    });
  });

  test("without --steps and --seed a resumed training keeps the run's", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", evaluate: false, out: "run" };
    await run(folder, "train", { ...options, steps: 3 }, "step 1/3");
    const terminal = recordingTerminal(folder);
    const words = "memory.mem --data book.txt --no-evaluate --out run --engine reference --resume";
    expect(await runCommand(commands.train, words.split(" "), terminal)).toBe(0);
    expect(terminal.written.err).toContain("steps 2 to 3 (the run's total)");
    await run(folder, "train", { ...options, steps: 3, out: "whole" });
    const [resumed, whole] = [await contents(folder), "whole/checkpoint-000003/model.safetensors"];
    expect(resumed["run/checkpoint-000003/model.safetensors"]).toBe(resumed[whole]);
  });
});

describe("memc eval and memc sample", () => {
  test("read the latest training of the spec", async () => {
    const folder = await folderWith(files);
    const trained = await run(folder, "train", { data: "book.txt", steps: 3 });
    const evaluated = await run(folder, "eval", { data: "book.txt" });
    const [figures = "", data] = evaluated.out.split(/^(?=data )/m);
    expect(trained.out.startsWith(figures)).toBe(true);
    expect(data).toMatch(/^data {2,}book\.txt, its last tenth\n$/);
    const { out } = await run(folder, "eval", { data: "book.txt", format: "json" });
    expect(JSON.parse(out)).toMatchObject({
      perplexity: expect.any(Number),
      baselines: { bigram: expect.any(Number), trigram: expect.any(Number) },
    });
    const first = await run(folder, "sample");
    expect(first.out.startsWith("The ")).toBe(true);
    expect(await run(folder, "sample")).toEqual(first);
    expect((await run(folder, "sample", { length: 0 })).out).toBe("The \n");
  });

  test("without --data, eval and a training that goes on take what the training was started with", async () => {
    const folder = await folderWith({ ...files, "new.txt": book.repeat(2) });
    await run(folder, "train", { data: "task:recall", steps: 1, evaluate: false });
    const { out } = await run(folder, "eval");
    expect(out).toMatch(/accuracy +[\d.]+ % of 800 answers \(guessing: 12\.5 %\)\n/);
    expect(out).toMatch(/\ndata +task:recall, 200 episodes\n$/);
    expect((await run(folder, "eval", { data: "new.txt" })).out).toMatch(/data +new\.txt, its/);
    const more = { resume: true, steps: 2, evaluate: false };
    expect((await run(folder, "train", more)).err).toContain("task:recall; steps 2 to 2");
    await expect(
      run(folder, "train", { ...more, steps: 3, data: "new.txt" }),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/runs\/memory goes on with the data it was started with/),
      help: "it was started with --data task:recall, which applies by itself: leave --data out",
    });
  });

  test("a training whose data has changed since says so", async () => {
    const folder = await folderWith(files);
    const options = { data: "book.txt", evaluate: false };
    await run(folder, "train", { ...options, steps: 1 });
    await writeFile(join(folder, "book.txt"), book.repeat(5));
    await expect(
      run(folder, "train", { steps: 2, resume: true, evaluate: false }),
    ).rejects.toMatchObject({
      help: "it was started with --data book.txt, as now: what that holds is not what it was",
    });
  });

  test("the held-out file of a training is used, too, and data that is gone is named", async () => {
    const folder = await folderWith({ ...files, "new.txt": book.repeat(2) });
    const options = { data: "book.txt", valid: "new.txt", steps: 1, evaluate: false };
    await run(folder, "train", options);
    expect((await run(folder, "eval")).out).toMatch(/data +new\.txt\n/);
    await rm(join(folder, "new.txt"));
    await expect(run(folder, "eval")).rejects.toMatchObject({
      message:
        "new.txt does not exist; the training in runs/memory was started with --data book.txt --valid new.txt",
      help: "go to the folder it was started in, or name the data with --data FILE",
    });
  });

  test("sample says that a task has symbols, not text, and shows no prompt that cannot be read", async () => {
    const folder = await folderWith(files);
    await run(folder, "train", { data: "task:recall", steps: 1, evaluate: false });
    const { out, err } = await run(folder, "sample", { length: 0 });
    expect(out).toBe("The \n");
    expect(err).toContain(
      "note: the model was trained on task:recall, on symbols rather than text\n",
    );
  });

  test("without a training they say so", async () => {
    const folder = await folderWith(files);
    await expect(run(folder, "sample")).rejects.toThrow(/there is no training in/);
    await expect(run(folder, "eval", { data: "book.txt", checkpoint: "x" })).rejects.toThrow(
      /There is no checkpoint in .*x/,
    );
  });

  test("trainings of the spec under other names are listed, the newest first", async () => {
    const folder = await folderWith({ ...files, "runs/notes.txt": "no training" });
    const options = { data: "book.txt", evaluate: false };
    await run(folder, "train", { ...options, steps: 1, out: "runs/first" });
    await run(folder, "train", { ...options, steps: 2, out: "runs/second" });
    await utimes(join(folder, "runs/first/latest"), 1, 1);
    await mkdir(join(folder, "runs/other"));
    await writeFile(join(folder, "runs/other/latest"), "checkpoint-000001\n");
    const choice = "runs/second (step 2), runs/first (step 1)";
    for (const [command, option] of [
      ["eval", "--checkpoint"],
      ["sample", "--checkpoint"],
      ["train", "--out"],
    ] as const) {
      const asked = command === "train" ? { resume: true } : {};
      await expect(run(folder, command, asked)).rejects.toMatchObject({
        message: "there is no training in runs/memory",
        help: `name one of the trainings of this spec with ${option}: ${choice}`,
        code: "MEM0913",
      });
    }
    await run(folder, "train", { ...options, steps: 1 });
    const { err } = await run(folder, "sample", { length: 1 });
    expect(err).toBe(
      `runs/memory: step 1 of 1\nnote: other trainings of this spec, for --checkpoint: ${choice}\n`,
    );
  });

  test("a damaged checkpoint is refused with a sentence", async () => {
    const folder = await folderWith({ ...files, "bad.safetensors": "\xff\xff\xff\xff\xff\xff" });
    await expect(run(folder, "sample", { checkpoint: "bad.safetensors" })).rejects.toThrow(
      /bad\.safetensors/,
    );
  });
});
