/**
 * Writes the forward function of a function: the same computation, and what its backward function
 * needs of it.
 */
import type { CallNode, GraphFunction, Node, Port, RepeatNode, ScanNode, Value } from "../graph.ts";
import { resultsOf } from "../rewrite.ts";
import type { FunctionGradient, Residual } from "./pair.ts";
import { collectedType } from "./pair.ts";
import { camelCase, ResidualPaths, residualScope } from "./residuals.ts";

/**
 * The function with the given residuals, in their order, as further results, calling the forward
 * functions of those nodes whose gradient is taken. `forward` is undefined where the function
 * serves as it is. `paths` are those of the residuals.
 */
export function writeForward(
  written: GraphFunction,
  residuals: readonly Residual[],
  called: ReadonlyMap<number, FunctionGradient>,
): {
  readonly forward: GraphFunction | undefined;
  readonly paths: readonly (readonly string[])[];
} {
  const paths = addresses(residuals);
  const names = new Set([
    ...written.inputs.map((port) => port.value.name),
    ...written.nodes.flatMap((node) => resultsOf(node).map((result) => result.name)),
  ]);
  const fresh = (hint: string): string => {
    let name = hint;
    for (let count = 2; names.has(name); count++) name = `${hint}${count}`;
    names.add(name);
    return name;
  };
  const kept = new Map<Residual, Value>();
  const rename = (residual: Residual, value: Value): readonly Node[] => {
    if (Object.keys(residual.renamed).length === 0) {
      kept.set(residual, value);
      return [];
    }
    const result = { name: fresh(`${value.name}Kept`), type: residual.type };
    kept.set(residual, result);
    const attributes = { names: residual.renamed };
    return [{ kind: "operation", op: "rename", attributes, operands: [value], results: [result] }];
  };
  const of = (node: number): readonly Residual[] =>
    residuals.filter((residual) => residual.node === node);
  const own = (residual: Residual): readonly Node[] =>
    typeof residual.what === "number" ? [] : rename(residual, residual.what);
  const nodes: Node[] = of(-1).flatMap(own);
  let changed = residuals.length > 0;
  for (const [position, node] of written.nodes.entries()) {
    const gradient = called.get(position);
    if (gradient === undefined || !callsFunction(node)) {
      nodes.push(node, ...of(position).flatMap(own));
      continue;
    }
    changed ||= gradient.forward.name !== node.function;
    const extra = gradient.forward.results.slice(node.results.length);
    const values = extra.map((port) => ({
      name: fresh(camelCase([...residualScope(node), ...port.path])),
      type: collectedType(node, port.value.type),
    }));
    nodes.push(withResiduals(node, gradient.forward.name, values));
    for (const residual of of(position)) {
      if (typeof residual.what !== "number") nodes.push(...own(residual));
      else {
        const value = values[residual.what - node.results.length];
        if (value !== undefined) nodes.push(...rename(residual, value));
      }
    }
  }
  if (!changed) return { forward: undefined, paths };
  const ports = residuals.map((residual, position): Port => {
    const value = kept.get(residual);
    if (value === undefined) throw new Error(`Nothing makes a residual of ${written.name}.`);
    return { value, role: "residual", path: paths[position] ?? [], struct: "own" };
  });
  const name = `${written.name}Forward`;
  const results = [...written.results, ...ports];
  return { forward: { ...written, name, kind: "forward", nodes, results }, paths };
}

function callsFunction(node: Node): node is CallNode | RepeatNode | ScanNode {
  return node.kind === "call" || node.kind === "repeat" || node.kind === "scan";
}

function withResiduals(
  node: CallNode | RepeatNode | ScanNode,
  forward: string,
  values: readonly Value[],
): Node {
  const results = [...node.results, ...values];
  if (node.kind === "call") return { ...node, function: forward, results };
  const collecting = [...node.collecting, ...values.map(() => "stacked" as const)];
  return { ...node, function: forward, results, collecting };
}

/** Addresses of residuals, those of one call together. */
function addresses(residuals: readonly Residual[]): readonly (readonly string[])[] {
  const paths = new ResidualPaths();
  const found = new Map<Residual, readonly string[]>();
  for (const residual of residuals) {
    if (found.has(residual)) continue;
    const group =
      typeof residual.what === "number"
        ? residuals.filter((each) => each.node === residual.node && typeof each.what === "number")
        : [residual];
    const below = paths.below(
      residual.scope,
      group.map((each) => each.inner),
    );
    for (const [position, each] of group.entries()) found.set(each, below[position] ?? []);
  }
  return residuals.map((residual) => found.get(residual) ?? []);
}
