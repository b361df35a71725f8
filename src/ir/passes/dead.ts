/** Results of functions that no caller reads, and whatever only those need. */
import type { Graph, GraphFunction, Node } from "../graph.ts";
import { calleeOf, resultsOf, valuesRead } from "../rewrite.ts";
import type { Pass } from "./pass.ts";
import { sweep } from "./sweep.ts";

/** Positions of the results that some caller reads, by function; all of a loop's body and of the main function. */
type Wanted = Map<string, Set<number>>;

/** Callers first, so that what one drops its callees may drop as well. */
function dropDead(graph: Graph): Graph {
  const wanted: Wanted = new Map();
  const shortened = new Map<string, GraphFunction>();
  for (const written of [...graph.functions.values()].reverse()) {
    const results = written.results.filter(
      (_, position) => wanted.get(written.name)?.has(position) ?? true,
    );
    const whole = results.length === written.results.length;
    const swept = sweep(whole ? written : { ...written, results }, graph.functions);
    const needed = new Set(swept.results.map((port) => port.value.name));
    for (const value of swept.nodes.flatMap(valuesRead)) needed.add(value.name);
    for (const node of swept.nodes) note(node, needed, wanted);
    shortened.set(written.name, swept);
  }
  const functions = new Map(
    [...graph.functions.keys()].flatMap((name): [string, GraphFunction][] => {
      const written = shortened.get(name);
      return written === undefined ? [] : [[name, withShortCalls(written, wanted)]];
    }),
  );
  const changed = [...functions].some(([name, each]) => each !== graph.functions.get(name));
  return changed ? { ...graph, functions } : graph;
}

function note(node: Node, needed: ReadonlySet<string>, wanted: Wanted): void {
  const callee = calleeOf(node);
  if (callee === undefined) return;
  const known = wanted.get(callee) ?? new Set();
  for (const [position, result] of resultsOf(node).entries()) {
    if (node.kind !== "call" || needed.has(result.name)) known.add(position);
  }
  wanted.set(callee, known);
}

function withShortCalls(written: GraphFunction, wanted: Wanted): GraphFunction {
  const nodes = written.nodes.map((node) => {
    const kept = node.kind === "call" ? wanted.get(node.function) : undefined;
    if (node.kind !== "call" || kept === undefined) return node;
    const results = node.results.filter((_, position) => kept.has(position));
    return results.length === node.results.length ? node : { ...node, results };
  });
  const changed = nodes.some((node, position) => node !== written.nodes[position]);
  return changed ? { ...written, nodes } : written;
}

export const dead: Pass = {
  name: "dead",
  doc: "Results of blocks that nobody reads are neither returned nor computed.",
  stage: "model",
  run: dropDead,
};
