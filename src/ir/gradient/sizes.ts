/**
 * Symbolic sizes in a function made from another one: `|K|` can only be said where a value with
 * axis K is at hand.
 */
import type { Node, Port } from "../graph.ts";
import { mapNodeNumbers, resultsOf } from "../rewrite.ts";
import { AxisScope } from "../scope.ts";
import { isOpen, literal } from "../symbolic.ts";

/**
 * Gives the sizes of axes that no value in scope has an input to tell them by: `bring` is asked for
 * one that has the axis with that size. A number that still cannot be said becomes the literal it
 * is worth, which the size of an open axis cannot.
 */
export function groundSizes(
  nodes: readonly Node[],
  inputs: readonly Pick<Port, "value">[],
  bring: (axis: string, size: number) => Pick<Port, "value"> | undefined,
): readonly Node[] {
  const scope = new AxisScope();
  for (const { value } of inputs) scope.add(value.type);
  return nodes.map((node) => {
    const grounded = mapNodeNumbers(node, (number) => {
      if (scope.says(number)) return number;
      if (number.text.kind !== "axis") return literal(number.value);
      const brought = bring(number.text.name, number.value);
      if (brought === undefined && !isOpen(number)) return literal(number.value);
      if (brought === undefined) throw new Error(`No input has the open axis ${number.text.name}.`);
      scope.add(brought.value.type);
      return number;
    });
    for (const result of resultsOf(node)) scope.add(result.type);
    return grounded;
  });
}
