/** The package as users get it: packed, installed into an empty project from the registry, and run there. */
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let project = "";
let tarball = "";
let packed: readonly string[] = [];

function run(command: string, args: readonly string[], cwd: string) {
  const shell = process.platform === "win32";
  // What npm set for the tests themselves (its configuration, this repository's settings) must not reach the project.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|ONNXRUNTIME_NODE_INSTALL)/.test(name)),
  );
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env,
    shell,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  return { status, stdout, stderr };
}

function succeed(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = run(command, args, cwd);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "memc-package-")));
  project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const output = succeed("npm", ["pack", "--json", "--pack-destination", folder], root);
  const [made] = JSON.parse(output.slice(output.indexOf("[\n")));
  packed = made.files.map(({ path }: { path: string }) => path);
  tarball = join(folder, made.filename);
  succeed("npm", ["install", "--no-audit", "--no-fund", tarball], project);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  test("holds what is run and read, and no sources or tests", () => {
    const top = [...new Set(packed.map((path) => path.split("/")[0]))].sort();
    expect(top).toEqual(["CHANGELOG.md", "README.md", "dist", "docs", "package.json", "specs"]);
    expect(packed).toContain("dist/memc.js");
    expect(packed).toContain("dist/runtime/index.js");
    expect(packed).toContain("dist/runtime/index.d.ts");
    expect(packed.filter((path) => /^dist\/[^/]*\.(js|mjs)$/.test(path))).toEqual(["dist/memc.js"]);
  });

  test("installs without development tools or a compiler, and the program answers", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    expect(succeed("npx", ["--no-install", "memc", "--version"], project)).toBe(`${version}\n`);
    expect(run("npm", ["ls", "vitest", "typescript"], project).stdout).not.toContain("vitest@");
  });

  test("a spec in a folder of its own is checked, built, trained, evaluated and sampled", async () => {
    const specs = join(folder, "specs");
    await mkdir(specs);
    await cp(join(project, "node_modules/memc/specs/memformer.mem"), join(specs, "memformer.mem"));
    await writeFile(join(specs, "wrong.mem"), "mem 1\nmodel {\n}\n");
    const program = join(project, "node_modules/memc/dist/memc.js");
    const memc = (...argv: string[]) => run(process.execPath, [program, ...argv], project);
    expect(memc("check", "../specs/memformer.mem")).toMatchObject({ status: 0, stderr: "" });
    expect(memc("check", "../specs/wrong.mem")).toMatchObject({ status: 1, stdout: "" });
    expect(memc("build", "../specs/memformer.mem")).toMatchObject({ status: 0, stderr: "" });
    expect(memc("build", "../specs/memformer.mem", "--check")).toMatchObject({ status: 0 });
    const small = ["D=8", "hidden=8", "heads=1", "encoders=1", "decoders=1", "slots=2"];
    const settings = small.flatMap((setting) => ["--set", setting]);
    const options = ["--engine", "reference", "--steps", "1", "--no-evaluate", ...settings];
    const trained = memc("train", "../specs/memformer.mem", ...options);
    expect(trained).toMatchObject({ status: 0 });
    expect(trained.stderr).toMatch(/step 1\/1 /);
    await writeFile(join(project, "book.txt"), "it was the best of times, ".repeat(2000));
    const evaluated = ["--data", "book.txt", "--engine", "reference"];
    expect(memc("eval", "../specs/memformer.mem", ...evaluated)).toMatchObject({ status: 0 });
    const sampled = ["--length", "3", "--engine", "reference"];
    expect(memc("sample", "../specs/memformer.mem", ...sampled)).toMatchObject({ status: 0 });
  });

  test("the onnx engine works, or says what it needs", async () => {
    const program = [
      'import { createOnnxEngine, EngineMissingError } from "memc/runtime";',
      "try {",
      "  console.log((await createOnnxEngine()).name);",
      "} catch (error) {",
      "  if (!(error instanceof EngineMissingError)) throw error;",
      "  console.log(error.message);",
      "}",
    ];
    await writeFile(join(project, "engine.js"), program.join("\n"));
    // Its own install step downloads from outside the registry; where that fails, npm leaves the optional package out.
    expect(succeed(process.execPath, ["engine.js"], project)).toMatch(
      /^onnx\n$|needs the package onnxruntime-node.*Run: .*npm install .*onnxruntime-node/,
    );
  });

  test("the one command that mends a missing engine does", async () => {
    const message = succeed(process.execPath, ["engine.js"], project).trim();
    if (message !== "onnx") {
      const command = /Run: (.*)$/.exec(message)?.[1] ?? "";
      const { status, stderr } = spawnSync(command, {
        cwd: project,
        shell: true,
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`${command}: ${stderr}`);
    }
    expect(succeed(process.execPath, ["engine.js"], project)).toBe("onnx\n");
  });

  test("the runtime is one module, with types for a strict program", async () => {
    await writeFile(
      join(project, "program.ts"),
      'import { type Engine, referenceEngine } from "memc/runtime";\n' +
        "export const engine: Engine = referenceEngine;\nconsole.log(engine.name, engine.realBytes);\n",
    );
    const options = {
      strict: true,
      module: "NodeNext",
      target: "ES2022",
      lib: ["ES2023", "DOM"],
      types: [],
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      outDir: "out",
    };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["program.ts"] }),
    );
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    succeed(process.execPath, [tsc, "-p", "."], project);
    expect(succeed(process.execPath, ["out/program.js"], project)).toBe("reference 8\n");
  });
});

describe.each(["globally", "for npx"])("the package installed %s", (how) => {
  const place = () => join(folder, how.replace(" ", "-"));
  const shell = () => join(place(), "shell");

  /** `memc …` as the user runs it, in a folder without any package. */
  function memc(...words: readonly string[]) {
    if (how === "globally") {
      const windows = process.platform === "win32";
      return run(join(place(), windows ? "memc.cmd" : "bin/memc"), words, shell());
    }
    const store = ["--cache", join(place(), "cache")];
    return run("npx", ["--yes", ...store, "--package", tarball, "memc", ...words], shell());
  }

  /** Where npm put the packages that this memc needs. */
  async function packages(): Promise<string> {
    if (how === "globally") {
      const modules = process.platform === "win32" ? "node_modules" : "lib/node_modules";
      return join(place(), modules, "memc/node_modules");
    }
    const [hash = ""] = await readdir(join(place(), "cache/_npx"));
    return join(place(), "cache/_npx", hash, "node_modules");
  }

  beforeAll(async () => {
    await mkdir(shell(), { recursive: true });
    await mkdir(join(place(), "specs"));
    await cp(
      join(project, "node_modules/memc/specs/memformer.mem"),
      join(place(), "specs/memformer.mem"),
    );
    await writeFile(join(shell(), "book.txt"), "it was the best of times, ".repeat(2000));
    if (how === "globally") {
      const to = ["--global", "--prefix", place()];
      succeed("npm", ["install", "--no-audit", "--no-fund", ...to, tarball], shell());
    }
  });

  const spec = "../specs/memformer.mem";
  const small = ["D=8", "hidden=8", "heads=1", "encoders=1", "decoders=1", "slots=2"];
  const settings = small.flatMap((setting) => ["--set", setting]);
  const data = ["--data", "book.txt"];

  test("trains, evaluates and samples a spec of another folder", () => {
    const engine = ["--engine", "reference"];
    const options = ["--steps", "1", "--no-evaluate", ...data, ...engine, ...settings];
    expect(memc("train", spec, ...options)).toMatchObject({ status: 0 });
    expect(memc("eval", spec, ...data, ...engine)).toMatchObject({ status: 0 });
    expect(memc("sample", spec, "--length", "3", ...engine)).toMatchObject({ status: 0 });
  });

  test("without onnxruntime-node, has the command that mends it", async () => {
    await rm(join(await packages(), "onnxruntime-node"), { recursive: true, force: true });
    const onnx = ["--no-evaluate", "--steps", "1", "--out", "onnx", ...data, ...settings];
    const { status, stderr } = memc("train", spec, ...onnx);
    expect(status, stderr).toBe(1);
    const command = /error\[MEM0916\]: .* Run: (.*)$/m.exec(stderr)?.[1] ?? "";
    const mended = spawnSync(command, { cwd: shell(), shell: true, encoding: "utf8" });
    expect(mended.status, `${command}: ${mended.stderr}`).toBe(0);
    expect(await readdir(shell())).not.toContain("node_modules");
    const again = memc("train", spec, ...onnx);
    expect(again.status, again.stderr).toBe(0);
  });
});
