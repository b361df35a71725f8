/**
 * Rewrites the operations of every function of a graph by a pattern, callees first. Types are inferred again from there on, since
 * an operation put in the place of others may give its axes in another order.
 */
import type { OpAttributes, OpName } from "../../ops/index.ts";
import { FunctionBuilder, isUnnamed, withLoopAxis } from "../function-builder.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  Port,
  SymbolicNumber,
  Value,
  ValueType,
} from "../graph.ts";
import { inOrder, sameOrder } from "../order.ts";
import { calleeOf, mapValues, renameValues, resultsOf } from "../rewrite.ts";
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
    const stale = written.nodes.some((node) => retyped(node, graph.functions, functions));
    if (found.size === 0 && !stale) {
      functions.set(name, written);
      continue;
    }
    changed = true;
    functions.set(name, rebuild(written, found, functions));
  }
  return changed ? { ...graph, functions } : graph;
}

/** Whether a node calls a function whose results have come to be of other types. */
function retyped(
  node: Node,
  before: ReadonlyMap<string, GraphFunction>,
  after: ReadonlyMap<string, GraphFunction>,
): boolean {
  const callee = calleeOf(node);
  if (callee === undefined) return false;
  const [old, now] = [before.get(callee), after.get(callee)];
  return (
    old !== now &&
    (old?.results.some((port, position) => {
      const other = now?.results[position];
      return JSON.stringify(other?.value.type) !== JSON.stringify(port.value.type);
    }) ??
      false)
  );
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
    const made = replacements.get(node)?.({ f, fresh, at, value }) ?? copy(node, f, at, functions);
    for (const [position, result] of resultsOf(node).entries()) {
      const now = made[position];
      if (now !== undefined) known.set(result.name, now);
    }
  }
  const results = written.results.map((port) => ({ ...port, value: handedOut(f, port, value) }));
  const rebuilt = sweep({ ...written, inputs: f.inputs, nodes: f.nodes, results }, functions);
  return withHintedNames(rebuilt, hints);
}

/** What a result of the function has become; gradients and next states are handed out with their axes in the order they had. */
function handedOut(
  f: FunctionBuilder,
  { role, struct, value: before }: Port,
  value: (operand: Operand) => Value,
): Value {
  const now = value(before);
  const declared = role === "next" || (role === "gradient" && struct !== "argument");
  const kept = !declared || now.type.kind !== "real" || now.type.copies.length > 0;
  return kept || sameOrder(now.type, before.type) ? now : inOrder(f, now, before.type);
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

function copy(
  node: Node,
  f: FunctionBuilder,
  at: (operand: Operand) => Operand,
  functions: ReadonlyMap<string, GraphFunction>,
): readonly Value[] {
  const names = resultsOf(node).map((result) => result.name);
  if (node.kind === "operation") {
    const attributes: OpAttributes<SymbolicNumber>[OpName] = node.attributes;
    return f.ops<OpName>(node.op, node.operands.map(at), attributes, names, node.origin);
  }
  const callee = calleeOf(node);
  const types = callee === undefined ? [] : resultTypes(node, functions.get(callee));
  const made = resultsOf(node).map((result, position) =>
    f.value(result.name, types[position] ?? result.type),
  );
  const byName = new Map(made.map((result) => [result.name, result]));
  f.append(
    mapValues(
      node,
      (read) => {
        const found = at(read);
        return isValue(found) ? found : read;
      },
      (result) => byName.get(result.name) ?? result,
    ),
  );
  return made;
}

/** Types of what a call or loop gives. */
function resultTypes(node: Node, callee: GraphFunction | undefined): readonly ValueType[] {
  const types = callee?.results.map((port) => port.value.type) ?? [];
  if (node.kind !== "repeat" && node.kind !== "scan") return types;
  const count = node.count.value;
  return types.map((type, position) => {
    if (node.collecting[position] !== "stacked") return type;
    return node.kind === "scan"
      ? withLoopAxis(type, node.axis, count)
      : { ...type, copies: [count, ...type.copies] };
  });
}
