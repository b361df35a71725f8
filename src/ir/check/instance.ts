/** Instances of blocks and memories: their options, parameters and states, and how states enter and leave a segment (rule R9). */
import type { NumberKind } from "../../ops/index.ts";
import { suggest } from "../../parser/suggest.ts";
import type {
  BlockDefinition,
  Call,
  Expression,
  IndexedMember,
  Name,
  Next,
  Span,
  Statement,
} from "../../parser/tree.ts";
import type { Declaration } from "./declaration.ts";
import { findDefinition } from "./definitions.ts";
import { asTensor, broadcastTo, emit, type Place } from "./emit.ts";
import { evaluate, evaluateTensor } from "./expression.ts";
import {
  type CheckedAxis,
  type Entity,
  type Frame,
  type Instance,
  type Member,
  Scope,
  type TensorEntity,
  valueBehind,
} from "./frame.ts";
import {
  declaredAxes,
  globalTensor,
  isTaken,
  keepCapture,
  memberItems,
  memberScope,
  stateKind,
} from "./names.ts";
import { optionValue } from "./option.ts";
import { overrideOf } from "./override.ts";
import { declareTensor, parameterDeclaration } from "./parameter.ts";
import { problem, warning } from "./problem.ts";
import { declaredReset, restartAlong, stepResetOf } from "./restart.ts";
import type { Static } from "./static.ts";

type StateStatement = Extract<Statement, { kind: "state" }>;

/** `use table = embedding(vocab, width)`, `memory mem = slots(count = 64, width) reset when document`. */
export function declareInstance(
  place: Place,
  name: Name,
  value: Expression,
  keyword: "use" | "memory",
  reset: Expression | undefined,
): Instance {
  const call = chosenCall(place, value);
  if (call.callee.kind !== "reference") {
    throw problem("MEM0180", call.span, `${keyword} needs the name of a block with its options.`);
  }
  const found = findDefinition(place.scope.definitions, call.callee.name.text);
  if (found === undefined) {
    const names = [
      ...place.scope.definitions.own.keys(),
      ...place.scope.definitions.library.keys(),
    ];
    const near = suggest(call.callee.name.text, names);
    throw problem(
      "MEM0110",
      call.callee.name.span,
      `There is no block or memory ${call.callee.name.text}.`,
      {
        help: near === undefined ? undefined : `Did you mean ${near}?`,
      },
    );
  }
  const { definition } = found;
  if ((definition.kind === "memory") !== (keyword === "memory")) {
    throw problem("MEM0181", call.span, `${definition.name.text} is a ${definition.kind}.`, {
      help: definition.kind === "memory" ? `memory ${name.text} = …` : `use ${name.text} = …`,
    });
  }
  const { frame, prefix } = place.scope;
  const path = [...prefix, name.text];
  const options = instanceOptions(place, definition, call, path);
  const instance: Instance = {
    name: name.text,
    span: name.span,
    definition,
    definitions: found.definitions,
    options,
    frame,
    path,
    scope: place.scope,
    reset,
    view: undefined,
    bound: new Map(place.checker.stateAxes.get(stateAxesKey(name.span, path))),
    entering: new Map(),
    next: new Map(),
    starts: new Map(),
    declaredReset: undefined,
    restarted: false,
  };
  const same = frame.instances.find((other) => other.path.join(".") === path.join("."));
  if (same !== undefined) {
    throw problem("MEM0160", name.span, `Two instances are called ${path.join(".")}.`, {
      notes: [{ message: "The other one is here.", span: same.span }],
    });
  }
  frame.instances.push(instance);
  return instance;
}

function chosenCall(place: Place, value: Expression): Call {
  if (value.kind === "call") return value;
  if (value.kind === "when-expression") {
    const condition = evaluate(place, value.condition);
    if (condition.kind === "flag")
      return chosenCall(place, condition.value ? value.then : value.otherwise);
  }
  throw problem(
    "MEM0180",
    value.span,
    "A block or memory with its options is needed: slots(count = 64, width = D).",
  );
}

function instanceOptions(
  place: Place,
  definition: BlockDefinition,
  call: Call,
  path: readonly string[],
): ReadonlyMap<string, Static> {
  const options = new Map<string, Static>();
  for (const argument of call.arguments) {
    const bare = argument.value.kind === "reference" ? argument.value.name : undefined;
    const name = argument.name ?? bare;
    const option = definition.options.find((each) => each.name.text === name?.text);
    if (name === undefined || option === undefined) {
      const near =
        name &&
        suggest(
          name.text,
          definition.options.map((each) => each.name.text),
        );
      throw problem(
        "MEM0171",
        argument.span,
        `${definition.name.text} has no option ${name?.text ?? "without a name"}.`,
        {
          help: near === undefined ? undefined : `Did you mean ${near}?`,
        },
      );
    }
    options.set(name.text, optionValue(place, option.type, argument.value, name.text));
  }
  for (const option of definition.options) {
    const name = option.name.text;
    const override = overrideOf(place, option, path);
    if (override !== undefined) options.set(name, override);
    if (options.has(name)) continue;
    if (option.default === undefined) {
      throw problem("MEM0170", call.span, `${definition.name.text} needs its option ${name}.`, {
        notes: [{ message: "It is declared here.", span: option.name.span }],
      });
    }
    const known = new Map<string, Entity>(options);
    const scope = new Scope({ ...place.scope, names: known });
    options.set(name, optionValue({ ...place, scope }, option.type, option.default, name));
  }
  return options;
}

// ---------------------------------------------------------------- an instance in its own frame

/** The instance's members as its own frame sees them. */
function viewOf(place: Place, instance: Instance): Scope {
  if (instance.view !== undefined) return instance.view;
  const member: Member = {
    definition: instance.definition,
    options: instance.options,
    known: new Map(),
    tensor: (name) => ownTensor(place, instance, name),
    next: (name) => instance.next.get(name)?.value,
    write: undefined,
  };
  const view = new Scope({
    frame: instance.frame,
    definitions: instance.definitions,
    axes: new Map(instance.bound),
    member,
    prefix: instance.path,
  });
  instance.view = view;
  return view;
}

/** A parameter or entering state, in the frame that declares the instance. */
function ownTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const known = instance.entering.get(name);
  if (known !== undefined) return known;
  const view = viewOf(place, instance);
  for (const [axis, bound] of instance.bound) view.axes.set(axis, bound);
  const inside: Place = { ...place, scope: memberScope(view, requireMember(view)) };
  for (const item of memberItems(instance.definition)) {
    if (item.name !== name || !isTaken(inside, item)) continue;
    const tensor =
      item.statement.kind === "state"
        ? enteringState(inside, instance, item.statement, name)
        : ownParameter(inside, instance, item.statement, item.position);
    instance.entering.set(name, tensor);
    return tensor;
  }
  throw new Error(`${instance.name} has no ${name}.`);
}

function requireMember(scope: Scope): Member {
  if (scope.member === undefined) throw new Error("A view has a member.");
  return scope.member;
}

function ownParameter(
  place: Place,
  instance: Instance,
  statement: Statement,
  position: number,
): TensorEntity {
  if (statement.kind !== "param") throw new Error("Only parameters and states have tensors.");
  const item = statement.parameters[position];
  if (item === undefined) throw new Error("A parameter has a position.");
  const axes = declaredAxes(place, item.axes);
  const path = [...instance.path, item.name.text];
  const owner = instance.definition.name.text;
  return declareTensor(place, parameterDeclaration(place, item, path, axes, owner, statement.doc));
}

function enteringState(
  place: Place,
  instance: Instance,
  statement: StateStatement,
  name: string,
): TensorEntity {
  const state = statement.states.find((each) => each.name.text === name);
  if (state === undefined) throw new Error("A state has a name.");
  const number = stateKind(statement);
  const gradient = stateGradient(statement, number);
  const declaration: Declaration = {
    role: "state",
    path: [...instance.path, name],
    copies: [],
    axes: declaredAxes(place, state.axes),
    doc: statement.doc,
    owner: instance.definition.name.text,
    span: state.name.span,
    number,
    gradient,
  };
  const carried = declareTensor(place, declaration);
  const { span } = statement.starts;
  const written = evaluateTensor(place, statement.starts);
  const starts =
    written.number === "int" && number === "real"
      ? emit(place, "real", [written], {}, { span })
      : written;
  if (starts.number !== number) {
    throw problem(
      "MEM0182",
      span,
      `The state ${name} is ${number}, it cannot start as ${starts.number}.`,
    );
  }
  const stray = starts.axes.find((axis) => !carried.axes.some((own) => own.name === axis.name));
  if (stray !== undefined) {
    throw problem(
      "MEM0183",
      span,
      `The state ${name} has no axis ${stray.name}, which its start value has.`,
    );
  }
  const flag = resetFlag(place, instance, statement, span);
  const entering = emit(place, "where", [flag, starts, carried], {}, { span, hints: [name] });
  if (statement.kept || stepResetOf(place, instance) === undefined) return entering;
  const start = emit(
    place,
    "where",
    [flag, starts, broadcastTo(place, starts, entering.axes, span)],
    {},
    { span, hints: [`${name}Start`] },
  );
  instance.starts.set(name, start);
  return {
    ...entering,
    restart: (axis, at) => ({ flag: restartAlong(place, instance, axis, at), start }),
  };
}

function stateGradient(statement: StateStatement, number: NumberKind): "through" | "stop" {
  if (number !== "real") return "stop";
  if (statement.gradient !== undefined) return statement.gradient;
  throw problem(
    "MEM0184",
    statement.span,
    "A state says whether gradient crosses the edge between segments.",
    {
      help: "Add `, gradient through` or `, gradient stop`.",
    },
  );
}

/** Where an example starts anew: its stream's first segment, the declaration's flag, the state's own. */
function resetFlag(
  place: Place,
  instance: Instance,
  statement: StateStatement,
  span: Span,
): TensorEntity {
  const owner: Place = { ...place, scope: instance.scope };
  const declared = statement.kept ? undefined : declaredReset(place, instance);
  const flags = [
    ...(declared === undefined || declared.axes.length > 0 ? [] : [declared]),
    ...(statement.reset === undefined ? [] : [ownReset(place, statement.reset)]),
  ];
  const fresh = globalTensor(owner, { kind: "fresh" }, span);
  return flags.reduce((left, right) => emit(place, "or", [left, right], {}, { span }), fresh);
}

function ownReset(place: Place, expression: Expression): TensorEntity {
  const tensor = evaluateTensor(place, expression);
  if (tensor.number !== "flag") {
    throw problem("MEM0124", expression.span, "`reset when` needs a flag.", {
      help: "reset when count >= limit",
    });
  }
  if (tensor.axes.length > 0) {
    throw problem(
      "MEM0186",
      expression.span,
      `A state's own reset is one flag; this one has ${tensor.axes.map(({ name }) => name).join(", ")}.`,
      {
        help: "The reset of the memory's declaration may have the segment's axis.",
      },
    );
  }
  return tensor;
}

// ---------------------------------------------------------------- an instance from anywhere

/** A parameter or entering state where it is used: captured when a loop's body uses an instance declared outside. */
export function instanceTensor(place: Place, instance: Instance, name: string): TensorEntity {
  const { scope, checker } = place;
  if (scope.frame === instance.frame) {
    return ownTensor({ checker, scope: instance.scope }, instance, name);
  }
  const { outer } = scope.frame;
  if (outer === undefined) throw new Error(`${instance.name} is out of reach.`);
  const there = instanceTensor({ checker, scope: outer }, instance, name);
  return captureMember(scope, instance, [name], there, roleOf(instance, name));
}

function roleOf(instance: Instance, name: string): "parameter" | "state" {
  const item = memberItems(instance.definition).find((each) => each.name === name);
  return item?.statement.kind === "state" ? "state" : "parameter";
}

export function captureMember(
  scope: Scope,
  instance: Instance,
  path: readonly string[],
  outer: TensorEntity,
  role: "parameter" | "state" | "draw" | "argument",
): TensorEntity {
  const key = `${instance.name}.${path.join(".")}`;
  const known = scope.frame.captured.get(key);
  if (known !== undefined) return known.port;
  const struct = role === "argument" ? "own" : instance.name;
  const copies = valueBehind(outer)?.type.copies ?? [];
  const hint = path.at(-1) ?? instance.name;
  const port = scope.frame.input(hint, outer, role, path, struct, copies);
  return keepCapture(scope, key, outer, port);
}

/** Binds a formal axis that states and dims of the instance mention; every call must bind the same one. */
export function bindInstanceAxis(
  { checker }: Place,
  instance: Instance,
  formal: string,
  axis: CheckedAxis,
  span: Span,
): void {
  const before = instance.bound.get(formal);
  if (before === undefined) {
    const bound = { ...axis, name: formal };
    instance.bound.set(formal, bound);
    if (!statesMention(instance.definition, formal)) return;
    const key = stateAxesKey(instance.span, instance.path);
    const known = checker.stateAxes.get(key) ?? new Map<string, CheckedAxis>();
    checker.stateAxes.set(key, known.set(formal, bound));
  } else if (before.size !== axis.size && statesMention(instance.definition, formal)) {
    throw problem(
      "MEM0187",
      span,
      `${instance.name} was first called with ${formal} = ${before.size}, here with ${axis.size}, and its states have that axis.`,
    );
  }
}

const stateAxesKey = (span: Span, path: readonly string[]): string =>
  `${span.file}:${span.start} ${path.join(".")}`;

/** Axes of the instance's states that formals of its methods have bound. */
export function boundStateAxes(instance: Instance | undefined): readonly CheckedAxis[] {
  return [...(instance?.bound.values() ?? [])].filter((axis) =>
    statesMention(instance?.definition, axis.name),
  );
}

function statesMention(definition: BlockDefinition | undefined, axis: string): boolean {
  return memberItems(definition).some(
    ({ statement }) =>
      statement.kind === "state" &&
      statement.states.some((state) => state.axes.some((each) => each.name.text === axis)),
  );
}

/** `mem.M`: an entering state, a parameter, or an option of an instance. */
export function instanceMember(place: Place, instance: Instance, member: Name): Entity {
  const option = instance.options.get(member.text);
  if (option !== undefined) return option;
  const item = memberItems(instance.definition).find((each) => each.name === member.text);
  if (item !== undefined && (item.statement.kind === "state" || item.statement.kind === "param")) {
    return instanceTensor(place, instance, member.text);
  }
  const names = memberItems(instance.definition).map((each) => each.name);
  const near = suggest(member.text, names);
  throw problem("MEM0188", member.span, `${instance.name} has no ${member.text}.`, {
    help: near === undefined ? undefined : `Did you mean ${near}?`,
  });
}

/** `mem[layer - 1]`: the instance of another iteration of an unrolled repeat. */
export function siblingOf(place: Place, expression: IndexedMember, index: number): Entity {
  const { object } = expression;
  const siblings =
    object.kind === "reference" ? place.scope.frame.siblings.get(object.name.text) : undefined;
  const sibling = siblings?.[index];
  if (sibling !== undefined) return { kind: "instance", instance: sibling };
  throw problem(
    "MEM0189",
    expression.span,
    siblings === undefined
      ? "Only a memory declared in a repeat has siblings."
      : `There is no iteration ${index}.`,
  );
}

/** `next M`: what a state was written, legal after its write in program order. */
export function nextOf(place: Place, { state, span }: Next): Entity {
  if (state.kind === "member") {
    const object = evaluate(place, state.object);
    if (object.kind === "instance") {
      const written = object.instance.next.get(state.member.text);
      if (written !== undefined && place.scope.frame === object.instance.frame)
        return written.value;
    }
  } else if (state.kind === "reference") {
    const written = place.scope.member?.next(state.name.text) ?? outerNext(place, state.name.text);
    if (written !== undefined) return written;
  }
  throw problem(
    "MEM0190",
    span,
    "`next` gives the value a state has been written, but no write stands before it.",
    {
      help: "Write the state first: M <- …",
    },
  );
}

function outerNext(place: Place, name: string): TensorEntity | undefined {
  const { outer } = place.scope.frame;
  return outer?.member?.next(name);
}

// ---------------------------------------------------------------- the end of a segment

/** Gives every state of the frame's instances its next value; an example without a valid token keeps its states (rule R12). */
export function finishInstances(place: Place, frame: Frame): void {
  for (const instance of frame.instances) {
    const owner: Place = { ...place, scope: instance.scope };
    for (const item of memberItems(instance.definition)) {
      const { statement, name } = item;
      if (statement.kind !== "state") continue;
      const written = instance.next.get(name);
      const entering = instance.entering.get(name);
      if (written === undefined && entering === undefined) continue;
      const before = entering ?? ownTensor(owner, instance, name);
      const value =
        written === undefined ? before : kept(owner, before, written.value, name, written.span);
      const operand = asTensor(place.scope, value, instance.span).operand;
      if (!("name" in operand)) throw new Error("A state's next value is a tensor.");
      frame.next.push({ path: [...instance.path, name], value: operand });
    }
    if (
      instance.declaredReset !== undefined &&
      instance.declaredReset.axes.length > 0 &&
      !instance.restarted &&
      !place.checker.report.failed
    ) {
      const span = instance.reset?.span ?? instance.span;
      place.checker.report.add(
        problem(
          "MEM0186",
          span,
          `${instance.name} is to restart at steps of the segment, but no scan or linear_scan starts from a state of it.`,
        ).diagnostic,
      );
    }
    if (
      instance.entering.size === 0 &&
      instance.definition.kind === "memory" &&
      !place.checker.report.failed
    ) {
      place.checker.report.add(
        warning("MEM0191", instance.span, `The memory ${instance.name} is never read or written.`),
      );
    }
  }
}

function kept(
  place: Place,
  before: TensorEntity,
  written: TensorEntity,
  name: string,
  span: Span,
): TensorEntity {
  const present = globalTensor(place, { kind: "present" }, span);
  const whole = broadcastTo(place, written, before.axes, span);
  // Axes stay as the state declares them, whatever the order of what was written (rule R1).
  if (before.axes.some((axis, position) => whole.axes[position]?.name !== axis.name)) {
    const absent = emit(place, "not", [present], {}, { span });
    return emit(place, "where", [absent, before, whole], {}, { span, hints: [`${name}Next`] });
  }
  return emit(place, "where", [present, whole, before], {}, { span, hints: [`${name}Next`] });
}
