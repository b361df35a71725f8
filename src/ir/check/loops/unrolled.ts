/** `repeat n as i { … }` written out: iterations one after the other in the same function, each with its own number. */

import type { Name, RepeatStatement, Span, Statement } from "../../../parser/tree.ts";
import { literal } from "../../symbolic.ts";
import { asTensor, emit, type Place } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import { plainNumber } from "../expressions/static.ts";
import { aheadHelp, declareInstance } from "../instances/declare.ts";
import type { Siblings } from "../instances/instance.ts";
import { namesDeclared } from "../names/member.ts";
import { probeNames } from "../probe.ts";
import { Problem, problem } from "../problem.ts";
import { Scope } from "../scope.ts";
import { runStatements } from "../statements/statement.ts";
import { isLoop, mentionsName, nodesIn } from "../syntax.ts";
import { assignedNames } from "./carried.ts";

type InstanceDeclaration = Extract<Statement, { kind: "use" | "memory" }>;

/** The `use` and `memory` of a repeat's body, be it in branches of a `when`. */
export const declaredInstances = (body: readonly Statement[]): readonly InstanceDeclaration[] =>
  body.flatMap((each) => {
    if (each.kind === "use" || each.kind === "memory") return [each];
    if (each.kind !== "when") return [];
    return [...declaredInstances(each.then), ...declaredInstances(each.otherwise ?? [])];
  });

export function unrolledRepeat(place: Place, statement: RepeatStatement, count: number): void {
  const { scope } = place;
  const index = statement.index.text;
  const yields = new Map<string, TensorEntity[]>(statement.yields.map((name) => [name.text, []]));
  const before = new Set(scope.names.keys());
  const probed = scope.frame.loopScope(scope.prefix, index);
  const iterations: Scope[] = [];
  const siblings = siblingsOf(statement, iterations);
  const known = new Map(scope.siblings);
  for (const [name, each] of siblings) scope.siblings.set(name, each);
  for (let iteration = 0; iteration < count; iteration++) {
    const names = new Map<string, Entity>(scope.names);
    names.set(index, plainNumber(iteration, true));
    iterations.push(
      new Scope({
        ...scope.apart(),
        names,
        siblings: new Map(scope.siblings),
        prefix: [...scope.prefix, index, String(iteration)],
      }),
    );
  }
  for (const [iteration, inner] of iterations.entries()) {
    for (const name of before) {
      const current = scope.names.get(name);
      if (current !== undefined && name !== index) inner.names.set(name, current);
    }
    inner.seeAxes([...scope.axes.values()]);
    const entering = new Map(inner.names);
    runStatements({ ...place, scope: inner }, statement.body);
    const bound = [...inner.names].filter(([name, entity]) => entering.get(name) !== entity);
    probeNames(place, new Map(bound), [...probed, String(iteration)]);
    for (const name of before) {
      const after = inner.names.get(name);
      if (after === undefined || name === index) continue;
      scope.names.set(name, after);
      if (after.kind === "tensor") scope.seeAxes(after.axes);
    }
    for (const name of statement.yields) {
      const entity = inner.names.get(name.text);
      if (entity === undefined)
        throw problem("MEM0242", name.span, `The repeat never gives ${name.text} a value.`);
      yields.get(name.text)?.push(asTensor(scope, entity, name.span));
    }
  }
  for (const [name, each] of siblings) {
    const other = known.get(name);
    if (other !== undefined) scope.siblings.set(name, { ...each, other: other.span });
  }
  for (const [name, tensors] of yields)
    scope.names.set(name, stacked(place, name, tensors, index, statement.span));
}

/** What the iterations yield under a name, along an axis of the repeat's index. */
function stacked(
  place: Place,
  name: string,
  tensors: readonly TensorEntity[],
  index: string,
  span: Span,
): TensorEntity {
  const { length: size } = tensors;
  const axis: CheckedAxis = { name: index, size, declared: literal(size).text, data: false };
  const attributes = { pieces: tensors.map(() => null), into: index };
  return emit(place, "join", tensors, attributes, { span, hints: [name], axes: [axis] });
}

/** What the iterations declare, by name. */
function siblingsOf(
  { body }: RepeatStatement,
  iterations: readonly Scope[],
): ReadonlyMap<string, Siblings> {
  return new Map(
    declaredInstances(body).map(({ name }): [string, Siblings] => {
      const at: Siblings["at"] = (place, iteration, span) => {
        const scope = iterations[iteration];
        if (scope === undefined)
          throw problem("MEM0189", span, `There is no iteration ${iteration}.`);
        if (!scope.names.has(name.text)) declareAhead({ ...place, scope }, name.text, body, span);
        return scope.names.get(name.text);
      };
      return [name.text, { span: name.span, at }];
    }),
  );
}

/** Makes the memory of an iteration that has not come to it, unless it stands in a branch, and those that its reset asks. */
function declareAhead(place: Place, wanted: string, body: readonly Statement[], span: Span): void {
  const declaration = body.find((each) => each.kind === "memory" && each.name.text === wanted);
  if (declaration?.kind !== "memory") return;
  const { name, value, reset } = declaration;
  const { names } = place.scope;
  const refused = (reason: string) =>
    problem(
      "MEM0189",
      span,
      `${wanted} of an iteration that comes later is asked for, but ${reason}`,
      {
        notes: [{ message: "It is declared here.", span: name.span }],
        help: aheadHelp,
      },
    );
  const read = [...valuesBound(body)].find((each) => mentionsName(reset, each));
  if (read !== undefined) throw refused(`its reset reads ${read}, which each iteration makes.`);
  try {
    const instance = declareInstance(place, name, value, "memory", reset);
    names.set(wanted, { kind: "instance", instance });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw refused(`its declaration cannot be read yet: ${error.diagnostic.message}`);
  }
  for (const other of declaredInstances(body)) {
    const { text } = other.name;
    if (mentionsName(reset, text) && !names.has(text)) declareAhead(place, text, body, span);
  }
}

/** Names that statements give values, wherever in them. */
function valuesBound(body: readonly Statement[]): ReadonlySet<string> {
  const names = new Set(assignedNames(body));
  const add = (all: readonly Name[]): void => {
    for (const { text } of all) names.add(text);
  };
  for (const each of body) {
    if (each.kind === "when")
      for (const name of valuesBound([...each.then, ...(each.otherwise ?? [])])) names.add(name);
    else if (each.kind !== "use" && each.kind !== "memory") add(namesDeclared(each));
  }
  for (const { yields } of nodesIn(body, isLoop)) add(yields);
  return names;
}
