/**
 * Walks and rewrites nodes: what a node reads and makes, and nodes with other values or numbers in
 * their places.
 */
import type {
  GraphFunction,
  Node,
  NumberBinding,
  Operand,
  OperationNode,
  RepeatNode,
  ScanNode,
  SymbolicNumber,
  Value,
} from "./graph.ts";
import { isSymbolic, isValue, mapNumbers, mentions } from "./symbolic.ts";

/** The operands of a node, in order. */
export function operandsOf(node: Node): readonly Operand[] {
  switch (node.kind) {
    case "operation":
      return node.operands;
    case "call":
    case "repeat":
    case "scan":
      return node.inputs;
    case "stack":
    case "unstack":
    case "probe":
      return [node.input];
    default:
      return node satisfies never;
  }
}

/** The values a node reads, in order. */
export function valuesRead(node: Node): readonly Value[] {
  return operandsOf(node).filter(isValue);
}

/** The values a node makes, in order. */
export function resultsOf(node: Node): readonly Value[] {
  switch (node.kind) {
    case "operation":
    case "call":
    case "repeat":
    case "scan":
      return node.results;
    case "stack":
    case "unstack":
      return [node.result];
    case "probe":
      return [];
    default:
      return node satisfies never;
  }
}

/** The path of a loop's iterations below the address of its function, without their number. */
export function loopScope(node: RepeatNode | ScanNode): readonly string[] {
  return node.scope ?? [node.kind === "repeat" ? node.index : node.axis];
}

/** The function a node calls, if it calls one. */
export function calleeOf(node: Node): string | undefined {
  switch (node.kind) {
    case "call":
    case "repeat":
    case "scan":
      return node.function;
    case "operation":
    case "stack":
    case "unstack":
    case "probe":
      return undefined;
    default:
      return node satisfies never;
  }
}

/** The node with its values replaced, read ones by `read`, made ones by `made`. */
export function mapValues(
  node: Node,
  read: (value: Value) => Value,
  made: (value: Value) => Value = read,
): Node {
  const operand = (each: Operand): Operand => (isValue(each) ? read(each) : each);
  switch (node.kind) {
    case "operation": {
      const parts = { operands: node.operands.map(operand), results: node.results.map(made) };
      return { ...node, ...parts };
    }
    case "call":
    case "repeat":
    case "scan":
      return { ...node, inputs: node.inputs.map(operand), results: node.results.map(made) };
    case "stack":
    case "unstack":
      return { ...node, input: read(node.input), result: made(node.result) };
    case "probe":
      return { ...node, input: operand(node.input) };
    default:
      return node satisfies never;
  }
}

/** The node with each of its symbolic numbers rewritten. */
export function mapNodeNumbers(
  node: Node,
  rewrite: (number: SymbolicNumber) => SymbolicNumber,
): Node {
  const operand = (each: Operand): Operand =>
    isValue(each) ? each : { ...each, constant: rewrite(each.constant) };
  switch (node.kind) {
    case "operation": {
      const attributes = mapNumbers(node.attributes, rewrite);
      return { ...node, attributes, operands: node.operands.map(operand) } as OperationNode;
    }
    case "call":
    case "repeat":
    case "scan": {
      const numbers = node.numbers.map((binding) => ({
        name: binding.name,
        value: isSymbolic(binding.value) ? rewrite(binding.value) : binding.value.map(rewrite),
      }));
      const inputs = node.inputs.map(operand);
      return node.kind === "call"
        ? { ...node, numbers, inputs }
        : { ...node, numbers, inputs, count: rewrite(node.count) };
    }
    case "stack":
    case "unstack":
      return node;
    case "probe":
      return { ...node, input: operand(node.input) };
    default:
      return node satisfies never;
  }
}

/** Names of the number formals that nodes mention. */
export function mentionedFormals(nodes: readonly Node[]): ReadonlySet<string> {
  const found = { axes: new Set<string>(), formals: new Set<string>() };
  for (const node of nodes) {
    mapNodeNumbers(node, (number) => {
      mentions(number.text, found);
      return number;
    });
  }
  return found.formals;
}

/** Those of the bindings that the function has formals for. */
export function bindingsFor(
  callee: GraphFunction,
  bindings: readonly NumberBinding[],
): readonly NumberBinding[] {
  const wanted = new Set(callee.numbers.map((formal) => formal.name));
  return bindings.filter((binding) => wanted.has(binding.name));
}

/** The function with some of its values called otherwise. */
export function renameValues(
  written: GraphFunction,
  names: ReadonlyMap<string, string>,
): GraphFunction {
  const made = new Map<string, Value>();
  const rename = (value: Value): Value => {
    const known = made.get(value.name);
    if (known !== undefined) return known;
    const renamed = { ...value, name: names.get(value.name) ?? value.name };
    made.set(value.name, renamed);
    return renamed;
  };
  return {
    ...written,
    inputs: written.inputs.map((port) => ({ ...port, value: rename(port.value) })),
    nodes: written.nodes.map((node) => mapValues(node, rename)),
    results: written.results.map((port) => ({ ...port, value: rename(port.value) })),
  };
}
