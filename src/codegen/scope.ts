/** The names in reach while a function's body is written: values, sizes of axes, number formals. */
import type { GraphFunction, Operand, SymbolicNumber, Value } from "../ir/graph.ts";
import { operandsOf } from "../ir/rewrite.ts";
import { mentions, numbersOf } from "../ir/symbolic.ts";
import type { Expression } from "./expression.ts";
import { text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { member, stringLiteral } from "./identifier.ts";
import type { Arithmetic, NamedNumber } from "./number.ts";
import { literalText, writeNumber } from "./number.ts";
import type { Root, Source } from "./place.ts";
import { placeText } from "./place.ts";

/** An expression that waits to be written inside the one that uses it. */
export interface Pending {
  readonly value: Value;
  readonly expression: Expression;
  /** Calls inside calls. */
  readonly depth: number;
}

export class Scope {
  readonly names: Names;
  readonly arithmetic = new Set<Arithmetic>();
  readonly usedFormals = new Set<string>();
  readonly pending = new Map<string, Pending>();
  readonly #sources = new Map<string, { readonly value: Value; readonly source: Source }>();
  /** How often each axis is mentioned by name in a number. */
  readonly #mentions: ReadonlyMap<string, number>;
  /** Variables that hold sizes: by axis name and size. */
  readonly #variables = new Map<string, string>();
  readonly #dims: ReadonlyMap<string, number> | undefined;
  readonly #formals: ReadonlyMap<string, NamedNumber>;
  readonly #hoist: (name: string, size: Expression) => void;

  constructor(options: {
    readonly written: GraphFunction;
    readonly names: Names;
    /** In a segment's function: the dims that stand for its formals and axes. */
    readonly dims: ReadonlyMap<string, number> | undefined;
    readonly formals: ReadonlyMap<string, NamedNumber>;
    /** Declares a variable for a size, before the statement being written. */
    readonly hoist: (name: string, size: Expression) => void;
  }) {
    this.names = options.names;
    this.#dims = options.dims;
    this.#formals = options.formals;
    this.#hoist = options.hoist;
    this.#mentions = axisMentions(options.written);
  }

  define(value: Value, source: Source): void {
    this.#sources.set(value.name, { value, source });
  }

  defineVariable(value: Value, name: string): void {
    const root: Root = { text: name, shape: { kind: "tensor" } };
    this.define(value, { kind: "place", root, path: [] });
  }

  source(value: Value): Source {
    const found = this.#sources.get(value.name);
    if (found === undefined) throw new Error(`${value.name} is used before it is made.`);
    return found.source;
  }

  /**
   * A number in terms of the names in reach, else its value. Axes are looked for on the operands beside it first;
   * the size of an axis that several numbers mention gets a variable.
   */
  number(number: SymbolicNumber, beside: readonly Operand[] = []): Expression {
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(number.text, found);
    const holders = new Map<string, readonly NamedNumber[]>();
    for (const name of found.axes) {
      const all = this.#holders(name, beside);
      const only = number.text.kind === "axis" ? number.value : undefined;
      holders.set(name, only === undefined ? all : all.filter((each) => each.value === only));
    }
    const attempts = Math.max(1, ...Array.from(holders.values(), (each) => each.length));
    for (let attempt = 0; attempt < attempts; attempt++) {
      const chosen = (name: string) => holders.get(name)?.[attempt] ?? holders.get(name)?.at(-1);
      const formal = (name: string) => this.#formal(name);
      if (writeNumber(number, { axis: chosen, formal }) === undefined) continue;
      for (const name of found.formals) this.usedFormals.add(name);
      const axis = (name: string) => this.#shared(name, chosen(name));
      const written = writeNumber(number, { axis, formal });
      if (written === undefined) continue;
      for (const each of written.arithmetic) this.arithmetic.add(each);
      return text(written.text);
    }
    return text(literalText(number.value));
  }

  #formal(name: string): NamedNumber | undefined {
    const dim = this.#dims?.get(name);
    return dim === undefined ? this.#formals.get(name) : { text: dimText(name), value: dim };
  }

  /** Ways to write the size of an axis, one for each size that axes of the name have here. */
  #holders(name: string, beside: readonly Operand[]): readonly NamedNumber[] {
    const bySize = new Map<number, NamedNumber>();
    const dim = this.#dims?.get(name);
    if (dim !== undefined) bySize.set(dim, { text: dimText(name), value: dim });
    const look = (value: Value) => {
      const size = value.type.axes.find((axis) => axis.name === name)?.size;
      const source = this.#sources.get(value.name)?.source;
      if (size === undefined || bySize.has(size) || value.type.copies.length > 0) return;
      if (source?.kind !== "place") return;
      bySize.set(size, { text: sizeText(placeText(source), name), value: size });
    };
    for (const operand of beside) if (!("constant" in operand)) look(operand);
    for (const { value } of this.#sources.values()) look(value);
    return Array.from(bySize.values());
  }

  /** The size as a variable, if more than one number mentions it. */
  #shared(name: string, size: NamedNumber | undefined): NamedNumber | undefined {
    if (size === undefined || size.text === dimText(name)) return size;
    if ((this.#mentions.get(name) ?? 0) < 2) return size;
    const key = `${name} ${size.value}`;
    const known = this.#variables.get(key);
    if (known !== undefined) return { ...size, text: known };
    // The first holder in the order of definition: an input where there is one.
    const first = this.#holders(name, []).find((each) => each.value === size.value) ?? size;
    const variable = this.names.take(name);
    this.#variables.set(key, variable);
    this.#hoist(variable, text(first.text));
    return { ...size, text: variable };
  }
}

function sizeText(tensor: string, axis: string): string {
  return `g.size(${tensor}, ${stringLiteral(axis)})`;
}

export function dimText(name: string): string {
  return `dims${member(name)}`;
}

function axisMentions(written: GraphFunction): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (number: SymbolicNumber) => {
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(number.text, found);
    for (const name of found.axes) counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  for (const node of written.nodes) {
    if (node.kind === "operation") numbersOf(node.attributes).forEach(count);
    if (node.kind === "call" || node.kind === "repeat" || node.kind === "scan") {
      for (const { value } of node.numbers) numbersOf(value).forEach(count);
    }
    if (node.kind === "repeat" || node.kind === "scan") count(node.count);
    for (const operand of operandsOf(node)) if ("constant" in operand) count(operand.constant);
  }
  return counts;
}
