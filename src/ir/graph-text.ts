/**
 * The graph as text, one node a line, and back: `parseGraph(printGraph(g))` is `g` less its docs
 * and origins.
 *
 * ```
 * block attention "attention" {
 *   in x: real [batch, T=64, D=256] as argument own.x
 *   in Wq: real [D=256, H=4, K=64] as parameter own.Wq
 *   q: real [batch, T=64, H=4, K=64] = contract x, Wq { over: [D] }
 *   scaled: real [batch, T=64, H=4, K=64] = div q, real(<sqrt(|K|) = 8>)
 *   out scaled as return own.q
 * }
 * ```
 * `|K|` is the size of axis K, a bare name in `<…>` a number formal; `real*4` is one tensor for
 * each of 4 copies.
 */
import { OPEN } from "../ops/index.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  NumberBinding,
  NumberExpression,
  NumberFormal,
  Operand,
  Port,
  RepeatNode,
  ScanNode,
  SymbolicNumber,
  Value,
  ValueType,
} from "./graph.ts";
import { isConstant, isSymbolic } from "./symbolic.ts";

/** The whole graph. */
export function printGraph(graph: Graph): string {
  const functions = [...graph.functions.values()].map(printFunction);
  const { main, training } = graph;
  const heading = [
    `main ${nameText(main)}\n`,
    ...(training === undefined
      ? []
      : [`training ${nameText(training.backward)}, ${nameText(training.critical)}\n`]),
  ].join("");
  return [heading, ...functions].join("\n");
}

/** One function: a heading, its inputs, a line for each node, its results. */
export function printFunction(written: GraphFunction): string {
  const source = written.source === undefined ? "" : ` of ${nameText(written.source)}`;
  const lines = [
    `${written.kind} ${nameText(written.name)} ${JSON.stringify(written.title)}${source} {`,
    ...(written.numbers.length === 0 ? [] : [`  numbers ${list(written.numbers, formalText)}`]),
    ...written.inputs.map((port) => `  in ${valueText(port.value)} as ${placeText(port)}`),
    ...written.nodes.map((node) => `  ${printNode(node)}`),
    ...written.results.map((port) => `  out ${nameText(port.value.name)} as ${placeText(port)}`),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

/** One node, on one line. */
export function printNode(node: Node): string {
  switch (node.kind) {
    case "operation": {
      const operands = list(node.operands, operandText);
      const attributes = Object.keys(node.attributes).length === 0 ? "" : partText(node.attributes);
      const parts = [node.op, operands, attributes].filter((part) => part !== "");
      return `${list(node.results, valueText)} = ${parts.join(" ")}`;
    }
    case "call": {
      const scope = node.scope.length === 0 ? "" : ` at ${pathText(node.scope)}`;
      const head = `call ${nameText(node.function)}${scope}`;
      const inputs = list(node.inputs, operandText);
      return `${assigned(node.results)}${head} (${inputs})${bindingsText(node.numbers)}`;
    }
    case "repeat":
      return loopText(node, node.index);
    case "scan":
      return loopText(node, node.axis);
    case "stack":
    case "unstack": {
      const made = `${node.kind} ${nameText(node.input.name)} over ${nameText(node.axis)}`;
      return `${valueText(node.result)} = ${made}`;
    }
    case "probe":
      return `probe ${node.of} ${nameText(node.name)} = ${operandText(node.input)}`;
    default:
      return node satisfies never;
  }
}

/** A type with its copies: `real*4 [batch, T=64]`. */
export function valueTypeText(type: ValueType): string {
  const copies = type.copies.map((count) => `*${count}`).join("");
  const axes = list(type.axes, ({ name, size }) =>
    size === OPEN ? nameText(name) : `${nameText(name)}=${size}`,
  );
  return `${type.kind}${copies} [${axes}]`;
}

/** An expression as it would be written: `4 * |D|`; what is nested stands in parentheses. */
export function expressionText(text: NumberExpression): string {
  switch (text.kind) {
    case "literal":
      return numberText(text.value);
    case "axis":
      return `|${nameText(text.name)}|`;
    case "formal":
      return nameText(text.name);
    case "operation": {
      const [left, right] = text.operands;
      if (infix.has(text.operator) && text.operands.length === 2 && left && right) {
        return `(${expressionText(left)} ${text.operator} ${expressionText(right)})`;
      }
      return `${nameText(text.operator)}(${list(text.operands, expressionText)})`;
    }
    default:
      return text satisfies never;
  }
}

export const infix: ReadonlySet<string> = new Set(["+", "-", "*", "/", "^", "div", "mod"]);

function loopText(node: RepeatNode | ScanNode, over: string): string {
  const inputs = node.inputs.map(
    (input, position) => `${node.passing[position]} ${operandText(input)}`,
  );
  const turns = `${nameText(over)}[${symbolText(node.count)}]`;
  const scope = node.scope === undefined ? "" : ` at ${pathText(node.scope)}`;
  const reversed = node.reversed ? " reversed" : "";
  const head = `${node.kind} ${nameText(node.function)} over ${turns}${scope}${reversed}`;
  const collecting = node.collecting.join(", ");
  const parts = `(${inputs.join(", ")}) gives (${collecting})${bindingsText(node.numbers)}`;
  return `${assigned(node.results)}${head} ${parts}`;
}

function assigned(results: readonly Value[]): string {
  return results.length === 0 ? "" : `${list(results, valueText)} = `;
}

function valueText(value: Value): string {
  return `${nameText(value.name)}: ${valueTypeText(value.type)}`;
}

function placeText(port: Port): string {
  return `${port.role} ${pathText([port.struct, ...port.path])}`;
}

function pathText(path: readonly string[]): string {
  return path.map((part) => (part === "*" ? "*" : nameText(part))).join(".");
}

function operandText(operand: Operand): string {
  if (!isConstant(operand)) return nameText(operand.name);
  return `${operand.kind}(${symbolText(operand.constant)})`;
}

function formalText(formal: NumberFormal): string {
  const { name, value } = formal;
  const text = typeof value === "number" ? numberText(value) : `[${list(value, numberText)}]`;
  return `${nameText(name)} = ${text}`;
}

function bindingsText(bindings: readonly NumberBinding[]): string {
  if (bindings.length === 0) return "";
  const text = ({ name, value }: NumberBinding): string =>
    `${nameText(name)} = ${isSymbolic(value) ? symbolText(value) : `[${list(value, symbolText)}]`}`;
  return ` with ${list(bindings, text)}`;
}

/** A literal as its number, anything else with its expression: `<sqrt(|K|) = 8>`. */
function symbolText(number: SymbolicNumber): string {
  if (number.text.kind === "literal" && Object.is(number.text.value, number.value)) {
    return numberText(number.value);
  }
  return `<${expressionText(number.text)} = ${numberText(number.value)}>`;
}

/** Attributes: names bare, numbers as above, a named size as `T=64`. */
function partText(part: unknown): string {
  if (isSymbolic(part)) return symbolText(part);
  if (typeof part === "string") return nameText(part);
  if (typeof part === "boolean" || part === null) return String(part);
  if (Array.isArray(part)) return `[${list(part, partText)}]`;
  if (typeof part !== "object") throw new Error(`${String(part)} is no attribute.`);
  const entries = Object.entries(part);
  if (isNamedSize(part)) return `${nameText(part.name)}=${symbolText(part.size)}`;
  const fields = list(entries, ([key, value]) => `${nameText(key)}: ${partText(value)}`);
  return entries.length === 0 ? "{}" : `{ ${fields} }`;
}

function isNamedSize(
  part: object,
): part is { readonly name: string; readonly size: SymbolicNumber } {
  if (!("name" in part) || !("size" in part) || Object.keys(part).length !== 2) return false;
  return typeof part.name === "string" && isSymbolic(part.size);
}

const reserved: ReadonlySet<string> = new Set(["true", "false", "null", "NaN", "Infinity"]);

function nameText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !reserved.has(name) ? name : JSON.stringify(name);
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function list<Item>(items: readonly Item[], text: (item: Item) => string): string {
  return items.map((item) => text(item)).join(", ");
}

export { parseGraph } from "./graph-parser.ts";
