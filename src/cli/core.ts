/** The pure core's entry points, loaded when a command needs them. */
import type { Compile, CompileResult } from "./compiler.ts";

export const core = {
  /** Syntax of every file of the project; the library has its own tests. */
  async check(): Promise<Compile<CompileResult>> {
    const { parse } = await import("../parser/index.ts");
    return (files) => ({
      diagnostics: files
        .filter(({ path }) => !path.startsWith("std/"))
        .flatMap((file) => parse(file).diagnostics),
    });
  },
} as const;
