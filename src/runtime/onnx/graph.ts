/**
 * An ONNX graph under construction: nodes in order, constants shared by content, fresh names.
 * Knows nothing of axes; `tensors.ts` puts them on top.
 */
import type { Attribute, Element, GraphProto, NodeProto, TensorProto, ValueInfo } from "./model.ts";
import { elementNumber } from "./model.ts";

export type ElementArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Attributes in short: integers, or lists of them, are the common case. */
export type AttributeValue = number | readonly number[] | Attribute;

export interface NodeOptions {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** An input and its shape. */
export type InputInfo = ValueInfo & { readonly dims: readonly number[] };

/** Constants up to this many bytes are compared by content, so that equal ones are stored once. */
const SHARED_BYTES = 4096;

export class GraphWriter {
  #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #shared = new Map<string, string>();
  readonly #inputs: InputInfo[] = [];
  #count = 0;

  /** Emits a node with one result and gives the result's name. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const output = this.fresh();
    this.#emit(op, inputs, [output], options);
    return output;
  }

  /** Emits a node with `count` results and gives their names. */
  nodes(op: string, inputs: readonly string[], count: number, options: NodeOptions = {}): string[] {
    const outputs = Array.from({ length: count }, () => this.fresh());
    this.#emit(op, inputs, outputs, options);
    return outputs;
  }

  /** The inputs declared so far. */
  get inputs(): readonly InputInfo[] {
    return this.#inputs;
  }

  input(name: string, element: Element, dims: readonly number[]): string {
    this.#inputs.push({ name, element, dims });
    return name;
  }

  /** A constant with the given entries, row-major. */
  constant(element: Element, dims: readonly number[], entries: ElementArray): string {
    const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
    if (bytes.length > SHARED_BYTES) return this.#initializer(element, dims, bytes);
    const key = `${element} ${dims.join("x")} ${bytes.join()}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.#initializer(element, dims, bytes);
    this.#shared.set(key, name);
    return name;
  }

  /** A constant list of int64, as shapes, starts and axes are given. */
  integers(values: readonly number[]): string {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A constant without axes. */
  scalar(element: Element, value: number): string {
    return this.constant(element, [], entriesOf(element, [value]));
  }

  cast(name: string, element: Element): string {
    return this.node("Cast", [name], { attributes: { to: elementNumber(element) } });
  }

  /**
   * Emits `If(condition)`; each branch, `otherwise` first, emits its nodes and gives one result.
   * Only the branch taken is computed; both see every value emitted before.
   */
  branch(condition: string, element: Element, otherwise: () => string, then: () => string): string {
    const body = (write: () => string) => this.subgraph([], () => [{ name: write(), element }]);
    const attributes = { else_branch: body(otherwise), then_branch: body(then) };
    return this.node("If", [condition], { attributes });
  }

  /**
   * A graph inside a node, which sees every value emitted before; `write` emits its nodes and gives
   * its results.
   */
  subgraph(inputs: readonly ValueInfo[], write: () => readonly ValueInfo[]): Attribute {
    const around = this.#nodes;
    this.#nodes = [];
    const outputs = write();
    const name = this.fresh();
    const value = { name, nodes: this.#nodes, initializers: [], inputs, outputs };
    this.#nodes = around;
    return { kind: "graph", value };
  }

  /** A name that no other value of the graph has. */
  fresh(): string {
    return `t${this.#count++}`;
  }

  /**
   * The graph with the given results, its nodes from the last to the first: ONNX Runtime orders
   * them anew, by what each needs, beginning with the node without successors that is written last.
   * This way that comes out as the order in which they were emitted; the other way results wait
   * long for the nodes that use them up (measured: 1.7 times the memory).
   */
  finish(name: string, outputs: readonly ValueInfo[]): GraphProto {
    return {
      name,
      nodes: this.#nodes.toReversed(),
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs,
    };
  }

  #initializer(element: Element, dims: readonly number[], bytes: Uint8Array): string {
    const name = `c${this.#initializers.length}`;
    this.#initializers.push({ name, element, dims, bytes });
    return name;
  }

  #emit(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    options: NodeOptions,
  ): void {
    const attributes: Record<string, Attribute> = {};
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      attributes[name] = attributeOf(value);
    }
    this.#nodes.push({ op, domain: options.domain ?? "", inputs, outputs, attributes });
  }
}

/** A 32-bit float attribute. */
export function float(value: number): Attribute {
  return { kind: "float", value };
}

/** Entries in the storage that an element type has in a model. */
export function entriesOf(element: Element, values: Iterable<number>): ElementArray {
  switch (element) {
    case "float32":
      return Float32Array.from(values);
    case "float64":
      return Float64Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "int64":
      return BigInt64Array.from(values, BigInt);
    case "bool":
    case "uint8":
      return Uint8Array.from(values);
    default:
      return element satisfies never;
  }
}

function attributeOf(value: AttributeValue): Attribute {
  if (typeof value === "number") return { kind: "int", value };
  return isList(value) ? { kind: "ints", value } : value;
}

function isList(value: readonly number[] | Attribute): value is readonly number[] {
  return Array.isArray(value);
}
