/**
 * Writes a function of the graph node by node: result types come from the op table, names from
 * hints.
 *
 * ```ts
 * const f = new FunctionBuilder("attention");
 * const x = f.input("x", { kind: "real", axes: [batch, T, D] }, { role: "argument" });
 * const Wq = f.input("Wq", { kind: "real", axes: [D, K] }, { role: "parameter" });
 * f.result(f.op("contract", [x, Wq], { over: ["D"] }, "q"), { role: "return", path: ["q"] });
 * const attention = f.finish();
 * ```
 */
import type { OpAttributes, OpName, TensorType } from "../ops/index.ts";
import { BATCH, inferTypes } from "../ops/index.ts";
import type {
  GraphFunction,
  Node,
  NumberBinding,
  NumberFormal,
  Operand,
  OperationNode,
  Origin,
  Port,
  PortRole,
  RepeatNode,
  SymbolicNumber,
  Value,
  ValueType,
} from "./graph.ts";
import { renameValues } from "./rewrite.ts";
import type { LooseAttributes } from "./symbolic.ts";
import { operandType, plainAttributes, real, symbolicAttributes, toSymbolic } from "./symbolic.ts";

export interface FunctionOptions {
  readonly title?: string;
  readonly variant?: readonly string[];
  readonly doc?: string;
  readonly file?: string;
  readonly kind?: GraphFunction["kind"];
  readonly source?: string;
  readonly numbers?: readonly NumberFormal[];
}

/**
 * Role and place of an input or result. The path is the value's name and the struct "own" unless
 * said.
 */
export interface PortPlace {
  readonly role: PortRole;
  readonly path?: readonly string[];
  readonly struct?: string;
}

/** A plain number stands for a real constant. */
export type LooseOperand = Operand | number;

export interface CallOptions {
  readonly scope?: readonly string[];
  readonly numbers?: readonly NumberBinding[];
  /** Names of the results, in order. */
  readonly hints?: readonly (string | undefined)[];
  readonly origin?: Origin;
}

export interface LoopInput {
  readonly value: LooseOperand;
  readonly passing: RepeatNode["passing"][number];
}

export interface LoopOptions extends Omit<CallOptions, "scope"> {
  readonly count: SymbolicNumber | number;
  readonly inputs: readonly LoopInput[];
  /** What becomes of each result of the body, in order. */
  readonly collecting: RepeatNode["collecting"];
  readonly reversed?: boolean;
  /** The path of the iterations, where the index alone is not it. */
  readonly scope?: readonly string[] | undefined;
}

/** Names of values that nothing in the spec names start with this, which no name of a spec holds. */
export const UNNAMED = "$";

/** Stands before the number in a name that was made up for several values of a function. */
export const NUMBERED = "$";

/** Whether a value's name was made up by the compiler rather than taken from the spec. */
export function isUnnamed(value: Pick<Value, "name">): boolean {
  return value.name.startsWith(UNNAMED);
}

/** The value's name without the marks of one that was made up: `$total$2` gives `total`. */
export function plainName(value: Pick<Value, "name">): string {
  return isUnnamed(value) ? value.name.replace(/^\$|\$[0-9]+$/g, "") : value.name;
}

/** The type with a loop's axis: first, after the batch. */
export function withLoopAxis(type: ValueType, name: string, size: number): ValueType {
  const leading = type.axes[0]?.name === BATCH ? 1 : 0;
  const axes = [...type.axes.slice(0, leading), { name, size }, ...type.axes.slice(leading)];
  return { ...type, axes };
}

/** The type without an axis. */
export function withoutAxis(type: ValueType, name: string): ValueType {
  return { ...type, axes: type.axes.filter((axis) => axis.name !== name) };
}

export class FunctionBuilder {
  readonly name: string;
  readonly #options: FunctionOptions;
  readonly #taken = new Set<string>();
  /** The number to try next behind each hint. */
  readonly #counts = new Map<string, number>();
  readonly #inputs: Port[] = [];
  readonly #nodes: Node[] = [];
  readonly #results: Port[] = [];
  readonly #renamed = new Map<string, string>();

  constructor(name: string, options: FunctionOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  /** A name like the hint that no value of the function has yet. */
  fresh(hint: string): string {
    let name = hint;
    let count = this.#counts.get(hint) ?? 2;
    for (; this.#taken.has(name); count++) name = `${hint}${count}`;
    this.#counts.set(hint, count);
    this.#taken.add(name);
    return name;
  }

  /** A value of the function without a node: for inputs, and for nodes appended with `append`. */
  value(hint: string, type: TensorType | ValueType): Value {
    const copies = "copies" in type ? type.copies : [];
    return { name: this.fresh(hint), type: { kind: type.kind, axes: type.axes, copies } };
  }

  /** Adds an input. */
  input(hint: string, type: TensorType | ValueType, place: PortPlace): Value {
    const value = this.value(hint, type);
    this.#inputs.push({ value, ...placeOf(place, hint) });
    return value;
  }

  /** Adds an operation with one result. */
  op<Name extends OpName>(
    name: Name,
    operands: readonly LooseOperand[],
    attributes: LooseAttributes<Name>,
    hint?: string,
    origin?: Origin,
  ): Value {
    const [result] = this.ops(name, operands, attributes, [hint], origin);
    if (result === undefined) throw new Error(`${name} has no result.`);
    return result;
  }

  /** Adds an operation, giving all its results. */
  ops<Name extends OpName>(
    name: Name,
    operands: readonly LooseOperand[],
    attributes: LooseAttributes<Name>,
    hints: readonly (string | undefined)[] = [],
    origin?: Origin,
  ): readonly Value[] {
    const given = operands.map(toOperand);
    const kept: OpAttributes<SymbolicNumber>[Name] = symbolicAttributes<Name>(attributes);
    for (const operand of given) {
      if (operandType(operand).copies.length > 0) {
        throw new Error(`${name} was given copies; only a repeat takes copies apart.`);
      }
    }
    const types = inferTypes(name, given.map(operandType), plainAttributes<Name>(kept));
    const results = types.map((type, index) => this.value(hints[index] ?? UNNAMED + name, type));
    const node = { kind: "operation", op: name, attributes: kept, operands: given, results };
    this.append({ ...node, ...originOf(origin) } as OperationNode);
    return results;
  }

  /** Calls a function; results in its order. */
  call(
    callee: GraphFunction,
    inputs: readonly LooseOperand[],
    options: CallOptions = {},
  ): readonly Value[] {
    const scope = options.scope ?? [callee.name];
    const results = this.#resultsOf(callee, options.hints, (type) => type);
    this.append({
      kind: "call",
      function: callee.name,
      scope,
      numbers: options.numbers ?? [],
      inputs: inputs.map(toOperand),
      results,
      ...originOf(options.origin),
    });
    return results;
  }

  /** Runs a function once for each copy; `index` is the name of the iteration, `layer`. */
  repeat(body: GraphFunction, index: string, options: LoopOptions): readonly Value[] {
    const count = toSymbolic(options.count);
    const results = this.#resultsOf(body, options.hints, (type, position) =>
      options.collecting[position] === "stacked"
        ? { ...type, copies: [count.value, ...type.copies] }
        : type,
    );
    this.append({ kind: "repeat", index, ...loopParts(body, options, results) });
    return results;
  }

  /** Runs a function once for each entry of an axis. */
  scan(body: GraphFunction, axis: string, options: LoopOptions): readonly Value[] {
    const count = toSymbolic(options.count);
    const results = this.#resultsOf(body, options.hints, (type, position) =>
      options.collecting[position] === "stacked" ? withLoopAxis(type, axis, count.value) : type,
    );
    this.append({ kind: "scan", axis, ...loopParts(body, options, results) });
    return results;
  }

  /** Turns the outermost level of copies into an axis: first, after the batch. */
  stack(input: Value, axis: string, hint?: string): Value {
    const [count, ...copies] = input.type.copies;
    if (count === undefined) throw new Error(`${input.name} has no copies to stack.`);
    const type = { ...withLoopAxis(input.type, axis, count), copies };
    const result = this.value(hint ?? `${UNNAMED}stack`, type);
    this.append({ kind: "stack", axis, input, result });
    return result;
  }

  /** Turns an axis into the outermost level of copies. */
  unstack(input: Value, axis: string, hint?: string): Value {
    const found = input.type.axes.find((candidate) => candidate.name === axis);
    if (found === undefined) throw new Error(`${input.name} has no axis ${axis} to take apart.`);
    const copies = [found.size, ...input.type.copies];
    const type = { ...withoutAxis(input.type, axis), copies };
    const result = this.value(hint ?? `${UNNAMED}unstack`, type);
    this.append({ kind: "unstack", axis, input, result });
    return result;
  }

  /** Makes a value visible under a name below the instance's address. */
  probe(name: string, input: LooseOperand, of: "value" | "gradient" = "value"): void {
    this.append({ kind: "probe", name, of, input: toOperand(input) });
  }

  /** Adds a result; it may be an input of the function. */
  result(value: Value, place: PortPlace): void {
    this.#results.push({ value, ...placeOf(place, value.name) });
  }

  /** Adds a node whose values were made by `value`. */
  append(node: Node): void {
    this.#nodes.push(node);
  }

  /** Gives a value without a name of its own a better one, if it has none from the spec yet. */
  suggestName(value: Value, hint: string): void {
    const given = this.#renamed.get(value.name) ?? value.name;
    if (!isUnnamed({ name: given })) return;
    if (given !== value.name && isUnnamed({ name: hint })) return;
    this.#renamed.set(value.name, this.fresh(hint));
  }

  get inputs(): readonly Port[] {
    return this.#inputs;
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get results(): readonly Port[] {
    return this.#results;
  }

  finish(): GraphFunction {
    const { title, variant, doc, file, kind, source, numbers } = this.#options;
    const written: GraphFunction = {
      name: this.name,
      title: title ?? this.name,
      ...(variant === undefined ? {} : { variant }),
      ...(doc === undefined ? {} : { doc }),
      ...(file === undefined ? {} : { file }),
      kind: kind ?? "block",
      ...(source === undefined ? {} : { source }),
      numbers: numbers ?? [],
      inputs: [...this.#inputs],
      nodes: [...this.#nodes],
      results: [...this.#results],
    };
    return this.#renamed.size === 0 ? written : renameValues(written, this.#renamed);
  }

  #resultsOf(
    callee: GraphFunction,
    hints: readonly (string | undefined)[] | undefined,
    typeOf: (type: ValueType, position: number) => ValueType,
  ): readonly Value[] {
    return callee.results.map((port, position) =>
      this.value(hints?.[position] ?? UNNAMED + callee.name, typeOf(port.value.type, position)),
    );
  }
}

function toOperand(operand: LooseOperand): Operand {
  return typeof operand === "number" ? real(operand) : operand;
}

function placeOf(place: PortPlace, name: string): Omit<Port, "value"> {
  return { role: place.role, path: place.path ?? [name], struct: place.struct ?? "own" };
}

function originOf(origin: Origin | undefined): { readonly origin?: Origin } {
  return origin === undefined ? {} : { origin };
}

function loopParts(
  body: GraphFunction,
  options: LoopOptions,
  results: readonly Value[],
): Omit<RepeatNode, "kind" | "index"> {
  return {
    function: body.name,
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    count: toSymbolic(options.count),
    reversed: options.reversed ?? false,
    numbers: options.numbers ?? [],
    inputs: options.inputs.map((input) => toOperand(input.value)),
    passing: options.inputs.map((input) => input.passing),
    collecting: options.collecting,
    results,
    ...originOf(options.origin),
  };
}
