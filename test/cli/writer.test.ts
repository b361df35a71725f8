import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { manifestName, parseManifest } from "../../src/cli/manifest.ts";
import { type OutputFile, planOutput, writeOutput } from "../../src/cli/writer.ts";
import { contents, folderWith } from "./kit.ts";

const model: OutputFile = { path: "model.ts", text: "export const dims = { width: 4 };\n" };
const training: OutputFile = { path: "model.train.ts", text: "export const training = {};\n" };

async function build(
  folder: string,
  files: readonly OutputFile[],
  { spec = "model.mem", force = false } = {},
) {
  const plan = await planOutput(folder, spec, files);
  await writeOutput(plan, force);
  return plan.differences;
}

async function withoutManifest(folder: string) {
  const { [manifestName]: _, ...files } = await contents(folder);
  return files;
}

describe("a build into a folder", () => {
  test("keeps in the manifest what options of the command line it was built with", async () => {
    const folder = await folderWith();
    const options = "--set D=16 --probe 'layer[*].p'";
    await writeOutput(await planOutput(folder, "model.mem", [model], options), false);
    const manifest = () =>
      contents(folder).then((files) => parseManifest(files[manifestName] ?? ""));
    expect((await manifest())?.get("model.ts")?.options).toBe(options);
    await build(folder, [model]);
    expect((await manifest())?.get("model.ts")).not.toHaveProperty("options");
  });

  test("writes its files and a manifest of them, making the folder", async () => {
    const folder = join(await folderWith(), "deep", "generated");
    expect(await build(folder, [model, training])).toEqual([
      { path: "model.train.ts", change: "create" },
      { path: "model.ts", change: "create" },
    ]);
    const files = await contents(folder);
    expect(files["model.ts"]).toBe(model.text);
    expect(files["model.train.ts"]).toBe(training.text);
    expect([...(parseManifest(files[manifestName] ?? "")?.keys() ?? [])]).toEqual([
      "model.train.ts",
      "model.ts",
    ]);
  });

  test("a second time touches nothing, not even the times", async () => {
    const folder = await folderWith();
    await build(folder, [model]);
    const before = await stat(join(folder, "model.ts"));
    const manifest = await stat(join(folder, manifestName));
    expect(await build(folder, [model])).toEqual([]);
    expect((await stat(join(folder, "model.ts"))).mtimeMs).toBe(before.mtimeMs);
    expect((await stat(join(folder, "model.ts"))).ino).toBe(before.ino);
    expect((await stat(join(folder, manifestName))).ino).toBe(manifest.ino);
  });

  test("writes only what changed", async () => {
    const folder = await folderWith();
    await build(folder, [model, training]);
    const before = await stat(join(folder, "model.train.ts"));
    const changed = { ...model, text: "export const dims = { width: 8 };\n" };
    expect(await build(folder, [changed, training])).toEqual([
      { path: "model.ts", change: "update" },
    ]);
    expect((await stat(join(folder, "model.train.ts"))).ino).toBe(before.ino);
    expect(await readFile(join(folder, "model.ts"), "utf8")).toBe(changed.text);
  });

  test("deletes what it wrote and makes no more, and nothing else", async () => {
    const folder = await folderWith({ "notes.txt": "mine" });
    await build(folder, [model, training]);
    expect(await build(folder, [model])).toEqual([{ path: "model.train.ts", change: "delete" }]);
    expect(await withoutManifest(folder)).toEqual({ "notes.txt": "mine", "model.ts": model.text });
  });

  test("leaves the files of another spec alone", async () => {
    const folder = await folderWith();
    await build(folder, [model]);
    const other = { path: "other.ts", text: "export {};\n" };
    await build(folder, [other], { spec: "other.mem" });
    expect(await build(folder, [model])).toEqual([]);
    expect(Object.keys(await withoutManifest(folder)).sort()).toEqual(["model.ts", "other.ts"]);
  });

  test("takes a file with the same text as its own", async () => {
    const folder = await folderWith({ "model.ts": model.text });
    expect(await build(folder, [model])).toEqual([]);
    const changed = { ...model, text: "export {};\n" };
    expect(await build(folder, [changed])).toEqual([{ path: "model.ts", change: "update" }]);
  });

  test("takes line ends a checkout has turned into CR LF for its own", async () => {
    const folder = await folderWith();
    await build(folder, [model]);
    await writeFile(join(folder, "model.ts"), model.text.replaceAll("\n", "\r\n"));
    expect(await build(folder, [model])).toEqual([]);
  });

  test("no temporary file is left", async () => {
    const folder = await folderWith();
    await build(folder, [model, training]);
    expect((await readdir(folder)).sort()).toEqual([manifestName, "model.train.ts", "model.ts"]);
  });
});

describe("a build that would lose someone's work writes nothing", () => {
  test("a file that memc did not write", async () => {
    const folder = await folderWith({ "model.ts": "// by hand\n" });
    await expect(build(folder, [training, model])).rejects.toThrow(
      /nothing was written to .*:\n {2}model\.ts was not written by memc/,
    );
    expect(await contents(folder)).toEqual({ "model.ts": "// by hand\n" });
  });

  test("a file that was edited since", async () => {
    const folder = await folderWith();
    await build(folder, [model, training]);
    await writeFile(join(folder, "model.ts"), `${model.text}// tuned\n`);
    const before = await contents(folder);
    const changed = { ...model, text: "export {};\n" };
    await expect(build(folder, [changed, { ...training, text: "" }])).rejects.toThrow(
      /model\.ts was edited since memc wrote it/,
    );
    expect(await contents(folder)).toEqual(before);
  });

  test("an edited file that the spec makes no more", async () => {
    const folder = await folderWith();
    await build(folder, [model, training]);
    await writeFile(join(folder, "model.train.ts"), "// tuned\n");
    await expect(build(folder, [model])).rejects.toThrow(/model\.train\.ts was edited/);
  });

  test("unless it is forced", async () => {
    const folder = await folderWith({ "model.ts": "// by hand\n" });
    await build(folder, [model], { force: true });
    expect(await withoutManifest(folder)).toEqual({ "model.ts": model.text });
  });

  test("a folder in the place of a file is in the way even then", async () => {
    const folder = await folderWith({ "model.ts/keep.txt": "mine" });
    await expect(build(folder, [model], { force: true })).rejects.toThrow(/not a regular file/);
    expect(await contents(folder)).toEqual({ "model.ts/keep.txt": "mine" });
  });

  test("a symbolic link is not followed", async () => {
    const folder = await folderWith({ "elsewhere/secret.txt": "mine", "out/x": "" });
    await symlink(join(folder, "elsewhere/secret.txt"), join(folder, "out/model.ts"));
    await expect(build(join(folder, "out"), [model], { force: true })).rejects.toThrow(
      /not a regular file/,
    );
    await symlink(join(folder, "elsewhere"), join(folder, "out/parts"));
    const inside = { path: "parts/model.ts", text: "" };
    await expect(build(join(folder, "out"), [inside], { force: true })).rejects.toThrow(
      /leads outside/,
    );
    expect(await contents(join(folder, "elsewhere"))).toEqual({ "secret.txt": "mine" });
  });

  test("an output path that is a file", async () => {
    const folder = await folderWith({ out: "a file" });
    await expect(build(join(folder, "out"), [model])).rejects.toThrow(/cannot be read|not written/);
    expect(await contents(folder)).toEqual({ out: "a file" });
  });

  test("a failure half way puts everything back", async () => {
    const folder = await folderWith();
    await build(folder, [model, training]);
    const before = await contents(folder);
    const changed = [model, training].map((file) => ({ ...file, text: `${file.text}// new\n` }));
    const plan = await planOutput(folder, "model.mem", changed);
    // Between the plan and its execution a file becomes a folder, so that its renaming fails after others succeeded.
    await rm(join(folder, "model.ts"));
    await mkdir(join(folder, "model.ts"));
    await expect(writeOutput(plan, false)).rejects.toThrow(/nothing was written/);
    expect(await contents(folder)).toEqual({
      "model.train.ts": before["model.train.ts"],
      [manifestName]: before[manifestName],
    });
  });

  test.skipIf(process.platform !== "linux")("a folder that cannot be made", async () => {
    await expect(build("/proc/memc/generated", [model])).rejects.toMatchObject({
      message: "nothing was written to /proc/memc/generated: no such file or directory",
      code: "MEM0915",
    });
  });

  test("a file that cannot be written leaves no folder and no temporary file", async () => {
    const folder = await folderWith({ "kept.txt": "mine" });
    const tooLong = `${"x".repeat(300)}/model.ts`;
    const plan = await planOutput(join(folder, "new/out"), "model.mem", [model]);
    const texts = new Map([...plan.texts, [tooLong, ""]]);
    await expect(writeOutput({ ...plan, texts }, false)).rejects.toMatchObject({ code: "MEM0915" });
    expect(await readdir(folder)).toEqual(["kept.txt"]);
  });

  test.skipIf(process.getuid?.() === 0)("a folder that cannot be written", async () => {
    const folder = await folderWith();
    await chmod(folder, 0o500);
    await expect(build(folder, [model])).rejects.toThrow(/nothing was written/);
    await chmod(folder, 0o700);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("the manifest is untrusted", () => {
  const hash = "0".repeat(64);
  test.each([
    ["no JSON", "{"],
    ["another form", '{ "form": 2, "files": {} }'],
    ["a list", "[]"],
    ["a path that leaves the folder", manifest("../secret.txt", hash)],
    ["an absolute path", manifest("/etc/passwd", hash)],
    ["a path with a backslash", manifest("..\\\\x", hash)],
    ["a hidden file", manifest(".bashrc", hash)],
    ["no hash", manifest("model.ts", "")],
  ])("%s", async (_, text) => {
    const folder = await folderWith({ [manifestName]: text });
    await expect(build(folder, [model])).rejects.toThrow(/is damaged/);
    expect(await contents(folder)).toEqual({ [manifestName]: text });
  });

  function manifest(path: string, sha256: string): string {
    return `{ "form": 1, "files": { "${path}": { "spec": "model.mem", "sha256": "${sha256}" } } }`;
  }
});

test("a build that was killed while renaming goes on the next time", async () => {
  const folder = await folderWith();
  await build(folder, [model, training]);
  const newer = [model, training].map((file) => ({ ...file, text: `${file.text}// new\n` }));
  const plan = await planOutput(folder, "model.mem", newer);
  // What the disk holds between two renames: a manifest with both hashes, one file old, one new.
  const both = JSON.parse((await contents(folder))[manifestName] ?? "");
  for (const [path, { sha256 }] of plan.after) {
    both.files[path].sha256 = [...sha256, both.files[path].sha256];
  }
  await writeFile(join(folder, manifestName), JSON.stringify(both));
  await writeFile(join(folder, "model.ts"), newer[0]?.text ?? "");
  const newest = newer.map((file) => ({ ...file, text: `${file.text}// newest\n` }));
  await build(folder, newest);
  expect(await withoutManifest(folder)).toEqual(
    Object.fromEntries(newest.map(({ path, text }) => [path, text])),
  );
});
