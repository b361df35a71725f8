/** Functions without calls: what is known before anything runs stands alone, whatever blocks it went through. */
import { FunctionBuilder } from "./function-builder.ts";
import type {
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  SymbolicNumber,
  Value,
} from "./graph.ts";
import { mapNodeNumbers, mentionedFormals, operandsOf, resultsOf } from "./rewrite.ts";
import { isSymbolic, isValue, literal, mapNames } from "./symbolic.ts";

/** Something that has no place in a function without calls: a loop. */
export class InlineError extends Error {
  override readonly name = "InlineError";
}

/**
 * The function with the bodies of what it calls in the places of the calls, and of `around` those
 * nodes that its values come from. Throws InlineError for a loop.
 */
export function inlined(
  written: GraphFunction,
  around: readonly Node[],
  functionOf: (name: string) => GraphFunction,
): GraphFunction {
  const builder = new FunctionBuilder(written.name);
  const values = new Map<string, Operand>();
  const nodes = [...needed(written, around), ...written.nodes];
  copy(builder, nodes, values, new Map(), functionOf);
  for (const port of written.results) {
    const operand = values.get(port.value.name) ?? port.value;
    const value = isValue(operand) ? operand : builder.op("real", [operand], {}, port.value.name);
    builder.result(value, port);
  }
  const flat = builder.finish();
  const mentioned = mentionedFormals(flat.nodes);
  return { ...flat, numbers: written.numbers.filter(({ name }) => mentioned.has(name)) };
}

/** The nodes that make what a function reads and does not make, in order. */
function needed(written: GraphFunction, around: readonly Node[]): readonly Node[] {
  const made = new Set(written.nodes.flatMap(resultsOf).map(({ name }) => name));
  const wanted = new Set(
    [...written.nodes.flatMap(operandsOf), ...written.results.map(({ value }) => value)].flatMap(
      (operand) => (isValue(operand) && !made.has(operand.name) ? [operand.name] : []),
    ),
  );
  const kept = around.toReversed().filter((node) => {
    if (!resultsOf(node).some(({ name }) => wanted.has(name))) return false;
    for (const operand of operandsOf(node)) if (isValue(operand)) wanted.add(operand.name);
    return true;
  });
  return kept.reverse();
}

function copy(
  builder: FunctionBuilder,
  nodes: readonly Node[],
  values: Map<string, Operand>,
  numbers: ReadonlyMap<string, SymbolicNumber>,
  functionOf: (name: string) => GraphFunction,
): void {
  const read = (operand: Operand): Operand =>
    isValue(operand) ? (values.get(operand.name) ?? operand) : operand;
  for (const each of nodes) {
    const node = mapNodeNumbers(each, (number) => bound(number, numbers));
    if (node.kind === "operation") {
      const results = node.results.map((value): Value => builder.value(value.name, value.type));
      const operands = node.operands.map(read);
      builder.append({ ...node, operands, results } as OperationNode);
      node.results.forEach((value, i) => {
        values.set(value.name, results[i] as Value);
      });
    } else if (node.kind === "call") {
      const callee = functionOf(node.function);
      const inside = new Map<string, Operand>();
      callee.inputs.forEach(({ value }, i) => {
        const given = node.inputs[i];
        if (given !== undefined) inside.set(value.name, read(given));
      });
      const own = node.numbers.flatMap(({ name, value }) =>
        isSymbolic(value) ? [[name, value] as const] : [],
      );
      copy(builder, callee.nodes, inside, new Map(own), functionOf);
      node.results.forEach((value, i) => {
        const made = callee.results[i]?.value;
        if (made !== undefined) values.set(value.name, inside.get(made.name) ?? made);
      });
    } else {
      throw new InlineError(`A ${node.kind} has no place in a function without calls.`);
    }
  }
}

/** The number in the caller's terms; as it comes out where the callee speaks of its arguments' axes. */
function bound(
  number: SymbolicNumber,
  numbers: ReadonlyMap<string, SymbolicNumber>,
): SymbolicNumber {
  if (numbers.size === 0) return number;
  const text = mapNames(number.text, ({ kind, name }) =>
    kind === "formal" ? numbers.get(name)?.text : undefined,
  );
  return text === undefined ? literal(number.value) : { ...number, text };
}
