/**
 * A hash of what a graph computes: blind to the order of independent nodes, to names of local
 * values, functions and number formals, to docs and origins and to how a constant was written; not
 * to the addresses of parameters, states, draws, losses and probes, since those decide the numbers
 * that are drawn and loaded. The compiler itself does not ask for it: tests do, to say that a step
 * such as naming values leaves what is computed as it was.
 */
import type { Graph, GraphFunction, Node, Operand, Port, SymbolicNumber, Value } from "./graph.ts";
import { valueTypeText } from "./graph-text.ts";
import { loopScope, resultsOf } from "./rewrite.ts";
import { isConstant, isSymbolic } from "./symbolic.ts";

/** 32 hexadecimal digits. Equal graphs have equal hashes; nodes that nothing needs do not count. */
export function hashGraph(graph: Graph): string {
  const main = graph.functions.get(graph.main);
  if (main === undefined) throw new Error(`The graph has no function ${graph.main}.`);
  return new Hasher(graph).hash(main, true);
}

/**
 * Hash of one function of a graph and of what it calls; arguments and returns count by position.
 */
export function hashFunction(graph: Graph, written: GraphFunction): string {
  return new Hasher(graph).hash(written, false);
}

class Hasher {
  readonly #graph: Graph;
  readonly #known = new Map<string, string>();
  readonly #probed = new Map<string, boolean>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** `named`: arguments and returns count by name, as those of a model do. */
  hash(written: GraphFunction, named: boolean): string {
    const values = new Map<string, string>();
    for (const [key, port] of keyed(written.inputs, named)) {
      values.set(port.value.name, digest(`input ${key} ${typeText(port.value)}`));
    }
    const seen: string[] = [];
    for (const node of written.nodes) {
      const [text, visible] = this.#describe(node, values);
      for (const [position, result] of resultsOf(node).entries()) {
        values.set(result.name, digest(`${position} ${typeText(result)} ${text}`));
      }
      if (visible) seen.push(digest(text));
    }
    const results = keyed(written.results, named).map(
      ([key, port]) => `${key} ${values.get(port.value.name) ?? ""}`,
    );
    const inputs = keyed(written.inputs, named).map(
      ([key, port]) => `${key} ${typeText(port.value)}`,
    );
    return digest([...inputs.sort(), "", ...results.sort(), "", ...seen.sort()].join("\n"));
  }

  /** What a node computes, and whether it is seen from outside even if nothing reads it. */
  #describe(node: Node, values: ReadonlyMap<string, string>): readonly [string, boolean] {
    const operand = (each: Operand): string =>
      isConstant(each) ? `${each.kind} ${each.constant.value}` : (values.get(each.name) ?? "");
    switch (node.kind) {
      case "operation": {
        const operands = node.operands.map(operand).join(" ");
        return [`${node.op} ${partText(node.attributes)} ${operands}`, false];
      }
      case "call": {
        const inputs = this.#inputs(node.function, node.inputs.map(operand));
        const probed = this.#hasProbes(node.function);
        return [`call ${probed ? node.scope.join(".") : ""} ${inputs}`, probed];
      }
      case "repeat":
      case "scan": {
        const passed = node.inputs.map((input, at) => `${node.passing[at]} ${operand(input)}`);
        const probed = this.#hasProbes(node.function);
        // A repeat is blind to the name of its index, unless probes are addressed by it.
        const axis = node.kind === "scan" ? node.axis : "";
        const over = probed ? `${axis} ${loopScope(node).join(".")}` : axis;
        const direction = node.reversed ? "reversed" : "";
        const head = `${node.kind} ${over} ${node.count.value} ${direction}`;
        const text = `${head} ${this.#inputs(node.function, passed)} ${node.collecting.join(" ")}`;
        return [text, probed];
      }
      case "stack":
      case "unstack":
        return [`${node.kind} ${node.axis} ${operand(node.input)}`, false];
      case "probe":
        return [`probe ${node.of} ${node.name} ${operand(node.input)}`, true];
      default:
        return node satisfies never;
    }
  }

  /** The callee, with what it is given for each of its inputs. */
  #inputs(name: string, given: readonly string[]): string {
    const callee = this.#functionOf(name);
    const known = this.#known.get(name) ?? this.hash(callee, false);
    this.#known.set(name, known);
    const position = new Map(callee.inputs.map((port, index) => [port, index]));
    const inputs = keyed(callee.inputs, false).map(
      ([key, port]) => `${key}=${given[position.get(port) ?? -1] ?? ""}`,
    );
    return `${known} (${inputs.sort().join(", ")})`;
  }

  #hasProbes(name: string): boolean {
    const known = this.#probed.get(name);
    if (known !== undefined) return known;
    const probed = this.#functionOf(name).nodes.some(
      (node) => node.kind === "probe" || ("function" in node && this.#hasProbes(node.function)),
    );
    this.#probed.set(name, probed);
    return probed;
  }

  #functionOf(name: string): GraphFunction {
    const found = this.#graph.functions.get(name);
    if (found === undefined) throw new Error(`The graph has no function ${name}.`);
    return found;
  }
}

/**
 * Ports with what tells them apart: their address or, for arguments and returns, their position.
 */
function keyed(ports: readonly Port[], named: boolean): readonly (readonly [string, Port])[] {
  const counts = new Map<string, number>();
  return ports.map((port) => {
    const positional = port.role === "argument" || port.role === "return";
    const count = counts.get(port.role) ?? 0;
    counts.set(port.role, count + 1);
    const place = positional && !named ? [String(count)] : [port.struct, ...port.path];
    return [`${port.role} ${place.join(".")}`, port];
  });
}

function typeText(value: Value): string {
  return valueTypeText(value.type);
}

/** Attributes with numbers by value and keys in order. */
function partText(part: unknown): string {
  if (isSymbolic(part)) return numberText(part);
  if (Array.isArray(part)) return `[${part.map(partText).join(", ")}]`;
  if (typeof part !== "object" || part === null) return JSON.stringify(part) ?? "";
  const entries = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${key}: ${partText(value)}`).join(", ")}}`;
}

function numberText({ value }: SymbolicNumber): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/**
 * 128 bits in four lanes, mixed by multiplication and rotation as MurmurHash3 does; not for secrets.
 */
export function digest(text: string): string {
  let [a, b, c, d] = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index) + 1;
    a = (Math.imul(rotate(a ^ Math.imul(code, 0xcc9e2d51), 13), 5) + b) | 0;
    b = (Math.imul(rotate(b ^ Math.imul(code, 0x1b873593), 15), 5) + c) | 0;
    c = (Math.imul(rotate(c ^ Math.imul(code, 0x85ebca6b), 17), 5) + d) | 0;
    d = (Math.imul(rotate(d ^ Math.imul(code, 0xc2b2ae35), 19), 5) + a) | 0;
  }
  for (let round = 0; round < 4; round++) {
    a = finish(a ^ text.length ^ d, 0xcc9e2d51);
    b = finish(b ^ a, 0x1b873593);
    c = finish(c ^ b, 0x85ebca6b);
    d = finish(d ^ c, 0xc2b2ae35);
  }
  return [a, b, c, d].map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
}

const rotate = (lane: number, by: number): number => (lane << by) | (lane >>> (32 - by));

function finish(lane: number, factor: number): number {
  const mixed = Math.imul(lane ^ (lane >>> 16), factor);
  return mixed ^ (mixed >>> 13);
}
