/**
 * How a tensor of a file lies against tensors of a spec, by axis names (rule R8 of the language): rename, transpose, reshape,
 * split, join, and nothing else.
 *
 * A layout lists the file's axes in file order by the spec's names: `batch T D`. Parentheses factor a merged axis, `(H K) D`;
 * `1` drops an axis of one entry; `M:last` is an axis of which the file holds the last entries only. One name may belong to
 * no tensor: it counts the tensors that the file holds joined, `(P H K) D` for three of `[D, H, K]`.
 */
import { type HostTensor, type SafeTensor, type TensorType, typeText, zeros } from "memc/runtime";

/** A file's tensor and the spec's do not fit each other. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

interface Factor {
  readonly axis: string;
  readonly last: boolean;
}

/** Factors of each axis of the file. */
type Layout = readonly (readonly Factor[])[];

function parseLayout(text: string): Layout {
  const axes: Factor[][] = [];
  let merged: Factor[] | undefined;
  for (const word of text.match(/[()]|[^\s()]+/g) ?? []) {
    if (word === "(") {
      merged = [];
      axes.push(merged);
    } else if (word === ")") merged = undefined;
    else {
      const [axis = "", part] = word.split(":");
      const factors = axis === "1" ? [] : [{ axis, last: part === "last" }];
      if (merged === undefined) axes.push(factors);
      else merged.push(...factors);
    }
  }
  return axes;
}

/** One entry of the file against one of a tensor: which tensor, and where in it. */
interface Correspondence {
  readonly count: number;
  place(entry: number): { readonly tensor: number; readonly entry: number };
}

function correspond(
  text: string,
  shape: readonly number[],
  types: readonly TensorType[],
): Correspondence {
  const layout = parseLayout(text);
  const [type] = types;
  if (type === undefined) throw new LayoutError("There is no tensor to lay out.");
  const mismatch = (why: string) =>
    new LayoutError(`[${shape.join(", ")}] as ${text} against ${typeText(type)}: ${why}`);
  if (layout.length !== shape.length) throw mismatch(`${layout.length} axes are named`);
  const steps: { readonly size: number; readonly offset: number; readonly step: number }[] = [];
  const strides = rowMajor(type);
  const seen = new Set<string>();
  layout.forEach((factors, position) => {
    const length = shape[position] ?? 0;
    let product = 1;
    for (const { axis, last } of factors) {
      const own = type.axes.find(({ name }) => name === axis);
      if (seen.has(axis)) throw mismatch(`${axis} is named twice`);
      seen.add(axis);
      const whole = own?.size ?? types.length;
      const size = last ? Math.min(length, whole) : whole;
      product *= size;
      steps.push({ size, offset: last ? whole - size : 0, step: strides.get(axis) ?? -1 });
    }
    if (product !== length)
      throw mismatch(`axis ${position} has ${length} entries, not ${product}`);
  });
  const missing = type.axes.find(({ name }) => !seen.has(name));
  if (missing !== undefined) throw mismatch(`${missing.name} is not named`);
  if (types.length > 1 && !steps.some(({ step }) => step < 0)) {
    throw mismatch(`no axis counts the ${types.length} tensors`);
  }
  const place = (entry: number) => {
    let rest = entry;
    let tensor = 0;
    let own = 0;
    for (const { size, offset, step } of steps.toReversed()) {
      const index = (rest % size) + offset;
      rest = Math.floor(rest / size);
      if (step < 0) tensor = index;
      else own += index * step;
    }
    return { tensor, entry: own };
  };
  return { count: shape.reduce((total, size) => total * size, 1), place };
}

function rowMajor({ axes }: TensorType): ReadonlyMap<string, number> {
  const strides = new Map<string, number>();
  let stride = 1;
  for (const { name, size } of axes.toReversed()) {
    strides.set(name, stride);
    stride *= size;
  }
  return strides;
}

/** A file's tensor as tensors of these types, one unless the layout joins several. Entries a `:last` leaves out are 0. */
export function fromFile(
  file: SafeTensor,
  layout: string,
  types: readonly TensorType[],
): readonly HostTensor[] {
  const { count, place } = correspond(layout, file.shape, types);
  const tensors = types.map(zeros);
  for (let i = 0; i < count; i++) {
    const { tensor, entry } = place(i);
    const target = tensors[tensor];
    if (target !== undefined) target.data[entry] = Number(file.data[i]);
  }
  return tensors;
}

/** Tensors of equal types as the file lays them out, in file order. */
export function toFile(
  tensors: readonly HostTensor[],
  layout: string,
  shape: readonly number[],
): Float64Array {
  const { count, place } = correspond(
    layout,
    shape,
    tensors.map(({ type }) => type),
  );
  return Float64Array.from({ length: count }, (_, i) => {
    const { tensor, entry } = place(i);
    return Number(tensors[tensor]?.data[entry]);
  });
}
