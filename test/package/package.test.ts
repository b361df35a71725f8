/** The package as users get it: packed, installed into an empty project from the registry, and run there. */
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let project = "";
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
  const [tarball] = JSON.parse(output.slice(output.indexOf("[\n")));
  packed = tarball.files.map(({ path }: { path: string }) => path);
  succeed("npm", ["install", "--no-audit", "--no-fund", join(folder, tarball.filename)], project);
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

  test("a spec in a folder of its own is checked, built, and loaded to be trained", async () => {
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
