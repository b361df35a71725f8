/** Which functions of a graph run a segment, and what they are called in a generated file. */
import type { Graph, SegmentGradient } from "../ir/graph.ts";
import type { Program } from "../ir/program.ts";

/** Functions of one segment in a graph: the plain one, and what `train` makes of it. */
export function segmentFunctions(program: Program): ReadonlyMap<string, string> {
  const { graph } = program;
  if (program.kind !== "train") return new Map([[graph.main, "segment"]]);
  const { forward, backward, critical } = segmentVariants(graph);
  const named = (name: string, otherwise: string): [string, string] => {
    return [name, graph.functions.get(name)?.kind === "block" ? "segment" : otherwise];
  };
  const mains = [named(forward, "segmentForward"), named(backward, "segmentBackward")];
  if (sweepsFirst(program)) mains.push(named(critical, "segmentCritical"));
  return new Map(mains);
}

/** Whether the rollout runs the critical path before anything else. */
export function sweepsFirst({ schedule, states }: Program): boolean {
  const { kind } = schedule.throughTime;
  const through = states.some((state) => state.gradient === "through");
  return through && (kind === "mrbp" || kind === "checkpoint");
}

export interface SegmentVariants extends SegmentGradient {
  readonly forward: string;
}

/**
 * The variants of the segment's function that a training program runs; a forward that keeps nothing and a critical path
 * that needs all of a segment are the plain function itself.
 */
export function segmentVariants({ main, training }: Graph): SegmentVariants {
  if (training === undefined) throw new Error(`${main} has no backward function.`);
  return { forward: main, ...training };
}
