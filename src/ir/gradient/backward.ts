/**
 * Writes the backward function of one function, by reverse mode: the nodes from last to first, each
 * adding to the cotangents of what it read. What it needs of the forward computation becomes an
 * input if the forward function was given it, is made again if that costs nothing (a change of
 * names, a constant), and is a residual otherwise.
 */
import type { OpName } from "../../ops/index.ts";
import type { LoopInput } from "../function-builder.ts";
import { FunctionBuilder } from "../function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  Node,
  Operand,
  OperationNode,
  Port,
  RepeatNode,
  ScanNode,
  Value,
} from "../graph.ts";
import { bindingsFor, operandsOf, resultsOf } from "../rewrite.ts";
import { isConstant, isValue, operandType } from "../symbolic.ts";
import type { Activity, ProbeChoice } from "./activity.ts";
import { assemble } from "./assemble.ts";
import { Cotangents, cotangentName } from "./cotangents.ts";
import { ForwardValues } from "./forward-values.ts";
import type { FunctionGradient, Given, GradientRequest, Surroundings } from "./pair.ts";
import { pick, positions, sorted } from "./positions.ts";
import type { Contribution, GradientContext } from "./rules.ts";
import { rules } from "./rules.ts";

export class BackwardWriter {
  readonly #around: Surroundings;
  readonly #written: GraphFunction;
  readonly #request: GradientRequest;
  readonly #activity: Activity;
  readonly #f: FunctionBuilder;
  readonly #cotangents: Cotangents;
  readonly #values: ForwardValues;
  readonly #arriving: { readonly given: Given; readonly port: Port }[] = [];
  readonly #called = new Map<number, FunctionGradient>();
  readonly #probes: ReadonlyMap<string, readonly string[]>;

  constructor(around: Surroundings, written: GraphFunction, request: GradientRequest) {
    this.#around = around;
    this.#written = written;
    this.#request = request;
    this.#activity = around.activity.of(written, request.active);
    this.#f = new FunctionBuilder(`${written.name}Backward`, {
      title: written.title,
      ...(written.variant === undefined ? {} : { variant: written.variant }),
      ...(written.doc === undefined ? {} : { doc: written.doc }),
      ...(written.file === undefined ? {} : { file: written.file }),
      kind: "backward",
      source: written.source ?? written.name,
    });
    this.#values = new ForwardValues(this.#f, written, request);
    this.#cotangents = new Cotangents(this.#f, around.define);
    this.#probes = probedValues(written, around.gradientProbes);
  }

  write(): FunctionGradient {
    for (const position of this.#request.cotangents) this.#takeCotangent(position);
    for (let node = this.#written.nodes.length - 1; node >= 0; node--) {
      const reversed = this.#written.nodes[node];
      if (reversed !== undefined) this.#reverse(reversed, node);
    }
    const gradients = this.#giveGradients();
    return assemble(
      {
        written: this.#written,
        backward: this.#f.finish(),
        values: this.#values,
        cotangents: this.#arriving,
        called: this.#called,
        gradients,
        outermost: this.#written.name === this.#around.main,
      },
      this.#around.define,
    );
  }

  #takeCotangent(position: number): void {
    const port = this.#written.results[position];
    if (port === undefined) throw new Error(`There is no result ${position}.`);
    const { value, role, path } = port;
    const arriving = this.#f.value(cotangentName(value), value.type);
    this.#arriving.push({
      given: { value: arriving, source: { from: "cotangent", position } },
      port: {
        value: arriving,
        role: "cotangent",
        path: [role, ...structStep(this.#written, port), ...path],
        struct: "own",
      },
    });
    if (this.#activity.values.has(value.name)) this.#cotangents.add(value, arriving);
  }

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
        return this.#values.operand(operand);
      },
      result: (position) => this.#values.value(resultAt(node, position)),
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
      ordered: this.#orderedCopies(node),
    });
    if (gradient.backward.nodes.length === 0 && gradient.gradients.length === 0) return;
    this.#called.set(position, gradient);
    const inputs = gradient.inputs.map((input): Operand => {
      switch (input.from) {
        case "input":
          return this.#values.operand(operandAt(node, input.position));
        case "residual":
          return this.#values.residualOf(node, position, gradient, input.position);
        case "cotangent":
          return this.#cotangents.declared(resultAt(node, input.position));
        default:
          return input.from satisfies never;
      }
    });
    const results = this.#f.call(gradient.backward, inputs, {
      scope: node.scope,
      numbers: bindingsFor(gradient.backward, [...node.numbers, ...gradient.sizes]),
    });
    this.#addResults(node, gradient, results);
  }

  /**
   * The loop again in the other direction. Cotangents of carried results are carried from iteration
   * to iteration; they and the gradients of the carried inputs must pair up, so the first ones are
   * extended until they do.
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
        ordered: this.#orderedCopies(node),
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
            value: this.#values.operand(operandAt(node, input.position)),
            passing: node.passing[input.position] ?? "captured",
          };
        case "residual": {
          const value = this.#values.residualOf(node, position, gradient, input.position);
          return { value, passing: "stacked" as const };
        }
        case "cotangent": {
          const collecting = node.collecting[input.position];
          const passing = collecting === "summed" || !collecting ? "captured" : collecting;
          return { value: this.#cotangents.declared(resultAt(node, input.position)), passing };
        }
        default:
          return input.from satisfies never;
      }
    });
    const options = {
      count: node.count,
      scope: node.scope,
      reversed: !node.reversed,
      inputs,
      collecting: gradient.gradients.map((input) => {
        const passing = node.passing[input];
        return passing === "captured" || passing === undefined ? "summed" : passing;
      }),
      numbers: bindingsFor(gradient.backward, [...node.numbers, ...gradient.sizes]),
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

  /** Operands with copies whose gradient this function gives in order: the callee has one copy at hand. */
  #orderedCopies(node: CallNode | RepeatNode | ScanNode): readonly number[] {
    const given = new Set(
      pick(this.#written.inputs, this.#request.ordered).map(({ value }) => value.name),
    );
    return positions(
      node.inputs,
      (input) => isValue(input) && input.type.copies.length > 0 && given.has(input.name),
    );
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
      // One that is forced is carried: it leaves an iteration as it enters.
      const ordered = [...this.#request.ordered, ...this.#request.forced].includes(position);
      const gradient = ordered
        ? this.#cotangents.declared(port.value)
        : this.#cotangents.whole(port.value);
      this.#f.result(gradient, {
        role: "gradient",
        path: port.path,
        struct: port.role === "argument" ? "argument" : port.struct,
      });
    }
    return given;
  }
}

/** What a result's struct adds to its cotangent's path: its name, numbered where own results have such paths. */
function structStep({ results }: GraphFunction, { role, struct }: Port): readonly string[] {
  if (struct === "own") return [];
  const others = results.filter((port) => port.role === role && port.struct !== struct);
  const taken = new Set(others.map((port) => (port.struct === "own" ? port.path[0] : port.struct)));
  let step = struct;
  for (let count = 2; taken.has(step); count++) step = `${struct}${count}`;
  return [step];
}

/** Names under which values are probed. */
function probedValues(
  written: GraphFunction,
  chosen: ProbeChoice,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const node of written.nodes) {
    if (node.kind !== "probe" || node.of !== "value" || !isValue(node.input)) continue;
    if (node.input.type.kind !== "real" || !chosen(node.name)) continue;
    found.set(node.input.name, [...(found.get(node.input.name) ?? []), node.name]);
  }
  return found;
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
