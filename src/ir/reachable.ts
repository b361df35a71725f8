/** The functions that some functions need. */
import type { GraphFunction } from "./graph.ts";
import { calleeOf } from "./rewrite.ts";

/** The named functions and all they call, callees before callers. */
export function reachable(
  functions: ReadonlyMap<string, GraphFunction>,
  roots: readonly string[],
): ReadonlyMap<string, GraphFunction> {
  const found = new Map<string, GraphFunction>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    const written = functions.get(name);
    if (written === undefined) throw new Error(`The graph has no function ${name}.`);
    for (const node of written.nodes) {
      const callee = calleeOf(node);
      if (callee !== undefined) visit(callee);
    }
    found.set(name, written);
  };
  for (const root of roots) visit(root);
  return found;
}
