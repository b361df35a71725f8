/**
 * What a plan needs of memory when the onnx engine runs it: the buffers that ONNX Runtime gives the
 * nodes of the lowered graph, as its allocation planner does.
 *
 * A result that may take the place of an operand which nobody reads later does so. Otherwise it
 * takes the latest freed buffer of its own shape and element size, else a new one. A buffer is held
 * from its first user to its last, also while nobody uses it in between.
 */
import type { Plan } from "../plan.ts";
import { planMemory } from "../planner.ts";
import type { Footprint } from "../planning-run.ts";
import { lowerPlan } from "./compile.ts";
import { bytesOfElement, type GraphProto, type NodeProto, type TensorProto } from "./model.ts";
import { type ResultType, resultTypes } from "./result-types.ts";
import { product, sameOrder } from "./shapes.ts";
import { isRunnable } from "./table.ts";

/**
 * Most bytes of buffers at once; undefined for a plan that the engine could not run. At the end of a run all results are there twice: the binding
 * copies them out of the session's memory before it frees that.
 */
export function onnxFootprint(plan: Plan): Footprint | undefined {
  if (!isRunnable(plan)) return undefined;
  const { constantBytes, outputBytes } = planMemory(plan, { realBytes: 4 });
  const lowered = lowerPlan(plan);
  const peakBytes = lowered.graph === undefined ? 0 : graphMemory(lowered.graph).peakBytes;
  return { constantBytes, runBytes: Math.max(peakBytes, 2 * outputBytes) };
}

/** The types of all values of a finished graph by name, and the most bytes of its buffers at once. */
export function graphMemory(graph: GraphProto): {
  readonly types: ReadonlyMap<string, ResultType>;
  readonly peakBytes: number;
} {
  const given = new Map(
    graph.inputs.map(({ name, element, dims = [] }) => [name, { element, dims }]),
  );
  const memory = new GraphMemory(given, new Map());
  const { peakBytes } = memory.run(inOrder(graph));
  return { types: memory.types, peakBytes };
}

/** The graph with its nodes as they run: `GraphWriter` gives them from the last to the first. */
function inOrder(graph: GraphProto): GraphProto {
  return { ...graph, nodes: graph.nodes.toReversed() };
}

/** Operators whose result shows the entries of their first operand. */
const VIEWS: ReadonlySet<string> = new Set(["Identity", "Reshape"]);

/** Operators whose result may take the place of an operand of its size. */
const IN_PLACE: ReadonlySet<string> = new Set([
  ...["Add", "Cast", "Div", "Exp", "Floor", "Log", "Mul", "Neg", "Reciprocal", "Relu", "Sigmoid"],
  ...["Sqrt", "Sub", "Tanh"],
]);

/** Memory that values take turns in; undefined for what the caller or the session holds. */
interface Buffer {
  readonly type: ResultType;
  readonly bytes: number;
  readonly from: number;
  to: number;
  /** Uses by later nodes of the values that are in it now. */
  uses: number;
}

class GraphMemory {
  readonly #types: Map<string, ResultType>;
  readonly #constants: Map<string, TensorProto>;
  readonly #buffers = new Map<string, Buffer>();
  readonly #all: Buffer[] = [];
  /** Buffers that nobody uses, the latest freed first. */
  readonly #free: Buffer[] = [];

  constructor(types: ReadonlyMap<string, ResultType>, constants: ReadonlyMap<string, TensorProto>) {
    this.#types = new Map(types);
    this.#constants = new Map(constants);
  }

  get types(): ReadonlyMap<string, ResultType> {
    return this.#types;
  }

  /** Types of the graph's results, and the most bytes of its buffers at once. */
  run(graph: GraphProto): { readonly results: readonly ResultType[]; readonly peakBytes: number } {
    for (const constant of graph.initializers) {
      this.#constants.set(constant.name, constant);
      this.#types.set(constant.name, constant);
    }
    const { nodes } = graph;
    const uses = useCounts(nodes);
    const lasting = new Set(graph.outputs.map(({ name }) => name));
    const inner = nodes.map((node, i) => this.#place(node, i, uses, lasting));
    for (const name of lasting) this.#hold(name, nodes.length);

    const change = new Array<number>(nodes.length + 2).fill(0);
    for (const { from, to, bytes } of this.#all) {
      change[from] = (change[from] ?? 0) + bytes;
      change[to + 1] = (change[to + 1] ?? 0) - bytes;
    }
    let alive = 0;
    const peakBytes = inner.reduce((peak, extra, i) => {
      alive += change[i] ?? 0;
      return Math.max(peak, alive + extra);
    }, 0);
    const results = graph.outputs.map(({ name }) => this.#types.get(name) as ResultType);
    return { results, peakBytes };
  }

  /** Gives a node's results their buffers; the bytes that graphs inside it need meanwhile. */
  #place(
    node: NodeProto,
    at: number,
    uses: ReadonlyMap<string, number>,
    lasting: ReadonlySet<string>,
  ): number {
    let inner = 0;
    const known = { types: this.#types, constants: this.#constants };
    const types = resultTypes(node, known, (body) => {
      const { results, peakBytes } = this.#inside(node, body);
      inner = Math.max(inner, peakBytes);
      return results;
    });
    node.outputs.forEach((name, i) => {
      const type = types[i];
      if (name === "" || type === undefined) return;
      this.#types.set(name, type);
      const buffer = lasting.has(name) ? this.#fresh(type, at) : this.#bufferFor(node, type, at);
      if (buffer === undefined) return;
      // The caller is one more user of a result.
      buffer.uses += (uses.get(name) ?? 0) + (lasting.has(name) ? 1 : 0);
      buffer.to = at;
      this.#buffers.set(name, buffer);
    });
    for (const name of readBy(node)) {
      const buffer = this.#buffers.get(name);
      if (buffer === undefined) continue;
      buffer.uses -= 1;
      buffer.to = Math.max(buffer.to, at);
      if (buffer.uses === 0) this.#free.unshift(buffer);
    }
    return inner;
  }

  #inside(node: NodeProto, body: GraphProto) {
    const types = new Map(this.#types);
    if (node.op === "Scan") {
      body.inputs.forEach(({ name, element, dims = [] }) => {
        types.set(name, { element, dims });
      });
    }
    return new GraphMemory(types, this.#constants).run(body);
  }

  #bufferFor(node: NodeProto, type: ResultType, at: number): Buffer | undefined {
    const [first = ""] = node.inputs;
    if (VIEWS.has(node.op)) return this.#buffers.get(first);
    if (IN_PLACE.has(node.op)) {
      const operand = node.inputs.find((name) => this.#yields(name, type, node));
      if (operand !== undefined) return this.#buffers.get(operand);
    }
    const freed = this.#free.findIndex((buffer) => sameSize(buffer.type, type));
    return freed < 0 ? this.#fresh(type, at) : this.#free.splice(freed, 1)[0];
  }

  /** Whether nobody but this node reads what is in the operand's buffer, which has the result's size. */
  #yields(name: string, type: ResultType, node: NodeProto): boolean {
    const buffer = this.#buffers.get(name);
    const own = node.inputs.filter((each) => this.#buffers.get(each) === buffer).length;
    const operand = this.#types.get(name);
    return (
      buffer !== undefined &&
      buffer.uses === own &&
      operand !== undefined &&
      sameSize(operand, type)
    );
  }

  #fresh(type: ResultType, at: number): Buffer {
    const bytes = product(type.dims) * bytesOfElement(type.element);
    const buffer = { type, bytes, from: at, to: at, uses: 0 };
    this.#all.push(buffer);
    return buffer;
  }

  #hold(name: string, to: number): void {
    const buffer = this.#buffers.get(name);
    if (buffer !== undefined) buffer.to = to;
  }
}

function sameSize(a: ResultType, b: ResultType): boolean {
  return sameOrder(a.dims, b.dims) && bytesOfElement(a.element) === bytesOfElement(b.element);
}

/** How often the values of a graph are read. */
function useCounts(nodes: readonly NodeProto[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    for (const name of readBy(node)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** The values that a node reads, those of graphs inside it among them. */
function readBy(node: NodeProto): readonly string[] {
  const bodies = Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === "graph" ? [attribute.value] : [],
  );
  const inner = bodies.flatMap((body) => [
    ...body.nodes.flatMap(readBy),
    ...body.outputs.map(({ name }) => name),
  ]);
  return [...node.inputs, ...new Set(inner)];
}
