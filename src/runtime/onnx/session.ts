/** Loading onnxruntime-node, an optional dependency, and making sessions with it. */
import type * as OnnxRuntime from "onnxruntime-node";
import { EngineMissingError } from "./missing.ts";

export type Ort = typeof OnnxRuntime;

const PACKAGE = "onnxruntime-node";
/** Without the flag its install step downloads CUDA libraries, and fails where there is no network. */
const INSTALL = "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@~1.30.0";
const INSTALL_WINDOWS = "npm install onnxruntime-node@~1.30.0 --onnxruntime-node-install=skip";

/** Loads the package. `load` stands in for the import in tests of its absence. */
export async function loadOnnxRuntime(
  load: () => Promise<Ort> = () => import("onnxruntime-node"),
): Promise<Ort> {
  try {
    return await load();
  } catch (cause) {
    throw new EngineMissingError(missingMessage(cause), { cause });
  }
}

function missingMessage(cause: unknown): string {
  const command = process.platform === "win32" ? INSTALL_WINDOWS : INSTALL;
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return (
    `The engine onnx needs the package ${PACKAGE}, which is not installed or does not load ` +
    `(${reason}). Run: ${command}`
  );
}

export interface SessionSettings {
  /** Threads that share one operator. */
  readonly threads: number;
}

/** Options under which a session's memory stays close to what its plan needs. */
export function sessionOptions({
  threads,
}: SessionSettings): OnnxRuntime.InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    enableCpuMemArena: true,
    // With patterns on, resident memory is almost twice that of the plan.
    enableMemPattern: false,
    logSeverityLevel: 3,
  };
}
