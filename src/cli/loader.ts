/** Loads generated TypeScript as a user's program would: types stripped, `memc/runtime` resolved to memc's own copy. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError, systemReason } from "./exit.ts";
import { packageFolder } from "./package.ts";
import type { OutputFile } from "./writer.ts";

/**
 * Imports `entry`, one of `files`, and gives what it exports.
 *
 * The files go to a folder of this process, in which the package `memc` is a link to the running one: so nothing is needed
 * around the spec or the output folder, and the specifier `memc/runtime` gives the very module that the command line uses.
 * The folder is removed once everything is loaded.
 */
export async function loadGenerated(
  files: readonly OutputFile[],
  entry: string,
): Promise<Readonly<Record<string, unknown>>> {
  const folder = await writing(() => mkdtemp(join(tmpdir(), "memc-")));
  try {
    await writing(() => writeModules(files, folder));
    return await import(pathToFileURL(join(folder, javaScriptName(entry))).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeModules(files: readonly OutputFile[], folder: string): Promise<void> {
  await mkdir(join(folder, "node_modules"));
  // A junction needs no privilege on Windows; elsewhere the kind is ignored.
  await symlink(packageFolder, join(folder, "node_modules", "memc"), "junction");
  await writeFile(join(folder, "package.json"), '{ "type": "module" }\n');
  await Promise.all(
    files.map(async ({ path, text }) => {
      await writeFile(join(folder, javaScriptName(path)), await stripTypes(path, text));
    }),
  );
}

/** Does `work`; what the system says against it is about the temporary folder. */
async function writing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new InputError(
      `the system's temporary folder ${tmpdir()} cannot be written, which running generated code needs: ${systemReason(error)}`,
      "make room there, or name another folder in the environment variable TMPDIR",
      "MEM0915",
    );
  }
}

/** How types are stripped: statements stay as they are, but not their lines. */
const stripping = {
  loader: "ts",
  format: "esm",
  target: "node20",
  charset: "utf8",
  tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: "es2022" } },
} as const;

/** The source map, as JSON, from what is loaded of a file to its TypeScript. */
export async function strippedWithMap({ path, text }: OutputFile): Promise<string> {
  const { transform } = await import("esbuild");
  return (await transform(text, { ...stripping, sourcefile: path, sourcemap: "external" })).map;
}

/** The imports of other generated files follow their new names. */
async function stripTypes(path: string, text: string): Promise<string> {
  const { transform } = await import("esbuild");
  const { code } = await transform(text, { ...stripping, sourcefile: path });
  return code.replaceAll(/(from "\.\/[^"]*)\.ts"/g, '$1.js"');
}

/** What a generated file is called when it is loaded. */
export function javaScriptName(path: string): string {
  return path.replace(/\.ts$/, ".js");
}
