/** A pass: a graph in, a graph that computes the same out. */
import type { Graph } from "../graph.ts";

export interface Pass {
  /** As `--disable-pass NAME` and `--dump-ir after:NAME` take it. */
  readonly name: string;
  /** One sentence: what becomes of what, and why that is less work. */
  readonly doc: string;
  /** `model`: before gradients are made, so that they are those of the fused operations. `program`: after. */
  readonly stage: "model" | "program";
  /** Gives the very graph it was given where there is nothing to do. */
  run(graph: Graph): Graph;
}
