/**
 * Compares memc with what reference implementations gave (docs/golden.md).
 *
 *   npm run golden -- DIR [--engine reference|onnx] [--only GLOB] [--no-passes]
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(`${root}dist/runtime/index.js`)) await import("./build.mjs");

/** Beside the shipped program, so that it finds the same package around it. */
const outfile = `${root}dist/golden.${process.pid}.js`;
await build({
  absWorkingDir: root,
  entryPoints: ["src/cli/golden/main.ts"],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20.19",
  format: "esm",
  charset: "utf8",
  logLevel: "warning",
  external: ["memc/runtime", "esbuild", "onnxruntime-node", "ts-morph"],
});
try {
  const { golden } = await import(pathToFileURL(outfile).href);
  process.exitCode = await golden(process.argv.slice(2), console.log);
} finally {
  await rm(outfile, { force: true });
}
