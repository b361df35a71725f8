/**
 * Symbolic sizes in a function made from another one: `|K|` can only be said where a value with axis K is at hand.
 */
import type { GraphFunction, Node, NumberExpression, SymbolicNumber, Value } from "../graph.ts";
import { mapNodeNumbers, resultsOf } from "../rewrite.ts";
import { applyOperator, isOpen, literal, mentions } from "../symbolic.ts";

/** Sizes of axes by name; one name may stand for several sizes. */
type Sizes = Map<string, Set<number>>;

/**
 * Rewrites numbers whose axes no value in scope has to the literals they are worth. For the size of an open axis `bring`
 * is asked once for an input that has it.
 */
export function groundSizes(
  written: GraphFunction,
  inputs: readonly Value[],
  bring: (axis: string) => Value | undefined,
): readonly Node[] {
  const scope: Sizes = new Map();
  for (const value of inputs) note(scope, value);
  return written.nodes.map((node) => {
    const grounded = mapNodeNumbers(node, (number) => {
      if (isSaid(number, scope)) return number;
      if (!isOpen(number) || number.text.kind !== "axis") return literal(number.value);
      const brought = bring(number.text.name);
      if (brought === undefined) throw new Error(`No input has the open axis ${number.text.name}.`);
      note(scope, brought);
      return number;
    });
    for (const result of resultsOf(node)) note(scope, result);
    return grounded;
  });
}

function note(scope: Sizes, value: Value): void {
  for (const { name, size } of value.type.axes) {
    scope.set(name, (scope.get(name) ?? new Set()).add(size));
  }
}

/** Whether the expression gives its value with the sizes in scope, whichever of two equally named axes is meant. */
function isSaid(number: SymbolicNumber, scope: Sizes): boolean {
  if (number.text.kind === "axis") return scope.get(number.text.name)?.has(number.value) ?? false;
  const found = { axes: new Set<string>(), formals: new Set<string>() };
  mentions(number.text, found);
  if ([...found.axes].some((axis) => scope.get(axis)?.size !== 1)) return false;
  const value = evaluateExpression(number.text, (leaf) =>
    leaf.kind === "axis" ? [...(scope.get(leaf.name) ?? [])][0] : undefined,
  );
  return value === undefined || value === number.value;
}

/** Value of an expression; undefined where a name has none. */
function evaluateExpression(
  text: NumberExpression,
  valueOf: (text: Extract<NumberExpression, { name: string }>) => number | undefined,
): number | undefined {
  switch (text.kind) {
    case "literal":
      return text.value;
    case "axis":
    case "formal":
      return valueOf(text);
    case "operation": {
      const values = text.operands.map((operand) => evaluateExpression(operand, valueOf));
      const known = values.filter((value) => value !== undefined);
      return known.length === values.length ? applyOperator(text.operator, known) : undefined;
    }
    default:
      return text satisfies never;
  }
}
