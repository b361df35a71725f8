/**
 * What a user can get wrong with train, eval and sample: a code and a sentence, exit code 1 (2 for the command line), no stack trace,
 * and nothing written or changed. In one process, by the commands as they are.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runDiagnostics } from "../../src/cli/run-codes.ts";
import { contents, folderWith, memc, type Recording } from "../cli/kit.ts";
import { project } from "../resume/kit.ts";

const reference = ["--engine", "reference"] as const;
const trainRun = ["train", "small.mem", "--data", "books", "--out", "run", ...reference] as const;

let original: string;

beforeAll(async () => {
  original = await mkdtemp(join(tmpdir(), "memc-test-"));
  for (const [path, text] of Object.entries(project)) {
    await mkdir(dirname(join(original, path)), { recursive: true });
    await writeFile(join(original, path), text);
  }
  const { code, err } = await memc(original, ...trainRun, "--steps", "2", "--no-evaluate");
  expect(code, err).toBe(0);
});
afterAll(() => rm(original, { recursive: true, force: true }));

/** A folder of its own with the project and, in `run`, a training of two steps. */
async function trained(): Promise<string> {
  const folder = await folderWith();
  await cp(original, folder, { recursive: true });
  return folder;
}

/** The command ends with the code and the sentence, and leaves the folder as it was. */
async function refuses(
  folder: string,
  argv: readonly string[],
  message: string | RegExp,
  expected = 1,
): Promise<Recording> {
  const before = await contents(folder);
  const ended = await memc(folder, ...argv);
  expect([ended.code, ended.out], ended.err).toEqual([expected, ""]);
  if (typeof message === "string") expect(ended.err).toContain(message);
  else expect(ended.err).toMatch(message);
  expect(ended.err).not.toMatch(/\n\s+at /);
  expect(ended.err).not.toMatch(/[^\n\P{Cc}]/u);
  expect(await contents(folder)).toEqual(before);
  return ended;
}

describe("data", () => {
  const files = {
    ...project,
    "short.txt": "a",
    "binary.txt": `\u00ff${"a".repeat(40)}`,
    "tiny/one.txt": "",
    "tiny/.hidden": "not a document, however long it is",
  };
  const train = ["train", "small.mem", ...reference] as const;

  test.each([
    ["nothing.txt", "error[MEM0910]: nothing.txt does not exist\n"],
    ["nothing/at/all", "error[MEM0910]: nothing/at/all does not exist\n"],
    ["tiny", "error[MEM0910]: tiny holds no document\n"],
    ["tiny/one.txt", "error[MEM0910]: tiny/one.txt holds no document\n"],
    ["/dev/null", "error[MEM0910]: /dev/null is neither a file nor a folder\n"],
    ["short.txt", "error[MEM0911]: No document has more than 1 token, so there is nothing"],
    [
      "binary.txt",
      /^error\[MEM0911\]: The text has byte 195, but input \w+ goes from 0 to 127\.\n/m,
    ],
    ["task:sing", "error[MEM0911]: there is no task:sing; there are task:recall and"],
    ["task:sort(size = 3)", "error[MEM0911]: task:sort has no setting `size`."],
    ["task:recall(symbols = 500)", "error[MEM0911]: task:recall needs 502 different tokens, but"],
    [
      "task:recall(shown = 9)",
      "error[MEM0911]: task:recall shows 9 symbols; a segment of 5 tokens",
    ],
  ])("--data %s", async (data, message) => {
    const folder = await folderWith(files);
    await refuses(folder, [...train, "--no-evaluate", "--data", data], message);
  });

  test("a held-out text that is too short is said before the training", async () => {
    const folder = await folderWith(files);
    const { err } = await refuses(
      folder,
      [...train, "--data", "books", "--valid", "short.txt"],
      "error[MEM0911]: the held-out data cannot be used: No document has more than 1 token",
    );
    expect(err).toContain("--valid");
  });

  test.skipIf(process.getuid?.() === 0)("a file that may not be read", async () => {
    const folder = await folderWith(files);
    await chmod(join(folder, "short.txt"), 0);
    const message = "error[MEM0910]: short.txt cannot be read: permission denied\n";
    const ended = await memc(folder, ...train, "--data", "short.txt");
    expect(ended).toMatchObject({ code: 1, err: message });
  });
});

describe("an output folder that cannot be written", () => {
  test.each([
    [
      "below a file",
      "books/one.txt/run",
      /^error\[MEM0915\]: .* cannot be written: not a directory\n {2}choose another folder with --out\n$/m,
    ],
    [
      "that is a file",
      "books/one.txt",
      /^error\[MEM0915\]: .*one\.txt is not a folder\n {2}name a folder with --out/m,
    ],
    ["of the system", "/proc/memc/run", /^error\[MEM0915\]: .*\/proc\/memc.* cannot be written: /m],
  ])("%s", async (_where, out, message) => {
    const folder = await folderWith(project);
    await refuses(
      folder,
      ["train", "small.mem", "--data", "books", ...reference, "--out", out],
      message,
    );
  });
});

describe("the command line", () => {
  test.each([
    [["--engine", "abacus"], "memc: --engine abacus: onnx or reference is needed"],
    [["--threads", "0"], "memc: --threads 0: a whole number from 1 to 1024 is needed"],
    [["--steps", "many"], /^memc: .*steps/],
    [["--checkpoint-every", "0"], "memc: --checkpoint-every 0: a whole number of at least 1"],
  ])("%j ends with 2", async (options, message) => {
    const folder = await folderWith(project);
    await refuses(folder, ["train", "small.mem", "--data", "books", ...options], message, 2);
  });
});

describe("a checkpoint", () => {
  const checkpoint = "run/checkpoint-000002";
  const resume = [...trainRun, "--steps", "4", "--no-evaluate", "--resume"] as const;
  const evaluate = ["eval", "small.mem", "--data", "books", "--checkpoint", "run", ...reference];
  const sampling = ["sample", "small.mem", "--checkpoint", "run", ...reference];

  test("that is as it was written is read", async () => {
    const folder = await trained();
    expect((await memc(folder, ...evaluate)).code).toBe(0);
    expect((await memc(folder, ...sampling, "--length", "3")).code).toBe(0);
    expect((await memc(folder, ...resume)).code).toBe(0);
  });

  test.each([
    ["model.safetensors", 100, /model\.safetensors has 100 bytes; \d+ were written\./],
    ["model.safetensors", 0, /model\.safetensors has 0 bytes; \d+ were written\./],
    ["training.json", 50, /training\.json is not valid JSON\./],
  ])("cut short: %s to %i bytes", async (file, length, message) => {
    const folder = await trained();
    await truncate(join(folder, checkpoint, file), length);
    for (const argv of [resume, evaluate, sampling]) {
      const { err } = await refuses(folder, argv, message);
      expect(err).toContain("error[MEM0912]: ");
    }
  });

  test.each(["model", "optimizer", "states"])("with one byte changed: %s", async (name) => {
    const folder = await trained();
    const path = join(folder, checkpoint, `${name}.safetensors`);
    const bytes = await readFile(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
    await writeFile(path, bytes);
    const message = `${name}.safetensors is not what was written: its SHA-256 differs.`;
    const { err } = await refuses(folder, resume, message);
    expect(err).toContain("error[MEM0912]: ");
  });

  test("without one of its files", async () => {
    const folder = await trained();
    await rm(join(folder, checkpoint, "states.safetensors"));
    await refuses(folder, resume, /error\[MEM0912\]: .*states\.safetensors is missing\.\n/);
  });

  test.each([
    ["names nothing", "\n", /latest names no checkpoint\./],
    ["names a place elsewhere", "../../elsewhere\n", /latest names no checkpoint\./],
    ["names what is not there", "checkpoint-000009\n", /training\.json is missing\./],
  ])("whose `latest` %s", async (_what, text, message) => {
    const folder = await trained();
    await writeFile(join(folder, "run/latest"), text);
    for (const argv of [resume, evaluate]) await refuses(folder, argv, message);
  });

  test.each([
    ["no bytes", ""],
    ["text", "this is a novel, not a checkpoint"],
    ["a header longer than the file", "\u0009\0\0\0\0\0\0\u0001{}"],
    ["a header that is no JSON", "\u0004\0\0\0\0\0\0\0nope"],
    [
      "a name that would steer the terminal",
      safetensors('{"\\u001b[31mred":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    ],
    [
      "offsets outside the file",
      safetensors('{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'),
    ],
    ["nothing of the model", safetensors("{}")],
  ])("in a .safetensors file of %s", async (_what, text) => {
    const folder = await trained();
    await writeFile(join(folder, "bad.safetensors"), text);
    const argv = ["--checkpoint", "bad.safetensors"];
    for (const command of [evaluate.slice(0, 4), sampling.slice(0, 2)]) {
      const whole = [...command, ...argv, ...reference];
      await refuses(folder, whole, /^error\[MEM0912\]: .*bad\.safetensors/m);
    }
  });

  test("of other sizes: a --set that contradicts the spec's value is refused as one that contradicts another --set", async () => {
    const folder = await trained();
    for (const argv of [resume, evaluate, sampling]) {
      await refuses(
        folder,
        [...argv, "--set", "D=6"],
        "error[MEM0918]: the training in run had D 8, this one 6\n  leave --set D out",
      );
    }
    await refuses(
      folder,
      [...resume, "--set", "train.batch=4"],
      "error[MEM0918]: the training in run had train.batch 3, this one 4\n  leave --set train.batch out",
    );
    const spec = await readFile(join(folder, "small.mem"), "utf8");
    await writeFile(join(folder, "small.mem"), spec.replace("D = 8", "D = 6"));
    await refuses(folder, resume, "had D 8, this one 6\n  the spec is not what it was");
  });

  test("of other sizes that say nothing of them, whose tensors are named", async () => {
    const folder = await trained();
    const path = join(folder, checkpoint, "training.json");
    const { dims: _, ...older } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify(older));
    for (const argv of [resume, evaluate, sampling]) {
      await refuses(
        folder,
        [...argv, "--set", "D=6"],
        /error\[MEM0912\]: .*model\.safetensors is not of this model: .*table\.weight is F\d\d \[128, 8\] in the file, real \[.*6.*\] in the model/,
      );
    }
  });

  test("keeps the settings it was trained with; a --set that contradicts them is refused", async () => {
    const folder = await folderWith(project);
    const wide = [...trainRun.slice(0, 5), "wide", ...reference, "--no-evaluate"];
    const set = ["--set", "D=4", "--set", "train.rollout=1"];
    expect((await memc(folder, ...wide, "--steps", "1", ...set)).code).toBe(0);
    const commands = [
      [...wide, "--resume", "--steps", "2"],
      ["eval", "small.mem", "--data", "books", "--checkpoint", "wide", ...reference],
      ["sample", "small.mem", "--checkpoint", "wide", "--length", "1", ...reference],
    ];
    for (const command of commands) {
      await refuses(
        folder,
        [...command, "--set", "D=8"],
        "error[MEM0918]: wide was trained with D=4, which --set D=8 contradicts\n  leave --set D out",
      );
    }
    for (const command of commands) {
      const { code, err } = await memc(folder, ...command, "--set", "D=4.0");
      expect(code, err).toBe(0);
      expect(err).toContain("--set D=4 --set train.rollout=1\n");
    }
    const evaluated = await memc(folder, ...(commands[1] ?? []), "--set", "evaluate.batch=2");
    expect(evaluated.code, evaluated.err).toBe(0);
  });

  test.each([
    [{ "\u001b[31mD": "8" }, "␛[31mD=8, which is no setting"],
    [{ D: "8\n--set" }, "which is no setting"],
    [{ "D=1 D": "8" }, "D=1 D=8, which is no setting"],
    [{ D: 8 }, "has no valid `settings`"],
    [JSON.parse('{"__proto__": "8"}'), "There is nothing to set at __proto__"],
  ])("with settings %j that nobody trained with", async (settings, message) => {
    const folder = await trained();
    const path = join(folder, checkpoint, "training.json");
    const training = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...training, settings }));
    for (const argv of [resume, evaluate, sampling]) await refuses(folder, argv, message);
  });

  test("whose parameters are no numbers gives no result", async () => {
    const folder = await trained();
    const path = join(folder, checkpoint, "model.safetensors");
    const bytes = await readFile(path);
    bytes.fill(0xff, 8 + Number(bytes.readBigUInt64LE(0)));
    await writeFile(join(folder, "nan.safetensors"), bytes);
    const broken = ["--checkpoint", "nan.safetensors", ...reference];
    const evaluated = await memc(folder, ...evaluate.slice(0, 4), ...broken);
    expect(evaluated).toMatchObject({ code: 1, out: "" });
    expect(evaluated.err).toContain("error[MEM0914]: the loss main on the held-out data is NaN\n");
    const sampled = await memc(folder, "sample", "small.mem", ...broken);
    expect(sampled.code).toBe(1);
    expect(sampled.err).toContain("error[MEM0914]: The model gave logits that are no numbers.\n");
  });

  test("of a spec that has been changed: refused where tensors differ, noted where they do not", async () => {
    const folder = await trained();
    const spec = await readFile(join(folder, "small.mem"), "utf8");
    await writeFile(join(folder, "small.mem"), spec.replace("as last)", "as final)"));
    await refuses(folder, resume, /error\[MEM0912\]: .*missing: .*final.*not in the model: .*last/);
    await writeFile(
      join(folder, "small.mem"),
      spec.replace("norm(x), heads", "2 * norm(x), heads"),
    );
    for (const argv of [evaluate, sampling, resume]) {
      const { code, err } = await memc(folder, ...argv);
      expect(code, err).toBe(0);
      expect(err).toContain("note: the generated code is not what it was");
    }
  });

  test("of a spec whose code is the same: another comment, another name, or a setting of this command alone", async () => {
    const folder = await trained();
    const spec = await readFile(join(folder, "small.mem"), "utf8");
    await writeFile(join(folder, "small.mem"), `${spec}\n// a comment\n`);
    await writeFile(join(folder, "copy.mem"), spec);
    const inOther = ["eval", "copy.mem", ...evaluate.slice(2)];
    const commands = [
      evaluate,
      sampling,
      inOther,
      [...evaluate, "--set", "evaluate.segment=4"],
      [...sampling, "--set", "generate.segment=4"],
      [...resume, "--set", "train.optimizer.rate=1e-4"],
    ];
    for (const argv of commands) {
      const { code, err } = await memc(folder, ...argv);
      expect(code, err).toBe(0);
      expect(err).not.toContain("note: the generated code");
    }
  });

  test("of other data, another seed, or more steps", async () => {
    const folder = await trained();
    await writeFile(join(folder, "other.txt"), "another text, long enough to be read. ".repeat(3));
    const other = ["train", "small.mem", "--data", "other.txt", "--out", "run", ...reference];
    const { err } = await refuses(
      folder,
      [...other, "--resume", "--no-evaluate", "--steps", "4"],
      /^error\[MEM0911\]: the training in run goes on with the data it was started with: The text is not/m,
    );
    expect(err).toContain(
      "  it was started with --data books, which applies by itself: leave --data out\n",
    );
    await refuses(
      folder,
      [...resume, "--seed", "1"],
      "error[MEM0917]: the training in run has seed 0",
    );
    await refuses(
      folder,
      [...trainRun, "--resume", "--steps", "1"],
      "error[MEM0917]: the training in run has done 2 steps, more than --steps 1",
    );
    await refuses(folder, trainRun, "error[MEM0917]: run holds a training already");
  });

  test("that is not there", async () => {
    const folder = await folderWith(project);
    const nowhere = /^error\[MEM0913\]: there is no training in runs\/small\n/m;
    await refuses(folder, ["sample", "small.mem", ...reference], nowhere);
    await refuses(folder, ["eval", "small.mem", "--data", "books", ...reference], nowhere);
    await refuses(folder, [...trainRun, "--resume"], "error[MEM0913]: there is no training in run");
    await refuses(
      folder,
      ["sample", "small.mem", "--checkpoint", "books", ...reference],
      "error[MEM0913]: There is no checkpoint in ",
    );
  });
});

test("every code of this kind has a page", async () => {
  for (const [code, { title }] of Object.entries(runDiagnostics)) {
    const { out } = await memc("/", "explain", code);
    expect(out.startsWith(`${code}: ${title}\n`)).toBe(true);
  }
});

/** A safetensors file with this header and no numbers. */
function safetensors(header: string): string {
  return `${String.fromCharCode(header.length)}\0\0\0\0\0\0\0${header}`;
}
