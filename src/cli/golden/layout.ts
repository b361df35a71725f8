/**
 * How a tensor of a file lies against tensors of a spec, by axis names (rule R8 of the language): rename, transpose, reshape,
 * split, join, and nothing else.
 *
 * A layout lists the file's axes in file order by the spec's names: `batch T D`. Parentheses factor a merged axis, `(H K) D`;
 * `1` drops an axis of one entry; `M:last` is an axis of which the file holds the last entries only. One name may belong to
 * no tensor: it counts the tensors that the file holds joined, `(P H K) D` for three of `[D, H, K]`; in `V:joined D` the file holds
 * them one after the other along V, of which each has its own number of entries.
 */
import { type HostTensor, type SafeTensor, type TensorType, typeText, zeros } from "memc/runtime";

/** A file's tensor and the spec's do not fit each other. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

interface Factor {
  readonly axis: string;
  readonly part: "all" | "last" | "joined";
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
      const factors = axis === "1" ? [] : [{ axis, part: partOf(part) }];
      if (merged === undefined) axes.push(factors);
      else merged.push(...factors);
    }
  }
  return axes;
}

const partOf = (word: string | undefined): Factor["part"] =>
  word === "last" || word === "joined" ? word : "all";

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
  const steps: { readonly axis: string; readonly size: number; readonly offset: number }[] = [];
  /** Where each tensor begins along the axis on which they are joined. */
  const begins: { readonly axis: string; readonly at: readonly number[] }[] = [];
  const strides = types.map(rowMajor);
  const seen = new Set<string>();
  const sizeOf = ({ axes }: TensorType, axis: string) =>
    axes.find(({ name }) => name === axis)?.size;
  layout.forEach((factors, position) => {
    const length = shape[position] ?? 0;
    let product = 1;
    for (const { axis, part } of factors) {
      if (seen.has(axis)) throw mismatch(`${axis} is named twice`);
      seen.add(axis);
      const sizes = types.map((each) => sizeOf(each, axis) ?? 0);
      const joined = sizes.reduce((total, size) => total + size, 0);
      const whole = part === "joined" ? joined : (sizeOf(type, axis) ?? types.length);
      const size = part === "last" ? Math.min(length, whole) : whole;
      if (part === "joined") {
        const at = sizes.map((_, i) => sizes.slice(0, i).reduce((total, each) => total + each, 0));
        begins.push({ axis, at });
      }
      product *= size;
      steps.push({ axis, size, offset: part === "last" ? whole - size : 0 });
    }
    if (product !== length)
      throw mismatch(`axis ${position} has ${length} entries, not ${product}`);
  });
  const missing = type.axes.find(({ name }) => !seen.has(name));
  if (missing !== undefined) throw mismatch(`${missing.name} is not named`);
  const counts = steps.some(({ axis }) => sizeOf(type, axis) === undefined);
  if (types.length > 1 && !counts && begins.length === 0) {
    throw mismatch(`no axis counts the ${types.length} tensors`);
  }
  const place = (entry: number) => {
    let rest = entry;
    let tensor = 0;
    const indices = new Map<string, number>();
    for (const { axis, size, offset } of steps.toReversed()) {
      const index = (rest % size) + offset;
      rest = Math.floor(rest / size);
      if (sizeOf(type, axis) === undefined) tensor = index;
      else indices.set(axis, index);
    }
    for (const { axis, at } of begins) {
      const index = indices.get(axis) ?? 0;
      tensor = at.findLastIndex((begin) => begin <= index);
      indices.set(axis, index - (at[tensor] ?? 0));
    }
    let own = 0;
    for (const [axis, index] of indices) own += index * (strides[tensor]?.get(axis) ?? 0);
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

/** Tensors as the file lays them out, in file order. */
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
