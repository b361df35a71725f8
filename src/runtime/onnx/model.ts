/**
 * ONNX models as plain data, and their file form.
 * Field numbers follow onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
 */
import { MessageWriter } from "./protobuf.ts";

/** Element types that the lowering uses, with their number in TensorProto.DataType. */
const elementNumbers = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
} as const;

export type Element = keyof typeof elementNumbers;

/** The number of an element type in a model file, as `Cast` wants it. */
export function elementNumber(element: Element): number {
  return elementNumbers[element];
}

/** The element type of a number, as `elementNumber` gives it. */
export function elementOfNumber(number: number): Element {
  for (const [element, each] of Object.entries(elementNumbers)) {
    if (each === number) return element as Element;
  }
  throw new RangeError(`No element type has the number ${number}.`);
}

/** Bytes of one entry. */
export function bytesOfElement(element: Element): number {
  switch (element) {
    case "bool":
    case "uint8":
      return 1;
    case "float32":
    case "int32":
      return 4;
    case "float64":
    case "int64":
      return 8;
    default:
      return element satisfies never;
  }
}

export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "graph"; readonly value: GraphProto };

export interface NodeProto {
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  /** Names of values; an empty name stands for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant; `bytes` are its entries in row-major order, little-endian. */
export interface TensorProto {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly number[];
  readonly bytes: Uint8Array;
}

export interface ValueInfo {
  readonly name: string;
  readonly element: Element;
  /** Absent where the shape is left to inference (results of a branch of `If`). */
  readonly dims?: readonly number[];
}

export interface GraphProto {
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/**
 * The version of the standard operators that the lowering emits, and the file format that goes with
 * it.
 */
const OPSET = 21;
const IR_VERSION = 10;
/** Domain of the operators that ONNX Runtime adds to the standard ones. */
export const MICROSOFT = "com.microsoft";

/** The bytes of a model file with one graph. */
export function encodeModel(graph: GraphProto): Uint8Array {
  const model = new MessageWriter();
  model.integer(1, IR_VERSION).string(2, "memc");
  model.message(7, (w) => writeGraph(w, graph));
  model.message(8, (w) => w.string(1, "").integer(2, OPSET));
  model.message(8, (w) => w.string(1, MICROSOFT).integer(2, 1));
  return model.finish();
}

function writeGraph(writer: MessageWriter, graph: GraphProto): void {
  for (const node of graph.nodes) writer.message(1, (w) => writeNode(w, node));
  writer.string(2, graph.name);
  for (const tensor of graph.initializers) writer.message(5, (w) => writeTensor(w, tensor));
  for (const input of graph.inputs) writer.message(11, (w) => writeValueInfo(w, input));
  for (const output of graph.outputs) writer.message(12, (w) => writeValueInfo(w, output));
}

function writeNode(writer: MessageWriter, node: NodeProto): void {
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, `${node.op}:${node.outputs[0] ?? ""}`).string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, (w) => writeAttribute(w, name, attribute));
  }
  writer.string(7, node.domain);
}

function writeAttribute(writer: MessageWriter, name: string, attribute: Attribute): void {
  writer.string(1, name);
  switch (attribute.kind) {
    case "float":
      writer.float(2, attribute.value).integer(20, 1);
      return;
    case "int":
      writer.integer(3, attribute.value).integer(20, 2);
      return;
    case "string":
      writer.string(4, attribute.value).integer(20, 3);
      return;
    case "graph":
      writer.message(6, (w) => writeGraph(w, attribute.value)).integer(20, 5);
      return;
    case "ints":
      writer.integers(8, attribute.value).integer(20, 7);
      return;
    default:
      attribute satisfies never;
  }
}

function writeTensor(writer: MessageWriter, tensor: TensorProto): void {
  writer.integers(1, tensor.dims).integer(2, elementNumber(tensor.element));
  writer.string(8, tensor.name).bytes(9, tensor.bytes);
}

function writeValueInfo(writer: MessageWriter, info: ValueInfo): void {
  writer.string(1, info.name).message(2, (type) =>
    type.message(1, (tensor) => {
      tensor.integer(1, elementNumber(info.element));
      const dims = info.dims;
      if (dims === undefined) return;
      tensor.message(2, (shape) => {
        for (const dim of dims) shape.message(1, (w) => w.integer(1, dim));
      });
    }),
  );
}
