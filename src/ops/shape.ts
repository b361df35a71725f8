/** Operations that rename, cut, put together and repeat axes, without arithmetic. */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  entries,
  findAxis,
  mixKinds,
  newName,
  operands,
  productSize,
  requireAxes,
  requireAxis,
  requireInteger,
  requireSizes,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import {
  allocateFor,
  copyPart,
  layout,
  reorder,
  sizesOf,
  stridesAlong,
  stridesOf,
} from "./strided.ts";
import type { Axis, HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OPEN, OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;

const operandOf = (inputs: readonly TensorType[]) => operands(inputs, "the operand")[0] as Operand;

/** `axes` with the one called `name` replaced by others in its place. */
export function replaceAxis(
  axes: readonly Axis[],
  name: string,
  by: readonly Axis[],
): readonly Axis[] {
  return axes.flatMap((axis) => (axis.name === name ? by : [axis]));
}

const split: Rule<"split"> = {
  doc: "Cuts an axis in several, the first named slowest, whose sizes multiply to its size.",
  arity: 1,
  view: true,
  type(inputs, { axis, into }) {
    const x = operandOf(inputs);
    const { size } = requireAxis(x, axis);
    requireSizes(into);
    if (into.length === 0) throw new OpError(`Axis ${axis} must be split into at least one axis.`);
    if (productSize(into) !== size) {
      const product = into.map((part) => `${part.name}=${part.size}`).join(" * ");
      throw new OpError(
        `Axis ${axis} has ${entries(size)} and cannot be split into ${product}, ` +
          `which makes ${entries(productSize(into))}.`,
      );
    }
    return [resultType(x.type.kind, replaceAxis(x.type.axes, axis, into))];
  },
  flops: () => 0,
  evaluate: ([x], { axis, into }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    return [{ type: result, data: reorder(data, replaceAxis(own.axes, axis, into), result.axes) }];
  },
};

/** The axes of `type` with those to be merged side by side, where the first of them was. */
function gathered(type: TensorType, merged: readonly Axis[]): readonly Axis[] {
  const names = merged.map(({ name }) => name);
  const [firstName = ""] = names;
  return replaceAxis(without(type.axes, names.slice(1)), firstName, merged);
}

const merge: Rule<"merge"> = {
  doc: "Makes one axis of several, the first named slowest.",
  arity: 1,
  view: true,
  type(inputs, { axes, into }) {
    const x = operandOf(inputs);
    const merged = requireAxes(x, axes);
    const [first] = merged;
    if (first === undefined) throw new OpError(`At least one axis must be merged into ${into}.`);
    const kept = without(x.type.axes, axes.slice(1));
    const whole = { name: into, size: productSize(merged) };
    return [resultType(x.type.kind, replaceAxis(kept, first.name, [whole]))];
  },
  flops: () => 0,
  evaluate: ([x], { axes, into }, [type]) => {
    const tensor = x as HostTensor;
    const result = type as TensorType;
    const merged = requireAxes(operandOf([tensor.type]), axes);
    const data = layout(tensor, gathered(tensor.type, merged));
    const whole = { name: into, size: productSize(merged) };
    const kept = without(tensor.type.axes, axes.slice(1));
    const placed = replaceAxis(kept, axes[0] as string, [whole]);
    return [{ type: result, data: reorder(data, placed, result.axes) }];
  },
};

const renamed = (axes: readonly Axis[], names: Readonly<Record<string, string>>): Axis[] =>
  axes.map(({ name, size }) => ({ name: newName(names, name), size }));

const rename: Rule<"rename"> = {
  doc: "Gives axes other names.",
  arity: 1,
  view: true,
  type(inputs, { names }) {
    const x = operandOf(inputs);
    requireAxes(x, Object.keys(names));
    return [resultType(x.type.kind, renamed(x.type.axes, names))];
  },
  flops: () => 0,
  evaluate: ([x], { names }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    return [{ type: result, data: reorder(data, renamed(own.axes, names), result.axes) }];
  },
};

const slice: Rule<"slice"> = {
  doc:
    "Entries start .. start + size - 1 of an axis, which may get a new name or, with one entry," +
    " go.",
  arity: 1,
  type(inputs, { axis, start, size, into }) {
    const x = operandOf(inputs);
    const { size: whole } = requireAxis(x, axis);
    requireInteger(`the first entry of the slice of ${axis}`, start, 0);
    requireInteger(`the size of the slice of ${axis}`, size, 0);
    if (whole !== OPEN && start + size > whole) {
      throw new OpError(
        `Axis ${axis} of ${typeText(x.type)} has ${entries(whole)}: ` +
          `${entries(size)} from entry ${start} on do not fit.`,
      );
    }
    if (into === null && size !== 1) {
      throw new OpError(`A slice of ${axis} with ${entries(size)} must keep its axis.`);
    }
    const kept = into === null ? [] : [{ name: into, size }];
    return [resultType(x.type.kind, replaceAxis(x.type.axes, axis, kept))];
  },
  flops: () => 0,
  evaluate: ([x], { axis, start, size, into }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    const name = into ?? axis;
    const target = into === null ? [...result.axes, { name, size }] : result.axes;
    const source = renamed(own.axes, { [axis]: name });
    const strides = stridesAlong(source, target);
    const offset = start * (stridesAlong(own.axes, [{ name: axis, size }])[0] as number);
    const out = { data: allocateFor(result), offset: 0, strides: stridesOf(target) };
    copyPart(sizesOf(target), { data, offset, strides }, out);
    return [{ type: result, data: out.data }];
  },
};

/** The axes of one piece of a join with the joined axis under its new name. */
function pieceAxes(type: TensorType, piece: string | null, into: string): readonly Axis[] {
  return piece === null ? type.axes : renamed(type.axes, { [piece]: into });
}

const pieceSize = (type: TensorType, piece: string | null): number =>
  piece === null ? 1 : (findAxis(type, piece)?.size ?? 0);

const join: Rule<"join"> = {
  doc:
    "Puts pieces one after the other along an axis, which stands where the first piece that has it" +
    " lists it, or first, after the batch, if none does; all other axes align.",
  arity: "variadic",
  numbers: "mixed",
  type(inputs, { pieces, into }) {
    if (pieces.length !== inputs.length) {
      throw new OpError(`A join of ${inputs.length} pieces was given ${pieces.length} axes.`);
    }
    const all = inputs.map((type, i) => ({ role: `piece ${i + 1}`, type }));
    const named = all.map((operand, i): Operand => {
      const piece = pieces[i] ?? null;
      if (piece !== null) requireAxis(operand, piece);
      const type = resultType(operand.type.kind, pieceAxes(operand.type, piece, into));
      if (piece === null && findAxis(type, into) !== undefined) {
        throw new OpError(
          `Piece ${i + 1}, ${typeText(operand.type)}, counts one along ${into} ` +
            `but has an axis of that name; rename it first.`,
        );
      }
      return { ...operand, type };
    });
    const aligned = alignAxes(
      named.map(({ role, type }) => ({
        role,
        type: { ...type, axes: without(type.axes, [into]) },
      })),
    );
    const having = named.filter(({ type }) => findAxis(type, into) !== undefined);
    const leading = having.length === 0 ? [into] : [];
    const listed = [...having, ...named].flatMap(({ type }) => type.axes.map(({ name }) => name));
    const order = [...new Set([...leading, ...listed])];
    const sizes = inputs.map((type, i) => pieceSize(type, pieces[i] ?? null));
    const open = sizes.includes(OPEN);
    const size = open ? OPEN : sizes.reduce((sum, n) => sum + n, 0);
    const joined: Axis = { name: into, size };
    const axes = order.map((name) => aligned.find((axis) => axis.name === name) ?? joined);
    return [resultType(mixKinds(all), axes)];
  },
  flops: () => 0,
  evaluate: (inputs, { pieces, into }, [type]) => {
    const result = type as TensorType;
    const data = allocateFor(result);
    const strides = stridesOf(result.axes);
    const [step = 0] = stridesAlong(result.axes, [{ name: into, size: 0 }]);
    let begin = 0;
    inputs.forEach((input, i) => {
      const piece = pieces[i] ?? null;
      const size = pieceSize(input.type, piece);
      const part = result.axes.map((axis) => (axis.name === into ? { ...axis, size } : axis));
      const source = stridesAlong(pieceAxes(input.type, piece, into), part);
      copyPart(
        sizesOf(part),
        { data: input.data, offset: 0, strides: source },
        { data, offset: begin * step, strides },
      );
      begin += size;
    });
    return [{ type: result, data }];
  },
};

const broadcast: Rule<"broadcast"> = {
  doc: "Repeats the operand along axes that it does not have.",
  arity: 1,
  type(inputs, { axes }) {
    const x = operandOf(inputs);
    requireSizes(axes);
    for (const { name } of axes) {
      if (findAxis(x.type, name) !== undefined) {
        throw new OpError(
          `The operand, ${typeText(x.type)}, cannot be repeated along ${name}, an axis it has.`,
        );
      }
    }
    return [resultType(x.type.kind, [...x.type.axes, ...axes])];
  },
  flops: () => 0,
  evaluate: ([x], _, [type]) => {
    const result = type as TensorType;
    const data = allocateFor(result);
    data.set(layout(x as HostTensor, result.axes));
    return [{ type: result, data }];
  },
};

const reverse: Rule<"reverse"> = {
  doc: "The entries of an axis from the last to the first.",
  arity: 1,
  type(inputs, { axis }) {
    const x = operandOf(inputs);
    requireAxis(x, axis);
    return [resultType(x.type.kind, x.type.axes)];
  },
  flops: () => 0,
  evaluate: ([x], { axis }, [type]) => {
    const { type: own, data } = x as HostTensor;
    const result = type as TensorType;
    const [step = 0] = stridesAlong(own.axes, [{ name: axis, size: 0 }]);
    const offset = ((findAxis(own, axis)?.size ?? 1) - 1) * step;
    const strides = stridesAlong(own.axes, result.axes).map((stride, i) =>
      result.axes[i]?.name === axis ? -stride : stride,
    );
    const out = { data: allocateFor(result), offset: 0, strides: stridesOf(result.axes) };
    copyPart(sizesOf(result.axes), { data, offset, strides }, out);
    return [{ type: result, data: out.data }];
  },
};

export const shapes = {
  split,
  merge,
  rename,
  slice,
  join,
  broadcast,
  reverse,
};
