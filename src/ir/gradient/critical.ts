/**
 * The critical path: the part of a segment's computation that the next segment's states need. The
 * first sweep of memory-replay back-propagation runs it alone (Wu et al. 2020, Memformer, algorithm
 * 1).
 */
import { OPEN } from "../../ops/index.ts";
import { FunctionSet } from "../function-set.ts";
import type { Graph, GraphFunction, Node, Port, RepeatNode, ScanNode } from "../graph.ts";
import { printFunction } from "../graph-text.ts";
import { bindingsFor, mentionedFormals, resultsOf, valuesRead } from "../rewrite.ts";
import { groundSizes } from "../sizes.ts";
import { addName } from "./activity.ts";
import { pick, positions, sorted } from "./positions.ts";

/**
 * The main function cut down to its `next` results and the inputs those need, as a graph of its
 * own: results nobody needs, and what computes them, are dropped from every function on the way.
 * Probes are dropped too: the forward function shows them.
 */
export function criticalPath(graph: Graph): Graph {
  const set = new FunctionSet(graph.functions);
  const { name } = criticalFunction(graph, set);
  const { functions, nameOf } = set.finish([name]);
  return { functions, main: nameOf(name) };
}

/** The same, its functions put among others made of the graph. */
export function criticalFunction(graph: Graph, functions: FunctionSet): GraphFunction {
  const main = functions.get(graph.main);
  const wanted = positions(main.results, (port) => port.role === "next");
  return new Slicer(functions).slice(main, wanted, []).sliced;
}

/** A function cut down, and which of the whole one's inputs it still takes. */
interface Slice {
  readonly sliced: GraphFunction;
  readonly inputs: readonly number[];
}

class Slicer {
  readonly functions: FunctionSet;
  readonly #known = new Map<string, Slice>();

  constructor(functions: FunctionSet) {
    this.functions = functions;
  }

  /** Keeps the given results, the inputs they need and the `kept` inputs. */
  slice(whole: GraphFunction, results: readonly number[], kept: readonly number[]): Slice {
    const key = `${whole.name} ${results.join(" ")} / ${kept.join(" ")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const needed = new Set<string>();
    for (const position of results) addName(needed, whole.results[position]?.value);
    const nodes: Node[] = [];
    for (const node of [...whole.nodes].reverse()) {
      if (!resultsOf(node).some((result) => needed.has(result.name))) continue;
      const cut = this.#cut(node, needed);
      nodes.push(cut);
      for (const value of valuesRead(cut)) needed.add(value.name);
    }
    nodes.reverse();
    const taken = new Set([
      ...positions(whole.inputs, (port) => needed.has(port.value.name)),
      ...kept,
    ]);
    const grounded = groundSizes(nodes, pick(whole.inputs, sorted(taken)), {
      written: whole,
      bring: (axis, size) => {
        const position =
          size === OPEN ? whole.inputs.findIndex((port) => hasOpenAxis(port, axis)) : -1;
        if (position >= 0) taken.add(position);
        return whole.inputs[position];
      },
    });
    const inputs = sorted(taken);
    const mentioned = mentionedFormals(grounded);
    const sliced = this.#define(whole, {
      ...whole,
      numbers: whole.numbers.filter((formal) => mentioned.has(formal.name)),
      inputs: pick(whole.inputs, inputs),
      nodes: grounded,
      results: pick(whole.results, results),
    });
    const slice = { sliced, inputs };
    this.#known.set(key, slice);
    return slice;
  }

  #cut(node: Node, needed: ReadonlySet<string>): Node {
    switch (node.kind) {
      case "operation":
      case "stack":
      case "unstack":
      case "probe":
        return node;
      case "call": {
        const results = positions(node.results, (result) => needed.has(result.name));
        const { sliced, inputs } = this.slice(this.functions.get(node.function), results, []);
        return {
          ...node,
          function: sliced.name,
          numbers: bindingsFor(sliced, node.numbers),
          inputs: pick(node.inputs, inputs),
          results: pick(node.results, results),
        };
      }
      case "repeat":
      case "scan":
        return this.#cutLoop(node, needed);
      default:
        return node satisfies never;
    }
  }

  /**
   * A carried value is needed if its last one is, or if a needed result of the next iteration needs
   * it.
   */
  #cutLoop(node: RepeatNode | ScanNode, needed: ReadonlySet<string>): Node {
    const body = this.functions.get(node.function);
    const entering = positions(node.passing, (passing) => passing === "carried");
    const leaving = positions(node.collecting, (collecting) => collecting === "carried");
    const results = new Set(positions(node.results, (result) => needed.has(result.name)));
    for (;;) {
      const turns = positions(leaving, (result) => results.has(result));
      const { sliced, inputs } = this.slice(body, sorted(results), pick(entering, turns));
      const more = positions(entering, (input) => inputs.includes(input));
      if (more.length === turns.length) {
        return {
          ...node,
          function: sliced.name,
          numbers: bindingsFor(sliced, node.numbers),
          inputs: pick(node.inputs, inputs),
          passing: pick(node.passing, inputs),
          collecting: pick(node.collecting, sorted(results)),
          results: pick(node.results, sorted(results)),
        };
      }
      for (const result of pick(leaving, more)) results.add(result);
    }
  }

  /** The whole function if nothing was cut off, else the one with this text. */
  #define(whole: GraphFunction, cut: GraphFunction): GraphFunction {
    if (printFunction(cut) === printFunction(whole)) return whole;
    return this.functions.define({
      ...cut,
      name: `${whole.name}Critical`,
      kind: "critical",
      source: whole.source ?? whole.name,
    });
  }
}

function hasOpenAxis(port: Port, name: string): boolean {
  return port.value.type.axes.some((axis) => axis.name === name && axis.size === OPEN);
}
