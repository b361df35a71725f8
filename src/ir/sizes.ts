/**
 * Symbolic sizes in a function made from another one: `|K|` can only be said where a value with
 * axis K is at hand.
 */
import type { GraphFunction, Node, NumberExpression, Port, SymbolicNumber } from "./graph.ts";
import { mapNodeNumbers, resultsOf } from "./rewrite.ts";
import { AxisScope } from "./scope.ts";
import { sizeExpression } from "./size-expression.ts";
import { isOpen, literal, mapNames } from "./symbolic.ts";

/** Where the size of an axis that no value in scope has may come from. */
export interface SizeSources {
  /** The function that the nodes were made from. */
  readonly written: GraphFunction;
  /** Takes an input that has the axis with that size. */
  bring(axis: string, size: number): Pick<Port, "value"> | undefined;
  /** A number formal for the size of an input that is not taken; its callers know it. */
  ask?(axis: string, size: number): SymbolicNumber | undefined;
}

/**
 * Gives the sizes of axes that no value in scope has something to tell them by: an input that is
 * taken for it, what the function says of how the axis is made, or a number formal. A number that
 * still cannot be said becomes the literal it is worth, which the size of an open axis cannot.
 */
export function groundSizes(
  nodes: readonly Node[],
  inputs: readonly Pick<Port, "value">[],
  sources: SizeSources,
): readonly Node[] {
  const scope = new AxisScope();
  const given = new AxisScope();
  for (const { value } of inputs) {
    scope.add(value.type);
    given.add(value.type);
  }
  const ground = new Grounding(scope, given, sources);
  return nodes.map((node) => {
    const grounded = mapNodeNumbers(node, (number) => ground.number(number));
    for (const result of resultsOf(node)) scope.add(result.type);
    return grounded;
  });
}

class Grounding {
  readonly #scope: AxisScope;
  /** Axes of the inputs: a size is better told by them than by a value on the way. */
  readonly #given: AxisScope;
  readonly #sources: SizeSources;
  /** All axes of the function that the nodes were made from; looked at when one is missing. */
  #sizes: AxisScope | undefined;

  constructor(scope: AxisScope, given: AxisScope, sources: SizeSources) {
    this.#scope = scope;
    this.#given = given;
    this.#sources = sources;
  }

  number(number: SymbolicNumber): SymbolicNumber {
    if (this.#given.says(number)) return number;
    if (this.#scope.says(number)) return this.#byInputs(number) ?? number;
    const text = this.#expression(number, new Set());
    const found = text === undefined ? undefined : { value: number.value, text };
    if (found !== undefined && this.#scope.says(found)) return found;
    if (isOpen(number)) {
      throw new Error(`No input has the open axis ${nameOf(number.text)}.`);
    }
    return literal(number.value);
  }

  /** How the function says the size of an axis that it makes, if inputs and number formals suffice. */
  #byInputs({ text, value }: SymbolicNumber): SymbolicNumber | undefined {
    if (text.kind !== "axis") return undefined;
    const made = sizeExpression(this.#sources.written, text.name, value);
    return made !== undefined && this.#given.says(made) ? made : undefined;
  }

  /** The expression with each axis that cannot be said put otherwise; undefined if one has no other way. */
  #expression(number: SymbolicNumber, above: ReadonlySet<string>): NumberExpression | undefined {
    return mapNames(number.text, (text) => {
      if (text.kind === "formal") return text;
      const size = number.text.kind === "axis" ? number.value : this.#sizeOf(text.name);
      return size === undefined ? undefined : this.#axis(text.name, size, above);
    });
  }

  #axis(axis: string, size: number, above: ReadonlySet<string>): NumberExpression | undefined {
    const number = { value: size, text: { kind: "axis", name: axis } } as const;
    if (this.#scope.says(number)) return number.text;
    const brought = this.#sources.bring(axis, size);
    if (brought !== undefined) {
      this.#scope.add(brought.value.type);
      this.#given.add(brought.value.type);
      return number.text;
    }
    const key = `${axis} ${size}`;
    const made = above.has(key) ? undefined : sizeExpression(this.#sources.written, axis, size);
    const text = made === undefined ? undefined : this.#expression(made, new Set([...above, key]));
    return text ?? this.#sources.ask?.(axis, size)?.text;
  }

  #sizeOf(axis: string): number | undefined {
    if (this.#sizes === undefined) {
      const { inputs, nodes } = this.#sources.written;
      this.#sizes = new AxisScope();
      for (const { value } of inputs) this.#sizes.add(value.type);
      for (const { type } of nodes.flatMap(resultsOf)) this.#sizes.add(type);
    }
    return this.#sizes.onlySize(axis);
  }
}

function nameOf(text: NumberExpression): string {
  return text.kind === "axis" ? text.name : "";
}
