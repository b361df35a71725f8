/** The body of a generated function: one statement for each value that has a name, the rest inside them. */
import { isUnnamed, plainName } from "../ir/function-builder.ts";
import type { GraphFunction, Node, Operand, Origin, Value } from "../ir/graph.ts";
import { resultsOf, valuesRead } from "../ir/rewrite.ts";
import type { Body, BodyContext, Handing } from "./body-context.ts";
import type { Expression } from "./expression.ts";
import { flat, object, text, WIDTH } from "./expression.ts";
import { BUILDER } from "./generated-names.ts";
import { writeNode } from "./nodes.ts";
import { scalarFill } from "./operation.ts";
import type { Leaf, Source } from "./place.ts";
import { assemble, sourceExpression } from "./place.ts";
import { Scope } from "./scope.ts";
import type { Parameter } from "./signature.ts";
import type { Statement } from "./statement.ts";
import { fitsOneLine, statementLines } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { fullPath } from "./struct.ts";

/** Calls inside calls inside calls are still read at a glance. */
const MOST_DEPTH = 3;

export function writeBody(written: GraphFunction, context: BodyContext): Body {
  return new BodyWriter(written, context).write();
}

/** Writes one body; what node is written how is in `nodes.ts`, `calls.ts` and `loop.ts`. */
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
    names.take(BUILDER);
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
    for (const node of this.#written.nodes) if (this.#live.has(node)) writeNode(this, node);
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
  finish(
    value: Value,
    operands: readonly Operand[],
    build: () => Expression,
    origin: Origin | undefined,
  ): void {
    const returned = this.#isReturned(value) && this.uses(value) === 1;
    if (returned) this.fit(operands, () => ({ kind: "return", expression: build() }));
    const depth = this.#depth(operands) + 1;
    const waits = isUnnamed(value) && this.uses(value) === 1 && depth < MOST_DEPTH;
    if (returned || (waits && flat(build()).length <= WIDTH - 24)) {
      const expression = build();
      this.consume(operands);
      this.scope.pending.set(value.name, { value, expression, depth });
      return;
    }
    const name = this.wantedName(value);
    this.fit(operands, () => this.#declaration(name, value, build(), origin));
    const expression = build();
    this.consume(operands);
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
  fit(operands: readonly Operand[], statement: () => Statement): void {
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

  /** The operands have been written; they wait no more. */
  consume(operands: readonly Operand[]): void {
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
                this.scope.names,
              ).expression,
            ]),
          );
    this.fit(results, () => ({ kind: "return", expression: build() }));
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
