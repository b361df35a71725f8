/** What makes a graph legal. The check, the gradient and the passes are followed by this. */
import type { Graph, GraphFunction } from "./graph.ts";
import { verifyNodes } from "./verify-nodes.ts";
import { verifyPorts } from "./verify-ports.ts";

/**
 * Everything wrong with the graph, a sentence each; empty if it is legal: names made once and
 * before they are read, types as the op table infers them, calls and loops that fit what they call,
 * callees before callers, addresses that do not clash.
 */
export function verify(graph: Graph): string[] {
  const problems: string[] = [];
  if (!graph.functions.has(graph.main)) problems.push(`There is no main function ${graph.main}.`);
  for (const [half, name] of Object.entries(graph.training ?? {})) {
    if (!graph.functions.has(name)) problems.push(`There is no ${half} function ${name}.`);
  }
  const before = new Map<string, GraphFunction>();
  for (const [name, written] of graph.functions) {
    const report = (problem: string): void => {
      problems.push(`${name}: ${problem}`);
    };
    if (written.name !== name) report(`it calls itself ${written.name}.`);
    verifyPorts(written, report);
    verifyNodes(written, before, report);
    before.set(name, written);
  }
  return problems;
}

/** The graph, if it is legal; throws what is wrong first. `what` says which graph it is. */
export function requireLegal(graph: Graph, what: string): Graph {
  const [problem] = verify(graph);
  if (problem !== undefined) throw new Error(`The graph (${what}) is not legal. In ${problem}`);
  return graph;
}
