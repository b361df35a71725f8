import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { BuildResult } from "../../src/cli/build-result.ts";
import type { CommandModule } from "../../src/cli/command.ts";
import { buildCommand } from "../../src/cli/commands/build.ts";
import type { Compile } from "../../src/cli/compiler.ts";
import { InternalError } from "../../src/cli/crash.ts";
import { contents, folderWith, recordingTerminal } from "./kit.ts";

/** The smallest generator: the first line of the spec as a constant. What is tested is what becomes of its files. */
const compile: Compile<BuildResult> = (files, main, { settings }) => {
  const text = files.find(({ path }) => path === main)?.text ?? "";
  const first = { ...settings, first: text.split("\n")[0] };
  const code = `/** First line. */\nexport const first: Record<string, string> = ${JSON.stringify(first)};\n`;
  return {
    diagnostics: [],
    generated: [{ path: "model.ts", text: code, trace: { lines: [[2, main, 1]] } }],
  };
};

const command: CommandModule = buildCommand(async () => compile);
const defaults = {
  out: "generated",
  check: false,
  emit: "ts",
  force: false,
  set: [],
  probe: [],
  "disable-pass": [],
  "time-passes": false,
  "explain-passes": false,
};

async function build(folder: string, options: Readonly<Record<string, unknown>> = {}) {
  const terminal = recordingTerminal(folder);
  const values = { ...defaults, spec: "model.mem", ...options };
  const code = await command.run(values, terminal);
  return { code, ...terminal.written };
}

describe("memc build", () => {
  test("writes the code and its trace, then says that it is current", async () => {
    const folder = await folderWith({ "model.mem": "// one\n" });
    expect(await build(folder)).toEqual({
      code: 0,
      out: "created generated/model.trace.json\ncreated generated/model.ts\n",
      err: "",
    });
    expect(await build(folder)).toEqual({ code: 0, out: "generated is current\n", err: "" });
    expect((await readdir(join(folder, "generated"))).sort()).toEqual([
      ".memc-manifest.json",
      "model.trace.json",
      "model.ts",
    ]);
  });

  test("--check writes nothing and tells what would change by its exit code", async () => {
    const folder = await folderWith({ "model.mem": "// one\n" });
    expect(await build(folder, { check: true })).toMatchObject({
      code: 1,
      out: "generated/model.trace.json: would create\ngenerated/model.ts: would create\n",
    });
    expect(Object.keys(await contents(folder))).toEqual(["model.mem"]);
    await build(folder);
    expect(await build(folder, { check: true })).toMatchObject({ code: 0 });
    expect(await build(folder, { check: true, set: ["a=1"] })).toMatchObject({
      code: 1,
      out: "generated/model.ts: would update\n",
    });
  });

  test("--emit js writes JavaScript in the place of TypeScript", async () => {
    const folder = await folderWith({ "model.mem": "// one\n" });
    await build(folder);
    expect((await build(folder, { emit: "js" })).out).toBe(
      "created generated/model.js\ndeleted generated/model.trace.json\ndeleted generated/model.ts\n",
    );
    expect((await contents(join(folder, "generated")))["model.js"]).toBe(
      '/** First line. */\nexport const first = { "first": "// one" };\n',
    );
  });

  test("into the shell's folder, or one outside of it", async () => {
    const folder = await folderWith({ "below/model.mem": "// one\n" });
    const below = join(folder, "below");
    expect((await build(below, { out: "." })).out).toBe(
      "created model.trace.json\ncreated model.ts\n",
    );
    expect((await build(below, { out: "." })).out).toBe("the folder is current\n");
    const beside = join(folder, "beside");
    expect((await build(below, { out: "../beside" })).out).toBe(
      `created ${join(beside, "model.trace.json")}\ncreated ${join(beside, "model.ts")}\n`,
    );
  });

  test("a missing spec writes nothing", async () => {
    const folder = await folderWith();
    expect((await build(folder)).code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a defect of the core carries the specs that were read", async () => {
    const folder = await folderWith({ "model.mem": "// one\n" });
    const broken = buildCommand(async () => () => {
      throw new RangeError("no such axis");
    });
    const values = { ...defaults, spec: "model.mem" };
    const error = await broken.run(values, recordingTerminal(folder)).catch((one) => one);
    expect(error).toBeInstanceOf(InternalError);
    expect(error.message).toBe("no such axis");
    expect(error.files[0]).toEqual({ path: "model.mem", text: "// one\n" });
    expect(Object.keys(await contents(folder))).toEqual(["model.mem"]);
  });
});
