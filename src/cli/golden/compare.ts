/** How far a tensor is from a case's, in units of what the case allows. */
import type { Tolerance } from "./case.ts";

/**
 * The largest error as a multiple of what the tolerance allows: at most 1 is a match. An entry that is not finite, unless both
 * are the same infinity, is infinitely far.
 */
export function distance(
  found: ArrayLike<number>,
  wanted: ArrayLike<number | bigint>,
  { rtol, atol, frobenius }: Tolerance,
): number {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let errors = 0;
  let norm = 0;
  for (let i = 0; i < found.length; i++) {
    const a = Number(found[i]);
    const b = Number(wanted[i]);
    if (a === b) {
      norm += b * b;
      continue;
    }
    const error = Math.abs(a - b);
    if (!Number.isFinite(error)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, error / (atol + rtol * Math.abs(b)));
    errors += error * error;
    norm += b * b;
  }
  if (frobenius !== undefined && errors > 0) {
    worst = Math.max(worst, Math.sqrt(errors) / (frobenius * Math.sqrt(norm)));
  }
  return worst;
}

/** 0 for equal entries, infinity for any others. */
export function exactDistance(
  found: ArrayLike<number>,
  wanted: ArrayLike<number | bigint>,
): number {
  return distance(found, wanted, { rtol: 0, atol: 0 });
}
