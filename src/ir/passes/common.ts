/** The same operation on the same values is done once. */
import type { GraphFunction, Node, Operand, Value } from "../graph.ts";
import { printNode } from "../graph-text.ts";
import { isConstant } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Replacement } from "./transform.ts";
import { rewriteFunctions } from "./transform.ts";

/**
 * Nodes whose text is that of an earlier one but for the names of what they make and of values found equal before.
 * Every operation is pure: draws are inputs.
 */
function repeated(written: GraphFunction): ReadonlyMap<Node, Replacement> {
  const first = new Map<string, readonly Value[]>();
  const standIns = new Map<string, Value>();
  const standIn = (operand: Operand): Operand =>
    isConstant(operand) ? operand : (standIns.get(operand.name) ?? operand);
  const found = new Map<Node, Replacement>();
  for (const node of written.nodes) {
    if (node.kind !== "operation") continue;
    const operands = node.operands.map(standIn);
    const text = printNode({ ...node, operands, results: [] });
    const known = first.get(text);
    if (known === undefined) {
      first.set(text, node.results);
      continue;
    }
    for (const [position, result] of node.results.entries()) {
      const value = known[position];
      if (value !== undefined) standIns.set(result.name, value);
    }
    found.set(node, ({ value }) => known.map(value));
  }
  return found;
}

export const common: Pass = {
  name: "common",
  doc: "The same operation on the same values is done once, and its gradient is taken once.",
  stage: "model",
  run: (graph) => rewriteFunctions(graph, repeated),
};
