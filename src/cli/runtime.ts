/** The one copy of the runtime, its engines, and its complaints as sentences for the user. */
import type { Engine } from "../runtime/engine.ts";
import { InputError } from "./exit.ts";
import type { EngineName } from "./options.ts";
import type { RunCode } from "./run-codes.ts";

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

/** `EACCES: permission denied, mkdir '/x'` as `/x cannot be written: permission denied`. */
function systemSentence(error: Error): string {
  const path = "path" in error ? error.path : undefined;
  const [, reason] = /^E\w+: ([^,]+)/.exec(error.message) ?? [];
  if (typeof path !== "string" || reason === undefined) return error.message;
  return `${path} cannot be written: ${reason}`;
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
    const known: readonly (readonly [new (...given: never[]) => Error, RunCode])[] = [
      [runtime.CheckpointError, "MEM0912"],
      [runtime.FormatError, "MEM0912"],
      [runtime.EngineMissingError, "MEM0916"],
      [runtime.NonFiniteError, "MEM0914"],
      [runtime.SourceError, "MEM0911"],
    ];
    const code = known.find(([kind]) => error instanceof kind)?.[1];
    if (code !== undefined) throw new InputError(error.message, undefined, code);
    if ("syscall" in error && "code" in error && typeof error.code === "string") {
      throw new InputError(systemSentence(error), undefined, "MEM0915");
    }
    throw error;
  }
}
