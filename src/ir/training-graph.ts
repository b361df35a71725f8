/** The functions a training program runs: a segment forward with what it keeps, backward, and its critical path. */
import { criticalPath, differentiate } from "./gradient/index.ts";
import type { Graph, GraphFunction, Port } from "./graph.ts";

export interface TrainingGraphOptions {
  /** Probed values also show their gradients: all of them, or those with these names. */
  readonly gradientProbes?: boolean | readonly string[];
}

/** Gradients for every parameter and every carried state of the segment's function. */
export function trainingGraph(segment: Graph, options: TrainingGraphOptions = {}): Graph {
  const wrt = ({ role }: Port): boolean => role === "parameter" || role === "state";
  const { gradientProbes: chosen = false } = options;
  const gradient = differentiate(segment, {
    wrt,
    gradientProbes:
      typeof chosen === "boolean"
        ? chosen
        : (name) => chosen.some((each) => name === each || name.endsWith(`.${each}`)),
  });
  const critical = criticalPath(segment);
  const functions = new Map<string, GraphFunction>(gradient.functions);
  for (const [name, written] of critical.functions) {
    if (!functions.has(name)) functions.set(name, written);
  }
  return { functions, main: gradient.main };
}
