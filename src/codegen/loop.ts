/** Loops of a generated function: `repeat` over copies, `scan` over the entries of an axis. */
import { isUnnamed } from "../ir/function-builder.ts";
import type { Operand, RepeatNode, ScanNode, Value } from "../ir/graph.ts";
import type { BodyWriter } from "./body.ts";
import type { Callee } from "./body-context.ts";
import { callExpression, recordHandings } from "./calls.ts";
import type { Expression } from "./expression.ts";
import { call, flat, text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { camelCase, member, pascalCase, stringLiteral } from "./identifier.ts";
import { scalarFill } from "./operation.ts";
import type { Leaf, Root, Source } from "./place.ts";
import { placeText, sourceExpression } from "./place.ts";
import type { PlacedPort, ResultGroup } from "./signature.ts";
import type { Statement } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { EACH, shapeAt } from "./struct.ts";
import { joinCopies, scopeText, sliceAttributes } from "./wording.ts";

type LoopNode = RepeatNode | ScanNode;

const TENSOR: Shape = { kind: "tensor" };

export function writeLoop(body: BodyWriter, node: LoopNode): void {
  new LoopWriter(body, node).write();
}

/** What happens to a result of the body in every iteration. */
interface Collected {
  readonly kind: "assign" | "sum" | "push";
  readonly variable: string;
}

class LoopWriter {
  readonly #body: BodyWriter;
  readonly #node: LoopNode;
  readonly #callee: Callee;
  /** Names inside the loop only. */
  readonly #local: Names;
  readonly #index: string;
  /** Variables of the carried inputs, by position among the inputs. */
  readonly #carried = new Map<number, string>();
  /** Elements of the arrays that are taken apart, by the text of the array. */
  readonly #elements = new Map<string, Root>();
  readonly #after: (() => void)[] = [];

  constructor(body: BodyWriter, node: LoopNode) {
    this.#body = body;
    this.#node = node;
    this.#callee = body.context.callee(node.function);
    const wanted = node.kind === "repeat" ? camelCase([node.index]) : node.axis.toLowerCase();
    const outer = body.scope.names;
    this.#local = outer.inner();
    this.#index = this.#local.take(outer.has(wanted) || wanted === "" ? "i" : wanted);
  }

  write(): void {
    const { inputs, passing, numbers } = this.#node;
    inputs.forEach((operand, i) => {
      // Computed once, before the loop, not in every iteration.
      if ("constant" in operand) this.#body.scope.number(operand.constant);
      else if (passing[i] !== "carried") this.#body.flush(operand);
    });
    for (const { name, value } of numbers) {
      if (this.#callee.numbers.includes(name) && "text" in value) this.#body.scope.number(value);
    }
    const count = this.#count();
    this.#declareCarried();
    const head = this.#head(count);
    const collected = this.#declareCollected();
    const statements = this.#body.block(() => this.#iteration(collected));
    this.#body.add({ kind: "loop", head, body: statements, origin: this.#node.origin });
    for (const define of this.#after) define();
  }

  // -------------------------------------------------------------- before the loop

  /** Variables that pass from one iteration to the next. */
  #declareCarried(): void {
    const { inputs, passing, collecting, results } = this.#node;
    const carriedResults = results.filter((_, i) => collecting[i] === "carried");
    let next = 0;
    inputs.forEach((operand, position) => {
      if (passing[position] !== "carried") return;
      const result = carriedResults[next++];
      if (result === undefined) throw new Error(`${this.#node.function} drops a carried value.`);
      const before = "constant" in operand ? undefined : operand;
      const taken = before === undefined ? undefined : this.#body.mutable(before);
      const variable = taken ?? this.#declareCarriedFrom(operand, result);
      this.#carried.set(position, variable);
      this.#after.push(() =>
        this.#body.redefine(result, variable, taken === undefined ? undefined : before),
      );
    });
  }

  #declareCarriedFrom(operand: Operand, result: Value): string {
    const named = isUnnamed(result) && !("constant" in operand) ? operand : result;
    const target = this.#body.scope.names.take(this.#body.wantedName(named));
    const expression = sourceExpression(this.#body.source(operand));
    if (!("constant" in operand)) this.#body.scope.pending.delete(operand.name);
    this.#body.add({
      kind: "declare",
      keyword: "let",
      target,
      expression,
      ...this.#comment(result, ""),
      origin: this.#node.origin,
    });
    return target;
  }

  #comment(value: Value, before: string): { readonly comment?: string } {
    const shape = this.#body.context.shapeOf(value);
    return shape === undefined ? {} : { comment: before + shape };
  }

  #count(): string {
    const { count, inputs } = this.#node;
    const written = flat(this.#body.scope.number(count, inputs));
    if (this.#node.kind === "repeat" || /^[\w.$]+$/.test(written)) return written;
    const target = this.#body.scope.names.take(this.#node.axis);
    this.#body.add({ kind: "declare", keyword: "const", target, expression: text(written) });
    return target;
  }

  #head(count: string): string {
    const { inputs, passing, reversed, kind } = this.#node;
    const arrays = new Map<string, Root>();
    inputs.forEach((operand, i) => {
      if (kind !== "repeat" || passing[i] !== "stacked" || "constant" in operand) return;
      const { array, root } = this.#array(operand);
      if (!arrays.has(array)) arrays.set(array, root);
    });
    const [first] = arrays.keys();
    const simple = arrays.size === 1 && !reversed;
    const each = simple ? this.#local.take("each") : "";
    for (const [array, root] of arrays) {
      this.#elements.set(array, { ...root, text: simple ? each : `${array}[${this.#index}]!` });
    }
    if (simple && first !== undefined) {
      return this.#callee.probes
        ? `for (const [${this.#index}, ${each}] of ${first}.entries())`
        : `for (const ${each} of ${first})`;
    }
    const end = /^\d+$/.test(count) && first !== undefined ? `${first}.length` : count;
    const i = this.#index;
    return reversed
      ? `for (let ${i} = ${end} - 1; ${i} >= 0; ${i}--)`
      : `for (let ${i} = 0; ${i} < ${end}; ${i}++)`;
  }

  /** The outermost array that holds a value's copies, and its element. */
  #array(value: Value): {
    readonly array: string;
    readonly root: Root;
    readonly rest: readonly string[];
  } {
    const source = this.#body.scope.source(value);
    if (source.kind !== "place") throw new Error(`${value.name} has no copies.`);
    const { root, path } = source;
    const star = path.indexOf(EACH);
    if (star === -1) throw new Error(`${value.name} has no copies.`);
    const array = root.text + path.slice(0, star).map(member).join("");
    const inside = path.slice(0, star + 1);
    const { parameter } = root;
    return {
      array,
      rest: path.slice(star + 1),
      root: {
        text: array,
        shape: shapeAt(root.shape, inside) ?? TENSOR,
        ...(parameter === undefined
          ? {}
          : { parameter: { group: parameter.group, path: [...parameter.path, ...inside] } }),
      },
    };
  }

  /** Declares arrays and sums for the results that are used; says what each iteration does with them. */
  #declareCollected(): ReadonlyMap<string, Collected> {
    const collected = new Map<string, Collected>();
    const { collecting, results } = this.#node;
    let carried = 0;
    const positions = this.#node.passing.flatMap((way, i) => (way === "carried" ? [i] : []));
    const carriedPosition = collecting.map((way) =>
      way === "carried" ? positions[carried++] : -1,
    );
    for (const group of this.#groups()) {
      const live = group.ports.some(({ position }) => this.#isUsed(position));
      if (live && group.ports.every(({ position }) => collecting[position] === "stacked")) {
        collected.set(groupKey(group), this.#declareArray(group));
        continue;
      }
      for (const port of group.ports) {
        const result = results[port.position];
        const way = collecting[port.position];
        if (result === undefined) continue;
        if (way === "carried") {
          const variable = this.#carried.get(carriedPosition[port.position] ?? -1) ?? "";
          collected.set(portKey(port), { kind: "assign", variable });
        } else if (!this.#isUsed(port.position)) continue;
        else if (way === "summed")
          collected.set(portKey(port), this.#declareSum(group, port, result));
        else {
          const shape = shapeAt(group.shape, port.path) ?? TENSOR;
          const single: ResultGroup = { ...group, ports: [{ ...port, path: [] }], shape };
          collected.set(portKey(port), this.#declareArray(single));
        }
      }
    }
    return collected;
  }

  #isUsed(position: number): boolean {
    const result = this.#node.results[position];
    return result !== undefined && this.#body.uses(result) > 0;
  }

  #groups(): readonly ResultGroup[] {
    return this.#callee.signature.groups;
  }

  #declareArray(group: ResultGroup): Collected {
    const [port] = group.ports;
    const result = port === undefined ? undefined : this.#node.results[port.position];
    const tensor = group.shape.kind === "tensor";
    const named = tensor && result !== undefined && !isUnnamed(result);
    const scope = this.#node.kind === "repeat" ? this.#node.index : this.#node.axis;
    const prefix = this.#callee.kind === "backward" ? "d" : "";
    const words =
      prefix === "" ? camelCase([scope, group.key]) : prefix + pascalCase([scope, group.key]);
    const wanted = named ? result.name : words;
    const scan = this.#node.kind === "scan";
    const variable = this.#body.scope.names.take(scan ? `${wanted}Steps` : wanted);
    const element = this.#body.context.typeText(
      group.shape,
      group.role === "residual" ? "residual" : "address",
    );
    this.#body.add({
      kind: "declare",
      keyword: "const",
      target: variable,
      annotation: element.startsWith("readonly") ? `(${element})[]` : `${element}[]`,
      expression: text("[]"),
    });
    const root: Root = { text: variable, shape: { kind: "array", element: group.shape } };
    for (const { position, path } of group.ports) {
      const value = this.#node.results[position];
      if (value === undefined) continue;
      const source = { kind: "place", root, path: [EACH, ...path] } as const;
      this.#after.push(() => {
        if (this.#node.kind === "repeat") this.#body.scope.define(value, source);
        else if (this.#body.uses(value) > 0) {
          const axis = text(stringLiteral(this.#node.axis));
          this.#body.declare(value, joinCopies(placeText(source), axis), this.#node.origin);
        }
      });
    }
    return { kind: "push", variable };
  }

  #declareSum(group: ResultGroup, port: PlacedPort, result: Value): Collected {
    const wanted = isUnnamed(result) ? `d${pascalCase([group.key, ...port.path])}` : result.name;
    const variable = this.#body.scope.names.take(wanted);
    this.#body.add({
      kind: "declare",
      keyword: "let",
      target: variable,
      expression: scalarFill(result.type.kind, text("0")),
      ...this.#comment(result, "summed: "),
    });
    this.#after.push(() => this.#body.scope.defineVariable(result, variable));
    return { kind: "sum", variable };
  }

  // -------------------------------------------------------------- inside the loop

  #iteration(collected: ReadonlyMap<string, Collected>): void {
    const { origin } = this.#node;
    const callee = this.#callee;
    const leaf = (position: number, path: readonly string[]): Leaf => ({
      path,
      source: this.#source(position),
    });
    recordHandings(this.#body, this.#node.function, callee, leaf);
    const segment = this.#node.kind === "repeat" ? this.#node.index : this.#node.axis;
    const builder = callee.probes ? scopeText([segment], this.#index) : "g";
    const expression = callExpression(this.#body, this.#node, callee, builder, leaf);
    if (callee.signature.sole || collected.size === 0) {
      const [only] = this.#groups();
      const [port] = only?.ports ?? [];
      const what =
        only === undefined || port === undefined
          ? undefined
          : (collected.get(groupKey(only)) ?? collected.get(portKey(port)));
      this.#collect(what, expression);
      return;
    }
    const target = this.#local.take(callee.kind === "backward" ? "back" : "out");
    this.#body.add({ kind: "declare", keyword: "const", target, expression, origin });
    for (const group of this.#groups()) {
      const whole = collected.get(groupKey(group));
      if (whole !== undefined) this.#collect(whole, text(target + member(group.key)));
      else {
        for (const port of group.ports) {
          const what = collected.get(portKey(port));
          const path = [group.key, ...port.path];
          const root: Root = { text: target, shape: callee.signature.resultShape };
          if (what !== undefined)
            this.#collect(what, text(placeText({ kind: "place", root, path })));
        }
      }
    }
  }

  #collect(what: Collected | undefined, expression: Expression): void {
    this.#body.add({ ...this.#collecting(what, expression), origin: this.#node.origin });
  }

  #collecting(what: Collected | undefined, expression: Expression): Statement {
    if (what === undefined) return { kind: "run", expression };
    const { kind, variable } = what;
    switch (kind) {
      case "assign":
        return { kind: "assign", target: variable, expression };
      case "sum":
        return {
          kind: "assign",
          target: variable,
          expression: call("g.add", text(variable), expression),
        };
      case "push": {
        const method = `${variable}.${this.#node.reversed ? "unshift" : "push"}`;
        return { kind: "run", expression: call(method, expression) };
      }
      default:
        return kind satisfies never;
    }
  }

  /** What the body gets as its input in one iteration. */
  #source(position: number): Source {
    const operand = this.#node.inputs[position];
    const way = this.#node.passing[position];
    if (operand === undefined || way === undefined) throw new Error("A loop lacks an input.");
    const carried = this.#carried.get(position);
    if (carried !== undefined) {
      return { kind: "place", root: { text: carried, shape: TENSOR }, path: [] };
    }
    if (way === "captured" || "constant" in operand) return this.#body.source(operand);
    if (this.#node.kind === "scan") {
      const tensor = sourceExpression(this.#body.source(operand));
      const entry = call("g.slice", tensor, sliceAttributes(this.#node.axis, this.#index));
      return { kind: "expression", expression: entry };
    }
    const { array, rest } = this.#array(operand);
    const root = this.#elements.get(array);
    if (root === undefined) throw new Error(`${operand.name} is not taken apart.`);
    return { kind: "place", root, path: rest };
  }
}

function groupKey(group: ResultGroup): string {
  return `group ${group.key}`;
}

function portKey(port: PlacedPort): string {
  return `port ${port.position}`;
}
