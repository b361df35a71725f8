/** The functions a training program runs: a segment forward with what it keeps, backward, and its critical path. */
import { FunctionSet } from "./function-set.ts";
import { criticalFunction, functionGradient } from "./gradient/index.ts";
import type { Graph, Port } from "./graph.ts";

export interface TrainingGraphOptions {
  /** Names of probed values that also show their gradients. */
  readonly gradientProbes?: readonly string[];
}

/** Gradients for every parameter and every carried state of the segment's function. */
export function trainingGraph(segment: Graph, options: TrainingGraphOptions = {}): Graph {
  const wrt = ({ role }: Port): boolean => role === "parameter" || role === "state";
  const { gradientProbes = [] } = options;
  // Both halves name their functions in one set, so that none takes a name of the other's.
  const functions = new FunctionSet(segment.functions);
  const { forward, backward } = functionGradient(
    segment,
    {
      wrt,
      gradientProbes: (name) =>
        gradientProbes.some((each) => name === each || name.endsWith(`.${each}`)),
    },
    functions,
  );
  const critical = criticalFunction(segment, functions);
  const roots = [forward.name, backward.name, critical.name];
  const { functions: kept, nameOf } = functions.finish(roots);
  return {
    functions: kept,
    main: nameOf(forward.name),
    training: { backward: nameOf(backward.name), critical: nameOf(critical.name) },
  };
}
