/**
 * Rewrites the operations of every function of a graph by a pattern. Types are inferred again from there on, since an operation put
 * in the place of others may give its axes in another order; what leaves the function, or goes into one, has the order it had.
 */
import type { OpAttributes, OpName } from "../../ops/index.ts";
import { FunctionBuilder, isUnnamed } from "../function-builder.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  SymbolicNumber,
  Value,
} from "../graph.ts";
import { inOrder, sameOrder } from "../order.ts";
import { mapValues, renameValues, resultsOf } from "../rewrite.ts";
import { isConstant, isValue } from "../symbolic.ts";
import { sweep } from "./sweep.ts";
import { FunctionView } from "./view.ts";

/** The new function being written. */
export interface Writing {
  readonly f: FunctionBuilder;
  /** A name that no value of the old function has. */
  fresh(hint: string): string;
  /** What stands for an operand of the old function in the new one. */
  at(operand: Operand): Operand;
  value(operand: Operand): Value;
}

/** The name of a node's result if the spec gave it one, else another for what it has become. */
export function nameOr(node: OperationNode, { fresh }: Writing, hint: string): string {
  const [result] = node.results;
  return result === undefined || isUnnamed(result) ? fresh(hint) : result.name;
}

/** Writes what a node becomes; gives one value for each of its results. */
export type Replacement = (writing: Writing) => readonly Value[];

/** Looks at one operation; `undefined` where it does not match. */
export type Pattern = (node: OperationNode, view: FunctionView) => Replacement | undefined;

/** Every function rewritten; nodes that nothing needs any more are gone. The very graph if nothing matches. */
export function rewriteOperations(graph: Graph, pattern: Pattern): Graph {
  return rewriteFunctions(graph, (written) => {
    const view = new FunctionView(written);
    const found = new Map<Node, Replacement>();
    for (const node of written.nodes) {
      const replacement = node.kind === "operation" ? pattern(node, view) : undefined;
      if (replacement !== undefined) found.set(node, replacement);
    }
    return found;
  });
}

/** As rewriteOperations, with all matches of a function found at once: replacements by node. */
export function rewriteFunctions(
  graph: Graph,
  match: (written: GraphFunction) => ReadonlyMap<Node, Replacement>,
): Graph {
  const functions = new Map<string, GraphFunction>();
  let changed = false;
  for (const [name, written] of graph.functions) {
    const found = match(written);
    if (found.size === 0) {
      functions.set(name, written);
      continue;
    }
    changed = true;
    functions.set(name, rebuild(written, found, functions));
  }
  return changed ? { ...graph, functions } : graph;
}

/** The function with some nodes replaced, what only they needed gone, and all types inferred again. */
function rebuild(
  written: GraphFunction,
  replacements: ReadonlyMap<Node, Replacement>,
  functions: ReadonlyMap<string, GraphFunction>,
): GraphFunction {
  const taken = namesOf(written);
  const hints = new Map<string, string>();
  const fresh = (hint: string): string => {
    let name = hint;
    for (let count = 2; taken.has(name); count++) name = `${hint}${count}`;
    taken.add(name);
    hints.set(name, hint);
    return name;
  };
  const f = new FunctionBuilder(written.name);
  const known = new Map<string, Value>();
  const value = (operand: Operand): Value => {
    const found = isValue(operand) ? known.get(operand.name) : undefined;
    if (found === undefined) throw new Error(`${written.name} reads a value before it is made.`);
    return found;
  };
  const at = (operand: Operand): Operand => (isConstant(operand) ? operand : value(operand));
  for (const port of written.inputs) {
    known.set(port.value.name, f.input(port.value.name, port.value.type, port));
  }
  for (const node of written.nodes) {
    const made = replacements.get(node)?.({ f, fresh, at, value }) ?? copy(node, f, at);
    for (const [position, result] of resultsOf(node).entries()) {
      const now = made[position];
      if (now !== undefined) known.set(result.name, now);
    }
  }
  const results = written.results.map((port) => ({
    ...port,
    value: inFormerOrder(f, value(port.value), port.value),
  }));
  const rebuilt = sweep({ ...written, inputs: f.inputs, nodes: f.nodes, results }, functions);
  return withHintedNames(rebuilt, hints);
}

/** What a value that the function hands on has become, its axes in the order they had: those it is handed to rely on its type. */
function inFormerOrder(f: FunctionBuilder, now: Value, before: Value): Value {
  return sameOrder(now.type, before.type) ? now : inOrder(f, now, before.type);
}

/** Values go by the names they were meant to have where what had those is gone. */
function withHintedNames(
  written: GraphFunction,
  hints: ReadonlyMap<string, string>,
): GraphFunction {
  const taken = namesOf(written);
  const names = new Map<string, string>();
  for (const [name, hint] of hints) {
    if (taken.has(hint) || !taken.has(name)) continue;
    taken.add(hint);
    names.set(name, hint);
  }
  return names.size === 0 ? written : renameValues(written, names);
}

function namesOf(written: GraphFunction): Set<string> {
  return new Set([
    ...written.inputs.map((port) => port.value.name),
    ...written.nodes.flatMap((node) => resultsOf(node).map((result) => result.name)),
  ]);
}

function copy(node: Node, f: FunctionBuilder, at: (operand: Operand) => Operand): readonly Value[] {
  const names = resultsOf(node).map((result) => result.name);
  if (node.kind === "operation") {
    const attributes: OpAttributes<SymbolicNumber>[OpName] = node.attributes;
    return f.ops<OpName>(node.op, node.operands.map(at), attributes, names, node.origin);
  }
  const made = resultsOf(node).map((result) => f.value(result.name, result.type));
  const byName = new Map(made.map((result) => [result.name, result]));
  const copied = mapValues(
    node,
    (read) => {
      const found = at(read);
      if (!isValue(found)) return read;
      return node.kind === "probe" ? found : inFormerOrder(f, found, read);
    },
    (result) => byName.get(result.name) ?? result,
  );
  f.append(copied);
  return made;
}
