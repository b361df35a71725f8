/** What becomes of the results of a loop's body. */
import { isUnnamed } from "../ir/function-builder.ts";
import type { RepeatNode, ScanNode, Value } from "../ir/graph.ts";
import type { BodyWriter } from "./body.ts";
import type { Callee } from "./body-context.ts";
import type { Expression } from "./expression.ts";
import { call, flat, text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { camelCase, member, pascalCase, stringLiteral } from "./identifier.ts";
import { scalarFill } from "./operation.ts";
import type { Place, Root } from "./place.ts";
import { placeText } from "./place.ts";
import type { PlacedPort, ResultGroup } from "./signature.ts";
import type { Statement } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { EACH } from "./struct.ts";
import { joinCopies } from "./wording.ts";

/** A loop of the graph. */
export type LoopNode = RepeatNode | ScanNode;

const TENSOR: Shape = { kind: "tensor" };

/** What happens to a result of the body in every iteration. */
type Collected =
  | { readonly kind: "assign" | "push"; readonly variable: string }
  /** `zero` is what a sum starts from. */
  | { readonly kind: "sum"; readonly variable: string; readonly zero: Expression };

/** The results of a loop's body: variables before the loop, what each iteration does with them, and what they are after it. */
export class LoopResults {
  readonly #body: BodyWriter;
  readonly #node: LoopNode;
  readonly #callee: Callee;
  readonly #collected: ReadonlyMap<string, Collected>;
  readonly #after: (() => void)[] = [];

  /** Declares the variables. `carried` has those of the carried inputs, by position among the inputs. */
  constructor(
    body: BodyWriter,
    node: LoopNode,
    callee: Callee,
    carried: ReadonlyMap<number, string>,
  ) {
    this.#body = body;
    this.#node = node;
    this.#callee = callee;
    this.#collected = this.#declareCollected(carried);
  }

  /** Makes the results known to what stands after the loop. */
  define(): void {
    for (const define of this.#after) define();
  }

  /** Writes what an iteration does with the call of the body; `local` are the names inside the loop. */
  collect(expression: Expression, local: Names): void {
    const callee = this.#callee;
    const collected = this.#collected;
    const { origin } = this.#node;
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
    const target = local.take(callee.kind === "backward" ? "back" : "out");
    this.#body.add({ kind: "declare", keyword: "const", target, expression, origin });
    for (const group of this.#groups()) {
      const whole = collected.get(groupKey(group));
      if (whole !== undefined) this.#collect(whole, text(target + member(group.key)));
      else {
        for (const port of group.ports) {
          const what = collected.get(portKey(port));
          const path = [group.key, ...port.path];
          const root: Root = { text: target, shape: callee.signature.resultShape };
          if (what !== undefined) this.#collectPlace(what, { kind: "place", root, path });
        }
      }
    }
  }

  /** Declares arrays and sums for the results that are used; says what each iteration does with them. */
  #declareCollected(carriedVariables: ReadonlyMap<number, string>): ReadonlyMap<string, Collected> {
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
          const variable = carriedVariables.get(carriedPosition[port.position] ?? -1) ?? "";
          collected.set(portKey(port), { kind: "assign", variable });
        } else if (!this.#isUsed(port.position)) continue;
        else if (way === "summed")
          collected.set(portKey(port), this.#declareSum(group, port, result));
        else {
          const path = port.path.filter((segment) => segment === EACH);
          const shape = path.reduce<Shape>((element) => ({ kind: "array", element }), TENSOR);
          const single: ResultGroup = { ...group, ports: [{ ...port, path }], shape };
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
        else if (this.#body.uses(value) > 0) this.#declareJoined(value, variable, path, scope);
      });
    }
    return { kind: "push", variable };
  }

  /** What each step of a scan gave, along its axis: copy by copy, if each step gave copies. */
  #declareJoined(value: Value, steps: string, path: readonly string[], axis: string): void {
    const { origin } = this.#node;
    const names = this.#body.scope.names.inner();
    const joined = joinSteps(steps, path, text(stringLiteral(axis)), names);
    if (!path.includes(EACH)) {
      this.#body.declare(value, joined, origin);
      return;
    }
    const target = this.#body.scope.names.take(this.#body.wantedName(value));
    this.#body.add({ kind: "declare", keyword: "const", target, expression: joined, origin });
    this.#body.defineArray(value, target);
  }

  #declareSum(group: ResultGroup, port: PlacedPort, result: Value): Collected {
    const wanted = isUnnamed(result) ? `d${pascalCase([group.key, ...port.path])}` : result.name;
    const variable = this.#body.scope.names.take(wanted);
    const levels = result.type.copies.length;
    const zero = scalarFill(result.type.kind, text("0"));
    this.#body.add({
      kind: "declare",
      keyword: "let",
      target: variable,
      ...(levels === 0 ? {} : { annotation: this.#arraysText(levels) }),
      expression: levels === 0 ? zero : text("[]"),
      ...commentOf(this.#body, result, "summed: "),
    });
    this.#after.push(() =>
      levels === 0
        ? this.#body.scope.defineVariable(result, variable)
        : this.#body.defineArray(result, variable),
    );
    return { kind: "sum", variable, zero };
  }

  /** The type of tensors with so many levels of copies. */
  #arraysText(levels: number): string {
    const shape = Array.from({ length: levels }).reduce<Shape>(
      (element) => ({ kind: "array", element }),
      TENSOR,
    );
    return this.#body.context.typeText(shape, "address");
  }

  /** Collects what sits somewhere in the struct that the body returns. */
  #collectPlace(what: Collected | undefined, place: Place): void {
    if (what?.kind !== "sum" || !place.path.includes(EACH)) {
      this.#collect(what, text(placeText(place)));
      return;
    }
    const { variable } = what;
    const names = this.#body.scope.names.inner();
    const expression = sumOfCopies(place.root.text, place.path, variable, what.zero, names);
    this.#body.add({ kind: "assign", target: variable, expression, origin: this.#node.origin });
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
}

/** The shape of a value as the comment beside its declaration. */
export function commentOf(
  body: BodyWriter,
  value: Value,
  before: string,
): { readonly comment?: string } {
  const shape = body.context.shapeOf(value);
  return shape === undefined ? {} : { comment: before + shape };
}

/**
 * What the steps of a scan gave, as one tensor. Where each step gave copies it is an array:
 * `steps[0]!.h.map((_, i) => g.join(steps.map((each) => each.h[i]!), …))`.
 */
function joinSteps(
  steps: string,
  path: readonly string[],
  axis: Expression,
  names: Names,
  level = 0,
  reached = "",
): Expression {
  const star = path.indexOf(EACH);
  const direct = star === -1 ? path : path.slice(0, star);
  const inside = reached + direct.map(member).join("");
  if (star === -1) {
    const each = names.take("each");
    const copies = inside === "" ? steps : `${steps}.map((${each}) => ${each}${inside})`;
    return joinCopies(copies, axis, level === 0 ? copies : steps);
  }
  const [unused, index] = [names.take("_"), names.take("i")];
  const below = path.slice(star + 1);
  const body = joinSteps(steps, below, axis, names, level + 1, `${inside}[${index}]!`);
  const head = `${steps}[0]!${inside}.map((${unused}, ${index}) => `;
  return { kind: "wrapped", head, body, tail: ")" };
}

/** `back.layer.map((each, i) => g.add(dW[i] ?? 0, each.w))` */
function sumOfCopies(
  from: string,
  path: readonly string[],
  sum: string,
  zero: Expression,
  names: Names,
  level = 0,
): Expression {
  const star = path.indexOf(EACH);
  const direct = star === -1 ? path : path.slice(0, star);
  const reached = from + direct.map(member).join("");
  if (star === -1) return call("g.add", text(`${sum} ?? ${flat(zero)}`), text(reached));
  const [each, index] = [names.take("each"), names.take("i")];
  const before = `${sum}${level === 0 ? "" : "?."}[${index}]`;
  const body = sumOfCopies(each, path.slice(star + 1), before, zero, names, level + 1);
  return { kind: "wrapped", head: `${reached}.map((${each}, ${index}) => `, body, tail: ")" };
}

function groupKey(group: ResultGroup): string {
  return `group ${group.key}`;
}

function portKey(port: PlacedPort): string {
  return `port ${port.position}`;
}
