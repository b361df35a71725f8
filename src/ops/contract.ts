/** Sums of products: the named-axis form of matrix multiplication. */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  countOf,
  elementCount,
  findAxis,
  mixNumbers,
  operands,
  requireAxes,
  resultType,
  without,
} from "./axes.ts";
import { allocateFor, realLayout, reorder } from "./strided.ts";
import type { HostTensor, OpDefinition, TensorType } from "./types.ts";

const pairOf = (inputs: readonly TensorType[]) =>
  operands(inputs, "the left factor", "the right factor") as [Operand, Operand];

/** Type of the sum of products of two tensors. Throws OpError. */
export function contractedType(left: Operand, right: Operand, over: readonly string[]): TensorType {
  const kind = mixNumbers([left, right]);
  const axes = alignAxes([left, right]);
  requireAxes(left, over);
  requireAxes(right, over);
  return resultType(kind, without(axes, over));
}

/** Operations of the sum of products, a multiply-add counted as 2. */
export function contractionFlops(
  left: TensorType,
  right: TensorType,
  over: readonly string[],
): number {
  const summed = left.axes.filter(({ name }) => over.includes(name));
  const [a, b] = pairOf([left, right]);
  return 2 * elementCount(contractedType(a, b, over)) * countOf(summed);
}

/**
 * The sum of products, of a type that `contractedType` gave. Both sides are laid out as stacks of
 * matrices: the shared axes outermost, then [left only, summed] on the left and [summed, right
 * only] on the right.
 */
export function contractTensors(
  left: HostTensor,
  right: HostTensor,
  over: readonly string[],
  type: TensorType,
): HostTensor {
  const own = (a: HostTensor, b: HostTensor) =>
    without(a.type.axes, over).filter(({ name }) => findAxis(b.type, name) === undefined);
  const summed = left.type.axes.filter(({ name }) => over.includes(name));
  const rows = own(left, right);
  const columns = own(right, left);
  const shared = without(left.type.axes, over).filter((axis) => !rows.includes(axis));
  const stack = { rows: countOf(rows), summed: countOf(summed), columns: countOf(columns) };
  const few = stack.columns < 4;
  const a = realLayout(left, [...shared, ...rows, ...summed]);
  const b = realLayout(
    right,
    few ? [...shared, ...columns, ...summed] : [...shared, ...summed, ...columns],
  );
  const product = new Float64Array(countOf(shared) * stack.rows * stack.columns);
  for (let s = 0; s < countOf(shared); s++) {
    const [m, k, n] = [stack.rows, stack.summed, stack.columns];
    const parts = [
      a.subarray(s * m * k, (s + 1) * m * k),
      b.subarray(s * k * n, (s + 1) * k * n),
      product.subarray(s * m * n, (s + 1) * m * n),
    ] as const;
    if (few) multiplyTransposed(...parts, m, k, n);
    else multiply(...parts, m, k, n);
  }
  const ordered = reorder(product, [...shared, ...rows, ...columns], type.axes);
  if (type.kind === "real") return { type, data: ordered };
  const data = allocateFor(type);
  data.set(ordered);
  return { type, data };
}

/**
 * Depth and width, in entries, of the panel of the right matrix that is used again for every row of
 * the left.
 */
const PANEL_DEPTH = 64;
const PANEL_WIDTH = 512;

/** c += a b for row-major a [m, k], b [k, n] and c [m, n]. */
function multiply(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let p0 = 0; p0 < k; p0 += PANEL_DEPTH) {
    const p1 = Math.min(p0 + PANEL_DEPTH, k);
    for (let j0 = 0; j0 < n; j0 += PANEL_WIDTH) {
      const width = Math.min(j0 + PANEL_WIDTH, n) - j0;
      for (let i = 0; i < m; i++) {
        const row = i * n + j0;
        let p = p0;
        for (; p + 3 < p1; p += 4) addRows4(a, i * k + p, b, p * n + j0, n, c, row, width);
        for (; p < p1; p++) {
          const factor = a[i * k + p] as number;
          const from = p * n + j0;
          for (let j = 0; j < width; j++) {
            c[row + j] = (c[row + j] as number) + factor * (b[from + j] as number);
          }
        }
      }
    }
  }
}

/** Adds four rows of b, weighted by four neighbours in a, to a row of c. */
function addRows4(
  a: Float64Array,
  weights: number,
  b: Float64Array,
  from: number,
  stride: number,
  c: Float64Array,
  row: number,
  width: number,
): void {
  const a0 = a[weights] as number;
  const a1 = a[weights + 1] as number;
  const a2 = a[weights + 2] as number;
  const a3 = a[weights + 3] as number;
  const b1 = from + stride;
  const b2 = b1 + stride;
  const b3 = b2 + stride;
  for (let j = 0; j < width; j++) {
    c[row + j] =
      (c[row + j] as number) +
      (a0 * (b[from + j] as number) +
        a1 * (b[b1 + j] as number) +
        a2 * (b[b2 + j] as number) +
        a3 * (b[b3 + j] as number));
  }
}

/** c = a b^T for row-major a [m, k], b [n, k] and c [m, n]. */
function multiplyTransposed(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  m: number,
  k: number,
  n: number,
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (a[i * k + p] as number) * (b[j * k + p] as number);
      c[i * n + j] = sum;
    }
  }
}

const contract: OpDefinition<OpAttributes<number>["contract"]> = {
  doc: "Sum of products over the named axes, which both sides have; other shared axes align.",
  arity: 2,
  numbers: "mixed",
  type(inputs, { over }) {
    const [left, right] = pairOf(inputs);
    return [contractedType(left, right, over)];
  },
  flops: ([left, right], { over }) =>
    contractionFlops(left as TensorType, right as TensorType, over),
  evaluate: ([left, right], { over }, [type]) => [
    contractTensors(left as HostTensor, right as HostTensor, over, type as TensorType),
  ],
};

export const contractions = { contract };
