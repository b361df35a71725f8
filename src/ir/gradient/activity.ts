/**
 * Which values of a function depend, differentiably, on the inputs that gradients are wanted for:
 * the active ones. Ints and flags never are, and operations without a gradient (`stop`, `floor`,
 * comparisons) end it (rule R13).
 */
import type { Graph, GraphFunction, Node, Operand, RepeatNode, ScanNode } from "../graph.ts";
import { isValue, operandType } from "../symbolic.ts";
import { positions, sorted } from "./positions.ts";
import { rules } from "./rules.ts";

export interface Activity {
  /** Names of active values. */
  readonly values: ReadonlySet<string>;
  /** Positions of active results. */
  readonly results: readonly number[];
}

/** Which probes, by their names in a function (`layer.M`), also show gradients. */
export type ProbeChoice = (name: string) => boolean;

export class ActivityAnalysis {
  readonly #graph: Graph;
  /** Whether a real value with a probe of this name counts as one that a gradient is wanted for. */
  readonly #probes: ProbeChoice;
  readonly #known = new Map<string, Activity>();

  constructor(graph: Graph, probes: ProbeChoice) {
    this.#graph = graph;
    this.#probes = probes;
  }

  /** Activity in a function whose inputs at the given positions are active. */
  of(called: GraphFunction, inputs: readonly number[]): Activity {
    const key = `${called.name} ${inputs.join(" ")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const values = new Set<string>();
    for (const position of inputs) {
      const value = called.inputs[position]?.value;
      if (value?.type.kind === "real") values.add(value.name);
    }
    for (const node of called.nodes) this.#seed(node, values);
    for (const node of called.nodes) this.#visit(node, values);
    const results = positions(called.results, (port) => values.has(port.value.name));
    const found = { values, results };
    this.#known.set(key, found);
    return found;
  }

  /** Positions of a node's active operands. */
  operands(operands: readonly Operand[], values: ReadonlySet<string>): readonly number[] {
    return positions(operands, (operand) => isValue(operand) && values.has(operand.name));
  }

  /**
   * Positions of the active inputs of a loop's body: those whose operands are active, and carried
   * ones that become so in some iteration.
   */
  loop(node: RepeatNode | ScanNode, values: ReadonlySet<string>): readonly number[] {
    const body = this.#functionOf(node.function);
    const inputs = positions(node.passing, (passing) => passing === "carried");
    const outputs = positions(node.collecting, (collecting) => collecting === "carried");
    const active = new Set(this.operands(node.inputs, values));
    for (;;) {
      const before = active.size;
      const { results } = this.of(body, sorted(active));
      for (const [turn, input] of inputs.entries()) {
        const output = outputs[turn];
        if (output !== undefined && results.includes(output)) active.add(input);
      }
      if (active.size === before) return sorted(active);
    }
  }

  /** A probed value is active from where it is made; nodes before it are not affected. */
  #seed(node: Node, values: Set<string>): void {
    if (node.kind !== "probe" || node.of !== "value" || !isValue(node.input)) return;
    if (!this.#probes(node.name) || operandType(node.input).kind !== "real") return;
    values.add(node.input.name);
  }

  #visit(node: Node, values: Set<string>): void {
    switch (node.kind) {
      case "operation": {
        if (rules[node.op] === "none") return;
        if (this.operands(node.operands, values).length === 0) return;
        for (const result of node.results) {
          if (result.type.kind === "real") values.add(result.name);
        }
        return;
      }
      case "call": {
        const callee = this.#functionOf(node.function);
        const { results } = this.of(callee, this.operands(node.inputs, values));
        for (const position of results) addName(values, node.results[position]);
        return;
      }
      case "repeat":
      case "scan": {
        const body = this.#functionOf(node.function);
        const inputs = this.loop(node, values);
        const { results } = this.of(body, inputs);
        const initial = positions(node.passing, (passing) => passing === "carried");
        let turn = 0;
        for (const [position, collecting] of node.collecting.entries()) {
          // A loop that runs no iteration returns what it was given.
          const given = collecting === "carried" ? initial[turn++] : undefined;
          const kept = given !== undefined && inputs.includes(given);
          if (kept || results.includes(position)) addName(values, node.results[position]);
        }
        return;
      }
      case "stack":
      case "unstack":
        if (values.has(node.input.name)) values.add(node.result.name);
        return;
      case "probe":
        return;
      default:
        node satisfies never;
    }
  }

  #functionOf(name: string): GraphFunction {
    const found = this.#graph.functions.get(name);
    if (found === undefined) throw new Error(`The graph has no function ${name}.`);
    return found;
  }
}

/** Adds the name of a value, if there is one. */
export function addName(values: Set<string>, value: { readonly name: string } | undefined): void {
  if (value !== undefined) values.add(value.name);
}
