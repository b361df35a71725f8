/** The body of a generated function: one statement for each value that has a name, the rest inside them. */
import { isUnnamed, plainName } from "../ir/function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  Node,
  NumberBinding,
  Operand,
  OperationNode,
  Origin,
  StackNode,
  Value,
} from "../ir/graph.ts";
import { resultsOf, valuesRead } from "../ir/rewrite.ts";
import type { Expression } from "./expression.ts";
import { call, flat, object, text, WIDTH } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { camelCase, pascalCase, propertyName, stringLiteral } from "./identifier.ts";
import { writeLoop } from "./loop.ts";
import type { Arithmetic } from "./number.ts";
import { needsTypedConstants, operationCall, scalarFill } from "./operation.ts";
import type { Handed, Leaf, Source } from "./place.ts";
import { assemble, placeText, sourceExpression } from "./place.ts";
import { Scope } from "./scope.ts";
import type { Parameter, PlacedPort, ResultGroup, Signature } from "./signature.ts";
import type { Line, Statement } from "./statement.ts";
import { fitsOneLine, statementLines } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { fullPath } from "./struct.ts";
import type { Category } from "./types.ts";
import { joinCopies, scopeText, sliceAttributes } from "./wording.ts";

/** A function that a body calls. */
export interface Callee {
  /** Its name in the generated file. */
  readonly name: string;
  readonly kind: GraphFunction["kind"];
  readonly signature: Signature;
  /** The number formals it takes. */
  readonly numbers: readonly string[];
  /** Whether it, or what it calls, has probes. */
  readonly probes: boolean;
}

/** What a body knows of the file it stands in. */
export interface BodyContext {
  readonly signature: Signature;
  /** Names that a local variable may not take. */
  readonly names: Names;
  /** In a segment's function: dims by name. */
  readonly dims?: ReadonlyMap<string, number> | undefined;
  readonly callee: (name: string) => Callee;
  readonly typeText: (shape: Shape, category: Category) => string;
  /** The shape of a value, for the comment beside it; undefined for none. */
  readonly shapeOf: (value: Value) => string | undefined;
}

/** A struct parameter of a callee that gets a whole struct of the caller, or one put together for it. */
export interface Handing {
  readonly callee: string;
  readonly group: string;
  readonly from: Handed | undefined;
}

export interface Body {
  /** Names of the parameters, in the order of the signature. */
  readonly parameters: readonly string[];
  /** Number formals that the body mentions, with the variable each one is bound to. */
  readonly numbers: readonly { readonly name: string; readonly variable: string }[];
  readonly lines: readonly Line[];
  readonly arithmetic: ReadonlySet<Arithmetic>;
  readonly handings: readonly Handing[];
}

/** Calls inside calls inside calls are still read at a glance. */
const MOST_DEPTH = 3;

/** How the results of a call are taken: a variable or a pattern, and the shapes to note beside it. */
interface Taken {
  readonly target: string;
  readonly note: string;
  readonly define: () => void;
}

/** The tensor that is all of a group of results, if it is one. */
function wholeTensor(group: ResultGroup, results: readonly Value[]): Value | undefined {
  const [port] = group.ports;
  return group.shape.kind === "tensor" && port !== undefined ? results[port.position] : undefined;
}

export function writeBody(written: GraphFunction, context: BodyContext): Body {
  return new BodyWriter(written, context).write();
}

export class BodyWriter {
  readonly #written: GraphFunction;
  readonly context: BodyContext;
  readonly scope: Scope;
  readonly handings: Handing[] = [];
  readonly #uses = new Map<string, number>();
  readonly #live: ReadonlySet<Node>;
  readonly #parameters: readonly string[];
  readonly #formals: ReadonlyMap<string, { readonly text: string; readonly value: number }>;
  #statements: Statement[] = [];
  /** Statements that declare a variable with a value of its own, by the value. */
  readonly #declared = new Map<string, Extract<Statement, { kind: "declare" }>>();

  constructor(written: GraphFunction, context: BodyContext) {
    this.#written = written;
    this.context = context;
    const names = context.names.inner();
    names.take("g");
    this.#parameters = context.signature.parameters.map((parameter) => names.take(parameter.name));
    this.#formals = new Map(
      written.numbers.flatMap(({ name, value }) =>
        typeof value === "number" && context.dims === undefined
          ? [[name, { text: names.take(name), value }]]
          : [],
      ),
    );
    this.scope = new Scope({
      written,
      names,
      dims: context.dims,
      formals: this.#formals,
      hoist: (target, expression) =>
        this.add({ kind: "declare", keyword: "const", target, expression }),
    });
    this.#live = this.#countUses();
    for (const [i, parameter] of context.signature.parameters.entries()) {
      this.#defineInputs(parameter, i);
    }
  }

  write(): Body {
    for (const node of this.#written.nodes) if (this.#live.has(node)) this.#node(node);
    this.#return();
    return {
      parameters: this.#parameters,
      numbers: Array.from(this.#formals)
        .filter(([name]) => this.scope.usedFormals.has(name))
        .map(([name, { text: variable }]) => ({ name, variable })),
      lines: statementLines(this.#statements, 2),
      arithmetic: this.scope.arithmetic,
      handings: this.handings,
    };
  }

  // -------------------------------------------------------------- values

  uses(value: Value): number {
    return this.#uses.get(value.name) ?? 0;
  }

  add(statement: Statement): void {
    this.#statements.push(statement);
  }

  /** Collects the statements that `inside` adds, for the body of a loop. */
  block(inside: () => void): readonly Statement[] {
    const outer = this.#statements;
    this.#statements = [];
    inside();
    const block = this.#statements;
    this.#statements = outer;
    return block;
  }

  /** An operand where a number may stand too. */
  operand(operand: Operand): Expression {
    if (!("constant" in operand)) return this.#pendingOr(operand);
    if (operand.kind === "flag") return text(operand.constant.value === 0 ? "false" : "true");
    return this.scope.number(operand.constant);
  }

  /** An operand where only a tensor may stand. */
  source(operand: Operand): Source {
    if ("constant" in operand) {
      const value = this.scope.number(operand.constant);
      return { kind: "expression", expression: scalarFill(operand.kind, value) };
    }
    const pending = this.scope.pending.get(operand.name);
    if (pending !== undefined) return { kind: "expression", expression: pending.expression };
    return this.scope.source(operand);
  }

  #pendingOr(value: Value): Expression {
    const pending = this.scope.pending.get(value.name);
    return pending?.expression ?? sourceExpression(this.scope.source(value));
  }

  /** Gives a waiting expression a statement of its own. */
  flush(value: Value): void {
    const pending = this.scope.pending.get(value.name);
    if (pending === undefined) return;
    this.scope.pending.delete(value.name);
    this.declare(value, pending.expression);
  }

  declare(value: Value, expression: Expression, origin?: Origin): void {
    const target = this.scope.names.take(this.wantedName(value));
    const statement = this.#declaration(target, value, expression, origin);
    this.#declared.set(value.name, statement);
    this.add(statement);
    this.scope.defineVariable(value, target);
  }

  #declaration(
    target: string,
    value: Value,
    expression: Expression,
    origin: Origin | undefined,
  ): Extract<Statement, { kind: "declare" }> {
    const comment = this.context.shapeOf(value);
    return {
      kind: "declare",
      keyword: "const",
      target,
      expression,
      ...(comment === undefined ? {} : { comment }),
      origin,
    };
  }

  /** The name from the spec, or the one made up for want of one: `attentionOut` beside `attention`. */
  wantedName(value: Value): string {
    if (!isUnnamed(value)) return value.name;
    const name = plainName(value);
    return this.context.names.has(name) ? `${name}Out` : name;
  }

  /** Takes over the variable of a value that nothing else reads, to assign to it. */
  mutable(value: Value): string | undefined {
    const statement = this.#declared.get(value.name);
    if (statement === undefined || this.uses(value) !== 1) return undefined;
    statement.keyword = "let";
    return statement.target;
  }

  /** Marks a variable as one that the value lives in from now on, and may be taken over again. */
  redefine(value: Value, name: string, before: Value | undefined): void {
    this.scope.defineVariable(value, name);
    const statement = before === undefined ? undefined : this.#declared.get(before.name);
    if (statement !== undefined) this.#declared.set(value.name, statement);
  }

  // -------------------------------------------------------------- nodes

  #node(node: Node): void {
    switch (node.kind) {
      case "operation":
        this.#operation(node);
        return;
      case "call":
        this.#call(node);
        return;
      case "repeat":
      case "scan":
        writeLoop(this, node);
        return;
      case "stack":
      case "unstack":
        this.#stack(node);
        return;
      case "probe": {
        const written = () =>
          call(
            "g.probe",
            text(stringLiteral(node.name)),
            text(stringLiteral(node.of)),
            this.operand(node.input),
          );
        this.#fit([node.input], () => ({ kind: "run", expression: written() }));
        this.add({ kind: "run", expression: written() });
        this.#consume([node.input]);
        return;
      }
      default:
        node satisfies never;
    }
  }

  #operation(node: OperationNode): void {
    const typed = needsTypedConstants(node);
    const build = () =>
      operationCall(
        node,
        node.operands.map((operand) =>
          typed && "constant" in operand && operand.kind !== "flag"
            ? sourceExpression(this.source(operand))
            : this.operand(operand),
        ),
        (number) => this.scope.number(number, node.operands),
      );
    const [only] = node.results;
    if (node.results.length === 1 && only !== undefined) {
      this.#finish(only, node.operands, build, node.origin);
      return;
    }
    const used = node.results.map((result) => this.uses(result) > 0);
    const last = used.lastIndexOf(true);
    const names = node.results
      .slice(0, last + 1)
      .map((result, i) => (used[i] ? this.scope.names.take(this.wantedName(result)) : ""));
    const target = `[${names.join(", ")}]`.replace(/, (?=,)/g, ",");
    const statement = (): Statement => ({
      kind: "declare",
      keyword: "const",
      target,
      expression: build(),
      origin: node.origin,
    });
    this.#fit(node.operands, statement);
    this.add(statement());
    this.#consume(node.operands);
    node.results.forEach((result, i) => {
      const name = names[i];
      if (name !== undefined && name !== "") this.scope.defineVariable(result, name);
    });
  }

  #call(node: CallNode): void {
    const callee = this.context.callee(node.function);
    const builder = callee.probes && node.scope.length > 0 ? scopeText(node.scope) : "g";
    const leaf = (position: number, path: readonly string[]): Leaf => {
      const operand = node.inputs[position];
      if (operand === undefined) throw new Error(`${node.function} is called with too few inputs.`);
      return { path, source: this.source(operand) };
    };
    const build = () => this.callExpression(node, callee, builder, leaf);
    this.recordHandings(node.function, callee, leaf);
    const [only] = node.results;
    if (callee.signature.sole && only !== undefined) {
      this.#finish(only, node.inputs, build, node.origin);
      return;
    }
    const taken = this.#takenResults(node, callee);
    const statement = (): Statement =>
      taken === undefined
        ? { kind: "run", expression: build(), origin: node.origin }
        : {
            kind: "declare",
            keyword: "const",
            target: taken.target,
            note: taken.note,
            expression: build(),
            origin: node.origin,
          };
    this.#fit(node.inputs, statement);
    this.add(statement());
    this.#consume(node.inputs);
    taken?.define();
  }

  /**
   * What a call's results are assigned to: undefined if nothing reads them; a pattern that takes
   * the struct apart where the function returns tensors, which have names in the spec; else one
   * variable. Gradients stay together: `dAttention.context`.
   */
  #takenResults(node: CallNode, callee: Callee): Taken | undefined {
    const { names } = this.scope;
    const { groups, resultShape } = callee.signature;
    const read = groups.filter(({ ports }) =>
      ports.some(({ position }) => {
        const value = node.results[position];
        return value !== undefined && this.uses(value) > 0;
      }),
    );
    if (read.length === 0) return undefined;
    const scope = camelCase(node.scope);
    const together = (plain: string) => {
      const wanted = plain === "" || this.context.names.has(plain) ? `${plain}Result` : plain;
      const target = names.take(wanted);
      const define = () => this.#defineResults(groups, node.results, target, resultShape);
      return { target, note: "", define };
    };
    if (callee.kind === "backward") return together(`d${pascalCase(node.scope)}`);
    if (!read.some(({ role }) => role === "return")) return together(scope);
    const inPattern = (free: Names) => {
      const variables = read.map((group) => {
        const value = wholeTensor(group, node.results);
        return free.take(value ? this.wantedName(value) : scope + pascalCase([group.key]));
      });
      const properties = read.map(({ key }, i) =>
        key === variables[i] ? key : `${propertyName(key)}: ${variables[i]}`,
      );
      return { variables, target: `{ ${properties.join(", ")} }` };
    };
    const { target } = inPattern(names.inner());
    if (`  const ${target} = ${callee.name}(`.length > WIDTH) return together(scope);
    const { variables } = inPattern(names);
    const shapes = read.flatMap((group, i) => {
      const value = wholeTensor(group, node.results);
      const shape = value && this.context.shapeOf(value);
      return shape === undefined ? [] : [`${variables[i]}: ${shape}`];
    });
    return {
      target,
      note: shapes.join(", "),
      define: () =>
        read.forEach((group, i) => {
          const inside = { key: undefined, ports: group.ports };
          this.#defineResults([inside], node.results, variables[i] ?? "", group.shape);
        }),
    };
  }

  /** The call of a function, its struct parameters put together from `leaf`. */
  callExpression(
    node: { readonly numbers: readonly NumberBinding[] },
    callee: Callee,
    builder: string,
    leaf: (position: number, path: readonly string[]) => Leaf,
  ): Expression {
    const values = callee.signature.parameters.map(
      (parameter) =>
        assemble(
          parameter.ports.map(({ position, path }) => leaf(position, path)),
          false,
        ).expression,
    );
    const numbers = callee.numbers.map((name): [string, Expression] => {
      const binding = node.numbers.find((candidate) => candidate.name === name);
      if (binding === undefined || !("text" in binding.value)) {
        throw new Error(`${callee.name} is called without its number ${name}.`);
      }
      return [name, this.scope.number(binding.value)];
    });
    const last = numbers.length === 0 ? [] : [object(numbers)];
    return call(callee.name, text(builder), ...values, ...last);
  }

  /** Notes which structs a callee gets. */
  recordHandings(
    name: string,
    callee: Callee,
    leaf: (position: number, path: readonly string[]) => Leaf,
  ): void {
    for (const parameter of callee.signature.parameters) {
      const leaves = parameter.ports.map(({ position, path }) => leaf(position, path));
      const { handed } = assemble(leaves, false);
      this.handings.push({ callee: name, group: parameter.group, from: handed });
    }
  }

  #defineResults(
    groups: readonly { readonly key: string | undefined; readonly ports: readonly PlacedPort[] }[],
    results: readonly Value[],
    name: string,
    shape: Shape,
  ): void {
    const root = { text: name, shape };
    for (const { key, ports } of groups) {
      for (const { position, path } of ports) {
        const value = results[position];
        if (value === undefined) continue;
        const inside = key === undefined ? path : [key, ...path];
        this.scope.define(value, { kind: "place", root, path: inside });
      }
    }
  }

  #stack(node: StackNode): void {
    const axis = text(stringLiteral(node.axis));
    if (node.kind === "stack") {
      const source = this.scope.source(node.input);
      const copies = source.kind === "place" ? placeText(source) : flat(source.expression);
      this.#finish(node.result, [], () => joinCopies(copies, axis), undefined);
      return;
    }
    this.flush(node.input);
    const entry = call(
      "g.slice",
      sourceExpression(this.scope.source(node.input)),
      sliceAttributes(node.axis, "i"),
    );
    const count = node.input.type.axes.find((candidate) => candidate.name === node.axis)?.size ?? 0;
    const size = { value: count, text: { kind: "axis", name: node.axis } } as const;
    const length = object([["length", this.scope.number(size, [node.input])]]);
    const target = this.scope.names.take(this.wantedName(node.result));
    const expression = call("Array.from", length, text(`(_, i) => ${flat(entry)}`));
    this.add({ kind: "declare", keyword: "const", target, expression });
    this.defineArray(node.result, target);
  }

  /** The value's copies are the elements of an array. */
  defineArray(value: Value, name: string): void {
    const shape = value.type.copies.reduce<Shape>((element) => ({ kind: "array", element }), {
      kind: "tensor",
    });
    const path = fullPath([], value.type.copies.length);
    this.scope.define(value, { kind: "place", root: { text: name, shape }, path });
  }

  // -------------------------------------------------------------- layout

  /** Makes the value of an expression: a statement, or something to be written where it is used. */
  #finish(
    value: Value,
    operands: readonly Operand[],
    build: () => Expression,
    origin: Origin | undefined,
  ): void {
    const returned = this.#isReturned(value) && this.uses(value) === 1;
    if (returned) this.#fit(operands, () => ({ kind: "return", expression: build() }));
    const depth = this.#depth(operands) + 1;
    const waits = isUnnamed(value) && this.uses(value) === 1 && depth < MOST_DEPTH;
    if (returned || (waits && flat(build()).length <= WIDTH - 24)) {
      const expression = build();
      this.#consume(operands);
      this.scope.pending.set(value.name, { value, expression, depth });
      return;
    }
    const name = this.wantedName(value);
    this.#fit(operands, () => this.#declaration(name, value, build(), origin));
    const expression = build();
    this.#consume(operands);
    this.declare(value, expression, origin);
  }

  /** The one thing that the function returns: it needs no name of its own. */
  #isReturned(value: Value): boolean {
    const [port] = this.#written.results;
    return this.context.signature.sole && port?.value.name === value.name;
  }

  #depth(operands: readonly Operand[]): number {
    return Math.max(
      0,
      ...operands.map((operand) =>
        "constant" in operand ? 0 : (this.scope.pending.get(operand.name)?.depth ?? 0),
      ),
    );
  }

  /** Takes waiting operands out of a statement, the longest first, until it stays on one line. */
  #fit(operands: readonly Operand[], statement: () => Statement): void {
    for (;;) {
      const waiting = operands.flatMap((operand) => {
        const pending = "constant" in operand ? undefined : this.scope.pending.get(operand.name);
        return pending === undefined ? [] : [pending];
      });
      const [first, ...rest] = waiting;
      if (first === undefined || fitsOneLine(statement(), 2)) return;
      const longest = rest.reduce(
        (a, b) => (flat(b.expression).length > flat(a.expression).length ? b : a),
        first,
      );
      this.flush(longest.value);
    }
  }

  #consume(operands: readonly Operand[]): void {
    for (const operand of operands) {
      if (!("constant" in operand)) this.scope.pending.delete(operand.name);
    }
  }

  // -------------------------------------------------------------- edges

  #defineInputs(parameter: Parameter, index: number): void {
    const name = this.#parameters[index] ?? parameter.name;
    const root = {
      text: name,
      shape: parameter.shape,
      parameter: { group: parameter.group, path: [] },
    };
    for (const { position, path } of parameter.ports) {
      const port = this.#written.inputs[position];
      if (port !== undefined) this.scope.define(port.value, { kind: "place", root, path });
    }
  }

  #return(): void {
    const { signature } = this.context;
    const results = this.#written.results.map((port) => port.value);
    const leaf = (position: number, path: readonly string[]): Leaf => {
      const value = results[position];
      if (value === undefined) throw new Error("A result is missing.");
      return { path, source: this.source(value) };
    };
    const build = (): Expression =>
      signature.sole
        ? sourceExpression(leaf(0, []).source)
        : object(
            signature.groups.map((group) => [
              group.key,
              assemble(
                group.ports.map(({ position, path }) => leaf(position, path)),
                true,
              ).expression,
            ]),
          );
    this.#fit(results, () => ({ kind: "return", expression: build() }));
    this.add({ kind: "return", expression: build() });
  }

  /** Nodes whose results matter; counts how often each value is read by them. */
  #countUses(): ReadonlySet<Node> {
    const live = new Set<Node>();
    const read = (value: Value) => this.#uses.set(value.name, this.uses(value) + 1);
    for (const port of this.#written.results) read(port.value);
    for (const node of [...this.#written.nodes].reverse()) {
      const called =
        node.kind === "call" || node.kind === "repeat" || node.kind === "scan"
          ? this.context.callee(node.function).probes
          : node.kind === "probe";
      if (!called && !resultsOf(node).some((result) => this.uses(result) > 0)) continue;
      live.add(node);
      valuesRead(node).forEach(read);
    }
    return live;
  }
}
