/** Rules about named axes and number kinds that the type rules of the op table share. */
import type { Axis, NumberKind, TensorType } from "./types.ts";
import { BATCH, OPEN, OpError } from "./types.ts";

/** A tensor type with the part it plays in an operation, for messages: `the left operand`. */
export interface Operand {
  readonly role: string;
  readonly type: TensorType;
}

/** Pairs input types with their roles; inputs beyond the list have the last role. */
export function operands(types: readonly TensorType[], ...roles: readonly string[]): Operand[] {
  return types.map((type, i) => ({
    role: roles[Math.min(i, roles.length - 1)] ?? "operand",
    type,
  }));
}

/** `real [batch, T=64, D=256]`; an axis of open size has no number, a scalar is just `real`. */
export function typeText(type: TensorType): string {
  if (type.axes.length === 0) return type.kind;
  const axes = type.axes.map(({ name, size }) => (size === OPEN ? name : `${name}=${size}`));
  return `${type.kind} [${axes.join(", ")}]`;
}

/** Equal kinds and equal axes in the same order. */
export function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.kind === b.kind &&
    a.axes.length === b.axes.length &&
    a.axes.every((axis, i) => axis.name === b.axes[i]?.name && axis.size === b.axes[i]?.size)
  );
}

/** Equal kinds and equal axes in any order. */
export function sameUpToOrder(a: TensorType, b: TensorType): boolean {
  return (
    a.kind === b.kind &&
    a.axes.length === b.axes.length &&
    a.axes.every((axis) => findAxis(b, axis.name)?.size === axis.size)
  );
}

/** Number of entries; an axis of open size counts 1. */
export function elementCount(type: Pick<TensorType, "axes">): number {
  return countOf(type.axes);
}

/** Product of sizes, an open one counting 1. */
export function countOf(axes: readonly Axis[]): number {
  let count = 1;
  for (const { size } of axes) count *= size === OPEN ? 1 : size;
  return count;
}

/** Product of sizes, open if one of them is. */
export function productSize(axes: readonly Axis[]): number {
  return axes.some(({ size }) => size === OPEN) ? OPEN : countOf(axes);
}

export function findAxis(type: Pick<TensorType, "axes">, name: string): Axis | undefined {
  return type.axes.find((axis) => axis.name === name);
}

/** The axis of that name. Throws OpError naming the axes there are. */
export function requireAxis({ role, type }: Operand, name: string): Axis {
  const axis = findAxis(type, name);
  if (axis !== undefined) return axis;
  const found = type.axes.length === 0 ? "it is a scalar" : `its axes are ${axisList(type.axes)}`;
  throw new OpError(`${capital(role)}, ${typeText(type)}, has no axis ${name}: ${found}.`);
}

/** The named axes, which must be different ones of the operand's. */
export function requireAxes(operand: Operand, names: readonly string[]): Axis[] {
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) throw new OpError(`Axis ${name} is listed twice.`);
  });
  return names.map((name) => requireAxis(operand, name));
}

/**
 * The axes of operands aligned by name (R1, R2): those of the first, then the new ones of each
 * further operand, `batch` first. Throws OpError where one name has two sizes; a size of 1 does not
 * stretch.
 */
export function alignAxes(inputs: readonly Operand[]): Axis[] {
  const aligned: Axis[] = [];
  for (const operand of inputs) {
    for (const axis of operand.type.axes) {
      const known = aligned.find(({ name }) => name === axis.name);
      if (known === undefined) aligned.push(axis);
      else if (known.size !== axis.size) throw disagreement(inputs, operand, axis);
    }
  }
  return batchFirst(aligned);
}

function disagreement(inputs: readonly Operand[], second: Operand, axis: Axis): OpError {
  const first = inputs.find(({ type }) => findAxis(type, axis.name) !== undefined) ?? second;
  const size = findAxis(first.type, axis.name)?.size ?? OPEN;
  return new OpError(
    `Axis ${axis.name} has ${entries(size)} in ${first.role}, ${typeText(first.type)}, ` +
      `but ${entries(axis.size)} in ${second.role}, ${typeText(second.type)}.`,
  );
}

/** The axes with `batch`, if it is among them, moved to the front. */
export function batchFirst(axes: readonly Axis[]): Axis[] {
  return [
    ...axes.filter(({ name }) => name === BATCH),
    ...axes.filter(({ name }) => name !== BATCH),
  ];
}

/** The axes that are not among `names`. */
export function without(axes: readonly Axis[], names: readonly string[]): Axis[] {
  return axes.filter(({ name }) => !names.includes(name));
}

/** Names of axes, for a message: `T, H and K`. */
export function axisList(axes: readonly Axis[]): string {
  const names = axes.map(({ name }) => name);
  const last = names.pop() ?? "none";
  return names.length === 0 ? last : `${names.join(", ")} and ${last}`;
}

/** A result type, `batch` first. Throws OpError if two axes have one name. */
export function resultType(kind: NumberKind, axes: readonly Axis[]): TensorType {
  axes.forEach(({ name }, i) => {
    if (axes.findIndex((axis) => axis.name === name) < i) {
      throw new OpError(`The result would have two axes called ${name}; rename one of them first.`);
    }
  });
  return { kind, axes: batchFirst(axes) };
}

/** Throws OpError unless `size` is a number of entries: 0, 1, … or open. */
export function requireSize(what: string, size: number): void {
  if (size !== OPEN && !(Number.isSafeInteger(size) && size >= 0)) {
    throw new OpError(`${capital(what)} must be a whole number of entries, not ${size}.`);
  }
}

export function requireSizes(axes: readonly Axis[]): void {
  for (const { name, size } of axes) requireSize(`the size of axis ${name}`, size);
}

/** Throws OpError unless a tensor of that kind can hold the number. */
export function requireEntry(value: number, kind: NumberKind): void {
  if (kind === "flag" && value !== 0 && value !== 1) {
    throw new OpError(`A flag is on (1) or off (0), not ${value}.`);
  }
  if (kind === "int" && (value | 0) !== value) {
    throw new OpError(`An int tensor holds whole numbers of 32 bits, not ${value}.`);
  }
}

/** Throws OpError unless `value` is a whole number of at least `least`. */
export function requireInteger(what: string, value: number, least = -Infinity): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  const bound = least === -Infinity ? "" : ` of at least ${least}`;
  throw new OpError(`${capital(what)} must be a whole number${bound}, not ${value}.`);
}

/** Throws OpError for a flag: numbers are needed. */
export function requireNumbers(inputs: readonly Operand[]): void {
  for (const { role, type } of inputs) {
    if (type.kind === "flag") {
      throw new OpError(
        `${capital(role)} is ${typeText(type)} where numbers are needed; ` +
          "real(…) or int(…) makes 0 and 1 of a flag.",
      );
    }
  }
}

/** Throws OpError unless the operand is an int tensor. */
export function requireInt({ role, type }: Operand): void {
  if (type.kind !== "int") {
    throw new OpError(`${capital(role)} is ${typeText(type)} where int is needed; see int(…).`);
  }
}

/** Throws OpError unless the operand is a flag tensor. */
export function requireFlag({ role, type }: Operand): void {
  if (type.kind !== "flag") {
    throw new OpError(
      `${capital(role)} is ${typeText(type)} where a flag is needed; a comparison makes one.`,
    );
  }
}

/** The kind numbers mix to (R5): real if one of them is. Throws OpError for a flag. */
export function mixNumbers(inputs: readonly Operand[]): NumberKind {
  requireNumbers(inputs);
  return inputs.some(({ type }) => type.kind === "real") ? "real" : "int";
}

/** As `mixNumbers`, but operands that are all flags give a flag. */
export function mixKinds(inputs: readonly Operand[]): NumberKind {
  return inputs.every(({ type }) => type.kind === "flag") ? "flag" : mixNumbers(inputs);
}

/** What an axis is called after a rename; axes may have names that every object knows, as `constructor`. */
export function newName(names: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(names, name) ? (names[name] as string) : name;
}

export function entries(size: number): string {
  if (size === OPEN) return "an open number of entries";
  return size === 1 ? "1 entry" : `${size} entries`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
