/**
 * The syntax tree of a `.mem` file: what was written, names unresolved. Every node has the span of its text.
 */
export type * from "./tree/expressions.ts";
export type * from "./tree/items.ts";
export type * from "./tree/nodes.ts";
export type * from "./tree/schedules.ts";
export type * from "./tree/signatures.ts";
export type * from "./tree/statements.ts";
