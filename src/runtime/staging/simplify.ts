/**
 * What recording leaves out because it changes nothing: `x * 1`, `real(x)` of a real, a rename to
 * the same name. Results are equal to the last bit (`x + 0` up to the sign of zero); anything that
 * would round differently stays.
 */
import {
  inferTypes,
  newName,
  type OpAttributes,
  OpError,
  type OpName,
  operations,
  sameType,
  type TensorType,
} from "../../ops/index.ts";
import { uniformValue } from "./constants.ts";
import type { Recorded, Recorder } from "./recorder.ts";

/** The value that an operation comes down to, or undefined where it has to be recorded. */
type Rule<Name extends OpName> = (
  operands: readonly Recorded[],
  attributes: OpAttributes<number>[Name],
  type: TensorType,
  recorder: Recorder,
) => Recorded | undefined;

/** A rule that needs no attributes. */
type Plain = (
  operands: readonly Recorded[],
  attributes: unknown,
  type: TensorType,
) => Recorded | undefined;

/** `x`, if it has the type that the operation's result should have. */
function same(x: Recorded | undefined, type: TensorType): Recorded | undefined {
  return x !== undefined && sameType(x.type, type) ? x : undefined;
}

function isAll(x: Recorded | undefined, value: number): boolean {
  return x?.source.kind === "constant" && uniformValue(x.source.constant) === value;
}

/** The node that made a value, if it is of this operation. */
function madeBy<Name extends OpName>(x: Recorded | undefined, op: Name) {
  if (x?.source.kind !== "node" || x.source.node.op !== op) return undefined;
  const { node } = x.source;
  return { input: node.inputs[0], attributes: node.attributes as OpAttributes<number>[Name] };
}

/** An operand that leaves the other one as it is: on the right only, or on both sides. */
function neutral(value: number, sides: "right" | "both"): Plain {
  return ([left, right], _, type) => {
    if (isAll(right, value)) return same(left, type);
    return sides === "both" && isAll(left, value) ? same(right, type) : undefined;
  };
}

/** An operation that undoes itself. */
function involution(op: "neg" | "not"): Plain {
  return ([x]) => madeBy(x, op)?.input;
}

const identity: Plain = ([x], _, type) => same(x, type);

const idempotent: Plain = ([left, right], _, type) =>
  left === right ? same(left, type) : undefined;

const rules: { readonly [Name in OpName]?: Rule<Name> } = {
  stop: identity,
  real: identity,
  int: identity,
  neg: involution("neg"),
  not: involution("not"),
  add: neutral(0, "both"),
  sub: neutral(0, "right"),
  mul: neutral(1, "both"),
  div: neutral(1, "right"),
  pow: neutral(1, "right"),
  and: neutral(1, "both"),
  or: neutral(0, "both"),
  minimum: idempotent,
  maximum: idempotent,
  where: ([condition, on, off], _, type) => {
    if (isAll(condition, 1) || on === off) return same(on, type);
    return isAll(condition, 0) ? same(off, type) : undefined;
  },
  cumsum: ([x], { over }, type) => (sizeOf(x, over) === 1 ? same(x, type) : undefined),
  reverse: ([x], { axis }) => ((sizeOf(x, axis) ?? 2) <= 1 ? x : undefined),
  shift: ([x], { by }, type) => (by === 0 ? same(x, type) : undefined),
  slice: ([x], _, type) => same(x, type), // a slice with all entries under the same name
  join: ([x, ...more], _, type) => (more.length === 0 ? same(x, type) : undefined),
  split: ([x], { axis, into }, type) => {
    const merged = madeBy(x, "merge");
    // Axes merged in another order than they are split in change places.
    if (merged?.attributes.into === axis && sameNames(into, merged.attributes.axes)) {
      return same(merged.input, type);
    }
    return into.length === 1 ? same(x, type) : undefined;
  },
  merge: ([x], { axes, into }, type) => {
    const split = madeBy(x, "split");
    if (split?.attributes.axis === into && sameNames(split.attributes.into, axes)) {
      return same(split.input, type);
    }
    return axes.length === 1 ? same(x, type) : undefined;
  },
  rename: ([x], { names }, type, recorder) => {
    const unchanged = same(x, type);
    if (unchanged !== undefined) return unchanged;
    const before = madeBy(x, "rename");
    if (before?.input === undefined) return undefined;
    const both: [string, string][] = [];
    for (const { name } of before.input.type.axes) {
      const last = newName(names, newName(before.attributes.names, name));
      if (last !== name) both.push([name, last]);
    }
    return recorder.record("rename", [before.input], { names: Object.fromEntries(both) })[0];
  },
  broadcast: ([x], { axes }, type, recorder) => {
    if (axes.length === 0) return same(x, type);
    const before = madeBy(x, "broadcast");
    if (before?.input === undefined) return undefined;
    return recorder.record("broadcast", [before.input], {
      axes: [...before.attributes.axes, ...axes],
    })[0];
  },
};

function sizeOf(x: Recorded | undefined, axis: string): number | undefined {
  return x?.type.axes.find(({ name }) => name === axis)?.size;
}

function sameNames(axes: readonly { readonly name: string }[], names: readonly string[]): boolean {
  return axes.length === names.length && axes.every(({ name }, i) => name === names[i]);
}

export function simplify<Name extends OpName>(
  recorder: Recorder,
  op: Name,
  operands: readonly Recorded[],
  attributes: OpAttributes<number>[Name],
  [type, ...more]: readonly TensorType[],
): Recorded | undefined {
  if (type === undefined || more.length > 0) return undefined;
  const rule: Rule<Name> | undefined = rules[op];
  return rule?.(operands, attributes, type, recorder);
}

/** Operations that repeat an operand along the axes it lacks by themselves. */
const aligning: ReadonlySet<OpName> = new Set([
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "minimum",
  "maximum",
  "floorDiv",
  "mod",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
  "and",
  "or",
  "where",
  "clip",
]); // prettier-ignore

/**
 * The same operation on less: a broadcast or a constant of equal entries needs no bytes where the
 * operation aligns its operands anyway, and a mask that is on everywhere none at all. Result types
 * stay as they are.
 */
export function lighterOperands<Name extends OpName>(
  recorder: Recorder,
  op: Name,
  operands: readonly Recorded[],
  attributes: OpAttributes<number>[Name],
  types: readonly TensorType[],
): readonly Recorded[] {
  const fits = (candidate: readonly Recorded[]): boolean => {
    try {
      const inferred = inferTypes(
        op,
        candidate.map((x) => x.type),
        attributes,
      );
      return inferred.every((type, i) => types[i] !== undefined && sameType(type, types[i]));
    } catch (error) {
      if (error instanceof OpError) return false;
      throw error;
    }
  };
  const { masked, arity } = operations[op];
  if (masked && operands.length > Number(arity) && isAll(operands.at(-1), 1)) {
    const unmasked = operands.slice(0, -1);
    return fits(unmasked) ? unmasked : operands;
  }
  if (!aligning.has(op)) return operands;
  let lighter = operands;
  operands.forEach((operand, i) => {
    const light = unrepeated(recorder, operand);
    if (light === undefined) return;
    const candidate = lighter.with(i, light);
    if (fits(candidate)) lighter = candidate;
  });
  return lighter;
}

function unrepeated(recorder: Recorder, operand: Recorded): Recorded | undefined {
  if (operand.type.axes.length === 0) return undefined;
  const broadcast = madeBy(operand, "broadcast");
  if (broadcast !== undefined) return broadcast.input;
  if (operand.source.kind !== "constant") return undefined;
  const value = uniformValue(operand.source.constant);
  return value === undefined ? undefined : recorder.literal(value, operand.type.kind);
}
