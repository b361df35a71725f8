/** A call of a checked template: its inputs in the caller's terms, and its results under the caller's axes (rule R3). */

import type { Call, Span } from "../../../parser/tree.ts";
import type { NumberBinding, NumberExpression, Operand, Port } from "../../graph.ts";
import { lifted } from "../declaration.ts";
import { type Place, renameAxes, writable } from "../emit.ts";
import type { CheckedAxis, TensorEntity, TupleEntity } from "../entities.ts";
import { type StaticNumber, substitute } from "../expressions/static.ts";
import { bindingAxes } from "../instances/axes.ts";
import { hasMethods, located } from "../instances/body.ts";
import { type Instance, namesTo } from "../instances/instance.ts";
import { instanceTensor, sharedTensor } from "../instances/tensors.ts";
import { takeLossResult, termInside } from "../loss-terms.ts";
import { numberFormals } from "../option.ts";
import { declareTensor } from "../parameter.ts";
import { problem } from "../problem.ts";
import { type Arguments, type AxisBinding, type Callee, givenOptions } from "./arguments.ts";
import { implicitTensor } from "./implicit.ts";
import { toValue } from "./results.ts";
import type { Template } from "./template.ts";

type NamedResult = TupleEntity["items"][number];

export function bindTemplate(
  place: Place,
  call: Call,
  callee: Callee,
  template: Template,
  given: Arguments,
  axes: AxisBinding,
  scope: readonly string[],
  hint: string | undefined,
): readonly NamedResult[] {
  const { checker } = place;
  const { frame } = place.scope;
  const prefix = call.alias === undefined ? place.scope.prefix : place.scope.base;
  const { instance } = callee;
  const formalNumbers = new Map<string, StaticNumber>();
  for (const { formal, value } of givenOptions(callee, given.options)) {
    for (const number of numberFormals(formal, value)) formalNumbers.set(number.name, number.value);
  }
  const declaredText = (kind: "axis" | "formal", name: string): NumberExpression | undefined => {
    if (kind === "formal") return formalNumbers.get(name)?.declared.text;
    return (axes.formals.get(name) ?? axes.rest.get(name))?.declared;
  };
  const called = [...prefix, ...scope];
  const ofInstance = instance !== undefined && callee.method === undefined;
  const path = ofInstance ? instance.path : called;
  for (const { path: member, axes: bound } of template.seenAxes) {
    if (instance === undefined) break;
    const at = located(instance, [...member, ""]).instance;
    const outer = [...bound].map(([formal, axis]) => {
      const declared = substitute(axis.declared, declaredText);
      return [formal, { ...axis, declared }] as const;
    });
    bindingAxes(place, at, new Map(outer), call.span, () => undefined);
  }
  const operandOf = (port: Port): Operand => {
    const [name = ""] = port.path;
    if (port.role === "argument") {
      const tensor =
        axes.tensors.get(name) ?? implicitTensor(place, callee, template, name, axes, call.span);
      return toValue(place, tensor, call.span).operand;
    }
    if (port.struct !== "own" && instance !== undefined) {
      const at = located(instance, port.path);
      const [own = ""] = at.path;
      if (hasMethods(at.instance.definition))
        return instanceTensor(place, at.instance, own).operand;
      const declared = template.seen.get(port.path.join("."));
      if (declared === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
      const there = lifted(declared, at.instance.path, [], declaredText);
      return sharedTensor(place, at.instance, at.path, there, call.span).operand;
    }
    const declaration = template.declarations.find(
      (each) => each.path.join(".") === port.path.join("."),
    );
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    // Calls of an instance share its parameters and states; each draws for itself.
    const shared = ofInstance && declaration.role !== "draw";
    const own = lifted(declaration, shared ? path : called, [], declaredText);
    return shared
      ? sharedTensor(place, instance, declaration.path, own, call.span).operand
      : declareTensor(place, own, call.span).operand;
  };
  const inputs = template.graph.inputs.map(operandOf);
  const numbers = template.graph.numbers.map(({ name, value }): NumberBinding => {
    const number = formalNumbers.get(name);
    return {
      name,
      value:
        number === undefined
          ? { value: Number(value), text: { kind: "literal", value: Number(value) } }
          : writable(place.scope, number),
    };
  });
  const hints = template.graph.results.map((port) => {
    if (port.role === "return" && template.returns.length === 1) return hint;
    return port.path.at(-1);
  });
  const results = frame.builder.call(template.graph, inputs, {
    scope: called,
    numbers,
    hints,
    origin: checker.origin(call.span),
  });
  const returned: NamedResult[] = [];
  template.graph.results.forEach((port, position) => {
    const value = results[position];
    if (value === undefined) return;
    if (port.role === "return") {
      const type = template.returns[returned.length];
      if (type === undefined) return;
      const tensor: TensorEntity = {
        kind: "tensor",
        operand: value,
        number: type.number,
        axes: type.axes,
        batch: type.batch,
        constant: type.constant,
      };
      for (const axis of type.axes) frame.visibleAxes.add(axis.name);
      returned.push({
        name: type.name,
        value: outerAxes(place, callee, tensor, axes, formalNumbers, declaredText, call.span),
      });
    } else if (port.role === "loss" || port.role === "count") {
      const below =
        instance === undefined
          ? called
          : instance.frame === frame
            ? instance.path
            : namesTo(instance);
      const kind = instance === undefined ? "call" : "instance";
      const { weighed } = termInside(template.losses, port);
      const origin = { kind, span: call.span } as const;
      takeLossResult(frame.losses, below, port, value, { origin, weighed });
    } else if (port.role === "next") {
      const state = port.path.join(".");
      const written = template.members.get(`next ${state}`);
      const tensor: TensorEntity = {
        kind: "tensor",
        operand: value,
        number: value.type.kind,
        axes: written?.axes ?? [],
        batch: value.type.axes.some((axis) => axis.name === "batch"),
        constant: false,
      };
      if (instance === undefined || (port.struct === "own" && !ofInstance)) {
        frame.next.push({ path: [...path, ...port.path], value });
        return;
      }
      const at = located(instance, port.path);
      writeInstance(place, at.instance, at.path.join("."), tensor, call.span);
      // The states of a block that `use` makes an instance of are declared by its calls.
      if (at.instance.standsFor === undefined && !hasMethods(at.instance.definition))
        frame.next.push({ path: [...at.instance.path, ...at.path], value });
    }
  });
  return returned;
}

function writeInstance(
  place: Place,
  instance: Instance,
  state: string,
  value: TensorEntity,
  span: Span,
): void {
  const { kind, name } = instance.definition;
  if (instance.frame !== place.scope.frame) {
    throw problem(
      "MEM0220",
      span,
      `${instance.name} is written inside a repeat, so more than once a segment.`,
      {
        notes: [{ message: "It is declared outside of the repeat.", span: instance.span }],
        help:
          kind === "memory"
            ? "Declare the memory inside the repeat (one for each iteration), or write it after the repeat."
            : `It holds the state ${state}: declare it inside the repeat (one for each iteration), or call it after the repeat.`,
      },
    );
  }
  const before = instance.next.get(state);
  if (before !== undefined) {
    throw problem(
      "MEM0221",
      span,
      `The state ${state} of ${instance.name} is written twice in a segment.`,
      {
        notes: [{ message: "The first write is here.", span: before.span }],
        help:
          kind === "memory"
            ? "Compute in a local and write once."
            : `Each call writes it. An instance has states of its own: use other = ${name.text}(…).`,
      },
    );
  }
  instance.next.set(state, { value, span });
}

/** Results' axes under the caller's names (rule R3). */
function outerAxes(
  place: Place,
  callee: Callee,
  tensor: TensorEntity,
  axes: AxisBinding,
  numbers: ReadonlyMap<string, StaticNumber>,
  declaredText: (kind: "axis" | "formal", name: string) => NumberExpression | undefined,
  span: Span,
): TensorEntity {
  const names = new Map<string, string>();
  const outer = tensor.axes.map((axis): CheckedAxis => {
    const bound = axes.formals.get(axis.name) ?? axes.rest.get(axis.name);
    if (bound !== undefined) {
      names.set(axis.name, bound.name);
      if (bound.size === axis.size) return bound;
      // The block made another axis of that name: `last(x over T, 2)`.
      const declared = substitute(axis.declared, declaredText);
      return { name: bound.name, size: axis.size, declared, data: false };
    }
    const dim = axis.declared.kind === "formal" ? numbers.get(axis.declared.name)?.dim : undefined;
    const name = dim ?? axis.name;
    names.set(axis.name, name);
    return {
      name,
      size: axis.size,
      declared: substitute(axis.declared, declaredText),
      data: axis.data,
    };
  });
  const clash = outer.find(
    (axis, position) => outer.findIndex((other) => other.name === axis.name) !== position,
  );
  if (clash !== undefined) {
    throw problem("MEM0222", span, `${callee.title} gives two axes called ${clash.name}.`, {
      help: "Rename one of the arguments' axes first: x rename T as U.",
    });
  }
  const renamed = renameAxes(place, tensor, names, span);
  const final = { ...renamed, axes: outer };
  for (const axis of outer) place.scope.frame.visibleAxes.add(axis.name);
  return final;
}
