/**
 * Runs a function of the graph on host tensors in float64, node by node, with the evaluation rules
 * of the op table. It is the meaning of a graph, executable: the compiler never runs it, and the
 * tests of the checker, of gradients, passes and generated code (`test/ir`, `test/codegen`) compare
 * with it.
 */
import type { HostTensor, OpName } from "../ops/index.ts";
import { evaluate, OPEN, scalar, zeros } from "../ops/index.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  RepeatNode,
  ScanNode,
  ValueType,
} from "./graph.ts";
import { loopScope } from "./rewrite.ts";
import { isConstant, plainAttributes } from "./symbolic.ts";

/**
 * A tensor, or an array of them for a value with copies: the outermost level of copies is the
 * outermost array.
 */
export type HostValue = HostTensor | readonly HostValue[];

export interface Probed {
  readonly value: ReadonlyMap<string, HostValue>;
  readonly gradient: ReadonlyMap<string, HostValue>;
}

export interface Interpretation {
  /** In the order of the function's results. */
  readonly results: readonly HostValue[];
  /** What probes saw, by address: `layer[2].attention.scores`; in a scan over T, `T[5].count`. */
  readonly probes: Probed;
}

/**
 * Runs function `name` of the graph on one value for each of its inputs, in order; axes may come in
 * any order. Open axes get the sizes of the inputs'. Throws an Error where the inputs do not fit,
 * OpError where an operation refuses its operands.
 */
export function interpret(
  graph: Graph,
  name: string,
  inputs: readonly HostValue[],
): Interpretation {
  const probes = { value: new Map<string, HostValue>(), gradient: new Map<string, HostValue>() };
  return { results: new Interpreter(graph, probes).run(name, inputs, ""), probes };
}

/** The values of one call of a function, and the sizes of its open axes. */
interface Frame {
  readonly address: string;
  readonly values: Map<string, HostValue>;
  readonly open: Map<string, number>;
}

class Interpreter {
  readonly #graph: Graph;
  readonly #probes: { readonly [Of in keyof Probed]: Map<string, HostValue> };

  constructor(graph: Graph, probes: { readonly [Of in keyof Probed]: Map<string, HostValue> }) {
    this.#graph = graph;
    this.#probes = probes;
  }

  run(name: string, inputs: readonly HostValue[], address: string): readonly HostValue[] {
    const called = this.#graph.functions.get(name);
    if (called === undefined) throw new Error(`The graph has no function ${name}.`);
    if (inputs.length !== called.inputs.length) {
      throw new Error(`${name} takes ${called.inputs.length} inputs, not ${inputs.length}.`);
    }
    const frame: Frame = { address, values: new Map(), open: new Map() };
    bind(frame, inputsOf(called), inputs);
    for (const node of called.nodes) this.#runNode(node, frame);
    return called.results.map((port) => read(frame, port.value));
  }

  #runNode(node: Node, frame: Frame): void {
    switch (node.kind) {
      case "operation":
        bind(frame, node.results, runOperation(node, frame));
        return;
      case "call": {
        const inputs = node.inputs.map((operand) => read(frame, operand));
        const scope = node.scope.reduce(below, frame.address);
        bind(frame, node.results, this.run(node.function, inputs, scope));
        return;
      }
      case "repeat":
      case "scan":
        bind(frame, node.results, this.#runLoop(node, frame));
        return;
      case "stack":
        bind(
          frame,
          [node.result],
          [stack(frame, read(frame, node.input), node.axis, node.result.type)],
        );
        return;
      case "unstack": {
        const input = read(frame, node.input);
        const count = node.result.type.copies[0] ?? 0;
        const entries = Array.from({ length: count }, (_, entry) =>
          entryOf(input, node.axis, entry),
        );
        bind(frame, [node.result], [entries]);
        return;
      }
      case "probe":
        this.#probes[node.of].set(below(frame.address, node.name), read(frame, node.input));
        return;
      default:
        node satisfies never;
    }
  }

  #runLoop(node: RepeatNode | ScanNode, frame: Frame): readonly HostValue[] {
    const given = node.inputs.map((operand) => read(frame, operand));
    const count = node.count.value;
    const name = loopScope(node).join(".");
    const turns: (readonly HostValue[])[] = [];
    let carried = given.filter((_, position) => node.passing[position] === "carried");
    for (let turn = 0; turn < count; turn++) {
      const iteration = node.reversed ? count - 1 - turn : turn;
      const entering = carried.values();
      const inputs = given.map((value, position) => {
        switch (node.passing[position]) {
          case "carried":
            return entering.next().value ?? value;
          case "stacked":
            return node.kind === "scan"
              ? entryOf(value, node.axis, iteration)
              : copyOf(value, iteration);
          default:
            return value;
        }
      });
      const address = below(frame.address, `${name}[${iteration}]`);
      const results = this.run(node.function, inputs, address);
      carried = results.filter((_, position) => node.collecting[position] === "carried");
      turns.push(results);
    }
    return collect(node, frame, turns, carried);
  }
}

/** The results of a loop from those of its turns, in the order they ran. */
function collect(
  node: RepeatNode | ScanNode,
  frame: Frame,
  turns: readonly (readonly HostValue[])[],
  carried: readonly HostValue[],
): readonly HostValue[] {
  const leaving = carried.values();
  return node.results.map((value, position) => {
    const found = turns.map((results) => elementOf(results, position));
    switch (node.collecting[position]) {
      case "carried":
        return leaving.next().value ?? zeroOf(frame, value.type);
      case "stacked": {
        const inOrder = node.reversed ? found.reverse() : found;
        return node.kind === "scan" ? stack(frame, inOrder, node.axis, value.type) : inOrder;
      }
      default:
        return found.length === 0 ? zeroOf(frame, value.type) : found.reduce(sum);
    }
  });
}

function inputsOf(called: GraphFunction): readonly { name: string; type: ValueType }[] {
  return called.inputs.map((port) => port.value);
}

/** Gives values their contents, checking axes against types and noting the sizes of open ones. */
function bind(
  frame: Frame,
  values: readonly { readonly name: string; readonly type: ValueType }[],
  given: readonly HostValue[],
): void {
  for (const [position, value] of values.entries()) {
    const bound = elementOf(given, position);
    check(frame, value, bound);
    frame.values.set(value.name, bound);
  }
}

function check(
  frame: Frame,
  { name, type }: { readonly name: string; readonly type: ValueType },
  bound: HostValue,
): void {
  if (!isTensor(bound)) {
    const [first] = bound;
    if (first !== undefined) {
      check(frame, { name, type: { ...type, copies: type.copies.slice(1) } }, first);
    }
    return;
  }
  for (const { name: axis, size } of type.axes) {
    const found = bound.type.axes.find((candidate) => candidate.name === axis)?.size;
    const wanted = size === OPEN ? (frame.open.get(axis) ?? found) : size;
    if (found === undefined || found !== wanted || bound.type.axes.length !== type.axes.length) {
      const axes = bound.type.axes.map((each) => `${each.name}=${each.size}`).join(", ");
      throw new Error(`${name} should have ${axis}=${wanted ?? "any"}, but is [${axes}].`);
    }
    if (size === OPEN) frame.open.set(axis, found);
  }
}

function read(frame: Frame, operand: Operand): HostValue {
  if (isConstant(operand)) return scalar(operand.constant.value, operand.kind);
  const value = frame.values.get(operand.name);
  if (value === undefined) throw new Error(`${operand.name} is read before it is made.`);
  return value;
}

function runOperation(node: OperationNode, frame: Frame): readonly HostTensor[] {
  const operands = node.operands.map((operand) => {
    const value = read(frame, operand);
    if (!isTensor(value)) throw new Error(`${node.op} was given copies.`);
    return value;
  });
  return evaluate<OpName>(node.op, operands, plainAttributes<OpName>(node.attributes, frame.open));
}

function isTensor(value: HostValue): value is HostTensor {
  return "data" in value;
}

function below(address: string, name: string): string {
  return address === "" ? name : `${address}.${name}`;
}

function elementOf(values: readonly HostValue[], position: number): HostValue {
  const value = values[position];
  if (value === undefined) throw new Error(`There is no value ${position} of ${values.length}.`);
  return value;
}

function copyOf(value: HostValue, position: number): HostValue {
  if (isTensor(value)) throw new Error("A tensor has no copies.");
  return elementOf(value, position);
}

/** Entry `position` along an axis, of a tensor or of each copy. */
function entryOf(value: HostValue, axis: string, position: number): HostValue {
  if (!isTensor(value)) return value.map((copy) => entryOf(copy, axis, position));
  const attributes = { axis, start: position, size: 1, into: null };
  return elementOf(evaluate("slice", [value], attributes), 0);
}

/** Puts values along a new axis, those with copies copy by copy. `type` is that of the result. */
function stack(frame: Frame, entries: HostValue, axis: string, type: ValueType): HostValue {
  if (isTensor(entries)) throw new Error("A tensor cannot be stacked.");
  const [levels, ...copies] = type.copies;
  if (levels !== undefined) {
    return Array.from({ length: levels }, (_, copy) => {
      const column = entries.map((entry) => copyOf(entry, copy));
      return stack(frame, column, axis, { ...type, copies });
    });
  }
  if (entries.length === 0) return zeroOf(frame, type);
  const pieces = entries.filter(isTensor);
  const attributes = { pieces: pieces.map(() => null), into: axis };
  return elementOf(evaluate("join", pieces, attributes), 0);
}

function sum(left: HostValue, right: HostValue): HostValue {
  if (isTensor(left) && isTensor(right)) return elementOf(evaluate("add", [left, right], {}), 0);
  if (isTensor(left)) throw new Error("A tensor cannot be added to copies.");
  return left.map((copy, position) => sum(copy, copyOf(right, position)));
}

function zeroOf(frame: Frame, type: ValueType): HostValue {
  const [count, ...copies] = type.copies;
  if (count !== undefined) {
    return Array.from({ length: count }, () => zeroOf(frame, { ...type, copies }));
  }
  const axes = type.axes.map(({ name, size }) => ({
    name,
    size: size === OPEN ? (frame.open.get(name) ?? size) : size,
  }));
  return zeros({ kind: type.kind, axes });
}
