/** Reads the text form of a graph; see graph-text.ts. Throws an Error that names the line. */
import { isOperation, OPEN } from "../ops/index.ts";
import type {
  Graph,
  GraphFunction,
  Node,
  NumberBinding,
  NumberExpression,
  NumberFormal,
  NumberOperand,
  Operand,
  OperationNode,
  Port,
  PortRole,
  RepeatNode,
  SymbolicNumber,
  Value,
  ValueType,
} from "./graph.ts";
import { literal } from "./symbolic.ts";

export function parseGraph(text: string): Graph {
  const reader = new Reader(text);
  reader.expect("main");
  const main = reader.name();
  const functions = new Map<string, GraphFunction>();
  while (!reader.atEnd()) {
    const parsed = parseFunction(reader);
    functions.set(parsed.name, parsed);
  }
  return { functions, main };
}

interface Token {
  readonly kind: "name" | "quoted" | "number" | "mark";
  readonly text: string;
  readonly line: number;
}

const pattern =
  /("(?:[^"\\]|\\.)*")|(-?(?:Infinity|NaN)\b|-?\d[\d.]*(?:e[+-]?\d+)?)|([A-Za-z_$][\w$]*)|(\S)/g;

class Reader {
  readonly #tokens: Token[] = [];
  #position = 0;

  constructor(text: string) {
    for (const [index, content] of text.split("\n").entries()) {
      for (const [, quoted, number, name, mark] of content.matchAll(pattern)) {
        const line = index + 1;
        if (quoted !== undefined) this.#tokens.push({ kind: "quoted", text: quoted, line });
        else if (number !== undefined) this.#tokens.push({ kind: "number", text: number, line });
        else if (name !== undefined) this.#tokens.push({ kind: "name", text: name, line });
        else this.#tokens.push({ kind: "mark", text: mark ?? "", line });
      }
    }
  }

  atEnd(): boolean {
    return this.#position >= this.#tokens.length;
  }

  peek(ahead = 0): Token {
    const last = this.#tokens.at(-1)?.line ?? 1;
    return this.#tokens[this.#position + ahead] ?? { kind: "mark", text: "the end", line: last };
  }

  next(): Token {
    const token = this.peek();
    this.#position++;
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && token.kind !== "quoted";
  }

  accept(text: string): boolean {
    const found = this.is(text);
    if (found) this.#position++;
    return found;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.fail(text);
  }

  fail(expected: string): never {
    const { line, text } = this.peek();
    throw new Error(`Line ${line}: expected ${expected}, found ${text}.`);
  }

  name(): string {
    const token = this.peek();
    if (token.kind === "name") return this.next().text;
    if (token.kind === "quoted") {
      const text: unknown = JSON.parse(this.next().text);
      if (typeof text === "string") return text;
    }
    return this.fail("a name");
  }

  number(): number {
    if (this.peek().kind !== "number") this.fail("a number");
    return Number(this.next().text);
  }

  oneOf<Word extends string>(words: readonly Word[]): Word {
    const found = words.find((word) => this.is(word));
    if (found === undefined) return this.fail(words.join(" or "));
    this.#position++;
    return found;
  }

  /** Items with commas between them, up to the closing mark, which is read too. */
  until<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.accept(close)) {
      items.push(item());
      if (!this.is(close)) this.expect(",");
    }
    return items;
  }

  /** One or more items with commas between them. */
  list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.accept(",")) items.push(item());
    return items;
  }
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
  "gradient",
];

function parseFunction(reader: Reader): GraphFunction {
  const kind = reader.oneOf(functionKinds);
  const name = reader.name();
  const title = reader.name();
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
  return { name, title, kind, numbers, inputs, nodes, results };
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
  return { function: body, over, count, reversed, numbers, inputs, passing, collecting, results };
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

function parseSymbol(reader: Reader): SymbolicNumber {
  if (!reader.accept("<")) return literal(reader.number());
  const text = parseExpression(reader);
  reader.expect("=");
  const value = reader.number();
  reader.expect(">");
  return { value, text };
}

type Operator = Extract<NumberExpression, { kind: "operation" }>["operator"];

const infixOperators: readonly Operator[] = ["+", "-", "*", "/", "^", "div", "mod"];
const operators: ReadonlySet<string> = new Set<Operator>([
  ...infixOperators,
  "min",
  "max",
  "neg",
  "sqrt",
  "exp",
  "log",
  "floor",
  "round",
  "abs",
  "sin",
  "cos",
  "root",
  "ceil",
]);

function isOperator(name: string): name is Operator {
  return operators.has(name);
}

function parseExpression(reader: Reader): NumberExpression {
  if (reader.peek().kind === "number") return { kind: "literal", value: reader.number() };
  if (reader.accept("|")) {
    const name = reader.name();
    reader.expect("|");
    return { kind: "axis", name };
  }
  if (reader.accept("(")) {
    const left = parseExpression(reader);
    const operator = reader.oneOf(infixOperators);
    const operands = [left, parseExpression(reader)];
    reader.expect(")");
    return { kind: "operation", operator, operands };
  }
  const name = reader.name();
  if (!reader.accept("(")) return { kind: "formal", name };
  if (!isOperator(name)) return reader.fail(`an operator instead of ${name}`);
  const operands = reader.until(")", () => parseExpression(reader));
  return { kind: "operation", operator: name, operands };
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
