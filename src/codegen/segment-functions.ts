/** Which functions of a graph run a segment, and what they are called in a generated file. */
import type { Graph, GraphFunction } from "../ir/graph.ts";
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
  if (sweepsFirst(program) && critical !== undefined)
    mains.push(named(critical, "segmentCritical"));
  return new Map(mains);
}

/** Whether the rollout runs the critical path before anything else. */
export function sweepsFirst({ schedule, states }: Program): boolean {
  const { kind } = schedule.throughTime;
  const through = states.some((state) => state.gradient === "through");
  return through && (kind === "mrbp" || kind === "checkpoint");
}

export interface SegmentVariants {
  readonly forward: string;
  readonly backward: string;
  readonly critical: string | undefined;
}

/**
 * The variants of the segment's function, by their names: `segmentForward` (a forward that keeps nothing is `segment`
 * itself), `segmentBackward`, `segmentCritical` (one that needs all of a segment is `segment` itself).
 */
export function segmentVariants(graph: Graph): SegmentVariants {
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error(`The graph has no function ${graph.main}.`);
  const base = main.kind === "forward" ? main.name.replace(/Forward$/, "") : main.name;
  const variant = (kind: GraphFunction["kind"], suffix: string): string | undefined => {
    const name = base + suffix;
    return graph.functions.get(name)?.kind === kind ? name : undefined;
  };
  const plain = graph.functions.has(base) ? base : undefined;
  const forward = variant("forward", "Forward") ?? plain;
  const backward = variant("backward", "Backward");
  if (forward === undefined || backward === undefined) {
    throw new Error(`${base} has no forward or no backward function.`);
  }
  return { forward, backward, critical: variant("critical", "Critical") ?? plain };
}
