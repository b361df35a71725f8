/** Names that a block and its caller must not take for each other's. */
import type { BlockDefinition, MethodDefinition } from "../../../parser/tree.ts";

/**
 * Every name that a block's text has, or a method's and what it shares with the others of its block: axes, dims, options, loop
 * indices. An axis that only passes through must not go by one of them inside.
 */
export function namesWithin(
  definition: BlockDefinition,
  method: MethodDefinition | undefined,
): ReadonlySet<string> {
  const within = method ?? definition;
  const known = namesOf.get(within);
  if (known !== undefined) return known;
  const names = new Set<string>();
  if (method === undefined) collect(definition, names);
  else {
    collect(method, names);
    collect(definition.options, names);
    for (const each of definition.body) if (each.kind !== "method") collect(each, names);
  }
  namesOf.set(within, names);
  return names;
}

const namesOf = new WeakMap<BlockDefinition | MethodDefinition, ReadonlySet<string>>();

function collect(part: unknown, into: Set<string>): void {
  if (Array.isArray(part)) {
    for (const each of part) collect(each, into);
  } else if (typeof part === "object" && part !== null) {
    if ("text" in part && typeof part.text === "string") into.add(part.text);
    for (const [key, each] of Object.entries(part)) if (key !== "span") collect(each, into);
  }
}

/** `F$`, `F$2`, …: a name like `name` that is not taken, and that no spec can write. */
export function unwritable(name: string, taken: ReadonlySet<string>): string {
  const stem = name.replace(/\$\d*$/, "");
  let fresh = `${stem}$`;
  for (let count = 2; taken.has(fresh); count++) fresh = `${stem}$${count}`;
  return fresh;
}
