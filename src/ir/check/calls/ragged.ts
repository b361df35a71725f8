/** Memories that take in padding (rule R12): warned about, since it is rarely meant and never seen in the loss. */
import type { GraphFunction, Node } from "../../graph.ts";
import { operandsOf, resultsOf } from "../../rewrite.ts";
import { isValue } from "../../symbolic.ts";
import type { Place } from "../emit.ts";
import { warning } from "../problem.ts";

/** Warns of states that a method writes from all tokens of a segment, where it never asks which of them exist. */
export function warnOfPadding({ checker, scope }: Place, graph: GraphFunction): void {
  const { frame } = scope;
  for (const { role, path, value } of graph.inputs) {
    const entering = role === "argument" ? frame.inputs.get(path[0] ?? "") : undefined;
    const axis = entering?.axes.find((each) => each.data && each.size > 1)?.name;
    if (axis === undefined || frame.takes({ kind: "valid", axis })) continue;
    const reached = dependents(graph.nodes, value.name);
    for (const result of graph.results) {
      const [state = ""] = result.path;
      const written = result.role === "next" ? frame.writes.get(state) : undefined;
      if (written === undefined || !reached.has(result.value.name)) continue;
      if (result.value.type.axes.some(({ name }) => name === axis)) continue;
      checker.report.add(
        warning(
          "MEM0192",
          written.span,
          `${state} is written from every entry of ${axis}, padding included.`,
          {
            help: `valid(${axis}) says which entries exist: sum(x over ${axis} where valid(${axis})).`,
          },
        ),
      );
    }
  }
}

/** Names of the values that are computed from a value. */
function dependents(nodes: readonly Node[], name: string): ReadonlySet<string> {
  const reached = new Set([name]);
  for (const node of nodes) {
    const operands = operandsOf(node);
    if (!operands.some((operand) => isValue(operand) && reached.has(operand.name))) continue;
    for (const result of resultsOf(node)) reached.add(result.name);
  }
  return reached;
}
