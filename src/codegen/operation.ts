/** Calls of the builder's operations: `g.softmax(scores, { over: ["S"], where: seen })`. */
import type { OperationNode, SymbolicNumber } from "../ir/graph.ts";
import { isSymbolic } from "../ir/symbolic.ts";
import type { NumberKind } from "../ops/index.ts";
import type { Expression } from "./expression.ts";
import { array, call, object, text } from "./expression.ts";
import { stringLiteral } from "./identifier.ts";

/** Operations with an optional mask, and their number of operands without it. */
const MASKED: ReadonlyMap<string, number> = new Map([
  ["sum", 1],
  ["mean", 1],
  ["max", 1],
  ["min", 1],
  ["logsumexp", 1],
  ["any", 1],
  ["all", 1],
  ["argmax", 1],
  ["softmax", 1],
  ["attention", 3],
]);

/** The call of an operation's method, its operands written already. */
export function operationCall(
  node: OperationNode,
  operands: readonly Expression[],
  writeNumber: (number: SymbolicNumber) => Expression,
): Expression {
  const attributes = Object.entries(node.attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, Expression] => [name, attribute(value, writeNumber)]);
  const arity = MASKED.get(node.op) ?? (node.op === "linear" ? 2 : operands.length);
  const extra = operands[arity];
  if (extra !== undefined) attributes.push([node.op === "linear" ? "bias" : "where", extra]);
  const positional = node.op === "join" ? [array(operands)] : operands.slice(0, arity);
  return call(
    `g.${node.op}`,
    ...positional,
    ...(attributes.length === 0 ? [] : [object(attributes)]),
  );
}

function attribute(
  value: unknown,
  writeNumber: (number: SymbolicNumber) => Expression,
): Expression {
  if (isSymbolic(value)) return writeNumber(value);
  if (Array.isArray(value)) return array(value.map((item) => attribute(item, writeNumber)));
  if (typeof value === "string") return text(stringLiteral(value));
  if (typeof value === "object" && value !== null) {
    return object(
      Object.entries(value).map(([name, part]) => [name, attribute(part, writeNumber)]),
    );
  }
  return text(String(value));
}

/** A scalar that is a tensor of its own. */
export function scalarFill(kind: NumberKind, value: Expression): Expression {
  return call(
    "g.fill",
    object([
      ["value", value],
      ["axes", array([])],
      ["kind", text(stringLiteral(kind))],
    ]),
  );
}

/** Operations whose int operands stay int unless one is real. */
const MIXING = new Set([
  "add",
  "sub",
  "mul",
  "minimum",
  "maximum",
  "where",
  "clip",
  "abs",
  "neg",
  "sign",
]);

/**
 * Whether constants of this node must be tensors: as plain numbers the builder would take them for another kind
 * (a whole number beside an int tensor is int, any other is real), and the result would be of another kind than here.
 */
export function needsTypedConstants(node: OperationNode): boolean {
  if (!MIXING.has(node.op)) return false;
  const numeric = node.op === "where" ? node.operands.slice(1) : node.operands;
  const kinds = numeric.map((operand) => {
    if (!("constant" in operand)) return operand.type.kind;
    return operand.kind === "flag" ? "flag" : undefined;
  });
  const besideInt = kinds.includes("int");
  const assumed = numeric.map((operand, i): NumberKind => {
    const known = kinds[i];
    if (known !== undefined || !("constant" in operand)) return known ?? "real";
    return besideInt && Number.isInteger(operand.constant.value) ? "int" : "real";
  });
  const kind = assumed.includes("real") ? "real" : assumed.includes("int") ? "int" : "flag";
  return kind !== node.results[0]?.type.kind;
}
