/** Which functions are called from some, however deep. */
import type { GraphFunction } from "./graph.ts";
import { calleeOf } from "./rewrite.ts";

/** The functions with these names and all they call, by name, callees before callers. */
export function reachable(
  functionOf: (name: string) => GraphFunction,
  roots: Iterable<string>,
): ReadonlyMap<string, GraphFunction> {
  const found = new Map<string, GraphFunction>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    const written = functionOf(name);
    for (const node of written.nodes) {
      const callee = calleeOf(node);
      if (callee !== undefined) visit(callee);
    }
    found.set(name, written);
  };
  for (const root of roots) visit(root);
  return found;
}
