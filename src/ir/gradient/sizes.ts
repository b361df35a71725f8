/**
 * Symbolic sizes in a function made from another one: `|K|` can only be said where a value with
 * axis K is at hand.
 */
import type { Node, Port } from "../graph.ts";
import { mapNodeNumbers, resultsOf } from "../rewrite.ts";
import { AxisScope } from "../scope.ts";
import { isOpen, literal } from "../symbolic.ts";

/**
 * Rewrites numbers whose axes no value in scope has to the literals they are worth. For the size of
 * an open axis `bring` is asked for an input that has it.
 */
export function groundSizes(
  nodes: readonly Node[],
  inputs: readonly Pick<Port, "value">[],
  bring: (axis: string) => Pick<Port, "value"> | undefined,
): readonly Node[] {
  const scope = new AxisScope();
  for (const { value } of inputs) scope.add(value.type);
  return nodes.map((node) => {
    const grounded = mapNodeNumbers(node, (number) => {
      if (scope.says(number)) return number;
      if (!isOpen(number) || number.text.kind !== "axis") return literal(number.value);
      const brought = bring(number.text.name);
      if (brought === undefined) throw new Error(`No input has the open axis ${number.text.name}.`);
      scope.add(brought.value.type);
      return number;
    });
    for (const result of resultsOf(node)) scope.add(result.type);
    return grounded;
  });
}
