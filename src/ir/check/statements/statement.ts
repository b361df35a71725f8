/** Statements of models, blocks, methods and loops, in program order. */

import type { Statement } from "../../../parser/tree.ts";
import type { ReturnedValue } from "../calls/returns.ts";
import type { Place } from "../emit.ts";
import { chosenBranch } from "../expressions/branch.ts";
import { evaluate } from "../expressions/expression.ts";
import { confirmInstance, declareInstance } from "../instances/declare.ts";
import { repeatStatement } from "../loops/repeat.ts";
import { scanStatement } from "../loops/scan.ts";
import { declaredAxes } from "../names/axes.ts";
import { constEntity, dimEntity } from "../names/compile-time.ts";
import { memberItems, namesDeclared } from "../names/member.ts";
import { namesBound } from "../names/resolve.ts";
import { declareTensor, parameterDeclaration } from "../parameter.ts";
import { problem } from "../problem.ts";
import { assign, bindNew } from "./assign.ts";
import { loss } from "./loss.ts";
import { write } from "./write.ts";

/** Runs statements; gives what `return` returned. */
export function runStatements(
  place: Place,
  statements: readonly Statement[],
): readonly ReturnedValue[] | undefined {
  for (const statement of statements) {
    let returned: readonly ReturnedValue[] | undefined;
    const went = place.checker.report.attempt(() => {
      returned = runStatement(place, statement);
    });
    if (!went) poison(place, statement);
    if (returned !== undefined) return returned;
  }
  return undefined;
}

/** Names that a failed statement would have bound, axes that it would have made, are not complained about again. */
export function poison(place: Place, statement: Statement): void {
  const { names, frame } = place.scope;
  for (const { text } of namesBound(statement)) frame.unmade.add(text);
  const failed = (name: string) => {
    if (!names.has(name)) names.set(name, { kind: "poison" });
  };
  switch (statement.kind) {
    case "assign":
      for (const target of statement.targets) names.set(target.name.text, { kind: "poison" });
      return;
    case "use":
    case "memory":
    case "output":
    case "input":
    case "loss":
      failed(statement.name.text);
      return;
    case "dim":
    case "const":
    case "param":
      for (const name of namesDeclared(statement)) failed(name.text);
      return;
    case "repeat":
    case "scan":
      for (const name of statement.yields) failed(name.text);
      return;
    case "write":
      failed(statement.state.text);
      return;
    default:
      return;
  }
}

function runStatement(place: Place, statement: Statement): readonly ReturnedValue[] | undefined {
  const { scope } = place;
  switch (statement.kind) {
    case "dim":
      if (isMember(place, statement.dims[0]?.name.text)) return undefined;
      for (const { name, value } of statement.dims)
        bindNew(place, name, dimEntity(place, name.text, value));
      return undefined;
    case "param":
      if (isMember(place, statement.parameters[0]?.name.text)) return undefined;
      for (const item of statement.parameters) {
        const axes = declaredAxes(place, item.axes);
        const path = [...scope.prefix, item.name.text];
        const owner = scope.frame.builder.name;
        bindNew(
          place,
          item.name,
          declareTensor(place, parameterDeclaration(place, item, path, axes, owner, statement.doc)),
        );
      }
      return undefined;
    case "const":
      if (isMember(place, statement.constants[0]?.name.text)) return undefined;
      for (const { name, axes, value } of statement.constants)
        bindNew(place, name, constEntity(place, name, axes, value));
      return undefined;
    case "state":
      throw problem("MEM0230", statement.span, "A state belongs to a memory.", {
        help: "memory name(options) { state M[S, D] starts 0, gradient through … }",
      });
    case "input":
    case "output":
      throw problem("MEM0231", statement.span, `${statement.kind} stands in the model itself.`);
    case "use":
      bindNew(place, statement.name, {
        kind: "instance",
        instance: declareInstance(place, statement.name, statement.value, "use", undefined),
      });
      return undefined;
    case "memory": {
      const ahead = scope.names.get(statement.name.text);
      if (ahead?.kind === "instance" && ahead.instance.span === statement.name.span) {
        confirmInstance(place, ahead.instance, statement);
        return undefined;
      }
      const instance = declareInstance(
        place,
        statement.name,
        statement.value,
        "memory",
        statement.reset,
      );
      bindNew(place, statement.name, { kind: "instance", instance });
      return undefined;
    }
    case "method":
      return undefined;
    case "assign":
      assign(place, statement);
      return undefined;
    case "write":
      write(place, statement);
      return undefined;
    case "call-statement":
      evaluate(place, statement.value);
      return undefined;
    case "when": {
      const { taken, inside } = chosenBranch(place, statement.condition);
      return runStatements(inside, taken ? statement.then : (statement.otherwise ?? []));
    }
    case "repeat":
      repeatStatement(place, statement);
      return undefined;
    case "scan":
      scanStatement(place, statement);
      return undefined;
    case "return":
      return statement.values.map((value) => ({
        entity: evaluate(place, value),
        span: value.span,
      }));
    case "yield":
      throw problem(
        "MEM0232",
        statement.span,
        "`yield` is written in the header: `repeat depth as layer yield y { … }`.",
      );
    case "loss":
      loss(place, statement);
      return undefined;
    default:
      return statement satisfies never;
  }
}

/** Declarations of a memory are read when a method needs them. */
function isMember(place: Place, name: string | undefined): boolean {
  const member = place.scope.member;
  if (member === undefined || name === undefined || place.scope.frame.address !== undefined)
    return false;
  return (
    memberItems(member.definition).some((item) => item.name === name) &&
    place.scope.names === member.known
  );
}
