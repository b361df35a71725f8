/**
 * What a forward function keeps for its backward function: names, types and addresses of its
 * residuals.
 */
import type { Axis } from "../../ops/index.ts";
import type { GraphFunction, Node } from "../graph.ts";
import { resultsOf } from "../rewrite.ts";

/** Hands out addresses of residuals so that none is below another. */
export class ResidualPaths {
  readonly #taken = new Set<string>();
  /** Beginnings of the addresses taken. */
  readonly #branches = new Set<string>();

  /** Addresses below a scope, which gets a number if one of them would clash. */
  below(scope: readonly string[], inner: readonly (readonly string[])[]): string[][] {
    for (let count = 1; ; count++) {
      const prefix = count === 1 ? scope : numbered(scope, count);
      const paths = inner.map((path) => [...prefix, ...path]);
      if (paths.some((path) => this.#clashes(path))) continue;
      for (const path of paths) this.#take(path);
      return paths;
    }
  }

  #take(path: readonly string[]): void {
    this.#taken.add(textOf(path));
    for (const beginning of beginningsOf(path)) this.#branches.add(beginning);
  }

  #clashes(path: readonly string[]): boolean {
    const text = textOf(path);
    if (this.#taken.has(text) || this.#branches.has(text)) return true;
    return beginningsOf(path).some((beginning) => this.#taken.has(beginning));
  }
}

const textOf = (path: readonly string[]): string => path.join(".");

const beginningsOf = (path: readonly string[]): readonly string[] =>
  path.slice(1).map((_, position) => textOf(path.slice(0, position + 1)));

function numbered(scope: readonly string[], count: number): readonly string[] {
  const last = scope.findLastIndex((segment) => segment !== "*");
  return scope.map((segment, position) => (position === last ? `${segment}${count}` : segment));
}

/**
 * The address of a node's residuals: the call's scope, the repeat's index with `*`, the body of a
 * scan.
 */
export function residualScope(node: Node): readonly string[] {
  switch (node.kind) {
    case "call":
      return node.scope.length > 0 ? node.scope : [node.function];
    case "repeat":
      return [node.index, "*"];
    case "scan":
      return [node.function];
    case "operation":
    case "stack":
    case "unstack":
    case "probe":
      return [];
    default:
      return node satisfies never;
  }
}

/** New names for those of the axes that may not appear, none of them in use: old to new. */
export function renamedAxes(
  axes: readonly Axis[],
  avoided: readonly string[],
): ReadonlyMap<string, string> {
  const used = new Set([...avoided, ...axes.map((axis) => axis.name)]);
  const names = new Map<string, string>();
  for (const { name } of axes) {
    if (!avoided.includes(name)) continue;
    let fresh = `${name}2`;
    for (let count = 3; used.has(fresh); count++) fresh = `${name}${count}`;
    used.add(fresh);
    names.set(name, fresh);
  }
  return names;
}

/** Positions of the nodes that make the values of a function. */
export function producers(written: GraphFunction): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [position, node] of written.nodes.entries()) {
    for (const result of resultsOf(node)) found.set(result.name, position);
  }
  return found;
}
