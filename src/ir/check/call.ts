/** Calls of blocks and of methods of instances: binding arguments by name and axis (rule R3), sharing checked templates. */

import { suggest } from "../../parser/suggest.ts";
import type { BlockDefinition, Call, MethodDefinition, Span } from "../../parser/tree.ts";
import type { NumberBinding, NumberExpression, Operand, Port } from "../graph.ts";
import {
  type Arguments,
  type AxisBinding,
  bindArguments,
  bindAxes,
  type Callee,
} from "./arguments.ts";
import { makeTemplate } from "./body.ts";
import { lifted } from "./declaration.ts";
import type { Definitions } from "./definitions.ts";
import { findDefinition } from "./definitions.ts";
import { emit, type Place, renameAxes, writable } from "./emit.ts";
import { evaluate } from "./expression.ts";
import type { CheckedAxis, Entity, Instance, TensorEntity } from "./frame.ts";
import { bindInstanceAxis, boundStateAxes } from "./instance-axes.ts";
import { captureMember, instanceTensor } from "./instance-tensors.ts";
import { findName, globalTensor, validOf } from "./names.ts";
import { numberFormals } from "./option.ts";
import { declareTensor } from "./parameter.ts";
import { primitiveRule } from "./primitives.ts";
import { problem, Silenced } from "./problem.ts";
import { prepareRestarts, reachedStart, restartAlong } from "./restart.ts";
import { type Static, type StaticNumber, staticKey, substitute } from "./static.ts";
import type { Template } from "./template.ts";

export function callBlock(place: Place, call: Call, hint?: string): Entity {
  const { callee } = call;
  if (callee.kind === "reference") {
    const { text, span } = callee.name;
    const entity = findName(place, text);
    if (entity?.kind === "instance")
      return callInstance(place, call, entity.instance, undefined, hint);
    if (entity === undefined || isStatic(entity)) {
      const rule = primitiveRule(text);
      if (rule !== undefined) return rule(place, call, hint);
    }
    const found = findDefinition(place.scope.definitions, text);
    if (
      found !== undefined &&
      (entity === undefined || entity.kind === "definition" || isStatic(entity))
    ) {
      if (
        found.definition.kind === "memory" ||
        found.definition.body.some((each) => each.kind === "method")
      ) {
        throw problem("MEM0210", span, `${text} has methods: make an instance first.`, {
          help: `${found.definition.kind === "memory" ? "memory" : "use"} name = ${text}(…)`,
        });
      }
      return callTemplate(
        place,
        call,
        blockCallee(found.definition, found.definitions, undefined),
        [call.alias?.text ?? text],
        hint,
      );
    }
    const rule = primitiveRule(text);
    if (rule !== undefined && entity === undefined) return rule(place, call, hint);
    if (entity !== undefined) throw problem("MEM0211", span, `${text} is not a block.`);
    const names = [
      ...place.scope.definitions.own.keys(),
      ...place.scope.definitions.library.keys(),
    ];
    const near = suggest(text, names);
    throw problem("MEM0110", span, `There is no block ${text}.`, {
      help: near === undefined ? undefined : `Did you mean ${near}?`,
    });
  }
  if (callee.kind === "member") {
    const object = evaluate(place, callee.object);
    if (object.kind === "poison") throw new Silenced();
    if (object.kind !== "instance") {
      throw problem("MEM0211", callee.span, "Only instances of blocks and memories have methods.");
    }
    const method = object.instance.definition.body.find(
      (each): each is MethodDefinition =>
        each.kind === "method" && each.name.text === callee.member.text,
    );
    if (method === undefined) {
      const names = object.instance.definition.body.flatMap((each) =>
        each.kind === "method" ? [each.name.text] : [],
      );
      const near = suggest(callee.member.text, names);
      throw problem(
        "MEM0212",
        callee.member.span,
        `${object.instance.definition.name.text} has no method ${callee.member.text}.`,
        {
          help: near === undefined ? `It has ${names.join(", ")}.` : `Did you mean ${near}?`,
        },
      );
    }
    return callInstance(place, call, object.instance, method, hint);
  }
  throw problem("MEM0211", callee.span, "This cannot be called.");
}

const isStatic = (entity: Entity): boolean =>
  ["number", "flag", "choice", "list"].includes(entity.kind);

function blockCallee(
  definition: BlockDefinition,
  definitions: Definitions,
  instance: Instance | undefined,
): Callee {
  const { formals, options, outputs, body } = definition;
  return {
    definition,
    method: undefined,
    definitions,
    instance,
    formals,
    options: instance ? [] : options,
    outputs,
    body,
    title: definition.name.text,
  };
}

function callInstance(
  place: Place,
  call: Call,
  instance: Instance,
  method: MethodDefinition | undefined,
  hint: string | undefined,
): Entity {
  const { definition, definitions } = instance;
  if (method === undefined) {
    if (definition.body.some((each) => each.kind === "method")) {
      throw problem(
        "MEM0210",
        call.span,
        `${instance.name} has methods; call one: ${instance.name}.method(…).`,
      );
    }
    return callTemplate(
      place,
      call,
      blockCallee(definition, definitions, instance),
      [instance.name],
      hint,
    );
  }
  const { formals, options, outputs, body } = method;
  const title = `${definition.name.text}.${method.name.text}`;
  const callee: Callee = {
    definition,
    method,
    definitions,
    instance,
    formals,
    options,
    outputs,
    body,
    title,
  };
  const scope = call.alias === undefined ? [instance.name, method.name.text] : [call.alias.text];
  return callTemplate(place, call, callee, scope, hint);
}

// ---------------------------------------------------------------- the call

const mostTemplates = 2000;

function callTemplate(
  place: Place,
  call: Call,
  callee: Callee,
  scope: readonly string[],
  hint: string | undefined,
): Entity {
  const { checker } = place;
  const given = bindArguments(place, call, callee, scope);
  const axes = bindAxes(place, callee, given.tensors);
  if (callee.instance !== undefined) {
    for (const [formal, axis] of axes.formals)
      bindInstanceAxis(place, callee.instance, formal, axis, call.span);
  }
  if (callee.instance !== undefined) prepareRestarts(place, callee.instance);
  const key = templateKey(callee, given.options, axes);
  let template = checker.templates.get(key);
  if (template === undefined) {
    const nested = `${callee.title} ${callee.definition.span.file}`;
    if (checker.calls.includes(nested)) {
      throw problem("MEM0218", call.span, `${callee.title} calls itself.`, {
        help: "Repetition is written `repeat n as i { … }` or `scan over T { … }`.",
      });
    }
    if (checker.templates.size >= mostTemplates) {
      throw problem(
        "MEM0263",
        call.span,
        `This spec calls blocks in more than ${mostTemplates} different ways.`,
      );
    }
    checker.deeper(callee.title, call.span);
    checker.calls.push(nested);
    const made = makeTemplate(checker, callee, given.options, axes);
    checker.calls.pop();
    if (made === undefined) throw new Silenced();
    template = made;
    checker.templates.set(key, template);
  }
  return bindTemplate(place, call, callee, template, given, axes, scope, hint);
}

function templateKey(
  callee: Callee,
  options: ReadonlyMap<string, Static>,
  axes: AxisBinding,
): string {
  const states = boundStateAxes(callee.instance)
    .map((axis) => `${axis.name}:${axis.size}${axis.data ? "*" : ""}`)
    .join(",");
  const all = [...(callee.instance?.options ?? []), ...options];
  const statics = all.map(([name, value]) => `${name}=${staticKey(value)}`);
  const tensors = [...axes.tensors].map(([name, tensor]) => {
    const parts = tensor.axes.map((axis) => `${axis.name}:${axis.size}${axis.data ? "*" : ""}`);
    return `${name}:${tensor.number}${tensor.batch ? "b" : ""}${tensor.constant ? "c" : ""}[${parts.join(",")}]`;
  });
  const reads = readsNext(callee.body) ? [...(callee.instance?.next ?? [])] : [];
  const nexts = reads.map(([state, { value }]) => {
    const order = value.axes.map((axis) => axis.name).join(",");
    return ` next ${state}${value.batch ? "b" : ""}[${order}]`;
  });
  const span = (callee.method ?? callee.definition).span;
  const restarts = [...(callee.instance?.starts.keys() ?? [])].join(",");
  return `${span.file}:${span.start} ${restarts} ${callee.instance === undefined ? "" : "instance "}${statics.join(" ")} ${tensors.join(" ")} ${states}${nexts.join("")}`;
}

/** Whether `next M` occurs, which may be one value for all examples or one for each, as it was written. */
function readsNext(part: unknown): boolean {
  if (Array.isArray(part)) return part.some(readsNext);
  if (typeof part !== "object" || part === null) return false;
  if ("kind" in part && part.kind === "next") return true;
  return Object.entries(part).some(([key, each]) => key !== "span" && readsNext(each));
}

function bindTemplate(
  place: Place,
  call: Call,
  callee: Callee,
  template: Template,
  given: Arguments,
  axes: AxisBinding,
  scope: readonly string[],
  hint: string | undefined,
): Entity {
  const { checker } = place;
  const { frame } = place.scope;
  const prefix = call.alias === undefined ? place.scope.prefix : place.scope.base;
  const { instance } = callee;
  const formalNumbers = new Map<string, StaticNumber>();
  for (const [name, value] of [...(instance?.options ?? []), ...given.options]) {
    for (const formal of numberFormals(name, value)) formalNumbers.set(formal.name, formal.value);
  }
  const declaredText = (kind: "axis" | "formal", name: string): NumberExpression | undefined => {
    if (kind === "formal") return formalNumbers.get(name)?.declared.text;
    return (axes.formals.get(name) ?? axes.rest.get(name))?.declared;
  };
  const path =
    instance !== undefined && callee.method === undefined ? instance.path : [...prefix, ...scope];
  const operandOf = (port: Port): Operand => {
    const [name = ""] = port.path;
    if (port.role === "argument") {
      const tensor =
        axes.tensors.get(name) ?? implicitTensor(place, callee, template, name, axes, call.span);
      return toValue(place, tensor, call.span).operand;
    }
    if (port.struct !== "own" && instance !== undefined) {
      return instanceTensor(place, instance, name).operand;
    }
    const declaration = template.declarations.find(
      (each) => each.path.join(".") === port.path.join("."),
    );
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    const own = lifted(declaration, path, [], declaredText);
    const shared = instance !== undefined && callee.method === undefined;
    if (shared && instance.frame !== frame) {
      const outer = sharedTensor({ checker, scope: instance.scope }, own);
      return captureMember(place.scope, instance, declaration.path, outer, declaration.role)
        .operand;
    }
    return (shared ? sharedTensor(place, own) : declareTensor(place, own)).operand;
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
    scope: [...prefix, ...scope],
    numbers,
    hints,
    origin: checker.origin(call.span),
  });
  const returned: { name: string; value: TensorEntity }[] = [];
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
    } else if (port.role === "loss") {
      const below =
        instance === undefined
          ? [...prefix, ...scope]
          : instance.frame === frame
            ? instance.path
            : [instance.name];
      frame.losses.push({ path: [...below, ...port.path], value: scalar(value) });
    } else if (port.role === "next") {
      const [state = ""] = port.path;
      const written = template.members.get(`next ${state}`);
      const tensor: TensorEntity = {
        kind: "tensor",
        operand: value,
        number: value.type.kind,
        axes: written?.axes ?? [],
        batch: value.type.axes.some((axis) => axis.name === "batch"),
        constant: false,
      };
      if (port.struct === "own" || instance === undefined) {
        frame.next.push({ path: [...path, ...port.path], value });
      } else {
        writeInstance(place, instance, state, tensor, call.span);
      }
    }
  });
  const [single] = returned;
  if (returned.length === 1 && single !== undefined) return single.value;
  return { kind: "tuple", items: returned };
}

function scalar(value: {
  readonly name: string;
  readonly type: Port["value"]["type"];
}): TensorEntity {
  return {
    kind: "tensor",
    operand: value,
    number: "real",
    axes: [],
    batch: false,
    constant: false,
  };
}

/** A tensor of an instance's own block, declared by the first of its calls. */
function sharedTensor(place: Place, declaration: ReturnType<typeof lifted>): TensorEntity {
  const known = place.scope.frame.addressed.get(declaration.path.join("."));
  return known?.port ?? declareTensor(place, declaration);
}

function implicitTensor(
  place: Place,
  callee: Callee,
  template: Template,
  name: string,
  axes: AxisBinding,
  span: Span,
): TensorEntity {
  const implicit = template.implicit.get(name);
  switch (implicit?.kind) {
    case "fresh":
    case "present":
      return globalTensor(place, { kind: implicit.kind }, span);
    case "valid": {
      const axis = axes.formals.get(implicit.axis) ?? axes.rest.get(implicit.axis);
      if (axis === undefined) throw new Error(`${implicit.axis} is bound by no argument.`);
      const valid = validOf(place, axis, span);
      if (valid.kind !== "tensor")
        throw new Error("A data axis has a tensor that says what is valid.");
      return renameAxes(place, valid, new Map([[axis.name, implicit.axis]]), span);
    }
    case "restart": {
      const axis = axes.formals.get(implicit.axis) ?? axes.rest.get(implicit.axis);
      if (axis === undefined || callee.instance === undefined)
        throw new Error("A restart comes from the declaration of a memory.");
      return renameAxes(
        place,
        restartAlong(place, callee.instance, axis, span),
        new Map([[axis.name, implicit.axis]]),
        span,
      );
    }
    case "start": {
      const start = callee.instance && reachedStart(place, callee.instance, implicit.state);
      if (start === undefined) throw new Error(`${implicit.state} has no start.`);
      return start;
    }
    case "next": {
      const written = callee.instance?.next.get(implicit.state);
      if (written !== undefined && callee.instance?.frame === place.scope.frame)
        return written.value;
      throw problem(
        "MEM0190",
        span,
        `${callee.title} reads next ${implicit.state}, but nothing has written ${implicit.state} before.`,
        {
          help: "Call the method that writes it first.",
        },
      );
    }
    default:
      throw new Error(`${name} is no argument of ${callee.title}.`);
  }
}

function writeInstance(
  place: Place,
  instance: Instance,
  state: string,
  value: TensorEntity,
  span: Span,
): void {
  if (instance.frame !== place.scope.frame) {
    throw problem(
      "MEM0220",
      span,
      `${instance.name} is written inside a repeat, so more than once a segment.`,
      {
        notes: [{ message: "It is declared outside of the repeat.", span: instance.span }],
        help: "Declare the memory inside the repeat (one for each iteration), or write it after the repeat.",
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
        help: "Compute in a local and write once.",
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
  place.scope.seeAxes(outer);
  for (const axis of outer) place.scope.frame.visibleAxes.add(axis.name);
  return final;
}

/** Functions take values; a number written in place becomes one. */
export function toValue(place: Place, tensor: TensorEntity, span: Span): TensorEntity {
  if ("name" in tensor.operand) return tensor;
  const op = tensor.number === "real" ? "real" : tensor.number === "int" ? "int" : "not";
  if (op !== "not") return emit(place, op, [tensor], {}, { span });
  return emit(place, "and", [tensor, tensor], {}, { span });
}
