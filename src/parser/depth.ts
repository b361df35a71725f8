/**
 * How deep a tree is, measured without recursion: later stages recurse over trees, whose depth must
 * be bounded.
 */
import type { FileTree, Span } from "./tree.ts";

/** Nodes within nodes beyond this are refused; a sum of a thousand terms is a thousand deep. */
export const deepestTree = 1000;

/** Where the tree goes deeper than `limit` nodes; undefined if nowhere. */
export function tooDeep(tree: FileTree, limit: number): Span | undefined {
  const waiting: { readonly value: object; readonly depth: number }[] = [{ value: tree, depth: 0 }];
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    const isNode = "kind" in entry.value;
    const depth = entry.depth + (isNode ? 1 : 0);
    if (depth > limit && "span" in entry.value) return entry.value.span as Span;
    for (const value of Object.values(entry.value)) {
      if (typeof value === "object" && value !== null) waiting.push({ value, depth });
    }
  }
  return undefined;
}
