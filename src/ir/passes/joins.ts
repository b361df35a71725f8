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

/**
 * What a sum of padded tensors adds up, itself a sum or not; undefined if anything else is in it, or anything twice. A walk
 * rather than a recursion: a spec may add as many terms as it likes.
 */
function added(root: NodeOf<"add">, view: FunctionView): Padded | undefined {
  const nodes: OperationNode[] = [];
  const seen = new Set<OperationNode>();
  const parts: Part[] = [];
  let first: Padded | undefined;
  const waiting: NodeOf<"add">[] = [root];
  for (let sum = waiting.pop(); sum !== undefined; sum = waiting.pop()) {
    nodes.push(sum);
    for (const operand of sum.operands) {
      const inner = view.made(operand, "add");
      const join = view.made(operand, "join");
      const node = inner ?? join;
      if (node === undefined || seen.has(node)) return undefined;
      seen.add(node);
      if (inner !== undefined) waiting.push(inner);
      if (join === undefined) continue;
      const padded = joined(join, view);
      first ??= padded;
      if (padded.into !== first.into || padded.length !== first.length) return undefined;
      parts.push(...padded.parts);
      nodes.push(join);
    }
  }
  return first && { ...first, parts, nodes };
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
