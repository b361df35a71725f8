/** Puts the two halves of a function together once the backward one is written. */
import type {
  GraphFunction,
  Node,
  NumberBinding,
  NumberFormal,
  Port,
  SymbolicNumber,
} from "../graph.ts";
import { calleeOf, mentionedFormals, resultsOf, valuesRead } from "../rewrite.ts";
import { groundSizes } from "../sizes.ts";
import { formal } from "../symbolic.ts";
import type { Define } from "./cotangents.ts";
import { writeForward } from "./forward.ts";
import type { ForwardValues } from "./forward-values.ts";
import type { BackwardInput, FunctionGradient, Given } from "./pair.ts";

/** What the reverse walk has come to. */
export interface Walked {
  readonly written: GraphFunction;
  /** The backward function, its inputs not listed yet. */
  readonly backward: GraphFunction;
  readonly values: ForwardValues;
  readonly cotangents: readonly { readonly given: Given; readonly port: Port }[];
  /** Gradients taken of the functions that nodes call, by the nodes' positions. */
  readonly called: ReadonlyMap<number, FunctionGradient>;
  readonly gradients: readonly number[];
  /** Whether nothing calls the function: it is the main one. */
  readonly outermost: boolean;
}

/**
 * Drops what nothing needs, lists the backward function's inputs, and writes the forward function
 * that returns those of them that are residuals.
 */
export function assemble(walked: Walked, define: Define): FunctionGradient {
  const { written, values, cotangents, called, gradients } = walked;
  const live = { ...walked.backward, nodes: liveNodes(walked.backward) };
  const used = new Set([
    ...live.nodes.flatMap((node) => valuesRead(node).map((value) => value.name)),
    ...live.results.map((port) => port.value.name),
  ]);
  const given = [
    ...values.given.filter(({ value }) => used.has(value.name)),
    ...cotangents.map((each) => each.given),
  ];
  const sizes = new AskedSizes(written);
  const nodes = groundSizes(live.nodes, given, {
    written,
    bring: (axis, size) => {
      const brought = values.bring(axis, size, walked.outermost);
      if (brought !== undefined) given.push(brought);
      return brought;
    },
    ask: (axis, size) => (walked.outermost ? undefined : sizes.ask(axis, size)),
  });
  given.sort(inOrder);
  const residuals = given.flatMap(({ source }) =>
    source.from === "residual" ? [source.residual] : [],
  );
  const { forward, paths } = writeForward(written, residuals, called);
  const leaving = paths.values();
  const ports = given.map((each): Port => {
    const { value, source } = each;
    switch (source.from) {
      case "input":
        return { ...portAt(written.inputs, source.position), value };
      case "cotangent":
        return portAt(
          cotangents.filter((cotangent) => cotangent.given === each).map(({ port }) => port),
          0,
        );
      case "residual":
        return { value, role: "residual", path: leaving.next().value ?? [], struct: "own" };
      default:
        return source satisfies never;
    }
  });
  const mentioned = mentionedFormals(nodes);
  const numbers = [...written.numbers, ...sizes.formals].filter(({ name }) => mentioned.has(name));
  const backward = define({
    ...live,
    numbers,
    inputs: ports,
    nodes,
  });
  return {
    forward: forward === undefined ? written : define(forward),
    backward,
    inputs: sourcesOf(given, written.results.length),
    gradients,
    sizes: sizes.bindings.filter(({ name }) => mentioned.has(name)),
  };
}

/** Number formals of a backward function for sizes of inputs of the forward one that it is not handed. */
class AskedSizes {
  readonly #written: GraphFunction;
  readonly #asked: {
    readonly axis: string;
    readonly number: SymbolicNumber;
    readonly name: string;
  }[] = [];

  constructor(written: GraphFunction) {
    this.#written = written;
  }

  get formals(): readonly NumberFormal[] {
    return this.#asked.map(({ name, number: { value } }) => ({ name, value }));
  }

  /** Their values where the function is called: sizes of what goes into it there. */
  get bindings(): readonly NumberBinding[] {
    return this.#asked.map(({ name, axis, number: { value } }) => ({
      name,
      value: { value, text: { kind: "axis", name: axis } },
    }));
  }

  ask(axis: string, size: number): SymbolicNumber | undefined {
    const known = this.#asked.find((each) => each.axis === axis && each.number.value === size);
    if (known !== undefined) return known.number;
    const has = this.#written.inputs.some(({ value: { type } }) =>
      type.axes.some((each) => each.name === axis && each.size === size),
    );
    if (!has) return undefined;
    const taken = new Set([...this.#written.numbers, ...this.formals].map(({ name }) => name));
    let name = axis;
    for (let count = 2; taken.has(name); count++) name = `${axis}${count}`;
    const number = formal(name, size);
    this.#asked.push({ axis, number, name });
    return number;
  }
}

/** Inputs as the forward function has them, residuals as they are made, then cotangents. */
function inOrder(left: Given, right: Given): number {
  const rank = { input: 0, residual: 1, cotangent: 2 } as const;
  const [a, b] = [left.source, right.source];
  if (a.from !== b.from) return rank[a.from] - rank[b.from];
  if (a.from !== "residual" && b.from !== "residual") return a.position - b.position;
  if (a.from !== "residual" || b.from !== "residual") return 0;
  const place = ({ residual }: typeof a): number =>
    typeof residual.what === "number" ? residual.what : 0;
  return a.residual.node - b.residual.node || place(a) - place(b);
}

function sourcesOf(given: readonly Given[], plainResults: number): readonly BackwardInput[] {
  let residual = plainResults;
  return given.map(({ source }) =>
    source.from === "residual"
      ? { from: "residual", position: residual++ }
      : { from: source.from, position: source.position },
  );
}

/** The nodes that results and probes need; calls stay, since they may hold probes. */
function liveNodes(written: GraphFunction): readonly Node[] {
  const needed = new Set(written.results.map((port) => port.value.name));
  const live: Node[] = [];
  for (const node of [...written.nodes].reverse()) {
    const always = node.kind === "probe" || calleeOf(node) !== undefined;
    if (!always && !resultsOf(node).some((result) => needed.has(result.name))) continue;
    live.push(node);
    for (const value of valuesRead(node)) needed.add(value.name);
  }
  return live.reverse();
}

function portAt(ports: readonly Port[], position: number): Port {
  const port = ports[position];
  if (port === undefined) throw new Error(`There is no port ${position}.`);
  return port;
}
