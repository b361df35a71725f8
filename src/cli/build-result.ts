/** What the core makes of a spec that is to be built. */
import type { CompileResult } from "./compiler.ts";

/** TypeScript files, each with a trace from its lines to the spec's. */
export interface BuildResult extends CompileResult {
  /** Undefined if there are errors. */
  readonly generated: readonly GeneratedFile[] | undefined;
}

export interface GeneratedFile {
  /** `memformer.ts`, `memformer.train.ts`, `memformer.generate.ts` */
  readonly path: string;
  readonly text: string;
  /** Plain JSON; it belongs to the TypeScript's lines. */
  readonly trace: unknown;
}
