/** Adding operations to the function being checked, keeping track of what axes are and of what is constant. */
import type { OpAttributes, OpName } from "../../ops/index.ts";
import { BATCH, OpError } from "../../ops/index.ts";
import type { Span } from "../../parser/tree.ts";
import type { NumberExpression, Operand, SymbolicNumber, Value } from "../graph.ts";
import { isValue, literal, mentions } from "../symbolic.ts";
import type { Checker } from "./checker.ts";
import type { CheckedAxis, Entity, TensorEntity } from "./entities.ts";
import { namedNumber, type Static, type StaticNumber } from "./expressions/static.ts";
import { fittingNumbers, noteConstants } from "./expressions/whole-numbers.ts";
import { mentionAll } from "./frame.ts";
import { type Problem, problem, Silenced } from "./problem.ts";
import type { Scope } from "./scope.ts";

export interface Place {
  readonly checker: Checker;
  readonly scope: Scope;
}

/** What an operation needs besides its operands. */
interface Making {
  readonly span: Span;
  readonly hints?: readonly (string | undefined)[];
  /** Axes that the operation makes. */
  readonly axes?: readonly CheckedAxis[];
}

/** Adds an operation and gives all its results. */
export function emitAll<Name extends OpName>(
  { checker, scope }: Place,
  op: Name,
  operands: readonly TensorEntity[],
  attributes: OpAttributes<SymbolicNumber>[Name],
  { span, hints = [], axes = [] }: Making,
): readonly TensorEntity[] {
  const { frame } = scope;
  checker.operation(span);
  for (const { operand } of operands) if (!isValue(operand)) frame.mention(operand.constant.text);
  mentionAll(frame, attributes);
  const given = fittingNumbers(
    op,
    operands.map((operand) => operand.operand),
    span,
  );
  let results: readonly Value[];
  try {
    results = frame.builder.ops<OpName>(op, given, attributes, hints, checker.origin(span));
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    throw (
      misaligned(scope, operands, span) ??
      problem("MEM0200", span, error.message, { notes: axisNotes(scope, operands) })
    );
  }
  const constant = operands.every((operand) => operand.constant);
  for (const { type } of results) limitSize(type.axes, constant, span);
  if (constant) noteConstants<OpName>(op, given, attributes, results, span);
  return results.map((value) => {
    const entity = describe(value, constant, operands, axes);
    scope.seeAxes(entity.axes);
    for (const axis of entity.axes) frame.visibleAxes.add(axis.name);
    return entity;
  });
}

/** Adds an operation with one result. */
export function emit<Name extends OpName>(
  place: Place,
  op: Name,
  operands: readonly TensorEntity[],
  attributes: OpAttributes<SymbolicNumber>[Name],
  making: Making,
): TensorEntity {
  const [result] = emitAll(place, op, operands, attributes, making);
  if (result === undefined) throw new Error(`${op} gave no result.`);
  return result;
}

function describe(
  value: Value,
  constant: boolean,
  operands: readonly TensorEntity[],
  made: readonly CheckedAxis[],
): TensorEntity {
  const known = new Map<string, CheckedAxis>();
  // Equal names are one axis, so that it is the segment's for all operands if it is for one of them (rule R2).
  for (const axis of operands.flatMap((operand) => operand.axes)) {
    const before = known.get(axis.name);
    if (before === undefined || (before.size === axis.size && axis.data && !before.data)) {
      known.set(axis.name, axis);
    }
  }
  for (const axis of made) {
    const before = known.get(axis.name);
    if (before?.size !== axis.size || axis.data || !before.data) known.set(axis.name, axis);
  }
  const axes = value.type.axes
    .filter((axis) => axis.name !== BATCH)
    .map(({ name, size }) => {
      const before = known.get(name);
      if (before?.size === size) return before;
      return { name, size, declared: literal(size).text, data: false };
    });
  const batch = value.type.axes.some((axis) => axis.name === BATCH);
  return { kind: "tensor", operand: value, number: value.type.kind, axes, batch, constant };
}

const mostEntries = 2 ** 31 - 1;
const mostConstantEntries = 2 ** 28;

/** Throws if a tensor with these axes is larger than a spec may ask for; the batch counts 1. */
export function limitSize(
  axes: readonly { readonly name: string; readonly size: number }[],
  constant: boolean,
  span: Span,
): void {
  const own = axes.filter((axis) => axis.name !== BATCH);
  const entries = own.reduce((count, axis) => count * axis.size, 1);
  const shape = `[${own.map((axis) => `${axis.name} = ${axis.size}`).join(", ")}]`;
  if (entries > mostEntries) {
    throw problem("MEM0260", span, `A tensor ${shape} has more than ${mostEntries} entries.`);
  }
  if (constant && entries > mostConstantEntries) {
    throw problem(
      "MEM0261",
      span,
      `A constant ${shape} has more than ${mostConstantEntries} entries.`,
    );
  }
}

/** The problem of two operands that give one axis two sizes (rule R2): both axes, both sizes, and where each comes from. */
function misaligned(
  scope: Scope,
  operands: readonly TensorEntity[],
  span: Span,
): Problem | undefined {
  const nameOf = (operand: TensorEntity) => writtenName(scope, operand) ?? typeOf(operand);
  const named = (operand: TensorEntity) =>
    [writtenName(scope, operand) ?? [], typeOf(operand)].flat().join(", ");
  const seen = new Map<string, { readonly axis: CheckedAxis; readonly operand: TensorEntity }>();
  for (const operand of operands) {
    for (const axis of operand.axes) {
      const before = seen.get(axis.name);
      if (before === undefined) seen.set(axis.name, { axis, operand });
      else if (before.axis.size !== axis.size) {
        const notes = [before, { axis, operand }].map((each) => ({
          message: `${each.axis.name} = ${each.axis.size} in ${named(each.operand)}${each.axis.from === undefined ? "." : ", comes from here."}`,
          ...(each.axis.from === undefined ? {} : { span: each.axis.from }),
        }));
        return problem(
          "MEM0204",
          span,
          `Axis ${axis.name} has ${before.axis.size} entries in ${nameOf(before.operand)} but ${axis.size} in ${nameOf(operand)}.`,
          {
            notes,
            help: `If these are two different axes, rename one: \`rename ${axis.name} as …\`.`,
          },
        );
      }
    }
  }
  return undefined;
}

/** What the spec calls a tensor at this place: undefined for one in the middle of an expression. */
function writtenName(scope: Scope, { operand }: TensorEntity): string | undefined {
  const isIt = (entity: Entity) => entity.kind === "tensor" && entity.operand === operand;
  const known = [...scope.names, ...(scope.member?.known ?? [])];
  const captured = [...scope.frame.captured].map(([name, { port }]) => [name, port] as const);
  return [...known, ...captured].find(([, entity]) => isIt(entity))?.[0];
}

function axisNotes(scope: Scope, operands: readonly TensorEntity[]) {
  return operands
    .filter((operand) => isValue(operand.operand))
    .map((operand) => ({
      message: `${writtenName(scope, operand) ?? "An operand"} is ${typeOf(operand)}.`,
    }));
}

/** `[T = 64, D = 256]`, for messages. */
export function typeOf(entity: TensorEntity): string {
  const axes = entity.axes.map((axis) => `${axis.name} = ${axis.size}`).join(", ");
  return `${entity.number} [${axes}]`;
}

/** A compile-time number or flag as an operand. */
function constantTensor(scope: Scope, value: Static, span: Span): TensorEntity {
  const make = (operand: Operand, number: TensorEntity["number"]): TensorEntity => ({
    kind: "tensor",
    operand,
    number,
    axes: [],
    batch: false,
    constant: true,
  });
  switch (value.kind) {
    case "number": {
      const kind = value.integer ? "int" : "real";
      return make({ constant: writable(scope, value), kind }, kind);
    }
    case "flag":
      return make({ constant: literal(value.value ? 1 : 0), kind: "flag" }, "flag");
    case "choice":
    case "list":
      throw problem("MEM0201", span, `A ${value.kind} is not a tensor.`, {
        help:
          value.kind === "list"
            ? "values(list as AXIS) makes a tensor of it."
            : "Test it with `is` in a `when`.",
      });
    default:
      return value satisfies never;
  }
}

/** The entity as a tensor. */
export function asTensor(scope: Scope, entity: Entity, span: Span): TensorEntity {
  switch (entity.kind) {
    case "tensor":
      return entity;
    case "number":
    case "flag":
    case "choice":
    case "list":
      return constantTensor(scope, entity, span);
    case "tuple":
      throw problem(
        "MEM0202",
        span,
        `This gives ${entity.items.length} tensors where one is needed.`,
        {
          help: `Name them: ${entity.items.map((item) => item.name).join(", ")} = …`,
        },
      );
    case "instance":
      throw problem(
        "MEM0201",
        span,
        `${entity.instance.name} is a ${entity.instance.definition.kind}, not a tensor.`,
        {
          help: "Call one of its methods.",
        },
      );
    case "definition":
      throw problem(
        "MEM0201",
        span,
        `${entity.definition.name.text} is a ${entity.definition.kind}, not a tensor.`,
        {
          help: "Call it with its arguments in parentheses.",
        },
      );
    case "poison":
      throw new Silenced();
    default:
      return entity satisfies never;
  }
}

/** A number as the function's body can write it: by the axes its values have, else as declared, else as it stands. */
export function writable(scope: Scope, number: StaticNumber): SymbolicNumber {
  const visible = (candidate: SymbolicNumber): boolean => {
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(candidate.text, found);
    return [...found.axes].every((axis) => scope.frame.visibleAxes.has(axis));
  };
  const best = [number.written, number.declared].find(visible) ?? literal(number.value);
  scope.frame.mention(best.text);
  return best;
}

/** The size of an axis as a number the function's body can write. */
export function axisNumber(scope: Scope, axis: CheckedAxis): StaticNumber {
  const text: NumberExpression = scope.frame.visibleAxes.has(axis.name)
    ? { kind: "axis", name: axis.name }
    : axis.declared;
  return namedNumber({ value: axis.size, integer: true }, text, axis.declared, axis.name);
}

/** The same axis under another name. */
function renamedAxis(axis: CheckedAxis, name: string): CheckedAxis {
  return { ...axis, name };
}

/** Renames axes; nothing is added when no name changes. */
export function renameAxes(
  place: Place,
  tensor: TensorEntity,
  names: ReadonlyMap<string, string>,
  span: Span,
): TensorEntity {
  const changed = tensor.axes.filter((axis) => (names.get(axis.name) ?? axis.name) !== axis.name);
  if (changed.length === 0) return tensor;
  const record = Object.fromEntries(
    changed.map((axis) => [axis.name, names.get(axis.name) ?? axis.name]),
  );
  const axes = changed.map((axis) => renamedAxis(axis, names.get(axis.name) ?? axis.name));
  return emit(place, "rename", [tensor], { names: record }, { span, axes });
}

/** Repeats a tensor along axes it lacks. */
export function broadcastTo(
  place: Place,
  tensor: TensorEntity,
  axes: readonly CheckedAxis[],
  span: Span,
): TensorEntity {
  const missing = axes.filter((axis) => !tensor.axes.some((own) => own.name === axis.name));
  if (missing.length === 0) return tensor;
  const sizes = missing.map((axis) => ({
    name: axis.name,
    size: writable(place.scope, axisNumber(place.scope, axis)),
  }));
  return emit(place, "broadcast", [tensor], { axes: sizes }, { span, axes: missing });
}

/** A tensor with its axes in another order, the batch first in any case: added to zeros, whose axes come first (a flag: or off). */
export function inAxisOrder(
  place: Place,
  tensor: TensorEntity,
  axes: readonly CheckedAxis[],
  span: Span,
): TensorEntity {
  const listed = (isValue(tensor.operand) ? tensor.operand.type.axes : []).filter(
    ({ name }) => name !== BATCH,
  );
  if (listed.every(({ name }, position) => name === axes[position]?.name)) return tensor;
  const kind = tensor.number;
  const sized = axes.map((axis) => ({
    name: axis.name,
    size: writable(place.scope, axisNumber(place.scope, axis)),
  }));
  const attributes = { value: literal(0), axes: sized, kind };
  const zeros = emit(place, "fill", [], attributes, { span, axes });
  return emit(place, kind === "flag" ? "or" : "add", [zeros, tensor], {}, { span });
}
