/** Puts the two halves of a function together once the backward one is written. */
import type { GraphFunction, Node, Port } from "../graph.ts";
import { calleeOf, mentionedFormals, resultsOf, valuesRead } from "../rewrite.ts";
import type { Define } from "./cotangents.ts";
import { writeForward } from "./forward.ts";
import type { ForwardValues } from "./forward-values.ts";
import type { BackwardInput, FunctionGradient, Given } from "./pair.ts";
import { groundSizes } from "./sizes.ts";

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
  const nodes = groundSizes(live.nodes, given, (axis, size) => {
    const brought = values.bring(axis, size);
    if (brought !== undefined) given.push(brought);
    return brought;
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
  const backward = define({
    ...live,
    numbers: written.numbers.filter((formal) => mentioned.has(formal.name)),
    inputs: ports,
    nodes,
  });
  return {
    forward: forward === undefined ? written : define(forward),
    backward,
    inputs: sourcesOf(given, written.results.length),
    gradients,
  };
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
