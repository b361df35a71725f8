/** What a plan needs of memory when the onnx engine runs it. */
import type { Plan } from "../plan.ts";
import { planMemory } from "../planner.ts";
import type { Footprint } from "../planner-step.ts";

/**
 * The plan's values in the order of its nodes; then, at its end, all results twice: the binding
 * copies them out of the session's memory before it frees that.
 */
export function onnxFootprint(plan: Plan): Footprint {
  const { constantBytes, inputBytes, outputBytes, peakBytes } = planMemory(plan, { realBytes: 4 });
  return {
    constantBytes,
    runBytes: Math.max(peakBytes - inputBytes - constantBytes, 2 * outputBytes),
  };
}
