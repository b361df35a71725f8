/**
 * The whole compiler, pure: source texts in, diagnostics and generated texts out.
 */

import { type CheckOptions, check } from "../ir/check/check.ts";
import type { CheckedModel, Program } from "../ir/program.ts";
import { trainingGraph } from "../ir/training-graph.ts";
import type { Diagnostic, SourceFile } from "../parser/diagnostic.ts";
import type { EmitOptions, EmittedFile } from "./emit.ts";

export interface CompileOptions extends CheckOptions, EmitOptions {
  /** Whether probed values also show their gradients in the training file. */
  readonly gradientProbes?: boolean;
}

export interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** Only without errors: programs ready to be written. */
  readonly model?: CheckedModel;
  readonly files?: readonly EmittedFile[];
}

/** Checks and lowers a spec: what `summary` reads and `emit` writes. */
export function lower(
  sources: readonly SourceFile[],
  main: string,
  options: Omit<CompileOptions, keyof EmitOptions> = {},
): Omit<Compiled, "files"> {
  const { diagnostics, model } = check(sources, main, options);
  if (model === undefined) return { diagnostics };
  const { train } = model.programs;
  if (train === undefined) return { diagnostics, model };
  const trained: Program = {
    ...train,
    graph: trainingGraph(train.graph, { gradientProbes: options.gradientProbes ?? false }),
  };
  return { diagnostics, model: { ...model, programs: { ...model.programs, train: trained } } };
}

/** Compiles the main file of the sources; library files are those under `std/`. */
export async function compile(
  sources: readonly SourceFile[],
  main: string,
  options: CompileOptions,
): Promise<Compiled> {
  const lowered = lower(sources, main, options);
  if (lowered.model === undefined) return lowered;
  const { emit } = await import("./emit.ts");
  return { ...lowered, files: await emit(lowered.model, options) };
}
