/** Walking syntax trees without looking at what kind each node is. */
import type {
  AssignStatement,
  Name,
  Reference,
  RepeatStatement,
  ReturnStatement,
  ScanExpression,
  ScanStatement,
  WriteStatement,
} from "../../parser/tree.ts";

type Fields = Readonly<Record<string, unknown>>;

export const isObject = (part: unknown): part is Fields =>
  typeof part === "object" && part !== null;

/** A name as the tree writes it: not a reference, which has a name. */
export const isName = (part: unknown): part is Name =>
  isObject(part) && typeof part.text === "string" && !("kind" in part) && "span" in part;

export const isAssignment = (part: object): part is AssignStatement =>
  "kind" in part && part.kind === "assign";

export const isWrite = (part: object): part is WriteStatement =>
  "kind" in part && part.kind === "write";

/** `mem.count`, `mem.write(…)` */
export const hasMember = (part: object): part is { readonly member: Name } =>
  "member" in part && isName(part.member);

/** `warmup = 20 steps` */
export const hasUnit = (part: object): part is { readonly unit: Name } =>
  "unit" in part && isName(part.unit);

export const isScanExpression = (part: object): part is ScanExpression =>
  "kind" in part && part.kind === "scan-expression";

export const isReturn = (part: object): part is ReturnStatement =>
  "kind" in part && part.kind === "return";

export const isLoop = (part: object): part is RepeatStatement | ScanStatement =>
  "kind" in part && (part.kind === "repeat" || part.kind === "scan");

/** `mem[layer - 1]`, of a name. */
const isIndexedName = (part: object): part is { readonly object: Reference } =>
  "kind" in part &&
  part.kind === "indexed" &&
  "object" in part &&
  isObject(part.object) &&
  part.object.kind === "reference";

/** Names of which one entry is asked for, as `mem` in `mem[0]`. */
export const indexedNames = (part: unknown): ReadonlySet<string> =>
  new Set(nodesIn(part, isIndexedName).map(({ object }) => object.name.text));

/** Whether a node, or one below it, is what is asked for. */
export function someNode(part: unknown, wanted: (node: Fields) => boolean): boolean {
  if (Array.isArray(part)) return part.some((each) => someNode(each, wanted));
  if (!isObject(part)) return false;
  if (wanted(part)) return true;
  return Object.entries(part).some(([key, each]) => key !== "span" && someNode(each, wanted));
}

/** The nodes of a part of a tree that are of a kind, a node before those below it. */
export function nodesIn<Wanted extends object>(
  part: unknown,
  isWanted: (node: object) => node is Wanted,
): readonly Wanted[] {
  if (Array.isArray(part)) return part.flatMap((each) => nodesIn(each, isWanted));
  if (!isObject(part)) return [];
  const below = Object.entries(part).flatMap(([key, each]) =>
    key === "span" ? [] : nodesIn(each, isWanted),
  );
  return isWanted(part) ? [part, ...below] : below;
}

/** Whether a name is read in a part of a tree. */
export function mentionsName(part: unknown, name: string): boolean {
  return someNode(
    part,
    (node) => node.kind === "reference" && isName(node.name) && node.name.text === name,
  );
}
