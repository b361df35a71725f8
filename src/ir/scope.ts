/**
 * The sizes of axes that the values made so far have: what a symbolic number may mention at a place
 * in a function.
 */
import type { NumberExpression, SymbolicNumber, ValueType } from "./graph.ts";
import { applyOperator, mentions } from "./symbolic.ts";

export class AxisScope {
  /** One name may stand for several sizes. */
  readonly #sizes = new Map<string, Set<number>>();

  add(type: ValueType): void {
    for (const { name, size } of type.axes) {
      this.#sizes.set(name, (this.#sizes.get(name) ?? new Set()).add(size));
    }
  }

  /**
   * Whether the number's expression gives its value here. An axis alone may be any of that name and
   * size; inside an expression the name must be unambiguous.
   */
  says(number: SymbolicNumber): boolean {
    const { text, value } = number;
    if (text.kind === "axis") return this.#sizes.get(text.name)?.has(value) ?? false;
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(text, found);
    if ([...found.axes].some((axis) => this.#sizes.get(axis)?.size !== 1)) return false;
    const worth = evaluateExpression(text, (axis) => [...(this.#sizes.get(axis) ?? [])][0]);
    return worth === undefined || worth === value;
  }
}

/** Value of an expression of axes; undefined where it mentions a number formal. */
function evaluateExpression(
  text: NumberExpression,
  sizeOf: (axis: string) => number | undefined,
): number | undefined {
  switch (text.kind) {
    case "literal":
      return text.value;
    case "axis":
      return sizeOf(text.name);
    case "formal":
      return undefined;
    case "operation": {
      const values = text.operands.map((operand) => evaluateExpression(operand, sizeOf));
      const known = values.filter((value) => value !== undefined);
      return known.length === values.length ? applyOperator(text.operator, known) : undefined;
    }
    default:
      return text satisfies never;
  }
}
