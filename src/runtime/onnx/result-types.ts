/**
 * Element types and shapes of a node's results, from those of its operands: what ONNX Runtime
 * allocates for them. All shapes of a lowered plan are known.
 */
import type { Attribute, Element, GraphProto, NodeProto, TensorProto } from "./model.ts";
import { elementOfNumber } from "./model.ts";
import { broadcastShape } from "./shapes.ts";

export interface ResultType {
  readonly element: Element;
  readonly dims: readonly number[];
}

/** What is known of the values that a node sees. */
export interface Known {
  readonly types: ReadonlyMap<string, ResultType>;
  /** Constants, whose entries shape results. */
  readonly constants: ReadonlyMap<string, TensorProto>;
}

/** One type a result, in order. `inside` types the results of a graph within the node. */
export function resultTypes(
  node: NodeProto,
  known: Known,
  inside: (graph: GraphProto) => readonly ResultType[],
): readonly ResultType[] {
  const operand = (i: number): ResultType => {
    const type = known.types.get(node.inputs[i] ?? "");
    if (type === undefined) throw new Error(`${node.op} has no operand ${i} of known type.`);
    return type;
  };
  const integers = (i: number): readonly number[] => {
    const constant = known.constants.get(node.inputs[i] ?? "");
    if (constant === undefined) throw new Error(`Operand ${i} of ${node.op} is no constant.`);
    return Array.from(new BigInt64Array(constant.bytes.slice().buffer), Number);
  };
  const number = (name: string, absent: number): number => {
    const attribute = node.attributes[name];
    return attribute?.kind === "int" ? attribute.value : absent;
  };
  const first = (): ResultType => operand(0);
  const all = (element: Element): readonly ResultType[] => {
    const dims = broadcastShape(node.inputs.map((_, i) => operand(i).dims));
    return [{ element, dims }];
  };

  switch (node.op) {
    case "And":
    case "Equal":
    case "Greater":
    case "GreaterOrEqual":
    case "Less":
    case "LessOrEqual":
    case "Not":
    case "Or":
    case "IsNaN":
    case "IsInf":
      return all("bool");
    case "Where":
      return all(operand(1).element);
    case "Cast":
      return [{ element: elementOfNumber(number("to", 0)), dims: first().dims }];
    case "LayerNormalization": {
      const { element, dims } = first();
      const rows = [...dims.slice(0, -1), 1];
      return node.outputs.map((_, i) => ({ element, dims: i === 0 ? dims : rows }));
    }
    case "MatMul":
    case "FusedMatMul":
      return [stackedProduct(node, operand(0), operand(1))];
    case "Gemm": {
      const [a, b] = [
        turned(operand(0).dims, number("transA", 0)),
        turned(operand(1).dims, number("transB", 0)),
      ];
      return [{ element: first().element, dims: [a[0] ?? 1, b[1] ?? 1] }];
    }
    case "Transpose": {
      const { element, dims } = first();
      return [{ element, dims: listOf(node.attributes.perm).map((i) => dims[i] ?? 1) }];
    }
    case "Reshape":
    case "Expand": {
      const dims = integers(1);
      const { element, dims: given } = first();
      return [{ element, dims: node.op === "Expand" ? broadcastShape([given, dims]) : dims }];
    }
    case "ReduceMax":
    case "ReduceMean":
    case "ReduceMin":
    case "ReduceSum": {
      const { element, dims } = first();
      const over = node.inputs.length > 1 ? integers(1) : dims.map((_, i) => i);
      const kept = number("keepdims", 1) === 1;
      const reduced = dims.map((size, i) => (over.includes(i) ? 1 : size));
      return [{ element, dims: kept ? reduced : reduced.filter((_, i) => !over.includes(i)) }];
    }
    case "ArgMax": {
      const { dims } = first();
      return [{ element: "int64", dims: replaced(dims, number("axis", 0), 1) }];
    }
    case "TopK": {
      const { element, dims } = first();
      const [count = 1] = integers(1);
      const cut = replaced(dims, number("axis", -1), count);
      return [
        { element, dims: cut },
        { element: "int64", dims: cut },
      ];
    }
    case "Concat": {
      const axis = number("axis", 0);
      const sizes = node.inputs.map((_, i) => operand(i).dims.at(axis) ?? 1);
      const size = sizes.reduce((sum, each) => sum + each, 0);
      return [{ element: first().element, dims: replaced(first().dims, axis, size) }];
    }
    case "Slice": {
      const { element, dims } = first();
      const sliced = [...dims];
      const [starts, ends, axes] = [integers(1), integers(2), integers(3)];
      const steps = node.inputs.length > 4 ? integers(4) : axes.map(() => 1);
      axes.forEach((axis, i) => {
        sliced[axis] = sliceLength(dims[axis] ?? 1, starts[i] ?? 0, ends[i] ?? 0, steps[i] ?? 1);
      });
      return [{ element, dims: sliced }];
    }
    case "Pad": {
      const { element, dims } = first();
      const pads = integers(1);
      const around = (i: number): number => (pads[i] ?? 0) + (pads[i + dims.length] ?? 0);
      return [{ element, dims: dims.map((size, i) => size + around(i)) }];
    }
    case "Gather": {
      const { element, dims } = first();
      const axis = number("axis", 0);
      return [
        { element, dims: [...dims.slice(0, axis), ...operand(1).dims, ...dims.slice(axis + 1)] },
      ];
    }
    case "GatherElements":
      return [{ element: first().element, dims: operand(1).dims }];
    case "If":
    case "Scan":
      return node.op === "If"
        ? inside(graphOf(node, "then_branch"))
        : scanned(node, operand, inside);
    case "BiasGelu":
    case "CumSum":
    case "Identity":
    case "LogSoftmax":
    case "ScatterElements":
    case "Softmax":
      return [first()];
    case "Abs":
    case "Add":
    case "Cos":
    case "Div":
    case "Erf":
    case "Exp":
    case "Floor":
    case "Gelu":
    case "Log":
    case "Max":
    case "Min":
    case "Mod":
    case "Mul":
    case "Neg":
    case "Pow":
    case "Reciprocal":
    case "Relu":
    case "Round":
    case "Sigmoid":
    case "Sign":
    case "Sin":
    case "Softplus":
    case "Sqrt":
    case "Sub":
    case "Tanh":
      return all(first().element); // entry by entry
    default:
      throw new Error(`The types of the results of ${node.op} are not known.`);
  }
}

/** The graph in an attribute of a node. */
export function graphOf(node: NodeProto, name: string): GraphProto {
  const attribute = node.attributes[name];
  if (attribute?.kind !== "graph") throw new Error(`${node.op} has no graph ${name}.`);
  return attribute.value;
}

/** A product over the last axis of one and the last but one of the other, stacked over the rest. */
function stackedProduct(node: NodeProto, left: ResultType, right: ResultType): ResultType {
  const flag = (name: string): number => {
    const attribute = node.attributes[name];
    return attribute?.kind === "int" ? attribute.value : 0;
  };
  const a = turned(outermostLast(left.dims, flag("transBatchA")), flag("transA"));
  const b = turned(outermostLast(right.dims, flag("transBatchB")), flag("transB"));
  const stack = broadcastShape([a.slice(0, -2), b.slice(0, -2)]);
  return { element: left.element, dims: [...stack, a.at(-2) ?? 1, b.at(-1) ?? 1] };
}

/** The outermost axis moved before the last one, which is how FusedMatMul reads a stack inside out. */
function outermostLast(dims: readonly number[], flag: number): readonly number[] {
  return flag === 0 ? dims : [...dims.slice(1, -1), dims[0] ?? 1, dims.at(-1) ?? 1];
}

function turned(dims: readonly number[], flag: number): readonly number[] {
  return flag === 0 ? dims : [...dims.slice(0, -2), dims.at(-1) ?? 1, dims.at(-2) ?? 1];
}

function scanned(
  node: NodeProto,
  operand: (i: number) => ResultType,
  inside: (graph: GraphProto) => readonly ResultType[],
): readonly ResultType[] {
  const body = graphOf(node, "body");
  const inputs = node.attributes.num_scan_inputs;
  const carried = node.inputs.length - (inputs?.kind === "int" ? inputs.value : 0);
  const [steps = 1] = operand(carried).dims;
  return inside(body).map((type, i) =>
    i < carried ? type : { ...type, dims: [steps, ...type.dims] },
  );
}

function replaced(dims: readonly number[], axis: number, size: number): readonly number[] {
  const at = axis < 0 ? axis + dims.length : axis;
  return dims.map((each, i) => (i === at ? size : each));
}

function listOf(attribute: Attribute | undefined): readonly number[] {
  return attribute?.kind === "ints" ? attribute.value : [];
}

function sliceLength(size: number, start: number, end: number, step: number): number {
  const place = (at: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const [from, to] =
    step > 0
      ? [place(start, 0, size), place(end, 0, size)]
      : [place(start, 0, size - 1), end < -size ? -1 : place(end, -1, size - 1)];
  return Math.max(0, Math.ceil((to - from) / step));
}
