/** Reads the text form of a graph; see graph-text.ts. Throws an Error that names the line. */
import { isOperation, OPEN } from "../ops/index.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  NumberBinding,
  NumberFormal,
  NumberOperand,
  Operand,
  OperationNode,
  Port,
  PortRole,
  RepeatNode,
  SegmentGradient,
  Value,
  ValueType,
} from "./graph.ts";
import { parseSymbol } from "./graph-numbers.ts";
import { Reader } from "./graph-reader.ts";

export function parseGraph(text: string): Graph {
  const reader = new Reader(text);
  reader.expect("main");
  const main = reader.name();
  const training = parseTraining(reader);
  const functions = new Map<string, GraphFunction>();
  while (!reader.atEnd()) {
    const parsed = parseFunction(reader);
    functions.set(parsed.name, parsed);
  }
  return { functions, main, ...(training && { training }) };
}

/** Names of the backward function and of the critical path, if the graph has them. */
function parseTraining(reader: Reader): SegmentGradient | undefined {
  if (!reader.accept("training")) return undefined;
  const backward = reader.name();
  reader.expect(",");
  return { backward, critical: reader.name() };
}

const functionKinds = ["block", "forward", "backward", "critical"] as const;
const numberKinds = ["real", "int", "flag"] as const;
const roles: readonly PortRole[] = [
  "argument",
  "parameter",
  "state",
  "draw",
  "residual",
  "cotangent",
  "return",
  "next",
  "loss",
  "count",
  "gradient",
];

function parseFunction(reader: Reader): GraphFunction {
  const kind = reader.oneOf(functionKinds);
  const name = reader.name();
  const title = reader.name();
  const source = reader.accept("of") ? reader.name() : undefined;
  reader.expect("{");
  const values = new Map<string, Value>();
  const make = (): Value => {
    const value = parseValue(reader);
    values.set(value.name, value);
    return value;
  };
  const read = (): Value => {
    const { line } = reader.peek();
    const wanted = reader.name();
    const value = values.get(wanted);
    if (value === undefined) throw new Error(`Line ${line}: ${wanted} is read before it is made.`);
    return value;
  };
  let numbers: readonly NumberFormal[] = [];
  const inputs: Port[] = [];
  const nodes: Node[] = [];
  const results: Port[] = [];
  while (!reader.accept("}")) {
    const isValue = reader.is(":", 1);
    if (!isValue && reader.accept("numbers")) numbers = reader.list(() => parseFormal(reader));
    else if (!isValue && reader.accept("in")) inputs.push({ value: make(), ...place(reader) });
    else if (!isValue && reader.accept("out")) results.push({ value: read(), ...place(reader) });
    else nodes.push(parseNode(reader, make, read));
  }
  return {
    name,
    title,
    kind,
    ...(source !== undefined && { source }),
    numbers,
    inputs,
    nodes,
    results,
  };
}

function parseValue(reader: Reader): Value {
  const name = reader.name();
  reader.expect(":");
  return { name, type: parseType(reader) };
}

function parseType(reader: Reader): ValueType {
  const kind = reader.oneOf(numberKinds);
  const copies: number[] = [];
  while (reader.accept("*")) copies.push(reader.number());
  reader.expect("[");
  const axes = reader.until("]", () => {
    const name = reader.name();
    return { name, size: reader.accept("=") ? reader.number() : OPEN };
  });
  return { kind, axes, copies };
}

function parsePath(reader: Reader): string[] {
  const path: string[] = [];
  do path.push(reader.accept("*") ? "*" : reader.name());
  while (reader.accept("."));
  return path;
}

function place(reader: Reader): Omit<Port, "value"> {
  reader.expect("as");
  const role = reader.oneOf(roles);
  const [struct = "own", ...path] = parsePath(reader);
  return { role, path, struct };
}

function parseFormal(reader: Reader): NumberFormal {
  const name = reader.name();
  reader.expect("=");
  if (!reader.accept("[")) return { name, value: reader.number() };
  return { name, value: reader.until("]", () => reader.number()) };
}

function parseNode(reader: Reader, make: () => Value, read: () => Value): Node {
  const operand = (): Operand => parseOperand(reader, read);
  if (reader.is("probe") && !reader.is(":", 1)) {
    reader.expect("probe");
    const of = reader.oneOf(["value", "gradient"] as const);
    const name = reader.name();
    reader.expect("=");
    return { kind: "probe", name, of, input: operand() };
  }
  const results = reader.is(":", 1) ? reader.list(make) : [];
  if (results.length > 0) reader.expect("=");
  const [result] = results;
  const word = reader.name();
  switch (word) {
    case "call": {
      const called = reader.name();
      const scope = reader.accept("at") ? parsePath(reader) : [];
      reader.expect("(");
      const inputs = reader.until(")", operand);
      const numbers = parseBindings(reader);
      return { kind: "call", function: called, scope, numbers, inputs, results };
    }
    case "repeat":
    case "scan": {
      const { over, ...parts } = parseLoop(reader, operand, results);
      return word === "scan"
        ? { kind: word, axis: over, ...parts }
        : { kind: word, index: over, ...parts };
    }
    case "stack":
    case "unstack": {
      const input = read();
      reader.expect("over");
      const axis = reader.name();
      if (result === undefined) return reader.fail("a result");
      return { kind: word, axis, input, result };
    }
    default:
      return parseOperation(reader, word, operand, results);
  }
}

function parseOperation(
  reader: Reader,
  op: string,
  operand: () => Operand,
  results: readonly Value[],
): Node {
  if (!isOperation(op)) return reader.fail(`an operation instead of ${op}`);
  const { line } = reader.peek(-1);
  const ended = (): boolean => reader.peek().line !== line || reader.is("{");
  const operands = ended() ? [] : reader.list(operand);
  const attributes = ended() && reader.is("{") ? parsePart(reader) : {};
  return { kind: "operation", op, attributes, operands, results } as OperationNode;
}

function parseLoop(
  reader: Reader,
  operand: () => Operand,
  results: readonly Value[],
): Omit<RepeatNode, "kind" | "index"> & { readonly over: string } {
  const body = reader.name();
  reader.expect("over");
  const over = reader.name();
  reader.expect("[");
  const count = parseSymbol(reader);
  reader.expect("]");
  const scope = reader.accept("at") ? { scope: parsePath(reader) } : {};
  const reversed = reader.accept("reversed");
  reader.expect("(");
  const passed = reader.until(")", () => {
    const passing = reader.oneOf(["carried", "stacked", "captured"] as const);
    return { passing, input: operand() };
  });
  reader.expect("gives");
  reader.expect("(");
  const collecting = reader.until(")", () =>
    reader.oneOf(["carried", "stacked", "summed"] as const),
  );
  const numbers = parseBindings(reader);
  const inputs = passed.map((each) => each.input);
  const passing = passed.map((each) => each.passing);
  return {
    function: body,
    over,
    ...scope,
    count,
    reversed,
    numbers,
    inputs,
    passing,
    collecting,
    results,
  };
}

function parseBindings(reader: Reader): readonly NumberBinding[] {
  if (!reader.accept("with")) return [];
  return reader.list(() => {
    const name = reader.name();
    reader.expect("=");
    const many = reader.accept("[");
    return {
      name,
      value: many ? reader.until("]", () => parseSymbol(reader)) : parseSymbol(reader),
    };
  });
}

function parseOperand(reader: Reader, read: () => Value): Operand {
  if (!reader.is("(", 1)) return read();
  const kind: NumberOperand["kind"] = reader.oneOf(numberKinds);
  reader.expect("(");
  const constant = parseSymbol(reader);
  reader.expect(")");
  return { constant, kind };
}

function parsePart(reader: Reader): unknown {
  if (reader.accept("[")) return reader.until("]", () => parsePart(reader));
  if (reader.accept("{")) {
    const fields = reader.until("}", () => {
      const key = reader.name();
      reader.expect(":");
      return [key, parsePart(reader)] as const;
    });
    return Object.fromEntries(fields);
  }
  if (reader.is("<") || reader.peek().kind === "number") return parseSymbol(reader);
  if (reader.accept("true")) return true;
  if (reader.accept("false")) return false;
  if (reader.accept("null")) return null;
  const name = reader.name();
  return reader.accept("=") ? { name, size: parseSymbol(reader) } : name;
}
