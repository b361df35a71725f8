/**
 * Names for what the spec does not name, which generated code shows where such a value gets a
 * statement of its own or is kept for a backward function: after the argument it is handed on as
 * (`ffnX`), the call it comes from (`attentionOut`) or the operation that made it (`xWk`,
 * `queryPlusU`, `total`). They say nothing of positions, so that a change of the spec elsewhere
 * leaves them as they are; only where two of one function would be the same they are numbered.
 */
import { isOperation } from "../ops/index.ts";
import { isUnnamed, NUMBERED, plainName, UNNAMED } from "./function-builder.ts";
import type {
  CallNode,
  Graph,
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  Value,
} from "./graph.ts";
import { operandsOf, renameValues, resultsOf } from "./rewrite.ts";
import { isConstant, isValue } from "./symbolic.ts";
import { camelCase, capital } from "./words.ts";

/** The graph with a name for each value that has none but its maker's; what it computes is the same. */
export function nameValues(graph: Graph): Graph {
  const functions = new Map<string, GraphFunction>();
  for (const written of graph.functions.values()) {
    functions.set(written.name, new ValueNames(written, graph).named());
  }
  return { ...graph, functions };
}

/** What a value that is the one result of its function is called, if the spec has no name for it. */
const RETURNED = "out";

/** Longer names made of two others are harder to read than a plain noun. */
const LONGEST_PAIR = 12;

class ValueNames {
  readonly #written: GraphFunction;
  readonly #graph: Graph;
  readonly #taken: Set<string>;
  /** The numbers below are taken with a name: thousands of values may want one name. */
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<string, string>();
  readonly #arguments: ReadonlyMap<string, readonly HandedOn[]>;

  constructor(written: GraphFunction, graph: Graph) {
    this.#written = written;
    this.#graph = graph;
    const values = [
      ...written.inputs.map((port) => port.value),
      ...written.nodes.flatMap(resultsOf),
    ];
    const kept = values.filter((value) => !isMadeUp(value, graph));
    this.#taken = new Set(kept.map((value) => value.name.replace(/^\$/, "")));
    this.#arguments = argumentUses(written, graph);
  }

  named(): GraphFunction {
    const returned = this.#unnamedReturn();
    const given = new Map(returned === undefined ? [] : [[returned, RETURNED]]);
    for (const { role, path, value } of this.#written.results) {
      const name = path.at(-1);
      if (role !== "return" && role !== "loss") continue;
      if (name !== undefined && !given.has(value.name)) given.set(value.name, name);
    }
    for (const node of this.#written.nodes) {
      for (const [position, result] of resultsOf(node).entries()) {
        if (!isMadeUp(result, this.#graph)) continue;
        const wanted = given.get(result.name) ?? this.#describe(node, result, position);
        this.#names.set(result.name, UNNAMED + this.#free(wanted));
      }
    }
    const written = renameValues(this.#written, this.#names);
    if (returned === undefined) return written;
    const results = written.results.map((port) =>
      port.role === "return" ? { ...port, path: [RETURNED] } : port,
    );
    return { ...written, results };
  }

  /** The value that the function returns without a name in the spec: its path is the value's name. */
  #unnamedReturn(): string | undefined {
    const { results, name } = this.#written;
    if (name === this.#graph.main) return undefined;
    const [only, ...more] = results.filter((port) => port.role === "return");
    if (only === undefined || more.length > 0 || !isMadeUp(only.value, this.#graph)) {
      return undefined;
    }
    const [path] = only.path;
    return path === plainName(only.value) || path === RETURNED ? only.value.name : undefined;
  }

  #free(wanted: string): string {
    let name = wanted;
    let count = this.#numbers.get(wanted) ?? 2;
    for (; this.#taken.has(name); count++) name = `${wanted}${NUMBERED}${count}`;
    this.#numbers.set(wanted, count);
    this.#taken.add(name);
    return name;
  }

  #describe(node: Node, result: Value, position: number): string {
    const argument = this.#argumentName(result);
    if (argument !== undefined) return argument;
    switch (node.kind) {
      case "operation":
        return position === 0 ? this.#operationName(node) : makerOf(result);
      case "call": {
        const scope = node.scope.length === 0 ? [node.function] : node.scope;
        const backward = this.#graph.functions.get(node.function)?.kind === "backward";
        return backward ? camelCase(["d", ...scope]) : `${camelCase(scope)}Out`;
      }
      case "repeat":
        return `${node.index}Out`;
      case "scan":
        return `${node.axis}Out`;
      case "stack":
        return "stacked";
      case "unstack":
        return "copies";
      case "probe":
        throw new Error("A probe has no result.");
      default:
        return node satisfies never;
    }
  }

  /** `ffnX` for what goes into the call `ffn` as x; of several calls, what they all call it. */
  #argumentName(value: Value): string | undefined {
    const [first, ...more] = this.#arguments.get(value.name) ?? [];
    if (first === undefined) return undefined;
    const { call, formal } = first;
    if (more.every((each) => each.call === call)) return camelCase([...call.scope, formal]);
    const shared = more.every((each) => each.formal === formal) && formal.length > 1;
    return shared ? formal : camelCase([...call.scope, formal]);
  }

  #operationName(node: OperationNode): string {
    const [first, second] = node.operands;
    const constant = node.operands.some(isConstant);
    switch (node.op) {
      case "contract":
        return pairName(first, "", second) ?? "product";
      case "add":
        return pairName(first, "Plus", second) ?? "sum";
      case "sub":
        return pairName(first, "Minus", second) ?? "difference";
      case "mul":
        if (constant) return "scaled";
        return isSame(first, second) ? "square" : "product";
      case "div":
        return second !== undefined && isConstant(second) ? "scaled" : "ratio";
      case "where":
        return node.operands.some((each) => isConstant(each) && each.constant.value === 0)
          ? "masked"
          : "chosen";
      case "index":
        return `index${capital(node.attributes.axis)}`;
      case "fill":
        return node.attributes.value.value === 0 ? "zero" : "filled";
      default:
        return NOUNS[node.op] ?? node.op;
    }
  }
}

/** A call that a value goes into, and the name of the argument it becomes. */
interface HandedOn {
  readonly call: CallNode;
  readonly formal: string;
}

function argumentUses(
  written: GraphFunction,
  graph: Graph,
): ReadonlyMap<string, readonly HandedOn[]> {
  const uses = new Map<string, HandedOn[]>();
  for (const call of written.nodes) {
    if (call.kind !== "call") continue;
    const inputs = graph.functions.get(call.function)?.inputs ?? [];
    for (const [position, operand] of operandsOf(call).entries()) {
      const port = inputs[position];
      const formal = port?.role === "argument" ? port.path.at(-1) : undefined;
      if (formal === undefined || !isValue(operand)) continue;
      uses.set(operand.name, [...(uses.get(operand.name) ?? []), { call, formal }]);
    }
  }
  return uses;
}

/** Whether a value is called after nothing but the operation or function that made it. */
function isMadeUp(value: Value, { functions }: Graph): boolean {
  if (!isUnnamed(value)) return false;
  const maker = makerOf(value);
  if (maker === "stack" || maker === "unstack" || isOperation(maker)) return true;
  return functions.has(plainName(value)) || functions.has(maker);
}

function makerOf(value: Value): string {
  return plainName(value).replace(/[0-9]+$/, "");
}

/** `queryPlusU`, `xWk`: two values by their names in the spec, if these are short. */
function pairName(
  left: Operand | undefined,
  between: string,
  right: Operand | undefined,
): string | undefined {
  if (left === undefined || right === undefined || isConstant(left) || isConstant(right)) {
    return undefined;
  }
  if (isUnnamed(left) || isUnnamed(right)) return undefined;
  if (left.name.length + right.name.length > LONGEST_PAIR) return undefined;
  return left.name + between + capital(right.name);
}

function isSame(left: Operand | undefined, right: Operand | undefined): boolean {
  if (left === undefined || right === undefined || isConstant(left) || isConstant(right)) {
    return false;
  }
  return left.name === right.name;
}

/** What the result of an operation is, where its operands do not say it better. */
const NOUNS: { readonly [operation: string]: string } = {
  pow: "power",
  exp: "exponential",
  log: "logarithm",
  sqrt: "root",
  rsqrt: "inverseRoot",
  mod: "remainder",
  floorDiv: "quotient",
  real: "asReal",
  int: "asInt",
  rename: "renamed",
  merge: "merged",
  gather: "gathered",
  join: "joined",
  slice: "part",
  shift: "shifted",
  reverse: "reversed",
  window: "windows",
  broadcast: "repeated",
  linear: "mapped",
  layerNorm: "normalized",
  softmax: "weights",
  sum: "total",
  and: "mask",
  or: "mask",
  not: "mask",
  equal: "mask",
  notEqual: "mask",
  less: "mask",
  lessEqual: "mask",
  greater: "mask",
  greaterEqual: "mask",
};
