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

  /** The one size that goes by a name; undefined where there are several, or none. */
  onlySize(name: string): number | undefined {
    const [size, ...more] = this.#sizes.get(name) ?? [];
    return more.length === 0 ? size : undefined;
  }

  /**
   * Whether the number's expression gives its value here: for some of the sizes that go by each of
   * the names it mentions, since the emitter chooses the value whose axis is meant.
   */
  says(number: SymbolicNumber): boolean {
    const { text, value } = number;
    if (text.kind === "axis") return this.#sizes.get(text.name)?.has(value) ?? false;
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(text, found);
    return choices([...found.axes], this.#sizes).some((sizes) => {
      const worth = evaluateExpression(text, (axis) => sizes.get(axis));
      return worth === undefined || worth === value;
    });
  }
}

/** Each way to take one size for each axis; none if an axis has no size. */
function choices(
  axes: readonly string[],
  sizes: ReadonlyMap<string, ReadonlySet<number>>,
): readonly ReadonlyMap<string, number>[] {
  const [first, ...rest] = axes;
  if (first === undefined) return [new Map()];
  const others = choices(rest, sizes);
  return [...(sizes.get(first) ?? [])].flatMap((size) =>
    others.map((chosen) => new Map([...chosen, [first, size]])),
  );
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
