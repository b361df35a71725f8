/** Addresses of probes below calls: a block without parameters may be called twice in one place, and a method at any time. */
import type { GraphFunction, Node } from "../graph.ts";

/** The functions with the calls of each at scopes of their own: the second `unit` is `unit2`, or what is free. */
export function withScopesApart(
  functions: ReadonlyMap<string, GraphFunction>,
): ReadonlyMap<string, GraphFunction> {
  return new Map(
    Array.from(functions, ([name, written]) => [name, { ...written, nodes: apart(written.nodes) }]),
  );
}

function apart(nodes: readonly Node[]): readonly Node[] {
  const given = new Set(nodes.map((node) => (node.kind === "call" ? node.scope.join(".") : "")));
  const taken = new Set<string>();
  return nodes.map((node) => {
    if (node.kind !== "call" || node.scope.length === 0) return node;
    let scope = node.scope;
    for (let count = 2; taken.has(scope.join(".")); count++) {
      const next = node.scope.with(-1, `${node.scope.at(-1)}${count}`);
      if (!given.has(next.join("."))) scope = next;
    }
    taken.add(scope.join("."));
    return { ...node, scope };
  });
}
