/** Dense linear algebra on row-major matrices in double precision. */

/**
 * Solves m x = b in place by Gaussian elimination with partial pivoting: `m` [n, n] is destroyed,
 * `b` [n, columns] becomes x. Returns false if m is singular to working precision. A matrix with
 * NaN or infinite entries gives NaN.
 */
export function solveInPlace(
  m: Float64Array,
  b: Float64Array,
  n: number,
  columns: number,
): boolean {
  if (!m.every(Number.isFinite)) {
    b.fill(Number.NaN);
    return true;
  }
  const { rowScale, columnScale } = scales(m, n);
  for (let p = 0; p < n; p++) {
    let pivotRow = p;
    for (let i = p + 1; i < n; i++) {
      if (Math.abs(m[i * n + p] as number) > Math.abs(m[pivotRow * n + p] as number)) pivotRow = i;
    }
    swapRows(m, p, pivotRow, n);
    swapRows(b, p, pivotRow, columns);
    swapRows(rowScale, p, pivotRow, 1);
    const pivot = m[p * n + p] as number;
    const scale = Math.min(rowScale[p] as number, columnScale[p] as number);
    if (Math.abs(pivot) <= 2 * Number.EPSILON * scale) return false;
    for (let i = p + 1; i < n; i++) {
      const factor = (m[i * n + p] as number) / pivot;
      if (factor === 0) continue;
      subtractRow(m, i * n + p, p * n + p, n - p, factor);
      subtractRow(b, i * columns, p * columns, columns, factor);
    }
  }
  for (let p = n - 1; p >= 0; p--) {
    for (let i = p + 1; i < n; i++) {
      subtractRow(b, p * columns, i * columns, columns, m[p * n + i] as number);
    }
    const pivot = m[p * n + p] as number;
    for (let c = p * columns; c < (p + 1) * columns; c++) b[c] = (b[c] as number) / pivot;
  }
  return true;
}

/** Largest magnitude in each row and each column. */
function scales(m: Float64Array, n: number) {
  const rowScale = new Float64Array(n);
  const columnScale = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const magnitude = Math.abs(m[i * n + j] as number);
      rowScale[i] = Math.max(rowScale[i] as number, magnitude);
      columnScale[j] = Math.max(columnScale[j] as number, magnitude);
    }
  }
  return { rowScale, columnScale };
}

function swapRows(m: Float64Array, a: number, b: number, width: number): void {
  if (a === b) return;
  for (let j = 0; j < width; j++) {
    const kept = m[a * width + j] as number;
    m[a * width + j] = m[b * width + j] as number;
    m[b * width + j] = kept;
  }
}

/** Entries target .. target + count - 1 less `factor` times those from `source` on. */
function subtractRow(
  m: Float64Array,
  target: number,
  source: number,
  count: number,
  factor: number,
): void {
  for (let j = 0; j < count; j++) {
    m[target + j] = (m[target + j] as number) - factor * (m[source + j] as number);
  }
}

/**
 * m [rows, columns] = left [rows, k] diag(value [k]) right [k, columns], k = min(rows, columns).
 */
export interface SingularValues {
  readonly value: Float64Array;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** More sweeps than a Jacobi iteration on a finite matrix needs. */
const SWEEPS = 60;

/**
 * The singular value decomposition by one-sided Jacobi rotations (Hestenes 1958): values
 * descending; the entry of largest magnitude in each left vector, the first of equals, is positive.
 * A matrix with NaN or infinite entries gives NaN.
 */
export function singularValues(m: Float64Array, rows: number, columns: number): SingularValues {
  const k = Math.min(rows, columns);
  const value = new Float64Array(k);
  const left = new Float64Array(rows * k);
  const right = new Float64Array(k * columns);
  if (!m.every(Number.isFinite)) {
    return { value: value.fill(NaN), left: left.fill(NaN), right: right.fill(NaN) };
  }
  const wide = rows < columns;
  const [long, short] = wide ? [columns, rows] : [rows, columns];
  const scale = m.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0) || 1;
  // Row j is column j of the matrix (of its transpose, if it is wide), and of the accumulated
  // rotations.
  const turned = new Float64Array(short * long);
  const rotation = identity(short);
  for (let j = 0; j < short; j++) {
    for (let i = 0; i < long; i++) {
      turned[j * long + i] = (m[wide ? j * columns + i : i * columns + j] as number) / scale;
    }
  }
  orthogonalize(turned, rotation, short, long);
  const norms = Array.from({ length: short }, (_, j) =>
    Math.sqrt(dot(turned, j * long, j * long, long)),
  );
  const sorted = norms.map((_, j) => j).sort((a, b) => (norms[b] as number) - (norms[a] as number));
  const least = Number.EPSILON * long * (norms[sorted[0] ?? 0] ?? 0);
  const basis = new Float64Array(short * long);
  sorted.forEach((j, place) => {
    const norm = norms[j] as number;
    if (norm > least) {
      for (let i = 0; i < long; i++) {
        basis[place * long + i] = (turned[j * long + i] as number) / norm;
      }
    } else appendOrthogonal(basis, place, long);
    value[place] = norm * scale;
    const inner = rotation.subarray(j * short, (j + 1) * short);
    const outer = basis.subarray(place * long, (place + 1) * long);
    const [u, v] = wide ? [inner, outer] : [outer, inner];
    const sign = signOf(u);
    for (let i = 0; i < rows; i++) left[i * k + place] = sign * (u[i] as number);
    for (let i = 0; i < columns; i++) right[place * columns + i] = sign * (v[i] as number);
  });
  return { value, left, right };
}

/**
 * Rotates pairs of the `count` rows of `turned` until all are orthogonal, and the rows of
 * `rotation` alike.
 */
function orthogonalize(
  turned: Float64Array,
  rotation: Float64Array,
  count: number,
  length: number,
): void {
  const negligible = Number.EPSILON * Math.sqrt(length);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let done = true;
    for (let p = 0; p < count; p++) {
      for (let q = p + 1; q < count; q++) {
        const a = dot(turned, p * length, p * length, length);
        const b = dot(turned, q * length, q * length, length);
        const mixed = dot(turned, p * length, q * length, length);
        if (Math.abs(mixed) <= negligible * Math.sqrt(a * b)) continue;
        done = false;
        const { cosine, sine } = rotationFor(a, b, mixed);
        rotate(turned, p * length, q * length, length, 1, cosine, sine);
        rotate(rotation, p * count, q * count, count, 1, cosine, sine);
      }
    }
    if (done) return;
  }
}

/**
 * The rotation that makes the symmetric matrix [[a, mixed], [mixed, b]] diagonal (Golub and Van
 * Loan, 8.5.2).
 */
function rotationFor(a: number, b: number, mixed: number): { cosine: number; sine: number } {
  const zeta = (b - a) / (2 * mixed);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  return { cosine, sine: cosine * tangent };
}

/** Turns two lines of entries, which begin at p and q, in their plane. */
function rotate(
  m: Float64Array,
  p: number,
  q: number,
  length: number,
  step: number,
  cosine: number,
  sine: number,
): void {
  for (let i = 0; i < length * step; i += step) {
    const x = m[p + i] as number;
    const y = m[q + i] as number;
    m[p + i] = cosine * x - sine * y;
    m[q + i] = sine * x + cosine * y;
  }
}

function dot(m: Float64Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (m[a + i] as number) * (m[b + i] as number);
  return sum;
}

/**
 * Makes row `place` a unit vector orthogonal to the rows before it: the axis farthest from them,
 * less its part among them.
 */
function appendOrthogonal(basis: Float64Array, place: number, length: number): void {
  const covered = new Float64Array(length);
  for (let r = 0; r < place; r++) {
    for (let i = 0; i < length; i++) {
      covered[i] = (covered[i] as number) + (basis[r * length + i] as number) ** 2;
    }
  }
  const axis = covered.indexOf(covered.reduce((least, x) => Math.min(least, x), Infinity));
  const row = place * length;
  basis[row + axis] = 1;
  // Twice is enough for orthogonality to working precision (Kahan, in Parlett 1980, 6.9).
  for (let pass = 0; pass < 2; pass++) {
    for (let r = 0; r < place; r++) {
      subtractRow(basis, row, r * length, length, dot(basis, row, r * length, length));
    }
  }
  const norm = Math.sqrt(dot(basis, row, row, length));
  for (let i = row; i < row + length; i++) basis[i] = (basis[i] as number) / norm;
}

/** The sign of the entry of largest magnitude, the first of those equal up to rounding. */
function signOf(vector: Float64Array): number {
  const largest = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const found = vector.find((x) => Math.abs(x) >= largest * (1 - 1e-9)) ?? 1;
  return found < 0 ? -1 : 1;
}

function identity(n: number): Float64Array {
  const m = new Float64Array(n * n);
  for (let i = 0; i < n; i++) m[i * n + i] = 1;
  return m;
}

/** m [n, n] = sum over k of value[k] vector[:, k] vector[:, k]^T. */
export interface Eigenvalues {
  readonly value: Float64Array;
  readonly vector: Float64Array;
}

/**
 * Eigenvalues, ascending, and orthonormal eigenvectors of the symmetric part of a matrix, by cyclic
 * Jacobi rotations. The entry of largest magnitude in each vector is positive. A matrix with NaN or
 * infinite entries gives NaN.
 */
export function symmetricEigenvalues(m: Float64Array, n: number): Eigenvalues {
  const value = new Float64Array(n);
  const vector = new Float64Array(n * n);
  if (!m.every(Number.isFinite)) return { value: value.fill(NaN), vector: vector.fill(NaN) };
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      a[i * n + j] = (m[i * n + j] as number) / 2 + (m[j * n + i] as number) / 2;
    }
  }
  const rotation = identity(n);
  diagonalize(a, rotation, n);
  const found = Array.from({ length: n }, (_, i) => a[i * n + i] as number);
  const sorted = found.map((_, i) => i).sort((i, j) => (found[i] as number) - (found[j] as number));
  sorted.forEach((j, place) => {
    value[place] = found[j] as number;
    const row = rotation.subarray(j * n, (j + 1) * n);
    const sign = signOf(row);
    for (let i = 0; i < n; i++) vector[i * n + place] = sign * (row[i] as number);
  });
  return { value, vector };
}

/**
 * Rotates a symmetric matrix until it is diagonal to working precision; row j of `rotation` becomes
 * eigenvector j.
 */
function diagonalize(a: Float64Array, rotation: Float64Array, n: number): void {
  const largest = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const negligible = (Number.EPSILON * largest) / 16;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let done = true;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const mixed = a[p * n + q] as number;
        if (Math.abs(mixed) <= negligible) continue;
        done = false;
        const { cosine, sine } = rotationFor(a[p * n + p] as number, a[q * n + q] as number, mixed);
        rotate(a, p * n, q * n, n, 1, cosine, sine);
        rotate(a, p, q, n, n, cosine, sine);
        a[p * n + q] = 0;
        a[q * n + p] = 0;
        rotate(rotation, p * n, q * n, n, 1, cosine, sine);
      }
    }
    if (done) return;
  }
}
