/** Walking syntax trees without looking at what kind each node is. */
import type { AssignStatement, Name, ScanExpression } from "../../parser/tree.ts";

type Fields = Readonly<Record<string, unknown>>;

export const isObject = (part: unknown): part is Fields =>
  typeof part === "object" && part !== null;

/** A name as the tree writes it: not a reference, which has a name. */
export const isName = (part: unknown): part is Name =>
  isObject(part) && typeof part.text === "string" && !("kind" in part) && "span" in part;

export const isAssignment = (part: object): part is AssignStatement =>
  "kind" in part && part.kind === "assign";

export const isScanExpression = (part: object): part is ScanExpression =>
  "kind" in part && part.kind === "scan-expression";

/** Whether a node, or one below it, is what is asked for. */
export function someNode(part: unknown, wanted: (node: Fields) => boolean): boolean {
  if (Array.isArray(part)) return part.some((each) => someNode(each, wanted));
  if (!isObject(part)) return false;
  if (wanted(part)) return true;
  return Object.entries(part).some(([key, each]) => key !== "span" && someNode(each, wanted));
}

/** Whether a name is read in a part of a tree. */
export function mentionsName(part: unknown, name: string): boolean {
  return someNode(
    part,
    (node) => node.kind === "reference" && isName(node.name) && node.name.text === name,
  );
}
