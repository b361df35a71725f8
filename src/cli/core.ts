/** The pure core's entry points, loaded when a command needs them. */
import { createHash } from "node:crypto";
import type { BuildResult } from "./build-result.ts";
import type { Compile, CompileResult } from "./compiler.ts";
import { version } from "./package.ts";

/** Checks a spec; nothing of code generation is loaded. */
export async function loadCheck(): Promise<Compile<CompileResult>> {
  const { check } = await import("../ir/check/check.ts");
  return check;
}

/** Compiles a spec to TypeScript. */
export async function loadBuild(): Promise<Compile<BuildResult>> {
  const { compile } = await import("../codegen/compile.ts");
  return async (files, main, options) => {
    const spec = files.find(({ path }) => path === main)?.text ?? "";
    const hash = createHash("sha256").update(spec.replaceAll("\r\n", "\n")).digest("hex");
    const { diagnostics, files: generated } = await compile(files, main, {
      ...options,
      version,
      hash,
    });
    return { diagnostics, generated };
  };
}
