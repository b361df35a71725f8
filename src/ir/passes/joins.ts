/**
 * The gradient of an axis taken apart: each part's gradient arrives padded with zeros, and the padded ones are added up.
 * Where the parts lie side by side, that is one join.
 */
import type { Operand, OperationNode } from "../graph.ts";
import { isConstant } from "../symbolic.ts";
import type { Pass } from "./pass.ts";
import type { Pattern } from "./transform.ts";
import { nameOr, rewriteOperations } from "./transform.ts";
import type { FunctionView, NodeOf } from "./view.ts";

/** A tensor along the joined axis, from entry `start` on. */
interface Part {
  readonly operand: Operand;
  readonly axis: string | null;
  readonly start: number;
  readonly size: number;
}

interface Padded {
  readonly into: string;
  readonly length: number;
  /** What is not zeros. */
  readonly parts: readonly Part[];
  readonly nodes: readonly OperationNode[];
}

function padded(operand: Operand | undefined, view: FunctionView): Padded | undefined {
  const join = view.made(operand, "join");
  if (join !== undefined) return joined(join, view);
  const sum = view.made(operand, "add");
  return sum && added(sum, view);
}

function joined(join: NodeOf<"join">, view: FunctionView): Padded {
  const parts: Part[] = [];
  let length = 0;
  for (const [position, operand] of join.operands.entries()) {
    const axis = join.attributes.pieces[position] ?? null;
    const axes = isConstant(operand) ? [] : operand.type.axes;
    const size = axes.find(({ name }) => name === axis)?.size ?? 1;
    if (!isZero(operand, view)) parts.push({ operand, axis, start: length, size });
    length += size;
  }
  return { into: join.attributes.into, length, parts, nodes: [join] };
}

function added(sum: NodeOf<"add">, view: FunctionView): Padded | undefined {
  const [left, right] = sum.operands.map((operand) => padded(operand, view));
  if (left === undefined || right === undefined) return undefined;
  if (left.into !== right.into || left.length !== right.length) return undefined;
  const nodes = [...left.nodes, ...right.nodes, sum];
  return { ...left, parts: [...left.parts, ...right.parts], nodes };
}

function isZero(operand: Operand, view: FunctionView): boolean {
  return view.made(operand, "fill")?.attributes.value.value === 0;
}

/** The parts in order if they lie side by side and leave nothing out. */
function tiled({ parts, length }: Padded): readonly Part[] | undefined {
  const inOrder = [...parts].sort((a, b) => a.start - b.start);
  let end = 0;
  for (const { start, size } of inOrder) {
    if (start !== end) return undefined;
    end += size;
  }
  return end === length ? inOrder : undefined;
}

const pattern: Pattern = (node, view) => {
  if (node.op !== "add" || node.results[0]?.type.kind !== "real") return undefined;
  const whole = added(node, view);
  const parts = whole && tiled(whole);
  if (whole === undefined || parts === undefined) return undefined;
  const inner = whole.nodes.filter((each) => each !== node);
  if (!view.onlyFor(node, inner)) return undefined;
  const pieces = parts.map((part) => part.axis);
  return (writing) => [
    writing.f.op(
      "join",
      parts.map((part) => writing.at(part.operand)),
      { pieces, into: whole.into },
      nameOr(node, writing, "$joined"),
      node.origin,
    ),
  ];
};

export const joins: Pass = {
  name: "joins",
  doc: "Gradients of an axis taken apart, each padded with zeros and added up, become one join.",
  stage: "program",
  run: (graph) => rewriteOperations(graph, pattern),
};
