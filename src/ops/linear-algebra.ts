/**
 * Solving and decomposing, for compile-time tensors and events (R22). Operations count as the usual
 * leading terms.
 */
import type { OpAttributes } from "./attributes.ts";
import type { Operand } from "./axes.ts";
import {
  alignAxes,
  countOf,
  entries,
  findAxis,
  operands,
  productSize,
  requireAxes,
  requireNumbers,
  resultType,
  typeText,
  without,
} from "./axes.ts";
import { singularValues, solveInPlace, symmetricEigenvalues } from "./decompositions.ts";
import { replaceAxis } from "./shape.ts";
import { realLayout, reorder } from "./strided.ts";
import type { Axis, HostTensor, OpDefinition, TensorType } from "./types.ts";
import { OPEN, OpError } from "./types.ts";

type Rule<Name extends keyof OpAttributes<number>> = OpDefinition<OpAttributes<number>[Name]>;

/** A stack of matrices: its `row` and `column` axes and the others. Throws OpError. */
function matrixAxes(matrix: Operand, row: string, column: string) {
  requireNumbers([matrix]);
  const [rows, columns] = requireAxes(matrix, [row, column]) as [Axis, Axis];
  for (const { name, size } of [rows, columns]) {
    if (size === OPEN) throw new OpError(`The size of axis ${name} of a matrix must be known.`);
  }
  return { rows, columns, others: without(matrix.type.axes, [row, column]) };
}

function requireSquare({ rows, columns }: { readonly rows: Axis; readonly columns: Axis }): void {
  if (rows.size !== columns.size) {
    throw new OpError(
      `The matrix must be square, but ${rows.name} has ${entries(rows.size)} ` +
        `and ${columns.name} ${columns.size}.`,
    );
  }
}

const matrixOf = (inputs: readonly TensorType[]) =>
  operands(inputs, "the matrix", "the right side")[0] as Operand;

const solve: Rule<"solve"> = {
  doc:
    "x with m x = b: m has the row and the column axis, b the row axis, x the column axis in " +
    "its place.",
  arity: 2,
  numbers: "real",
  type(inputs, { row, column }) {
    const [m, b] = operands(inputs, "the matrix", "the right side") as [Operand, Operand];
    requireNumbers([b]);
    const matrix = matrixAxes(m, row, column);
    requireSquare(matrix);
    requireAxes(b, [row]);
    alignAxes([m, b]);
    if (findAxis(b.type, column) !== undefined) {
      throw new OpError(
        `The right side, ${typeText(b.type)}, has the axis ${column} that the solution gets; ` +
          "rename it first.",
      );
    }
    const place = replaceAxis(b.type.axes, row, [matrix.columns]);
    const added = matrix.others.filter(({ name }) => findAxis(b.type, name) === undefined);
    return [resultType("real", [...place, ...added])];
  },
  flops: (inputs, { row, column }) => {
    const { rows, others } = matrixAxes(matrixOf(inputs), row, column);
    const right = countOf(inputs[1]?.axes ?? []);
    return Math.round((2 / 3) * rows.size ** 3) * countOf(others) + 2 * rows.size * right;
  },
  evaluate: ([m, b], { row, column }, [type]) => {
    const [matrix, right] = [m as HostTensor, b as HostTensor];
    const result = type as TensorType;
    const { rows, columns, others } = matrixAxes(matrixOf([matrix.type]), row, column);
    const free = without(right.type.axes, [row]).filter(
      ({ name }) => findAxis(matrix.type, name) === undefined,
    );
    const n = rows.size;
    const width = countOf(free);
    const a = Float64Array.from(realLayout(matrix, [...others, rows, columns]));
    const x = Float64Array.from(realLayout(right, [...others, rows, ...free]));
    for (let s = 0; s < countOf(others); s++) {
      const system = a.subarray(s * n * n, (s + 1) * n * n);
      const solution = x.subarray(s * n * width, (s + 1) * n * width);
      if (!solveInPlace(system, solution, n, width)) {
        throw new OpError(
          `The matrix ${typeText(matrix.type)} is singular: ` +
            `its rows along ${row} are not independent.`,
        );
      }
    }
    return [{ type: result, data: reorder(x, [...others, columns, ...free], result.axes) }];
  },
};

const svd: Rule<"svd"> = {
  doc:
    "m[row, column] = left[row, into] value[into] right[into, column]: value (descending), left," +
    " right; " +
    "each left vector's entry of largest magnitude is positive.",
  arity: 1,
  numbers: "real",
  results: 3,
  type(inputs, { row, column, into }) {
    const { rows, columns, others } = matrixAxes(matrixOf(inputs), row, column);
    const rank = { name: into, size: Math.min(rows.size, columns.size) };
    return [
      resultType("real", [...others, rank]),
      resultType("real", [...others, rows, rank]),
      resultType("real", [...others, rank, columns]),
    ];
  },
  flops: (inputs, { row, column }) => {
    const { rows, columns, others } = matrixAxes(matrixOf(inputs), row, column);
    const [short, long] = [Math.min(rows.size, columns.size), Math.max(rows.size, columns.size)];
    return 14 * countOf(others) * long * short * short;
  },
  evaluate: ([m], { row, column }, types) => {
    const matrix = m as HostTensor;
    const { rows, columns, others } = matrixAxes(matrixOf([matrix.type]), row, column);
    const size = productSize([rows, columns]);
    const data = realLayout(matrix, [...others, rows, columns]);
    const found = Array.from({ length: countOf(others) }, (_, s) =>
      singularValues(data.subarray(s * size, (s + 1) * size), rows.size, columns.size),
    );
    const parts = [
      found.map(({ value }) => value),
      found.map(({ left }) => left),
      found.map(({ right }) => right),
    ];
    return types.map((type, i) => ({ type, data: concatenate(parts[i] ?? []) }));
  },
};

const eigh: Rule<"eigh"> = {
  doc:
    "Eigenvalues (ascending) and orthonormal eigenvectors of the symmetric part of m: " +
    "value[into], vector[row, into]; " +
    "each vector's entry of largest magnitude is positive.",
  arity: 1,
  numbers: "real",
  results: 2,
  type(inputs, { row, column, into }) {
    const matrix = matrixAxes(matrixOf(inputs), row, column);
    requireSquare(matrix);
    const count = { name: into, size: matrix.rows.size };
    return [
      resultType("real", [...matrix.others, count]),
      resultType("real", [...matrix.others, matrix.rows, count]),
    ];
  },
  flops: (inputs, { row, column }) => {
    const { rows, others } = matrixAxes(matrixOf(inputs), row, column);
    return 9 * countOf(others) * rows.size ** 3;
  },
  evaluate: ([m], { row, column }, types) => {
    const matrix = m as HostTensor;
    const { rows, columns, others } = matrixAxes(matrixOf([matrix.type]), row, column);
    const n = rows.size;
    const data = realLayout(matrix, [...others, rows, columns]);
    const found = Array.from({ length: countOf(others) }, (_, s) =>
      symmetricEigenvalues(data.subarray(s * n * n, (s + 1) * n * n), n),
    );
    const parts = [found.map(({ value }) => value), found.map(({ vector }) => vector)];
    return types.map((type, i) => ({ type, data: concatenate(parts[i] ?? []) }));
  },
};

/**
 * Row-major results of a stack of matrices, one after the other. `batch` is among the stack's axes,
 * so it is first already.
 */
function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let begin = 0;
  for (const part of parts) {
    whole.set(part, begin);
    begin += part.length;
  }
  return whole;
}

export const linearAlgebra = { solve, svd, eigh };
