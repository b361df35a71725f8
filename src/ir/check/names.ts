/** What a name means at a place: locals, members of the instance, captures of a loop, definitions. */
import type { NumberKind } from "../../ops/index.ts";
import { suggest } from "../../parser/suggest.ts";
import type {
  AxisDeclaration,
  BlockDefinition,
  Expression,
  Name,
  Span,
  Statement,
} from "../../parser/tree.ts";
import { findDefinition } from "./definitions.ts";
import { axisNumber, emit, type Place, renameAxes } from "./emit.ts";
import { evaluateStatic, evaluateTensor } from "./expression.ts";
import {
  type CheckedAxis,
  type Entity,
  type Implicit,
  implicitKey,
  type Member,
  Scope,
  type TensorEntity,
  valueBehind,
} from "./frame.ts";
import { primitiveNames } from "./primitive-names.ts";
import { problem, Silenced } from "./problem.ts";
import { flagValue, staticText } from "./static.ts";

/** The meaning of a name, or undefined. */
export function findName(place: Place, name: string): Entity | undefined {
  const { scope, checker } = place;
  const local = scope.names.get(name);
  if (local !== undefined) {
    if (local.kind === "poison") throw new Silenced();
    return local;
  }
  if (scope.member !== undefined) {
    const member = findMember(place, scope.member, name);
    if (member !== undefined) return member;
  }
  if (name === "training") return flagValue(checker.training);
  const { outer } = scope.frame;
  if (outer !== undefined) {
    const entity = findName({ checker, scope: outer }, name);
    if (entity === undefined) return undefined;
    return entity.kind === "tensor" ? capture(scope, name, entity) : entity;
  }
  const found = findDefinition(scope.definitions, name);
  return found === undefined ? undefined : { kind: "definition", definition: found.definition };
}

/** The meaning of a name; an axis in arithmetic is its size. */
export function resolveName(place: Place, name: Name): Entity {
  const entity = findName(place, name.text);
  if (entity !== undefined) return entity;
  const axis = findAxis(place, name.text);
  if (axis !== undefined) return axisNumber(place.scope, axis);
  if (name.text === "batch" && place.scope.inLoss) return batchSize(place, name.span);
  const near = suggest(name.text, visibleNames(place));
  throw problem("MEM0110", name.span, `Nothing here is called ${name.text}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

/** The number of examples, as the sum of ones over the batch. */
function batchSize(place: Place, span: Span): TensorEntity {
  const fresh = globalTensor(place, { kind: "fresh" }, span);
  const one = emit(place, "or", [fresh, emit(place, "not", [fresh], {}, { span })], {}, { span });
  return emit(place, "sum", [one], { over: ["batch"] }, { span });
}

function visibleNames({ scope }: Place): readonly string[] {
  const names = new Set<string>(primitiveNames);
  for (let at: Scope | undefined = scope; at !== undefined; at = at.frame.outer) {
    for (const name of at.names.keys()) names.add(name);
    for (const name of at.axes.keys()) names.add(name);
    for (const item of memberItems(at.member?.definition)) names.add(item.name);
    for (const option of at.member?.definition.options ?? []) names.add(option.name.text);
  }
  for (const name of scope.definitions.own.keys()) names.add(name);
  for (const name of scope.definitions.library.keys()) names.add(name);
  return [...names].sort();
}

/**
 * The axis of that name: of the formals or the segment, or as large as the dim of that name; else of the tensor seen last, whose
 * operations may have made another axis of a name that is declared.
 */
export function findAxis(place: Place, name: string): CheckedAxis | undefined {
  const { scope, checker } = place;
  const seen = scope.axes.get(name);
  if (seen !== undefined) {
    const declared = declaredAxis(place, name);
    return declared === undefined || declared.size === seen.size ? seen : declared;
  }
  const axis = numberAxis(name, findName(place, name));
  if (axis !== undefined) return axis;
  const { outer } = scope.frame;
  return outer === undefined ? undefined : findAxis({ checker, scope: outer }, name);
}

/** What the name of an axis is declared as at this place or around it. */
function declaredAxis(place: Place, name: string): CheckedAxis | undefined {
  const { scope, checker } = place;
  const fixed = scope.fixed.get(name);
  if (fixed !== undefined) return fixed;
  const local = scope.names.get(name);
  if (local?.kind === "number") {
    return local.dim === name ? numberAxis(name, local) : undefined;
  }
  const isDim = ({ name: own, statement }: MemberItem) => own === name && statement.kind === "dim";
  if (scope.member !== undefined && memberItems(scope.member.definition).some(isDim)) {
    const axis = numberAxis(name, findMember(place, scope.member, name));
    if (axis !== undefined) return axis;
  }
  const { outer } = scope.frame;
  return outer === undefined ? undefined : declaredAxis({ checker, scope: outer }, name);
}

function numberAxis(name: string, entity: Entity | undefined): CheckedAxis | undefined {
  if (entity?.kind !== "number" || !entity.integer || entity.value < 0) return undefined;
  const { value, declared, from } = entity;
  return {
    name,
    size: value,
    declared: declared.text,
    data: false,
    ...(from === undefined ? {} : { from }),
  };
}

export function requireAxis(place: Place, name: Name): CheckedAxis {
  const axis = findAxis(place, name.text);
  if (axis !== undefined) return axis;
  const { scope } = place;
  const near = suggest(name.text, [...scope.axes.keys()]);
  throw problem("MEM0111", name.span, `There is no axis ${name.text} here.`, {
    help: near === undefined ? `Give it a size: dim ${name.text} = …` : `Did you mean ${near}?`,
  });
}

/** Axes as a declaration writes them: `[S, D]`, `[H, J: H]`. */
export function declaredAxes(
  place: Place,
  axes: readonly AxisDeclaration[],
): readonly CheckedAxis[] {
  const result: CheckedAxis[] = [];
  for (const { name, size } of axes) {
    if (result.some((axis) => axis.name === name.text)) {
      throw problem("MEM0112", name.span, `The axis ${name.text} stands twice.`, {
        help: "A second axis of the same size is written J: H.",
      });
    }
    if (size === undefined) {
      result.push(requireAxis(place, name));
      continue;
    }
    const number = evaluateStatic(place, size);
    if (number.kind !== "number" || !Number.isInteger(number.value) || number.value < 0) {
      throw problem(
        "MEM0113",
        size.span,
        `The size of axis ${name.text} must be a whole number, not ${staticText(number)}.`,
      );
    }
    result.push({
      name: name.text,
      size: number.value,
      declared: number.declared.text,
      data: false,
      from: size.span,
    });
  }
  place.scope.seeAxes(result);
  return result;
}

// ---------------------------------------------------------------- captures

/** Makes a tensor of the function around a loop's body an input of the body. */
export function capture(scope: Scope, name: string, entity: TensorEntity): TensorEntity {
  const value = valueBehind(entity);
  if (value === undefined) return entity;
  const known = scope.frame.captured.get(value.name);
  if (known !== undefined) return known.port;
  const { stepAxis } = scope.frame;
  const axes = entity.axes.filter((axis) => axis.name !== stepAxis);
  const port = scope.frame.input(name, { ...entity, axes }, "argument", [name]);
  const { restart } = entity;
  return keepCapture(scope, value.name, entity, {
    ...port,
    constant: entity.constant,
    ...(restart === undefined
      ? {}
      : {
          restart: (axis, span) => {
            const { flag, start } = restart(axis, span);
            return { flag: capture(scope, "restart", flag), start: capture(scope, "start", start) };
          },
        }),
  });
}

export function keepCapture(
  scope: Scope,
  key: string,
  outer: TensorEntity,
  port: TensorEntity,
): TensorEntity {
  scope.frame.captured.set(key, { outer: outer.operand, port });
  scope.seeAxes(port.axes);
  return port;
}

// ---------------------------------------------------------------- visible everywhere

export type Global =
  | { readonly kind: "fresh" }
  | { readonly kind: "present" }
  | { readonly kind: "valid"; readonly axis: CheckedAxis };

const globalName = (global: Global): string =>
  global.kind === "valid" ? `valid${global.axis.name}` : global.kind;

/** `fresh` [batch]: the stream starts here; `present` [batch]: some token exists; `valid` [batch, axis]: which tokens do. */
export function globalTensor(place: Place, global: Global, span: Span): TensorEntity {
  const { scope, checker } = place;
  const { frame } = scope;
  const name = globalName(global);
  const implicit: Implicit =
    global.kind === "valid" ? { kind: "valid", axis: global.axis.name } : global;
  const key = implicitKey(implicit);
  const known = frame.globals.get(key);
  if (known !== undefined) return known;
  const make = (): TensorEntity => {
    if (frame.outer !== undefined) {
      const outer = globalTensor({ checker, scope: frame.outer }, global, span);
      return capture(scope, name, outer);
    }
    const valid = frame.globals.get(implicitKey({ kind: "valid", axis: checker.segmentAxis }));
    if (frame.isMain && valid !== undefined) {
      if (global.kind === "present") {
        return emit(
          place,
          "any",
          [valid],
          { over: [checker.segmentAxis] },
          { span, hints: [name] },
        );
      }
      if (global.kind === "valid") {
        return renameAxes(place, valid, new Map([[checker.segmentAxis, global.axis.name]]), span);
      }
    }
    const axes = global.kind === "valid" ? [global.axis] : [];
    return frame.implicitInput(name, implicit, { number: "flag", axes, batch: true });
  };
  const tensor = make();
  frame.globals.set(key, tensor);
  return tensor;
}

/** `valid(T)`: a tensor for the segment's axis, on for every other (rule R12). */
export function validOf(place: Place, axis: CheckedAxis, span: Span): Entity {
  if (!axis.data) return flagValue(true);
  return globalTensor(place, { kind: "valid", axis }, span);
}

// ---------------------------------------------------------------- members

interface MemberItem {
  readonly name: string;
  readonly statement: Statement;
  readonly position: number;
  /** Conditions around it: the branch must be taken. */
  readonly conditions: readonly { readonly when: Expression; readonly taken: boolean }[];
}

const itemsOf = new WeakMap<BlockDefinition, readonly MemberItem[]>();

/** Names that the methods of a definition share, wherever `when` puts them. */
export function memberItems(definition: BlockDefinition | undefined): readonly MemberItem[] {
  if (definition === undefined) return [];
  const known = itemsOf.get(definition);
  if (known !== undefined) return known;
  const items: MemberItem[] = [];
  const walk = (statements: readonly Statement[], conditions: MemberItem["conditions"]): void => {
    for (const statement of statements) {
      const add = (name: string, position: number) =>
        items.push({ name, statement, position, conditions });
      switch (statement.kind) {
        case "dim":
          statement.dims.forEach((dim, position) => {
            add(dim.name.text, position);
          });
          break;
        case "const":
          statement.constants.forEach((constant, position) => {
            add(constant.name.text, position);
          });
          break;
        case "param":
          statement.parameters.forEach((parameter, position) => {
            add(parameter.name.text, position);
          });
          break;
        case "state":
          statement.states.forEach((state, position) => {
            add(state.name.text, position);
          });
          break;
        case "when": {
          const { condition } = statement;
          walk(statement.then, [...conditions, { when: condition, taken: true }]);
          walk(statement.otherwise ?? [], [...conditions, { when: condition, taken: false }]);
          break;
        }
        default:
          break;
      }
    }
  };
  walk(definition.body, []);
  itemsOf.set(definition, items);
  return items;
}

/** The scope in which a member's own declarations are read. */
export function memberScope(scope: Scope, member: Member): Scope {
  return new Scope({ ...scope, names: member.known, prefix: [] });
}

/** Whether the `when`s around an item take its branch. */
export function isTaken(place: Place, item: MemberItem): boolean {
  return item.conditions.every(({ when, taken }) => {
    const value = evaluateStatic(place, when);
    return value.kind === "flag" && value.value === taken;
  });
}

function findMember(place: Place, member: Member, name: string): Entity | undefined {
  const known = member.known.get(name);
  if (known !== undefined) return known;
  const option = member.options.get(name);
  if (option !== undefined) return option;
  const inside: Place = { ...place, scope: memberScope(place.scope, member) };
  for (const item of memberItems(member.definition)) {
    if (item.name !== name) continue;
    const entity = place.checker.nested(name, memberName(item), () =>
      isTaken(inside, item) ? memberEntity(inside, member, item) : undefined,
    );
    if (entity === undefined) continue;
    member.known.set(name, entity);
    return entity;
  }
  return undefined;
}

/** Where a member is declared, for messages. */
function memberName({ statement, position }: MemberItem): Span {
  switch (statement.kind) {
    case "dim":
      return statement.dims[position]?.name.span ?? statement.span;
    case "const":
      return statement.constants[position]?.name.span ?? statement.span;
    default:
      return statement.span;
  }
}

function memberEntity(place: Place, member: Member, item: MemberItem): Entity {
  const { statement, position } = item;
  switch (statement.kind) {
    case "dim": {
      const dim = statement.dims[position];
      if (dim === undefined) break;
      return dimEntity(place, dim.name.text, dim.value);
    }
    case "const": {
      const constant = statement.constants[position];
      if (constant === undefined) break;
      return constEntity(place, constant.name, constant.axes, constant.value);
    }
    case "param": {
      const parameter = statement.parameters[position];
      if (parameter === undefined) break;
      return member.tensor(item.name, declaredAxes(place, parameter.axes), "real");
    }
    case "state": {
      const state = statement.states[position];
      if (state === undefined) break;
      return member.tensor(item.name, declaredAxes(place, state.axes), stateKind(statement));
    }
    default:
      break;
  }
  throw new Error(`${item.name} is no member.`);
}

export function stateKind(statement: Extract<Statement, { kind: "state" }>): NumberKind {
  switch (statement.in?.kind) {
    case "flag":
      return "flag";
    case "int":
    case "below":
    case "range":
      return "int";
    default:
      return "real";
  }
}

/** `dim K = width / heads`: a whole number that is also the size of axis K. */
export function dimEntity(place: Place, name: string, value: Expression): Entity {
  const number = evaluateStatic(place, value);
  if (number.kind !== "number" || !Number.isInteger(number.value) || number.value < 0) {
    throw problem(
      "MEM0114",
      value.span,
      `dim ${name} must be a whole number of at least 0, not ${staticText(number)}.`,
    );
  }
  const { dim: _, ...rest } = number;
  return { ...rest, integer: true, dim: name, from: value.span };
}

/** `const G[N, L] = e`: known before anything runs. */
export function constEntity(
  place: Place,
  name: Name,
  axes: readonly AxisDeclaration[],
  value: Expression,
): Entity {
  const declared = declaredAxes(place, axes);
  const tensor = evaluateTensor(place, value, name.text);
  if (!tensor.constant) {
    throw problem(
      "MEM0115",
      value.span,
      `const ${name.text} depends on something that is only known while running.`,
      {
        help: "A const is made of numbers, index(…), dims and other consts.",
      },
    );
  }
  return matchAxes(place, tensor, declared, name);
}

/** The tensor with the declared axes: by name if it has them, by order if the left side renames them. */
export function matchAxes(
  place: Place,
  tensor: TensorEntity,
  axes: readonly CheckedAxis[],
  name: Name,
): TensorEntity {
  const missing = axes.filter((axis) => !tensor.axes.some((own) => own.name === axis.name));
  const extra = tensor.axes.filter((own) => !axes.some((axis) => axis.name === own.name));
  const show = (list: readonly CheckedAxis[]) =>
    `[${list.map((axis) => `${axis.name} = ${axis.size}`).join(", ")}]`;
  const mismatch = () =>
    problem(
      "MEM0116",
      name.span,
      `${name.text} is declared ${show(axes)}, its value is ${show(tensor.axes)}.`,
    );
  if (missing.length !== extra.length) throw mismatch();
  const names = new Map(
    extra.map((own, position) => [own.name, missing[position]?.name ?? own.name]),
  );
  const renamed = renameAxes(place, tensor, names, name.span);
  for (const axis of axes) {
    const own = renamed.axes.find((candidate) => candidate.name === axis.name);
    if (own === undefined || own.size !== axis.size) throw mismatch();
  }
  return renamed;
}
