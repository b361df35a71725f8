/** Names changed and changed back: a rename of a rename is one rename, or none. */
import { newName } from "../../ops/index.ts";
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { rewriteOperations } from "./transform.ts";

const pattern: Pattern = (node, view) => {
  if (node.op !== "rename") return undefined;
  const before = view.made(node.operands[0], "rename");
  const [source] = before?.operands ?? [];
  if (before === undefined || source === undefined || !("type" in source)) return undefined;
  const changed = source.type.axes.flatMap(({ name }): [string, string][] => {
    const last = newName(node.attributes.names, newName(before.attributes.names, name));
    return last === name ? [] : [[name, last]];
  });
  if (changed.length === 0) return ({ value }) => [value(source)];
  const names = Object.fromEntries(changed);
  return ({ f, value }) => [
    f.op("rename", [value(source)], { names }, node.results[0]?.name, node.origin),
  ];
};

export const renames: Pass = {
  name: "renames",
  doc: "A rename of a rename is one rename; names changed and changed back are none.",
  stage: "program",
  run: (graph) => rewriteOperations(graph, pattern),
};
