/** Loops of a generated function: `repeat` over copies, `scan` over the entries of an axis. */
import { isUnnamed, plainName } from "../ir/function-builder.ts";
import type { Operand, Value } from "../ir/graph.ts";
import { loopScope } from "../ir/rewrite.ts";
import type { BodyWriter } from "./body.ts";
import type { Callee } from "./body-context.ts";
import { callExpression, recordHandings } from "./calls.ts";
import { call, flat, text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { camelCase, member } from "./identifier.ts";
import type { LoopNode } from "./loop-results.ts";
import { commentOf, LoopResults } from "./loop-results.ts";
import type { Leaf, Root, Source } from "./place.ts";
import { mapPlace, sourceExpression } from "./place.ts";
import type { Shape } from "./struct.ts";
import { EACH, fullPath, shapeAt } from "./struct.ts";
import { scopeText, sliceAttributes } from "./wording.ts";

const TENSOR: Shape = { kind: "tensor" };

/** Writes a loop of the graph as a loop of the generated function. */
export function writeLoop(body: BodyWriter, node: LoopNode): void {
  new LoopWriter(body, node).write();
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
  /** What a step of a scan reads of values with copies, by the value's name. */
  readonly #entries = new Map<string, Source>();
  readonly #after: (() => void)[] = [];

  constructor(body: BodyWriter, node: LoopNode) {
    this.#body = body;
    this.#node = node;
    this.#callee = body.context.callee(node.function);
    const wanted = node.kind === "repeat" ? camelCase([node.index]) : node.axis.toLowerCase();
    const outer = body.scope.names;
    this.#local = outer.block();
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
    const results = new LoopResults(this.#body, this.#node, this.#callee, this.#carried);
    const statements = this.#body.block(() => this.#iteration(results));
    this.#body.add({ kind: "loop", head, body: statements, origin: this.#node.origin });
    for (const define of this.#after) define();
    results.define();
    this.#local.close();
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
      ...commentOf(this.#body, result, ""),
      origin: this.#node.origin,
    });
    return target;
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

  // -------------------------------------------------------------- inside the loop

  #iteration(results: LoopResults): void {
    const callee = this.#callee;
    const leaf = (position: number, path: readonly string[]): Leaf => ({
      path,
      source: this.#source(position),
    });
    recordHandings(this.#body, this.#node.function, callee, leaf);
    const builder = callee.probes ? scopeText(loopScope(this.#node), this.#index) : "g";
    const expression = callExpression(this.#body, this.#node, callee, builder, leaf);
    results.collect(expression, this.#local);
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
    if (this.#node.kind === "scan") return this.#entry(operand, this.#node.axis);
    const { array, rest } = this.#array(operand);
    const root = this.#elements.get(array);
    if (root === undefined) throw new Error(`${operand.name} is not taken apart.`);
    return { kind: "place", root, path: rest };
  }

  /** What one step of a scan reads: an entry of a tensor, or of each copy. */
  #entry(operand: Value, axis: string): Source {
    const known = this.#entries.get(operand.name);
    if (known !== undefined) return known;
    const attributes = sliceAttributes(axis, this.#index);
    const { copies } = operand.type;
    const source = this.#body.source(operand);
    if (copies.length === 0 || source.kind !== "place") {
      const expression = call("g.slice", sourceExpression(source), attributes);
      return { kind: "expression", expression };
    }
    const target = this.#local.take(`${plainName(operand)}Step`);
    const expression = mapPlace(source, this.#body.scope.names, (copy) =>
      call("g.slice", text(copy), attributes),
    );
    this.#body.add({ kind: "declare", keyword: "const", target, expression });
    const shape = copies.reduce<Shape>((element) => ({ kind: "array", element }), TENSOR);
    const path = fullPath([], copies.length);
    const entry: Source = { kind: "place", root: { text: target, shape }, path };
    this.#entries.set(operand.name, entry);
    return entry;
  }
}
