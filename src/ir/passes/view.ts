/** What patterns ask of a function: who makes a value, and who reads it. */
import type { OpName } from "../../ops/index.ts";
import type { GraphFunction, Node, Operand, OperationNode, Port, Value } from "../graph.ts";
import { resultsOf, valuesRead } from "../rewrite.ts";
import { isConstant } from "../symbolic.ts";

/** The node of one operation. */
export type NodeOf<Name extends OpName> = Extract<OperationNode, { readonly op: Name }>;

export class FunctionView {
  readonly #makers = new Map<string, Node>();
  /** Nodes that read a value; `undefined` stands for the function's results. */
  readonly #readers = new Map<string, Set<Node | undefined>>();
  readonly #inputs: ReadonlyMap<string, Port>;

  constructor(written: GraphFunction) {
    this.#inputs = new Map(written.inputs.map((port) => [port.value.name, port]));
    for (const node of written.nodes) {
      for (const value of resultsOf(node)) this.#makers.set(value.name, node);
      for (const value of valuesRead(node)) this.#note(value, node);
    }
    for (const port of written.results) this.#note(port.value, undefined);
  }

  /** The node that makes an operand if it is of this operation and has one result. */
  made<Name extends OpName>(operand: Operand | undefined, op: Name): NodeOf<Name> | undefined {
    if (operand === undefined || isConstant(operand)) return undefined;
    const node = this.#makers.get(operand.name);
    if (node?.kind !== "operation" || node.op !== op || node.results.length !== 1) return undefined;
    return node as NodeOf<Name>;
  }

  /** The function's input that an operand is. */
  input(operand: Operand | undefined): Port | undefined {
    return operand === undefined || isConstant(operand)
      ? undefined
      : this.#inputs.get(operand.name);
  }

  /** Whether all that reads the results of these nodes is among them or is `root`: nothing else misses them. */
  onlyFor(root: Node, nodes: readonly Node[]): boolean {
    return nodes.every((node) =>
      resultsOf(node).every((value) => {
        const readers = [...(this.#readers.get(value.name) ?? [])];
        return readers.every(
          (reader) => reader !== undefined && (reader === root || nodes.includes(reader)),
        );
      }),
    );
  }

  #note(value: Value, reader: Node | undefined): void {
    const readers = this.#readers.get(value.name) ?? new Set();
    this.#readers.set(value.name, readers.add(reader));
  }
}

/** The two operands of a commutative node, in both orders. */
export function bothWays(node: OperationNode): readonly (readonly [Operand, Operand])[] {
  const [left, right] = node.operands;
  if (left === undefined || right === undefined || node.operands.length !== 2) return [];
  return [
    [left, right],
    [right, left],
  ];
}

/** Whether two operands are one value. */
export function sameOperand(left: Operand | undefined, right: Operand | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (isConstant(left) || isConstant(right)) {
    if (!isConstant(left) || !isConstant(right) || left.kind !== right.kind) return false;
    return Object.is(left.constant.value, right.constant.value);
  }
  return left.name === right.name;
}

export const hasAxis = (operand: Operand, name: string): boolean =>
  !isConstant(operand) && operand.type.axes.some((axis) => axis.name === name);
