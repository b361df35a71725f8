/** The passes, in the order they run. */
import type { Graph } from "../graph.ts";
import type { Program } from "../program.ts";
import { attention } from "./attention.ts";
import { common } from "./common.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { joins } from "./joins.ts";
import { layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";
import type { Pass } from "./pass.ts";
import { renames } from "./renames.ts";

export type { Pass } from "./pass.ts";

/**
 * Read top to bottom: those of stage `model`, then gradients are made, then those of stage `program`. What is not here,
 * because it changes no plan, and where it is done instead: docs/passes.md.
 */
export const passes: readonly Pass[] = [
  common,
  layerNorm,
  attention,
  linear,
  crossEntropy,
  joins,
  renames,
];

/** Told after each pass: for `--dump-ir after:NAME`, `--time-passes` and `--explain-passes`. */
export interface PassReport {
  readonly pass: Pass;
  readonly program: Program["kind"];
  readonly before: Graph;
  readonly after: Graph;
  readonly milliseconds: number;
}

export interface PassOptions {
  /** Names of passes that are left out. */
  readonly disabled?: ReadonlySet<string>;
  readonly observe?: (report: PassReport) => void;
  /** Milliseconds since some moment; without a clock, passes take 0. */
  readonly clock?: () => number;
}

/** Runs the passes of one stage on the graph of a program. */
export function runPasses(
  graph: Graph,
  stage: Pass["stage"],
  options: PassOptions = {},
  program: Program["kind"] = "evaluate",
): Graph {
  const { disabled, observe, clock = () => 0 } = options;
  let current = graph;
  for (const pass of passes) {
    if (pass.stage !== stage || disabled?.has(pass.name)) continue;
    const before = current;
    const start = clock();
    current = pass.run(before);
    observe?.({ pass, program, before, after: current, milliseconds: clock() - start });
  }
  return current;
}

/** The pipeline growing by one pass at a time, from none to all: which pass is new, and which are left out. */
export function pipelines(): readonly {
  readonly pass: Pass | undefined;
  readonly disabled: ReadonlySet<string>;
}[] {
  return [undefined, ...passes].map((pass, count) => ({
    pass,
    disabled: new Set(passes.slice(count).map(({ name }) => name)),
  }));
}
