/** The one copy of the runtime, its engines, and its complaints as sentences for the user. */
import type { Engine } from "../runtime/engine.ts";
import { InputError } from "./exit.ts";
import type { EngineName } from "./options.ts";

export type Runtime = typeof import("memc/runtime");

/** The module that generated code imports, too. */
export async function loadRuntime(): Promise<Runtime> {
  return import("memc/runtime");
}

/** `threads`: of the onnx engine; all cores unless said. */
export async function createEngine(
  runtime: Runtime,
  name: EngineName,
  threads: number | undefined,
): Promise<Engine> {
  switch (name) {
    case "reference":
      return runtime.referenceEngine;
    case "onnx":
      return runtime.createOnnxEngine(threads === undefined ? {} : { threads });
    default:
      return name satisfies never;
  }
}

/**
 * Does `work`; what the runtime says about the user's files, data or numbers becomes an InputError, and so does what the
 * system says about the user's disk. Everything else is a defect and goes on.
 */
export async function withSentences<Result>(
  runtime: Runtime,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const known = [
      runtime.CheckpointError,
      runtime.EngineMissingError,
      runtime.FormatError,
      runtime.NonFiniteError,
      runtime.SourceError,
    ];
    if (known.some((kind) => error instanceof kind)) throw new InputError(error.message);
    if ("syscall" in error && "code" in error && typeof error.code === "string") {
      throw new InputError(error.message);
    }
    throw error;
  }
}
