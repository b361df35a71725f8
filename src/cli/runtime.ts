/** The one copy of the runtime, its engines, and its complaints as sentences for the user. */
import type { Engine } from "../runtime/engine.ts";
import type { CheckpointError } from "../runtime/training/tensor-files.ts";
import { InputError, systemReason } from "./exit.ts";
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
  const path = "path" in error && typeof error.path === "string" ? error.path : "a file";
  return `${path} cannot be written: ${systemReason(error)}`;
}

function systemHelp(code: string): string {
  return code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG"
    ? "make room, or choose a folder on another disk with --out; what was complete before is as it was"
    : "choose another folder with --out";
}

function checkpointSentence({ message, fault }: CheckpointError): InputError {
  switch (fault) {
    case "missing":
      return new InputError(
        message,
        "name a training's folder, a checkpoint in it, or a .safetensors file",
        "MEM0913",
      );
    case "damaged":
      return new InputError(
        message,
        "a training's folder keeps its last checkpoints: name another one, or train again",
        "MEM0912",
      );
    case "another model":
      return new InputError(
        message,
        "use the spec, and the values of --set, that it was trained with",
        "MEM0912",
      );
    default:
      return fault satisfies never;
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
    if (error instanceof runtime.CheckpointError) throw checkpointSentence(error);
    const known: readonly (readonly [new (...given: never[]) => Error, RunCode])[] = [
      [runtime.FormatError, "MEM0912"],
      [runtime.EngineMissingError, "MEM0916"],
      [runtime.NonFiniteError, "MEM0914"],
      [runtime.NegativeWeightError, "MEM0922"],
      [runtime.SourceError, "MEM0911"],
    ];
    const code = known.find(([kind]) => error instanceof kind)?.[1];
    if (code !== undefined) throw new InputError(error.message, undefined, code);
    if ("syscall" in error && "code" in error && typeof error.code === "string") {
      throw new InputError(systemSentence(error), systemHelp(error.code), "MEM0915");
    }
    throw error;
  }
}
