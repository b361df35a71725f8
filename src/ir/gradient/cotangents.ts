/**
 * The cotangents of a backward function while it is written: one for each value a gradient has
 * arrived at, added up.
 */
import type { Axis } from "../../ops/index.ts";
import { FunctionBuilder, isUnnamed, plainName, UNNAMED } from "../function-builder.ts";
import type { GraphFunction, Value, ValueType } from "../graph.ts";
import { inOrder, sameOrder } from "../order.ts";
import { axisSize, literal } from "../symbolic.ts";
import { capital } from "../words.ts";
import { repeatAlong, unionAxes } from "./rules/context.ts";

/**
 * Puts a function into the graph that is being made, if it has none like it, and gives the one to
 * call.
 */
export type Define = (written: GraphFunction) => GraphFunction;

export class Cotangents {
  readonly #f: FunctionBuilder;
  readonly #define: Define;
  readonly #byValue = new Map<string, Value>();

  constructor(f: FunctionBuilder, define: Define) {
    this.#f = f;
    this.#define = define;
  }

  /** Adds a contribution to the cotangent of a value of the forward function. */
  add(value: Value, contribution: Value): void {
    const known = this.#byValue.get(value.name);
    const total =
      known === undefined ? contribution : this.#sum(...ordering(known, contribution, value.type));
    this.#byValue.set(value.name, total);
  }

  has(value: Value): boolean {
    return this.#byValue.has(value.name);
  }

  /**
   * The cotangent of a value, named after it; it may lack axes of the value. Nothing may be added
   * to it any more.
   */
  of(value: Value): Value | undefined {
    const found = this.#byValue.get(value.name);
    if (found !== undefined) this.#f.suggestName(found, suggestion(value));
    return found;
  }

  /** The cotangent of a value with all its axes; zeros if no gradient has arrived. */
  whole(value: Value): Value {
    const found = this.of(value);
    const whole =
      found === undefined ? this.zeros(value.type) : repeatAlong(this.#f, found, value.type.axes);
    this.#f.suggestName(whole, suggestion(value));
    return whole;
  }

  /**
   * The same with its axes in the order of the value's: a parameter or a state is given its gradient as the spec declares it, and a
   * backward function what arrives as its forward function gave it, whatever the order in which that was computed.
   */
  declared(value: Value): Value {
    const found = this.#byValue.get(value.name);
    if (found === undefined) return this.whole(value);
    const ordered = this.inOrder(found, value.type);
    this.#f.suggestName(ordered, suggestion(value));
    return ordered;
  }

  /** A cotangent with all axes of the type, in its order. */
  inOrder(cotangent: Value, type: ValueType): Value {
    const whole = repeatAlong(this.#f, cotangent, type.axes);
    if (sameOrder(whole.type, type)) return whole;
    if (type.copies.length > 0) return orderedCopies(this.#f, this.#define, whole, type);
    return inOrder(this.#f, cotangent, type);
  }

  /** Zeros of a type. */
  zeros(type: ValueType): Value {
    const f = this.#f;
    const levels = type.copies.map((size, level) => ({ name: `copy${level}`, size }));
    const axes = [
      ...type.axes.map(({ name }) => ({ name, size: axisSize(type, name) })),
      ...levels.map(({ name, size }) => ({ name, size: literal(size) })),
    ];
    const zero = f.op("fill", [], { value: 0, axes, kind: "real" });
    return levels.reduceRight((copies, { name }) => f.unstack(copies, name), zero);
  }

  #sum(left: Value, right: Value): Value {
    if (left.type.copies.length === 0) return this.#f.op("add", [left, right], {});
    return sumOfCopies(this.#f, this.#define, left, right);
  }
}

/** Adds values with copies, copy by copy. */
function sumOfCopies(f: FunctionBuilder, define: Define, left: Value, right: Value): Value {
  const [count = 0, ...copies] = left.type.copies;
  const body = new FunctionBuilder("addCopies", { title: "sum of copies", kind: "backward" });
  const a = body.input("a", { ...left.type, copies }, { role: "argument" });
  const b = body.input("b", { ...right.type, copies }, { role: "argument" });
  const sum =
    copies.length === 0 ? body.op("add", [a, b], {}, "sum") : sumOfCopies(body, define, a, b);
  body.result(sum, { role: "return", path: ["sum"] });
  const [total] = f.repeat(define(body.finish()), "copy", {
    count,
    inputs: [
      { value: left, passing: "stacked" },
      { value: right, passing: "stacked" },
    ],
    collecting: ["stacked"],
  });
  if (total === undefined) throw new Error("A sum has one result.");
  return total;
}

/** The two in the order that gives their sum the axis order of the type, if one does. */
function ordering(left: Value, right: Value, type: ValueType): readonly [Value, Value] {
  const wanted = (axes: readonly Axis[]) => sameOrder({ axes }, type);
  const [asIs, swapped] = [unionAxes(left.type, right.type), unionAxes(right.type, left.type)];
  return !wanted(asIs) && wanted(swapped) ? [right, left] : [left, right];
}

/** A value with its axes in the order of the type, copy by copy. */
function orderedCopies(f: FunctionBuilder, define: Define, value: Value, type: ValueType): Value {
  const [count = 0, ...copies] = type.copies;
  const body = new FunctionBuilder("orderCopies", { title: "order of copies", kind: "backward" });
  const x = body.input("x", { ...value.type, copies }, { role: "argument" });
  const inner = { ...type, copies };
  const turned =
    copies.length === 0 ? inOrder(body, x, inner) : orderedCopies(body, define, x, inner);
  body.result(turned, { role: "return", path: ["ordered"] });
  const [whole] = f.repeat(define(body.finish()), "copy", {
    count,
    inputs: [{ value, passing: "stacked" }],
    collecting: ["stacked"],
  });
  if (whole === undefined) throw new Error("An order has one result.");
  return whole;
}

/** `scores` gives `dScores`. */
export function cotangentName(value: Value): string {
  return `d${capital(plainName(value))}`;
}

/** The same; a value that the spec does not name gives what is not named either. */
function suggestion(value: Value): string {
  return (isUnnamed(value) ? UNNAMED : "") + cotangentName(value);
}
