/** Loading onnxruntime-node, an optional dependency, and making sessions with it. */
import type * as OnnxRuntime from "onnxruntime-node";
import { installCommand } from "../install-command.ts";
import type { Plan } from "../plan.ts";
import { planFlops } from "../planner.ts";
import { EngineMissingError } from "./missing.ts";

export type Ort = typeof OnnxRuntime;

const PACKAGE = "onnxruntime-node";
/** The versions that models are written for and tested with. */
const INSTALLED = `${PACKAGE}@~1.30.0`;

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
  const install = installCommand(INSTALLED, import.meta.url);
  // Without the flag its install step downloads CUDA libraries, and fails where there is no network.
  const command =
    process.platform === "win32"
      ? `${install} --onnxruntime-node-install=skip`
      : `ONNXRUNTIME_NODE_INSTALL=skip ${install}`;
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  return (
    `The engine onnx needs the package ${PACKAGE}, which is not installed or does not load ` +
    `(${reason}). Run: ${command}`
  );
}

/**
 * Mean work of a plan's nodes, in floating-point operations, from which on sharing it among threads
 * pays.
 */
const SHARED_WORK = 2e6;

/**
 * Threads for a plan: one if its nodes are so small that handing out their parts costs more than it
 * saves.
 */
export function threadsFor(plan: Plan, most: number): number {
  return planFlops(plan) < SHARED_WORK * plan.nodes.length ? 1 : most;
}

/**
 * Number of nodes from which on fusing costs more time at the start than it is worth: it grows
 * faster than their number.
 */
const MANY_NODES = 5000;

/**
 * Options under which a session's memory stays close to what its plan needs, and sessions do not
 * disturb each other.
 */
export function sessionOptions(
  threads: number,
  nodes: number,
): OnnxRuntime.InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // What "all" adds concerns convolutions.
    graphOptimizationLevel: nodes < MANY_NODES ? "extended" : "basic",
    // An arena would keep the most that a session ever needed, for each session, whoever runs.
    enableCpuMemArena: false,
    // With patterns on, resident memory is almost twice that of the plan.
    enableMemPattern: false,
    logSeverityLevel: 3,
    // Threads wait for work in a busy loop; those of one session would take the cores from the next
    // one.
    extra: { session: { intra_op: { spin_duration_us: "100" } } },
  };
}
