/** The functions a training program runs: a segment forward with what it keeps, backward, and its critical path. */
import { FunctionSet } from "./function-set.ts";
import { ActivityAnalysis } from "./gradient/activity.ts";
import { criticalFunction, functionGradient } from "./gradient/index.ts";
import type { Graph, Port } from "./graph.ts";
import type { Program } from "./program.ts";

export interface TrainingGraphOptions {
  /** Names of probed values that also show their gradients. */
  readonly gradientProbes?: readonly string[];
  /** Whether gradient with respect to the state at an address goes from segment to segment; all unless said. */
  readonly handsOn?: (state: readonly string[]) => boolean;
}

/**
 * Gradients for every parameter of the segment's function, and for every carried state whose gradient is handed on: that
 * of other states arrives nowhere and is asked for by nobody.
 */
export function trainingGraph(segment: Graph, options: TrainingGraphOptions = {}): Graph {
  const { gradientProbes = [], handsOn = () => true } = options;
  const wrt = ({ role, path }: Port): boolean =>
    role === "parameter" || (role === "state" && handsOn(path));
  const cotangents = ({ role, path }: Port): boolean =>
    role === "loss" || (role === "next" && handsOn(path));
  const main = segment.functions.get(segment.main);
  const activity = new ActivityAnalysis(segment, () => false);
  // One that only states depend on has a gradient, zero: no schedule changes what an optimiser decays.
  const reachesStates = (port: Port): boolean => {
    const position = main?.inputs.indexOf(port) ?? -1;
    if (main === undefined || position === -1) return false;
    return activity.of(main, [position]).results.some((i) => main.results[i]?.role === "next");
  };
  const always = (port: Port): boolean => port.role === "state" || reachesStates(port);
  // Both halves name their functions in one set, so that none takes a name of the other's.
  const functions = new FunctionSet(segment.functions);
  const { forward, backward } = functionGradient(
    segment,
    {
      wrt,
      cotangents,
      always,
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

/** Says of a state, by its address, whether gradient with respect to it crosses the edges between segments. */
export function handsOn({
  schedule,
  states,
}: Pick<Program, "schedule" | "states">): (state: readonly string[]) => boolean {
  const carried = schedule.throughTime.kind === "detach" ? [] : states;
  const through = carried.filter(({ gradient }) => gradient === "through");
  const handed = new Set(through.map(({ path }) => path.join(".")));
  return (state) => handed.has(state.join("."));
}
