/**
 * Values of the forward computation, as the backward function gets at them: handed to it again,
 * made again, or kept.
 */
import type { OpName } from "../../ops/index.ts";
import { OPEN } from "../../ops/index.ts";
import type { FunctionBuilder } from "../function-builder.ts";
import { plainName } from "../function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  Operand,
  OperationNode,
  Port,
  RepeatNode,
  ScanNode,
  Value,
} from "../graph.ts";
import { mapValues } from "../rewrite.ts";
import { isConstant, isValue } from "../symbolic.ts";
import { camelCase } from "../words.ts";
import type { FunctionGradient, Given, GradientRequest, Residual } from "./pair.ts";
import { collectedType } from "./pair.ts";
import { producers, renamedAxes, residualScope } from "./residuals.ts";

/** Changes of names and constants: made again rather than kept. */
const costless: ReadonlySet<OpName> = new Set<OpName>([
  "rename",
  "split",
  "merge",
  "broadcast",
  "real",
]);

/** Parts of a parameter, state or draw: read again rather than kept. */
const parts: ReadonlySet<OpName> = new Set<OpName>([
  "slice",
  "reverse",
  "rename",
  "split",
  "merge",
]);

export class ForwardValues {
  readonly #f: FunctionBuilder;
  readonly #written: GraphFunction;
  readonly #request: GradientRequest;
  readonly #producers: ReadonlyMap<string, number>;
  readonly #available = new Map<string, Value>();
  readonly #constants: ReadonlySet<string>;
  readonly #parts: ReadonlySet<string>;
  readonly #given: Given[] = [];

  constructor(f: FunctionBuilder, written: GraphFunction, request: GradientRequest) {
    this.#f = f;
    this.#written = written;
    this.#request = request;
    this.#producers = producers(written);
    this.#constants = constantsOf(written);
    this.#parts = partsOf(written, request.kept);
  }

  /** Inputs and residuals asked for so far. */
  get given(): readonly Given[] {
    return this.#given;
  }

  /** An operand of the forward function, in the backward function. */
  operand(operand: Operand): Operand {
    return isConstant(operand) ? operand : this.value(operand);
  }

  /**
   * A value of the forward function, in the backward function. What it is made of again comes first, however long a chain
   * that is: a walk rather than a recursion.
   */
  value(value: Value): Value {
    const waiting = [value];
    for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
      const missing = this.#madeFrom(next).filter((each) => !this.#available.has(each.name));
      if (missing.length > 0 && !this.#available.has(next.name)) {
        waiting.push(...missing.reverse());
        continue;
      }
      waiting.pop();
      if (!this.#available.has(next.name)) {
        this.#available.set(next.name, this.#makeAvailable(next));
      }
    }
    const made = this.#available.get(value.name);
    if (made === undefined) throw new Error(`${value.name} cannot be made available.`);
    return made;
  }

  /** The values that a value is made of when it is made again; none if it is handed on or kept. */
  #madeFrom(value: Value): readonly Value[] {
    if (this.#available.has(value.name)) return [];
    const input = this.#written.inputs.findIndex((port) => port.value.name === value.name);
    if (input >= 0 && !this.#request.kept.includes(input)) return [];
    const node = this.#written.nodes[this.#producers.get(value.name) ?? -1];
    if (node?.kind !== "operation") return [];
    if (node.op !== "stop" && !this.#isCostless(node, value)) return [];
    return node.operands.filter(isValue);
  }

  #makeAvailable(value: Value): Value {
    const input = this.#written.inputs.findIndex((port) => port.value.name === value.name);
    if (input >= 0 && !this.#request.kept.includes(input)) return this.#input(value, input);
    const position = this.#producers.get(value.name) ?? -1;
    const node = this.#written.nodes[position];
    if (node?.kind === "operation") {
      const [first] = node.operands;
      if (node.op === "stop" && first !== undefined && isValue(first)) return this.value(first);
      if (this.#isCostless(node, value)) return this.#again(node, value);
    }
    const hint = plainName(value);
    return this.#residual(hint, {
      node: position,
      what: value,
      type: value.type,
      scope: [hint],
      inner: value.type.copies.map(() => "*"),
      renamed: renamedAxes(value.type.axes, this.#request.avoided),
    });
  }

  #input(value: Value, position: number): Value {
    const given = this.#f.value(plainName(value), value.type);
    this.#given.push({ value: given, source: { from: "input", position } });
    return given;
  }

  #isCostless(node: OperationNode, value: Value): boolean {
    return costless.has(node.op) || this.#constants.has(value.name) || this.#parts.has(value.name);
  }

  #again(node: OperationNode, value: Value): Value {
    const results = new Map(
      node.results.map((result) => [result.name, this.#f.value(result.name, result.type)]),
    );
    const made = mapValues(
      node,
      (read) => this.value(read),
      (result) => results.get(result.name) ?? result,
    );
    this.#f.append(made);
    return results.get(value.name) ?? value;
  }

  /** A residual of the function a node calls, which this function keeps in turn. */
  residualOf(
    node: CallNode | RepeatNode | ScanNode,
    position: number,
    gradient: FunctionGradient,
    result: number,
  ): Value {
    const key = `${position}:${result}`;
    const known = this.#available.get(key);
    if (known !== undefined) return known;
    const port = gradient.forward.results[result];
    if (port === undefined) throw new Error(`${gradient.forward.name} has no result ${result}.`);
    const type = collectedType(node, port.value.type);
    const scope = residualScope(node);
    const made = this.#residual(camelCase([...scope, ...port.path]), {
      node: position,
      what: result,
      type,
      scope,
      inner: port.path,
      renamed: renamedAxes(type.axes, this.#request.avoided),
    });
    this.#available.set(key, made);
    return made;
  }

  /** Takes a residual, giving axes that were renamed on its way their names back. */
  #residual(hint: string, residual: Residual): Value {
    const { renamed, type } = residual;
    const [shared] = renamed.keys();
    if (shared !== undefined && type.copies.length > 0) {
      throw new Error(`${hint} is kept by scans inside each other that share axis ${shared}.`);
    }
    const axes = type.axes.map(({ name, size }) => ({ name: renamed.get(name) ?? name, size }));
    const value = this.#f.value(hint, { ...type, axes });
    const leaving = { ...residual, type: value.type };
    this.#given.push({ value, source: { from: "residual", residual: leaving } });
    if (renamed.size === 0) return value;
    const names = Object.fromEntries([...renamed].map(([name, fresh]) => [fresh, name]));
    return this.#f.op("rename", [value], { names });
  }

  /**
   * Takes an input with an axis of that size, for the size alone: a parameter, which need not be
   * kept for it, or any input if the axis is open. The main function is handed all its inputs.
   */
  bring(axis: string, size: number, any: boolean): Given | undefined {
    const entries = ({ value }: Port): number =>
      value.type.axes.reduce((count, each) => count * Math.max(each.size, 1), 1);
    const [smallest] = this.#written.inputs
      .filter(({ role }) => any || size === OPEN || role === "parameter")
      .filter(({ value }) =>
        value.type.axes.some((each) => each.name === axis && each.size === size),
      )
      .sort((a, b) => entries(a) - entries(b));
    if (smallest === undefined) return undefined;
    this.value(smallest.value);
    return this.#given.find(({ source }) =>
      source.from === "residual"
        ? source.residual.what === smallest.value
        : source.from === "input" && this.#written.inputs[source.position] === smallest,
    );
  }
}

/** Names of the values that depend on no input of the function. */
function constantsOf(written: GraphFunction): ReadonlySet<string> {
  const found = new Set<string>();
  for (const node of written.nodes) {
    if (node.kind !== "operation") continue;
    const read = node.operands.filter(isValue);
    if (!read.every((operand) => found.has(operand.name))) continue;
    for (const result of node.results) found.add(result.name);
  }
  return found;
}

/** Names of the values that are parts of parameters, states and draws which the backward function is handed. */
function partsOf(written: GraphFunction, kept: readonly number[]): ReadonlySet<string> {
  const read = new Set<string>();
  for (const [position, { role, value }] of written.inputs.entries()) {
    const addressed = role === "parameter" || role === "state" || role === "draw";
    if (addressed && !kept.includes(position)) read.add(value.name);
  }
  const found = new Set<string>();
  for (const node of written.nodes) {
    if (node.kind !== "operation" || !parts.has(node.op)) continue;
    const isPart = (operand: Value) => found.has(operand.name) || read.has(operand.name);
    if (!node.operands.filter(isValue).every(isPart)) continue;
    for (const result of node.results) found.add(result.name);
  }
  return found;
}
