/**
 * Makes `dist/`: the command line as one file, the runtime as another, and the runtime's type declarations.
 *
 * The command line never contains the runtime: it imports `memc/runtime` like the generated code does, so that a process has
 * one copy of it. Packages that are heavy, native or optional stay outside and are imported when they are needed.
 */

import { spawnSync } from "node:child_process";
import { chmod, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** Everything is made here first: a program that is running keeps the old folder until the new one is whole. */
const fresh = join(root, `dist.${process.pid}.tmp`);

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  charset: "utf8",
  legalComments: "linked",
  logLevel: "warning",
  external: ["memc/runtime", "esbuild", "onnxruntime-node", "ts-morph", "@stdlib/*"],
};

/** Bundled CommonJS code may ask for a built-in module through `require`, which an ES module has not. */
const requireForCommonJs =
  'import { createRequire as createRequireOfMemc } from "node:module";\n' +
  "const require = createRequireOfMemc(import.meta.url);";

/** Declarations refer to their neighbours as `./plan.ts`; what is shipped is `plan.d.ts`, found as `./plan.js`. */
function withJavaScriptNames(declarations) {
  return declarations.replaceAll(/(from |import\()"(\.{1,2}\/[^"]*)\.ts"/g, '$1"$2.js"');
}

async function emitDeclarations() {
  const require = createRequire(import.meta.url);
  let typescript;
  try {
    typescript = dirname(require.resolve("typescript/package.json"));
  } catch {
    console.warn("build: no typescript (a development dependency), so no type declarations");
    return;
  }
  const { status } = spawnSync(
    process.execPath,
    [join(typescript, "bin", "tsc"), "-p", join(root, "tsconfig.build.json"), "--outDir", fresh],
    { cwd: root, stdio: "inherit" },
  );
  if (status !== 0) throw new Error("build: tsc could not write the type declarations");
  const files = await readdir(fresh, { recursive: true });
  for (const name of files.filter((file) => file.endsWith(".d.ts"))) {
    const path = join(fresh, name);
    await writeFile(path, withJavaScriptNames(await readFile(path, "utf8")));
  }
}

try {
  await Promise.all([
    build({
      ...shared,
      entryPoints: ["src/cli/main.ts"],
      outfile: join(fresh, "memc.js"),
      alias: { "string-width": join(root, "scripts", "text-width.mjs") },
      banner: { js: `#!/usr/bin/env node\n${requireForCommonJs}` },
    }),
    build({
      ...shared,
      entryPoints: ["src/runtime/index.ts"],
      outfile: join(fresh, "runtime/index.js"),
    }),
    emitDeclarations(),
  ]);
  await chmod(join(fresh, "memc.js"), 0o755);
  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
} finally {
  await rm(fresh, { recursive: true, force: true });
}
