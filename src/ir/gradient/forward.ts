/**
 * Writes the forward function of a function: the same computation, and what its backward function
 * needs of it.
 */
import type { CallNode, GraphFunction, Node, Port, RepeatNode, ScanNode, Value } from "../graph.ts";
import { resultsOf } from "../rewrite.ts";
import { camelCase } from "../words.ts";
import type { FunctionGradient, Residual } from "./pair.ts";
import { collectedType } from "./pair.ts";
import { ResidualPaths, residualScope } from "./residuals.ts";

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
    if (residual.renamed.size === 0) {
      kept.set(residual, value);
      return [];
    }
    const result = { name: fresh(`${value.name}Kept`), type: residual.type };
    kept.set(residual, result);
    const attributes = { names: Object.fromEntries(residual.renamed) };
    return [{ kind: "operation", op: "rename", attributes, operands: [value], results: [result] }];
  };
  const byNode = groupByNode(residuals);
  const of = (node: number): readonly Residual[] => byNode.get(node) ?? [];
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
  const source = written.source ?? written.name;
  return { forward: { ...written, name, kind: "forward", source, nodes, results }, paths };
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

function groupByNode(residuals: readonly Residual[]): ReadonlyMap<number, readonly Residual[]> {
  const groups = new Map<number, Residual[]>();
  for (const residual of residuals) {
    const group = groups.get(residual.node);
    if (group === undefined) groups.set(residual.node, [residual]);
    else group.push(residual);
  }
  return groups;
}

/** Addresses of residuals, those of one call together. */
function addresses(residuals: readonly Residual[]): readonly (readonly string[])[] {
  const paths = new ResidualPaths();
  const found = new Map<Residual, readonly string[]>();
  for (const group of groupByNode(residuals).values()) {
    const own = group.filter((residual) => typeof residual.what !== "number");
    const called = group.filter((residual) => typeof residual.what === "number");
    for (const together of [...own.map((residual) => [residual]), called]) {
      const [first] = together;
      if (first === undefined) continue;
      const inner = together.map((residual) => residual.inner);
      const copies = together.map((residual) => residual.type.copies);
      for (const [position, path] of paths.below(first.scope, inner, copies).entries()) {
        const residual = together[position];
        if (residual !== undefined) found.set(residual, path);
      }
    }
  }
  return residuals.map((residual) => found.get(residual) ?? []);
}
