/**
 * What is taken over the batch under `when training` may reach no state (rule R14): a stream's memory is its own, and the first sweep of
 * memory replay, which works out the states, would have to run what only the losses need.
 */
import type { Span } from "../../parser/tree.ts";
import { positions } from "../gradient/positions.ts";
import type {
  CallNode,
  Graph,
  GraphFunction,
  Node,
  Operand,
  RepeatNode,
  ScanNode,
} from "../graph.ts";
import { operandsOf, resultsOf } from "../rewrite.ts";
import { isValue } from "../symbolic.ts";
import { originKey } from "./checker.ts";
import type { Declaration } from "./declaration.ts";
import { problem, type Report } from "./problem.ts";

/** Reports each operation over the batch through which a state would see other examples. */
export function refuseBatchInStates(
  graph: Graph,
  overBatch: ReadonlyMap<string, Span>,
  declarations: readonly Declaration[],
  report: Report,
): void {
  if (overBatch.size === 0) return;
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error(`The graph has no function ${graph.main}.`);
  const reached = new Reach(graph, overBatch).of(main, []);
  const spans = new Map(declarations.map(({ path, span }) => [path.join("."), span]));
  for (const [position, source] of reached) {
    const port = main.results[position];
    if (port?.role !== "next" || typeof source === "number") continue;
    const state = port.path.join(".");
    const declared = spans.get(state);
    const message = `This is taken over the batch and reaches the state ${state}, which every example has for itself.`;
    const notes = declared === undefined ? [] : [{ message: "The state.", span: declared }];
    const help = "Write the state with what does not see other examples.";
    report.add(problem("MEM0156", source, message, { notes, help }).diagnostic);
  }
}

/** Where a value comes from: an operation over the batch, or the input at a position that does. */
type Source = Span | number;

/** What depends on operations over the batch, with one of these for each. */
class Reach {
  readonly #graph: Graph;
  readonly #overBatch: ReadonlyMap<string, Span>;
  readonly #known = new Map<string, ReadonlyMap<number, Source>>();

  constructor(graph: Graph, overBatch: ReadonlyMap<string, Span>) {
    this.#graph = graph;
    this.#overBatch = overBatch;
  }

  /** Positions of the results of a function that depend on the batch, if the inputs at these positions do. */
  of(called: GraphFunction, inputs: readonly number[]): ReadonlyMap<number, Source> {
    const key = `${called.name} ${inputs.join(" ")}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const values = new Map<string, Source>();
    for (const position of inputs) {
      const port = called.inputs[position];
      if (port !== undefined) values.set(port.value.name, position);
    }
    for (const node of called.nodes) this.#visit(node, values);
    const found = new Map<number, Source>();
    called.results.forEach(({ value }, position) => {
      const source = values.get(value.name);
      if (source !== undefined) found.set(position, source);
    });
    this.#known.set(key, found);
    return found;
  }

  #visit(node: Node, values: Map<string, Source>): void {
    if (node.kind === "call" || node.kind === "repeat" || node.kind === "scan") {
      const sources = new Map<number, Source>();
      node.inputs.forEach((input, position) => {
        const source = sourceOf(input, values);
        if (source !== undefined) sources.set(position, source);
      });
      for (const [position, source] of this.#results(node, sources)) {
        const result = node.results[position];
        if (result !== undefined) values.set(result.name, source);
      }
      return;
    }
    const own =
      node.kind === "operation" && node.origin && this.#overBatch.get(originKey(node.origin));
    const source =
      own ||
      operandsOf(node)
        .map((operand) => sourceOf(operand, values))
        .find((each) => each !== undefined);
    if (source === undefined) return;
    for (const { name } of resultsOf(node)) values.set(name, source);
  }

  /** Results of a call or loop by the sources of its inputs, which a loop carries on from one iteration to the next. */
  #results(
    node: CallNode | RepeatNode | ScanNode,
    sources: Map<number, Source>,
  ): ReadonlyMap<number, Source> {
    const called = this.#graph.functions.get(node.function);
    if (called === undefined) throw new Error(`The graph has no function ${node.function}.`);
    const entering =
      node.kind === "call" ? [] : positions(node.passing, (passing) => passing === "carried");
    const leaving =
      node.kind === "call" ? [] : positions(node.collecting, (each) => each === "carried");
    for (;;) {
      const inside = this.of(
        called,
        [...sources.keys()].sort((a, b) => a - b),
      );
      const results = new Map(
        [...inside].flatMap(([position, source]) => {
          const outer = typeof source === "number" ? sources.get(source) : source;
          return outer === undefined ? [] : [[position, outer] as const];
        }),
      );
      const before = sources.size;
      for (const [turn, input] of entering.entries()) {
        const carried = results.get(leaving[turn] ?? -1);
        if (carried !== undefined && !sources.has(input)) sources.set(input, carried);
      }
      if (sources.size === before) return results;
    }
  }
}

const sourceOf = (operand: Operand, values: ReadonlyMap<string, Source>): Source | undefined =>
  isValue(operand) ? values.get(operand.name) : undefined;
