/** Drops what nothing needs. */

import type { GraphFunction, Node } from "../graph.ts";
import { calleeOf, mapNodeNumbers, resultsOf, valuesRead } from "../rewrite.ts";
import { groundSizes } from "../sizes.ts";
import { isOpen } from "../symbolic.ts";

/**
 * The function without the nodes that none of its results and probes needs. Number formals, inputs and results stay as they are:
 * they are what its callers know of it. The very function if all is needed.
 */
export function sweep(
  written: GraphFunction,
  functions: ReadonlyMap<string, GraphFunction>,
): GraphFunction {
  const needed = new Set(written.results.map((port) => port.value.name));
  const kept: Node[] = [];
  for (const node of [...written.nodes].reverse()) {
    const read = resultsOf(node).some((result) => needed.has(result.name));
    if (!read && !isVisible(node, functions)) continue;
    kept.push(node);
    for (const value of valuesRead(node)) needed.add(value.name);
  }
  kept.reverse();
  // The size of a merged batch can be told only where a value has the axis.
  const open = new Set(
    written.inputs.flatMap((port) => port.value.type.axes.map((axis) => axis.name)),
  );
  if (!kept.every((node) => openSizes(node).every((axis) => open.has(axis)))) return written;
  const nodes = groundSizes(kept, written.inputs, { written, bring: () => undefined });
  return kept.length === written.nodes.length ? written : { ...written, nodes };
}

/**
 * Functions found to hold probes or not, their callees' included: asked again for each call, a chain of blocks that each call the
 * next twice would take twice as long a link. A function of a map is never another one later.
 */
const probed = new WeakMap<ReadonlyMap<string, GraphFunction>, Map<GraphFunction, boolean>>();

/** Whether a node is seen from outside even if nothing reads its results. */
function isVisible(node: Node, functions: ReadonlyMap<string, GraphFunction>): boolean {
  if (node.kind === "probe") return true;
  const callee = functions.get(calleeOf(node) ?? "");
  if (callee === undefined) return false;
  const known = probed.get(functions) ?? new Map<GraphFunction, boolean>();
  probed.set(functions, known);
  const before = known.get(callee);
  if (before !== undefined) return before;
  const visible = callee.nodes.some((inner) => isVisible(inner, functions));
  known.set(callee, visible);
  return visible;
}

function openSizes(node: Node): readonly string[] {
  const names: string[] = [];
  mapNodeNumbers(node, (number) => {
    if (isOpen(number) && number.text.kind === "axis") names.push(number.text.name);
    return number;
  });
  return names;
}
