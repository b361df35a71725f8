/**
 * Writes the backward function of one function, by reverse mode: the nodes from last to first, each adding to the cotangents
 * of what it read. What it needs of the forward computation becomes an input if the forward function was given it, is made
 * again if that costs nothing (a change of names, a constant), and is a residual otherwise.
 */
import type { OpName } from "../../ops/index.ts";
import { OPEN } from "../../ops/index.ts";
import type { LoopInput } from "../function-builder.ts";
import { FunctionBuilder, isUnnamed, withLoopAxis } from "../function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  Node,
  NumberBinding,
  Operand,
  OperationNode,
  Port,
  RepeatNode,
  ScanNode,
  Value,
} from "../graph.ts";
import {
  calleeOf,
  mapValues,
  mentionedFormals,
  operandsOf,
  resultsOf,
  valuesRead,
} from "../rewrite.ts";
import { isConstant, isValue, operandType } from "../symbolic.ts";
import type { Activity, ActivityAnalysis } from "./activity.ts";
import { positions, sorted } from "./activity.ts";
import type { Define } from "./cotangents.ts";
import { Cotangents, cotangentName } from "./cotangents.ts";
import { writeForward } from "./forward.ts";
import { camelCase, producers, renamedAxes, residualScope } from "./residuals.ts";
import type { Contribution, GradientContext } from "./rules.ts";
import { rules } from "./rules.ts";
import { groundSizes } from "./sizes.ts";

/** What is asked of a function's gradient; positions of its inputs and results. */
export interface GradientRequest {
  /** Inputs that gradients are wanted for. */
  readonly active: readonly number[];
  /** Results that a gradient arrives at. */
  readonly cotangents: readonly number[];
  /** Inputs whose gradient must be there, as zeros if need be. */
  readonly forced: readonly number[];
  /** Inputs that the backward function cannot be handed again: carried values of loops. */
  readonly kept: readonly number[];
  /** Names of axes that no residual may have: the axes of the scans around. */
  readonly avoided: readonly string[];
}

/** Where an input of a backward function comes from, by position among the forward function's inputs or results. */
export interface BackwardInput {
  readonly from: "input" | "residual" | "cotangent";
  readonly position: number;
}

/** The two halves of a function. `inputs` and `gradients` go with the inputs and results of `backward`. */
export interface FunctionGradient {
  readonly forward: GraphFunction;
  readonly backward: GraphFunction;
  readonly inputs: readonly BackwardInput[];
  /** The forward function's input that each result is the gradient of. */
  readonly gradients: readonly number[];
}

/** What the writer needs to know of the graph around. */
export interface Surroundings {
  readonly activity: ActivityAnalysis;
  readonly gradientProbes: boolean;
  readonly define: Define;
  functionOf(name: string): GraphFunction;
  gradientOf(written: GraphFunction, request: GradientRequest): FunctionGradient;
}

/** A value of the forward function that it keeps, or a residual of a function it calls. */
export interface Residual {
  /** Node that makes it, -1 for an input. */
  readonly node: number;
  /** The value itself, or the position among the results of the called forward function. */
  readonly what: Value | number;
  /** As it leaves the forward function. */
  readonly type: Value["type"];
  /** Address below `scope`, which is that of the node. */
  readonly scope: readonly string[];
  readonly inner: readonly string[];
  /** Axes renamed on the way out: old to new. */
  readonly renamed: Readonly<Record<string, string>>;
}

type Source =
  | { readonly from: "input" | "cotangent"; readonly position: number }
  | { readonly from: "residual"; readonly residual: Residual };

interface Given {
  readonly value: Value;
  readonly source: Source;
}

/** Changes of names and constants: made again rather than kept. */
const costless: ReadonlySet<OpName> = new Set<OpName>([
  "rename",
  "split",
  "merge",
  "broadcast",
  "real",
]);

/** Parts of a parameter, state or draw: read again rather than kept. */
const parts: ReadonlySet<OpName> = new Set<OpName>([
  "slice",
  "reverse",
  "rename",
  "split",
  "merge",
]);

export class BackwardWriter {
  readonly #around: Surroundings;
  readonly #written: GraphFunction;
  readonly #request: GradientRequest;
  readonly #activity: Activity;
  readonly #producers: ReadonlyMap<string, number>;
  readonly #f: FunctionBuilder;
  readonly #cotangents: Cotangents;
  readonly #given: Given[] = [];
  readonly #available = new Map<string, Value>();
  readonly #called = new Map<number, FunctionGradient>();
  readonly #probes: ReadonlyMap<string, readonly string[]>;

  constructor(around: Surroundings, written: GraphFunction, request: GradientRequest) {
    this.#around = around;
    this.#written = written;
    this.#request = request;
    this.#activity = around.activity.of(written, request.active);
    this.#producers = producers(written);
    this.#f = new FunctionBuilder(`${written.name}Backward`, {
      title: written.title,
      ...(written.doc === undefined ? {} : { doc: written.doc }),
      ...(written.file === undefined ? {} : { file: written.file }),
      kind: "backward",
    });
    this.#cotangents = new Cotangents(this.#f, around.define);
    this.#probes = around.gradientProbes ? probedValues(written) : new Map();
  }

  write(): FunctionGradient {
    for (const position of this.#request.cotangents) this.#takeCotangent(position);
    for (let node = this.#written.nodes.length - 1; node >= 0; node--) {
      const reversed = this.#written.nodes[node];
      if (reversed !== undefined) this.#reverse(reversed, node);
    }
    const gradients = this.#giveGradients();
    return this.#finish(gradients);
  }

  // ---------------------------------------------------------------- the reverse walk

  #takeCotangent(position: number): void {
    const port = this.#written.results[position];
    if (port === undefined) throw new Error(`There is no result ${position}.`);
    const { value, role, struct, path } = port;
    const arriving = this.#f.value(cotangentName(value.name), value.type);
    this.#given.push({ value: arriving, source: { from: "cotangent", position } });
    this.#cotangentPorts.set(position, {
      value: arriving,
      role: "cotangent",
      path: [role, ...(struct === "own" ? [] : [struct]), ...path],
      struct: "own",
    });
    if (this.#activity.values.has(value.name)) this.#cotangents.add(value, arriving);
  }

  readonly #cotangentPorts = new Map<number, Port>();

  #reverse(node: Node, position: number): void {
    for (const result of resultsOf(node)) this.#probe(result);
    if (!resultsOf(node).some((result) => this.#cotangents.has(result))) return;
    switch (node.kind) {
      case "operation":
        this.#reverseOperation(node);
        return;
      case "call":
        this.#reverseCall(node, position);
        return;
      case "repeat":
      case "scan":
        this.#reverseLoop(node, position);
        return;
      case "stack":
        this.#add(node.input, this.#f.unstack(this.#cotangents.whole(node.result), node.axis));
        return;
      case "unstack":
        this.#add(node.input, this.#f.stack(this.#cotangents.whole(node.result), node.axis));
        return;
      case "probe":
        return;
      default:
        node satisfies never;
    }
  }

  #probe(value: Value): void {
    for (const name of this.#probes.get(value.name) ?? []) {
      this.#f.probe(name, this.#cotangents.whole(value), "gradient");
    }
  }

  #add(operand: Operand | undefined, contribution: Value): void {
    if (operand !== undefined && isValue(operand) && this.#activity.values.has(operand.name)) {
      this.#cotangents.add(operand, contribution);
    }
  }

  #reverseOperation(node: OperationNode): void {
    for (const [position, contribution] of this.#contributions(node).entries()) {
      const operand = node.operands[position];
      if (contribution === undefined || operand === undefined || isConstant(operand)) continue;
      if (!this.#activity.values.has(operand.name)) continue;
      const value = contribution();
      if (value !== undefined) this.#cotangents.add(operand, value);
    }
  }

  #contributions(node: OperationNode): readonly (Contribution | undefined)[] {
    const rule = rules[node.op];
    if (rule === "none") return [];
    if (rule === "unsupported") {
      throw new Error(`The gradient of ${node.op} is not defined; it stands for one already.`);
    }
    const context: GradientContext<OpName> = {
      f: this.#f,
      attributes: node.attributes,
      operandTypes: node.operands.map(operandType),
      resultTypes: node.results.map((result) => result.type),
      same: (left, right) => {
        const [a, b] = [node.operands[left], node.operands[right]];
        return a !== undefined && b !== undefined && isValue(a) && isValue(b) && a.name === b.name;
      },
      operand: (position) => {
        const operand = node.operands[position];
        if (operand === undefined) throw new Error(`${node.op} has no operand ${position}.`);
        return this.#forward(operand);
      },
      result: (position) => this.#value(resultAt(node, position)),
      cotangent: (position) => this.#cotangents.of(resultAt(node, position)),
    };
    return (rule as (context: GradientContext<OpName>) => readonly (Contribution | undefined)[])(
      context,
    );
  }

  #reverseCall(node: CallNode, position: number): void {
    const callee = this.#around.functionOf(node.function);
    const gradient = this.#around.gradientOf(callee, {
      active: this.#activeOperands(node),
      cotangents: positions(node.results, (result) => this.#cotangents.has(result)),
      forced: [],
      kept: [],
      avoided: this.#request.avoided,
    });
    if (gradient.backward.nodes.length === 0 && gradient.gradients.length === 0) return;
    this.#called.set(position, gradient);
    const inputs = gradient.inputs.map((input): Operand => {
      switch (input.from) {
        case "input":
          return this.#forward(operandAt(node, input.position));
        case "residual":
          return this.#residualOf(node, position, gradient, input.position);
        case "cotangent":
          return this.#cotangents.whole(resultAt(node, input.position));
        default:
          return input.from satisfies never;
      }
    });
    const results = this.#f.call(gradient.backward, inputs, {
      scope: node.scope,
      numbers: numbersFor(gradient.backward, node.numbers),
    });
    this.#addResults(node, gradient, results);
  }

  /**
   * The loop again in the other direction. Cotangents of carried results are carried from iteration to iteration; they and the
   * gradients of the carried inputs must pair up, so the first ones are extended until they do.
   */
  #reverseLoop(node: RepeatNode | ScanNode, position: number): void {
    const body = this.#around.functionOf(node.function);
    const entering = positions(node.passing, (passing) => passing === "carried");
    const leaving = positions(node.collecting, (collecting) => collecting === "carried");
    const arriving = positions(node.results, (result) => this.#cotangents.has(result));
    const carried = new Set(positions(leaving, (result) => arriving.includes(result)));
    const active = this.#around.activity.loop(node, this.#activity.values);
    const scanned = node.kind === "scan" ? [node.axis] : [];
    const ask = (): FunctionGradient =>
      this.#around.gradientOf(body, {
        active,
        cotangents: sorted(new Set([...arriving, ...pick(leaving, sorted(carried))])),
        forced: pick(entering, sorted(carried)),
        kept: entering,
        avoided: [...new Set([...this.#request.avoided, ...scanned])].sort(),
      });
    let gradient = ask();
    for (;;) {
      const missing = positions(entering, (input) => gradient.gradients.includes(input));
      if (missing.every((turn) => carried.has(turn))) break;
      for (const turn of missing) carried.add(turn);
      gradient = ask();
    }
    if (gradient.backward.nodes.length === 0 && gradient.gradients.length === 0) return;
    this.#called.set(position, gradient);
    const inputs = gradient.inputs.map((input): LoopInput => {
      switch (input.from) {
        case "input":
          return {
            value: this.#forward(operandAt(node, input.position)),
            passing: node.passing[input.position] ?? "captured",
          };
        case "residual": {
          const value = this.#residualOf(node, position, gradient, input.position);
          return { value, passing: "stacked" as const };
        }
        case "cotangent": {
          const collecting = node.collecting[input.position];
          const passing = collecting === "summed" || !collecting ? "captured" : collecting;
          return { value: this.#cotangents.whole(resultAt(node, input.position)), passing };
        }
        default:
          return input.from satisfies never;
      }
    });
    const options = {
      count: node.count,
      reversed: !node.reversed,
      inputs,
      collecting: gradient.gradients.map((input) => {
        const passing = node.passing[input];
        return passing === "captured" || passing === undefined ? "summed" : passing;
      }),
      numbers: numbersFor(gradient.backward, node.numbers),
    };
    const results =
      node.kind === "scan"
        ? this.#f.scan(gradient.backward, node.axis, options)
        : this.#f.repeat(gradient.backward, node.index, options);
    this.#addResults(node, gradient, results);
  }

  #activeOperands(node: CallNode): readonly number[] {
    return this.#around.activity.operands(node.inputs, this.#activity.values);
  }

  #addResults(node: Node, gradient: FunctionGradient, results: readonly Value[]): void {
    for (const [position, result] of results.entries()) {
      const input = gradient.gradients[position];
      if (input !== undefined) this.#add(operandsOf(node)[input], result);
    }
  }

  #giveGradients(): readonly number[] {
    const given: number[] = [];
    for (const [position, port] of this.#written.inputs.entries()) {
      if (port.value.type.kind !== "real") continue;
      this.#probe(port.value);
      const arrived = this.#request.active.includes(position) && this.#cotangents.has(port.value);
      if (!arrived && !this.#request.forced.includes(position)) continue;
      given.push(position);
      this.#f.result(this.#cotangents.whole(port.value), {
        role: "gradient",
        path: port.path,
        struct: port.role === "argument" ? "argument" : port.struct,
      });
    }
    return given;
  }

  // ---------------------------------------------------------------- values of the forward computation

  #forward(operand: Operand): Operand {
    return isConstant(operand) ? operand : this.#value(operand);
  }

  /** A value of the forward function, in the backward function. */
  #value(value: Value): Value {
    const known = this.#available.get(value.name);
    if (known !== undefined) return known;
    const made = this.#makeAvailable(value);
    this.#available.set(value.name, made);
    return made;
  }

  #makeAvailable(value: Value): Value {
    const input = this.#written.inputs.findIndex((port) => port.value.name === value.name);
    if (input >= 0 && !this.#request.kept.includes(input)) return this.#input(value, input);
    const position = this.#producers.get(value.name) ?? -1;
    const node = this.#written.nodes[position];
    if (node?.kind === "operation") {
      const [first] = node.operands;
      if (node.op === "stop" && first !== undefined && isValue(first)) return this.#value(first);
      if (this.#isCostless(node)) return this.#again(node, value);
    }
    const hint = plainName(value);
    return this.#residual(hint, {
      node: position,
      what: value,
      type: value.type,
      scope: [hint],
      inner: value.type.copies.map(() => "*"),
      renamed: renamedAxes(value.type.axes, this.#request.avoided),
    });
  }

  #input(value: Value, position: number): Value {
    const given = this.#f.value(plainName(value), value.type);
    this.#given.push({ value: given, source: { from: "input", position } });
    return given;
  }

  #isCostless(node: OperationNode): boolean {
    if (costless.has(node.op)) return true;
    return this.#isConstant(node) || (parts.has(node.op) && this.#isPart(node));
  }

  /** Whether a node depends on no input of the function. */
  #isConstant(node: Node): boolean {
    if (node.kind !== "operation") return false;
    return node.operands.every((operand) => {
      if (isConstant(operand)) return true;
      const maker = this.#written.nodes[this.#producers.get(operand.name) ?? -1];
      return maker !== undefined && this.#isConstant(maker);
    });
  }

  #isPart(node: OperationNode): boolean {
    return node.operands.every((operand) => {
      if (isConstant(operand)) return true;
      const maker = this.#written.nodes[this.#producers.get(operand.name) ?? -1];
      if (maker !== undefined) {
        return maker.kind === "operation" && parts.has(maker.op) && this.#isPart(maker);
      }
      const input = this.#written.inputs.findIndex((port) => port.value.name === operand.name);
      const role = this.#written.inputs[input]?.role;
      const addressed = role === "parameter" || role === "state" || role === "draw";
      return addressed && !this.#request.kept.includes(input);
    });
  }

  #again(node: OperationNode, value: Value): Value {
    const results = new Map(
      node.results.map((result) => [result.name, this.#f.value(result.name, result.type)]),
    );
    const made = mapValues(
      node,
      (read) => this.#value(read),
      (result) => results.get(result.name) ?? result,
    );
    this.#f.append(made);
    return results.get(value.name) ?? value;
  }

  /** A residual of the function a node calls, which this function keeps in turn. */
  #residualOf(
    node: CallNode | RepeatNode | ScanNode,
    position: number,
    gradient: FunctionGradient,
    result: number,
  ): Value {
    const key = `${position}:${result}`;
    const known = this.#available.get(key);
    if (known !== undefined) return known;
    const port = gradient.forward.results[result];
    if (port === undefined) throw new Error(`${gradient.forward.name} has no result ${result}.`);
    const type = collectedType(node, port.value.type);
    const scope = residualScope(node);
    const made = this.#residual(camelCase([...scope, ...port.path]), {
      node: position,
      what: result,
      type,
      scope,
      inner: port.path,
      renamed: renamedAxes(type.axes, this.#request.avoided),
    });
    this.#available.set(key, made);
    return made;
  }

  /** Takes a residual, giving axes that were renamed on its way their names back. */
  #residual(hint: string, residual: Residual): Value {
    const { renamed, type } = residual;
    const old = Object.keys(renamed);
    if (old.length > 0 && type.copies.length > 0) {
      throw new Error(`${hint} is kept by scans inside each other that share axis ${old[0]}.`);
    }
    const axes = type.axes.map(({ name, size }) => ({ name: renamed[name] ?? name, size }));
    const value = this.#f.value(hint, { ...type, axes });
    const leaving = { ...residual, type: value.type };
    this.#given.push({ value, source: { from: "residual", residual: leaving } });
    if (old.length === 0) return value;
    const names = Object.fromEntries(old.map((name) => [renamed[name] ?? name, name]));
    return this.#f.op("rename", [value], { names });
  }

  // ---------------------------------------------------------------- the finished pair

  #finish(gradients: readonly number[]): FunctionGradient {
    const finished = this.#f.finish();
    const live = { ...finished, nodes: liveNodes(finished) };
    const used = new Set([
      ...live.nodes.flatMap((node) => valuesRead(node).map((value) => value.name)),
      ...live.results.map((port) => port.value.name),
    ]);
    const given = this.#given.filter(
      ({ source, value }) => source.from === "cotangent" || used.has(value.name),
    );
    const nodes = groundSizes(live.nodes, given, (axis) => {
      const brought = this.#bring(axis);
      if (brought !== undefined) given.push(brought);
      return brought;
    });
    given.sort(inOrder);
    const residuals = given.flatMap(({ source }) =>
      source.from === "residual" ? [source.residual] : [],
    );
    const { forward, paths } = writeForward(this.#written, residuals, this.#called);
    const defined = forward === undefined ? this.#written : this.#around.define(forward);
    const sources = sourcesOf(given, this.#written.results.length);
    let turn = 0;
    const ports = given.map(({ value, source }): Port => {
      switch (source.from) {
        case "input":
          return { ...portAt(this.#written.inputs, source.position), value };
        case "cotangent":
          return this.#cotangentPorts.get(source.position) ?? portAt([], source.position);
        case "residual":
          return { value, role: "residual", path: paths[turn++] ?? [], struct: "own" };
        default:
          return source satisfies never;
      }
    });
    const mentioned = mentionedFormals(nodes);
    const backward = this.#around.define({
      ...live,
      numbers: this.#written.numbers.filter((formal) => mentioned.has(formal.name)),
      inputs: ports,
      nodes,
    });
    return { forward: defined, backward, inputs: sources, gradients };
  }

  /** Takes an input with an open axis, for its size alone. */
  #bring(axis: string): Given | undefined {
    const entries = ({ value }: Port): number =>
      value.type.axes.reduce((count, each) => count * Math.max(each.size, 1), 1);
    const [smallest] = this.#written.inputs
      .filter(({ value }) =>
        value.type.axes.some((each) => each.name === axis && each.size === OPEN),
      )
      .sort((a, b) => entries(a) - entries(b));
    if (smallest === undefined) return undefined;
    this.#value(smallest.value);
    return this.#given.find(({ source }) =>
      source.from === "residual"
        ? source.residual.what === smallest.value
        : source.from === "input" && this.#written.inputs[source.position] === smallest,
    );
  }
}

/** Inputs as the forward function has them, residuals as they are made, then cotangents. */
function inOrder(left: Given, right: Given): number {
  const rank = { input: 0, residual: 1, cotangent: 2 } as const;
  const [a, b] = [left.source, right.source];
  if (a.from !== b.from) return rank[a.from] - rank[b.from];
  if (a.from !== "residual" && b.from !== "residual") return a.position - b.position;
  if (a.from !== "residual" || b.from !== "residual") return 0;
  const place = ({ residual }: typeof a): number =>
    typeof residual.what === "number" ? residual.what : 0;
  return a.residual.node - b.residual.node || place(a) - place(b);
}

function sourcesOf(given: readonly Given[], plainResults: number): readonly BackwardInput[] {
  let residual = plainResults;
  return given.map(({ source }) =>
    source.from === "residual"
      ? { from: "residual", position: residual++ }
      : { from: source.from, position: source.position },
  );
}

/** The nodes that results and probes need; calls stay, since they may hold probes. */
function liveNodes(written: GraphFunction): readonly Node[] {
  const needed = new Set(written.results.map((port) => port.value.name));
  const live: Node[] = [];
  for (const node of [...written.nodes].reverse()) {
    const always = node.kind === "probe" || calleeOf(node) !== undefined;
    if (!always && !resultsOf(node).some((result) => needed.has(result.name))) continue;
    live.push(node);
    for (const value of valuesRead(node)) needed.add(value.name);
  }
  return live.reverse();
}

/** Names under which values are probed. */
function probedValues(written: GraphFunction): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const node of written.nodes) {
    if (node.kind !== "probe" || node.of !== "value" || !isValue(node.input)) continue;
    if (node.input.type.kind !== "real") continue;
    found.set(node.input.name, [...(found.get(node.input.name) ?? []), node.name]);
  }
  return found;
}

/** The type that a result of a body has after the loop, where all iterations' are kept. */
export function collectedType(
  node: CallNode | RepeatNode | ScanNode,
  type: Value["type"],
): Value["type"] {
  switch (node.kind) {
    case "call":
      return type;
    case "repeat":
      return { ...type, copies: [node.count.value, ...type.copies] };
    case "scan":
      return withLoopAxis(type, node.axis, node.count.value);
    default:
      return node satisfies never;
  }
}

function numbersFor(
  callee: GraphFunction,
  bindings: readonly NumberBinding[],
): readonly NumberBinding[] {
  const wanted = new Set(callee.numbers.map((formal) => formal.name));
  return bindings.filter((binding) => wanted.has(binding.name));
}

function plainName(value: Value): string {
  return isUnnamed(value) ? value.name.replace(/^_+/, "") : value.name;
}

function pick(numbers: readonly number[], which: readonly number[]): readonly number[] {
  return which.flatMap((position) => numbers.slice(position, position + 1));
}

function portAt(ports: readonly Port[], position: number): Port {
  const port = ports[position];
  if (port === undefined) throw new Error(`There is no port ${position}.`);
  return port;
}

function resultAt(node: Node, position: number): Value {
  const result = resultsOf(node)[position];
  if (result === undefined) throw new Error(`There is no result ${position}.`);
  return result;
}

function operandAt(node: Node, position: number): Operand {
  const operand = operandsOf(node)[position];
  if (operand === undefined) throw new Error(`There is no operand ${position}.`);
  return operand;
}
