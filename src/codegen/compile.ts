/**
 * The whole compiler, pure: source texts in, diagnostics and generated texts out.
 */

import { type CheckOptions, check } from "../ir/check/check.ts";
import type { Graph } from "../ir/graph.ts";
import { nameValues } from "../ir/name-values.ts";
import { type PassOptions, runPasses } from "../ir/passes/index.ts";
import type { CheckedModel, Program } from "../ir/program.ts";
import { handsOn, trainingGraph } from "../ir/training-graph.ts";
import { requireLegal } from "../ir/verify.ts";
import type { Diagnostic, SourceFile } from "../parser/diagnostic.ts";
import type { EmitOptions, EmittedFile } from "./emit.ts";

export interface CompileOptions extends CheckOptions, EmitOptions {
  /**
   * Addresses of the values that the files make visible, by the last of their names. `gradient.` before one asks for the gradient of
   * the losses with respect to it too, which the training file has.
   */
  readonly probes?: readonly string[];
  /** Which passes run and who is told of them; all of them unless said, none with `"none"`. */
  readonly passes?: PassOptions | "none";
}

export interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** Only without errors: programs ready to be written. */
  readonly model?: CheckedModel;
  readonly files?: readonly EmittedFile[];
}

/** Checks a spec and lowers its programs, gradients and passes included: what `summary` reads and `emit` writes. */
export function lower(
  sources: readonly SourceFile[],
  main: string,
  options: Omit<CompileOptions, keyof EmitOptions> = {},
): Omit<Compiled, "files"> {
  const { diagnostics, model } = check(sources, main, options);
  if (model === undefined) return { diagnostics };
  const { evaluate, generate, train } = model.programs;
  const finished = (program: Program): Program => finishProgram(program, options);
  const programs = {
    evaluate: finished(evaluate),
    ...(generate && { generate: finished(generate) }),
    ...(train && { train: finished(train) }),
  };
  return { diagnostics, model: { ...model, programs } };
}

/**
 * The program with passes run and, if it trains, gradients made between their two stages. Throws if
 * one of these steps, or the checker, made a graph that is not legal: the compiler's own mistake,
 * which would come out as generated code that computes something else.
 */
function finishProgram(
  program: Program,
  { passes = {}, probes = [] }: Omit<CompileOptions, keyof EmitOptions>,
): Program {
  const { kind } = program;
  const gradientProbes = probes
    .filter((address) => address.startsWith("gradient."))
    .map((address) => address.split(".").at(-1) ?? address);
  const run = (graph: Graph, stage: "model" | "program"): Graph => {
    if (passes === "none") return graph;
    const after = runPasses(graph, stage, passes, kind);
    return after === graph ? graph : requireLegal(after, `${kind}, after the ${stage} passes`);
  };
  const checked = requireLegal(program.graph, `${kind}, as checked`);
  const segment = run(nameValues(checked), "model");
  const graph =
    kind === "train"
      ? requireLegal(
          trainingGraph(segment, { gradientProbes, handsOn: handsOn(program) }),
          `${kind}, with its gradient`,
        )
      : segment;
  return { ...program, graph: run(graph, "program") };
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
