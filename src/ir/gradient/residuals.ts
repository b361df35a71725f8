/**
 * What a forward function keeps for its backward function: names, types and addresses of its
 * residuals.
 */
import type { Axis } from "../../ops/index.ts";
import type { GraphFunction, Node } from "../graph.ts";
import { resultsOf } from "../rewrite.ts";

/**
 * Hands out addresses of residuals so that none is below another, and what comes after each is names or copies, of one
 * count.
 */
export class ResidualPaths {
  readonly #taken = new Set<string>();
  /** Beginnings of the addresses taken, and what comes after them. */
  readonly #branches = new Map<string, string>();

  /**
   * Addresses below a scope, of which those segments get a number that would clash. This ends: a
   * segment is numbered only while an address that contains it is taken, and finitely many are.
   * `copies` are the counts of what has these addresses, one for each "*".
   */
  below(
    scope: readonly string[],
    inner: readonly (readonly string[])[],
    copies: readonly (readonly number[])[] = [],
  ): string[][] {
    const counts = scope.map(() => 1);
    for (;;) {
      const prefix = scope.map((segment, position) => numbered(segment, counts[position] ?? 1));
      const paths = inner.map((path) => [...prefix, ...path]);
      const depths = paths.flatMap((path, i) => this.#clashDepth(path, copies[i] ?? []) ?? []);
      if (depths.length === 0) {
        for (const [i, path] of paths.entries()) this.#take(path, copies[i] ?? []);
        return paths;
      }
      const beginning = scope.slice(0, Math.min(...depths));
      const position = beginning.findLastIndex((segment) => segment !== "*");
      if (position === -1) throw new Error(`No other residual fits below ${textOf(scope)}.`);
      counts[position] = (counts[position] ?? 1) + 1;
    }
  }

  #take(path: readonly string[], copies: readonly number[]): void {
    this.#taken.add(textOf(path));
    for (const [position, beginning] of beginningsOf(path).entries()) {
      this.#branches.set(beginning, kindAfter(path, position, copies));
    }
  }

  /** How many segments of the path make the address that clashes, if one does. */
  #clashDepth(path: readonly string[], copies: readonly number[]): number | undefined {
    const clash = beginningsOf(path).findIndex((beginning, position) => {
      const kind = kindAfter(path, position, copies);
      return this.#taken.has(beginning) || (this.#branches.get(beginning) ?? kind) !== kind;
    });
    if (clash !== -1) return clash + 1;
    const text = textOf(path);
    return this.#taken.has(text) || this.#branches.has(text) ? path.length : undefined;
  }
}

const textOf = (path: readonly string[]): string => path.join(".");

const beginningsOf = (path: readonly string[]): readonly string[] =>
  path.slice(1).map((_, position) => textOf(path.slice(0, position + 1)));

/** What follows the segment at a position of a path: names, or so many copies. */
function kindAfter(path: readonly string[], position: number, copies: readonly number[]): string {
  if (path[position + 1] !== "*") return "names";
  const before = path.slice(0, position + 1).filter((segment) => segment === "*").length;
  return `${copies[before] ?? "some"} copies`;
}

const numbered = (segment: string, count: number): string =>
  count === 1 ? segment : `${segment}${count}`;

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
