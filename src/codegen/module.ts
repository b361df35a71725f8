/**
 * The functions of a generated file: those reachable from its segment functions, equal ones once, under readable
 * names. The text of a function does not depend on sizes, so specialisations for other sizes are the same function.
 */
import type { Graph, GraphFunction, Port, Value } from "../ir/graph.ts";
import { sweep } from "../ir/passes/sweep.ts";
import { reachable } from "../ir/reachable.ts";
import { calleeOf, resultsOf } from "../ir/rewrite.ts";
import type { TensorType } from "../ops/index.ts";
import { writeBody } from "./body.ts";
import type { Body, Callee } from "./body-context.ts";
import { Names } from "./identifier.ts";
import { nameFunctions } from "./naming.ts";
import type { Signature } from "./signature.ts";
import { signatureOf } from "./signature.ts";
import { shapeKey } from "./struct.ts";

export interface ModuleInput {
  readonly graph: Graph;
  /** Segment functions by name in the graph, with their names in the file. */
  readonly mains: ReadonlyMap<string, string>;
  readonly dims: ReadonlyMap<string, number>;
  /** Whether an address of the model belongs to a state. */
  readonly isState: (path: readonly string[]) => boolean;
}

/** A function to be written, before it has its final name. */
export interface Unit {
  readonly written: GraphFunction;
  readonly signature: Signature;
  readonly main: boolean;
  /** The body of a repeat. */
  readonly iterated: boolean;
  readonly probes: boolean;
  /** Number formals that it takes. */
  readonly numbers: readonly string[];
  readonly draft: Body;
  /** All functions of the graph that it stands for, itself first: equal texts, for other sizes or more axes. */
  readonly variants: GraphFunction[];
}

export interface Module {
  /** Callees before callers. */
  readonly units: readonly Unit[];
  /** The unit that stands for a function of the graph. */
  readonly unit: (name: string) => Unit;
  /** Name in the file of each unit. */
  readonly name: (unit: Unit) => string;
  /** What a unit has in common with all halves and parts of what it is in the spec: they share types. */
  readonly family: (unit: Unit) => string;
}

export function gather(given: ModuleInput): Module {
  const { mains } = given;
  const graph = swept(given.graph);
  const input = { ...given, graph };
  const reached = reachable((name) => functionOf(graph, name), mains.keys());
  const units = new Map<string, Unit>();
  const byText = new Map<string, Unit>();
  for (const written of graph.functions.values()) {
    if (!reached.has(written.name)) continue;
    const unit = draftUnit(written, input, units);
    const text = unitText(unit, input);
    const equal = byText.get(text) ?? unit;
    byText.set(text, equal);
    if (equal !== unit) equal.variants.push(written);
    units.set(written.name, equal);
  }
  const distinct = Array.from(new Set(units.values()));
  const unit = (name: string) => known(units, name);
  const names = nameFunctions(distinct, unit, mains);
  const families = familiesOf(distinct);
  return {
    units: distinct,
    unit,
    name: (each) => names.get(each) ?? each.written.name,
    family: (each) => families.get(each) ?? sourceOf(each.written),
  };
}

/** The graph without what nothing needs: a function that is called there alone is not written. */
function swept(graph: Graph): Graph {
  const { functions } = graph;
  const needed = [...functions].map(
    ([name, written]) => [name, sweep(written, functions)] as const,
  );
  return { ...graph, functions: new Map(needed) };
}

function known(units: ReadonlyMap<string, Unit>, name: string): Unit {
  const found = units.get(name);
  if (found === undefined) throw new Error(`There is no function ${name}, or it comes later.`);
  return found;
}

/** Writes a function once, with the graph's names, to compare texts and to learn what it uses. */
function draftUnit(
  written: GraphFunction,
  input: ModuleInput,
  units: ReadonlyMap<string, Unit>,
): Unit {
  const main = input.mains.has(written.name);
  const signature = signatureOf(written, { main, isState: stateTest(written, input) });
  const draft = writeBody(written, {
    signature,
    names: new Names(),
    dims: main ? input.dims : undefined,
    typeText: (shape) => shapeKey(shape),
    shapeOf: () => undefined,
    callee: (name) => {
      const unit = known(units, name);
      return calleeFor(unit, unit.written.name);
    },
  });
  const numbers = draft.numbers.map((number) => number.name);
  const probes = written.nodes.some((node) => {
    const callee = calleeOf(node);
    return node.kind === "probe" || (callee !== undefined && known(units, callee).probes);
  });
  const iterated = isRepeated(input.graph, written.name);
  return { written, signature, main, iterated, probes, numbers, draft, variants: [written] };
}

/** The function of the spec that one is, or is a half or a part of; what gradients alone need is apart. */
function sourceOf({ name, kind, source }: GraphFunction): string {
  return source === undefined && kind !== "block" ? `made ${name}` : `spec ${source ?? name}`;
}

/** A unit that stands for several functions of the spec makes one family of theirs. */
function familiesOf(units: readonly Unit[]): ReadonlyMap<Unit, string> {
  const joined = new Map<string, string>();
  const find = (source: string): string => {
    const next = joined.get(source);
    return next === undefined ? source : find(next);
  };
  for (const { variants } of units) {
    const [first = "", ...others] = variants.map((written) => find(sourceOf(written)));
    for (const each of others) if (find(each) !== find(first)) joined.set(find(each), find(first));
  }
  return new Map(units.map((unit) => [unit, find(sourceOf(unit.written))]));
}

function isRepeated({ functions }: Graph, name: string): boolean {
  return [...functions.values()].some(({ nodes }) =>
    nodes.some((node) => node.kind === "repeat" && node.function === name),
  );
}

export function calleeFor(unit: Unit, name: string): Callee {
  const { written, signature, numbers, probes } = unit;
  return { name, kind: written.kind, signature, numbers, probes };
}

/** Whether a gradient belongs to a state: in the segment's function by address, else by the inputs of its variants. */
function stateTest(written: GraphFunction, input: ModuleInput): (port: Port) => boolean {
  if (input.mains.has(written.name)) return (port) => input.isState(port.path);
  const states = new Set<string>();
  for (const other of input.graph.functions.values()) {
    if (sourceOf(other) !== sourceOf(written)) continue;
    for (const port of other.inputs) if (port.role === "state") states.add(portKey(port));
  }
  return (port) => states.has(portKey(port));
}

function portKey(port: Port): string {
  return JSON.stringify([port.struct, ...port.path]);
}

function unitText(unit: Unit, input: ModuleInput): string {
  const { written, signature, numbers, draft, main } = unit;
  return JSON.stringify([
    main ? input.mains.get(written.name) : "",
    written.title,
    written.kind,
    written.doc ?? "",
    written.file ?? "",
    signature.parameters.map((each) => [each.name, each.group, shapeKey(each.shape)]),
    signature.groups.map((each) => [each.key, each.role, shapeKey(each.shape)]),
    numbers,
    draft.lines.map((line) => line.text),
    written.nodes.map((node) => resultsOf(node).length),
  ]);
}

/** The types of a unit's value in all functions that it stands for. */
export function typesOf(unit: Unit): (value: Value) => readonly TensorType[] {
  const values = (written: GraphFunction) => [
    ...written.inputs.map((port) => port.value),
    ...written.nodes.flatMap(resultsOf),
  ];
  const types = new Map<string, TensorType[]>();
  const lists = unit.variants.map(values);
  for (const [i, value] of values(unit.written).entries()) {
    types.set(
      value.name,
      lists.flatMap((list) => list[i]?.type ?? []),
    );
  }
  return (value) => types.get(value.name) ?? [value.type];
}

function functionOf({ functions }: Graph, name: string): GraphFunction {
  const written = functions.get(name);
  if (written === undefined) throw new Error(`There is no function ${name}.`);
  return written;
}
