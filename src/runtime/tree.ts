/**
 * Trees of tensors: nested records and arrays, as the addresses of a spec nest
 * (`layer[3].attention.Wq`). The order of leaves is that of the record's keys as written. A key
 * whose value is `undefined` counts as absent.
 */
import type { TensorType } from "../ops/index.ts";
import type { Tree } from "./model.ts";

/**
 * Two trees that should have one shape do not, or a leaf is no tensor. The message is one sentence
 * with the address.
 */
export class TreeError extends Error {
  override readonly name = "TreeError";
}

export interface NamedLeaf<Leaf> {
  /** Dotted address: `layer[3].attention.Wq`; empty for a tree that is one leaf. */
  readonly name: string;
  readonly leaf: Leaf;
}

/**
 * Tells a leaf from a record; records may have any keys, so leaves are recognised by what they
 * hold.
 */
export type IsLeaf<Leaf> = (node: unknown) => node is Leaf;

function isRecord(node: unknown): node is Readonly<Record<string, unknown>> {
  return typeof node === "object" && node !== null;
}

/** Whether this is a `TensorType` (and not a record with parameters called `kind` and `axes`). */
export function isTensorType(node: unknown): node is TensorType {
  return isRecord(node) && typeof node.kind === "string" && Array.isArray(node.axes);
}

/**
 * Whether this is a tensor of a plan, of an engine or of the host: something that has a
 * `TensorType`.
 */
export function isTyped(node: unknown): node is { readonly type: TensorType } {
  return isRecord(node) && isTensorType(node.type);
}

export function isNumber(node: unknown): node is number {
  return typeof node === "number";
}

/** The address of a child: `layer`, then `layer[3]`, then `layer[3].Wq`. */
export function addressOf(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

/**
 * The tree with every leaf replaced by `change(leaf, address)`. Anything that is neither leaf nor
 * record throws.
 */
export function mapTree<Leaf, Result>(
  tree: unknown,
  isLeaf: IsLeaf<Leaf>,
  change: (leaf: Leaf, name: string) => Result,
  name = "",
): Tree<Result> {
  if (isLeaf(tree)) return change(tree, name);
  if (Array.isArray(tree)) {
    return tree.map((child, i) => mapTree(child, isLeaf, change, addressOf(name, i)));
  }
  const result: Record<string, Tree<Result>> = {};
  for (const [key, child] of Object.entries(recordOf(tree, name))) {
    if (child === undefined) continue;
    put(result, key, mapTree(child, isLeaf, change, addressOf(name, key)));
  }
  return result;
}

/** Leaves in order with their addresses below `name`. */
export function flatten<Leaf>(
  tree: unknown,
  isLeaf: IsLeaf<Leaf>,
  name = "",
): readonly NamedLeaf<Leaf>[] {
  const leaves: NamedLeaf<Leaf>[] = [];
  collect(tree, isLeaf, name, leaves);
  return leaves;
}

function collect<Leaf>(
  tree: unknown,
  isLeaf: IsLeaf<Leaf>,
  name: string,
  leaves: NamedLeaf<Leaf>[],
): void {
  if (isLeaf(tree)) {
    leaves.push({ name, leaf: tree });
  } else if (Array.isArray(tree)) {
    tree.forEach((child, i) => {
      collect(child, isLeaf, addressOf(name, i), leaves);
    });
  } else {
    for (const [key, child] of Object.entries(recordOf(tree, name))) {
      if (child !== undefined) collect(child, isLeaf, addressOf(name, key), leaves);
    }
  }
}

/** Throws TreeError for what is neither leaf nor record. */
function recordOf(tree: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isRecord(tree)) return tree;
  const where = name === "" ? "The tree" : `\`${name}\``;
  throw new TreeError(`${where} should be a tensor or hold tensors, but is ${describe(tree)}.`);
}

/**
 * Lays trees over each other: parameters, states and draws of one model share instances, so their
 * records do too. Throws TreeError where two trees have a leaf at one address, or a leaf where
 * another has a record.
 */
export function mergeTrees<Leaf extends { readonly type: unknown }>(
  ...trees: readonly Tree<Leaf>[]
): Tree<Leaf> {
  let merged: unknown;
  for (const tree of trees) merged = overlay(merged, tree, "");
  return mapTree(merged ?? {}, isTyped as IsLeaf<Leaf>, (leaf) => leaf);
}

function overlay(below: unknown, above: unknown, name: string): unknown {
  if (below === undefined) return above;
  if (above === undefined) return below;
  if (isTyped(below) || isTyped(above) || !isRecord(below) || !isRecord(above)) {
    throw new TreeError(`Two trees both have \`${name}\`.`);
  }
  if (Array.isArray(below) && Array.isArray(above)) {
    const length = Math.max(below.length, above.length);
    return Array.from({ length }, (_, i) => overlay(below[i], above[i], addressOf(name, i)));
  }
  if (Array.isArray(below) || Array.isArray(above)) {
    throw new TreeError(`\`${name}\` is a list in one tree and a record in another.`);
  }
  const both: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(below)) put(both, key, child);
  for (const [key, child] of Object.entries(above)) {
    const other = Object.hasOwn(both, key) ? both[key] : undefined;
    put(both, key, overlay(other, child, addressOf(name, key)));
  }
  return both;
}

/**
 * The tree of one member for every address of a flat record: `{ "layer[0].W": x }` is `{ layer: [{
 * W: x }] }`.
 */
export function nest<Leaf>(leaves: Iterable<readonly [string, Leaf]>): Tree<Leaf> {
  const root: Record<string | number, unknown> = {};
  for (const [address, leaf] of leaves) {
    const keys = keysOf(address);
    let node: Record<string | number, unknown> = root;
    keys.forEach((key, i) => {
      const next = keys[i + 1];
      if (next === undefined) {
        if (Object.hasOwn(node, key)) throw new TreeError(`\`${address}\` is given twice.`);
        define(node, key, leaf);
        return;
      }
      const child = Object.hasOwn(node, key) ? node[key] : typeof next === "number" ? [] : {};
      if (!isRecord(child) || isTyped(child)) {
        throw new TreeError(`\`${address}\` lies inside another tensor's address.`);
      }
      define(node, key, child);
      node = child;
    });
  }
  return root as Tree<Leaf>;
}

/** Sets a record's own key: an assignment, but for the one name that is special there. */
function put(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") define(record, key, value);
  else record[key] = value;
}

function define(record: object, key: string | number, value: unknown): void {
  Object.defineProperty(record, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/** `layer[3].attention.Wq` as its keys: "layer", 3, "attention", "Wq". */
export function keysOf(address: string): readonly (string | number)[] {
  return address
    .split(/[.[]/)
    .map((part) => (part.endsWith("]") ? Number(part.slice(0, -1)) : part));
}

function describe(node: unknown): string {
  return node === null ? "null" : `a ${typeof node}`;
}
