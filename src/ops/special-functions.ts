/** Scalar functions in double precision. */

/**
 * The error function, relative error below 1e-15.
 *
 * For |x| < 2 the series erf x = 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n + 1) / (2n + 1)!! (Abramowitz
 * and Stegun 7.1.6), whose terms are all of one sign; beyond, 1 - erfc x with the continued
 * fraction 7.1.14. Both are evaluated from their ends.
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2) {
    let sum = 1;
    for (let n = 8 + Math.ceil(20 * magnitude); n >= 1; n--) {
      sum = 1 + (x * x * sum) / (n + 0.5);
    }
    return TWO_OVER_ROOT_PI * x * sum * expOfNegativeSquare(magnitude);
  }
  if (magnitude >= 6) return Math.sign(x);
  let fraction = magnitude;
  for (let n = 60; n >= 1; n--) fraction = magnitude + n / 2 / fraction;
  const complement = expOfNegativeSquare(magnitude) / (ROOT_PI * fraction);
  return Number.isNaN(x) ? x : Math.sign(x) * (1 - complement);
}

const ROOT_PI = Math.sqrt(Math.PI);
const TWO_OVER_ROOT_PI = 2 / ROOT_PI;

/**
 * exp(-x^2) to the accuracy of exp: the rounding error of x^2, which exp would magnify, is avoided
 * by taking apart a part of x whose square is exact (Cody 1969).
 */
function expOfNegativeSquare(x: number): number {
  const exact = Math.trunc(x * 16) / 16;
  return Math.exp(-exact * exact) * Math.exp(-(x - exact) * (x + exact));
}

/** 1 / (1 + exp(-x)) without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * x Phi(x), Phi the normal distribution function (Hendrycks and Gimpel 2016, the form with erf).
 */
export function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

/** NaN stays NaN. */
export function relu(x: number): number {
  return x > 0 || Number.isNaN(x) ? x : 0;
}

/** Nearest whole number, a half to the even one. */
export function roundToEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Towards 0, NaN to 0, and to the nearest 32-bit integer where there is none. */
export function truncateToInt(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.trunc(Math.min(Math.max(x, -2147483648), 2147483647));
}

/** Division rounded down; by 0 it is 0. */
export function floorDivide(a: number, b: number): number {
  return b === 0 ? 0 : Math.floor(a / b);
}

/** Remainder of the division rounded down, so with the sign of b; by 0 it is 0. */
export function floorModulo(a: number, b: number): number {
  if (b === 0) return 0;
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}
