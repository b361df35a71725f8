import { describe, expect, it } from "vitest";
import { erf } from "../../src/ops/special-functions.ts";
import { randomFrom } from "./kit.ts";

const DIGITS = 400n;
const ONE = 1n << DIGITS;

/** A double as a fixed-point number with 400 binary places; exact for magnitudes above 2^-300. */
function fixed(x: number): bigint {
  const scaled = BigInt(x * 2 ** 60 - ((x * 2 ** 60) % 1));
  return (scaled << (DIGITS - 60n)) + (BigInt(((x * 2 ** 60) % 1) * 2 ** 200) << (DIGITS - 260n));
}

const times = (a: bigint, b: bigint) => (a * b) >> DIGITS;

/** sqrt(pi) by Newton's iteration on pi from Machin's formula. */
function rootOfPi(): bigint {
  const arctan = (inverse: bigint) => {
    let term = ONE / inverse;
    let sum = term;
    for (let n = 3n; term !== 0n; n += 2n) {
      term = -term / (inverse * inverse);
      sum += term / n;
    }
    return sum;
  };
  const pi = 4n * (4n * arctan(5n) - arctan(239n));
  let root = 2n * ONE;
  for (let i = 0; i < 20; i++) root = (root + (pi << DIGITS) / root) / 2n;
  return root;
}

/** The Maclaurin series of erf in fixed point. */
function slowErf(x: number): number {
  const z = fixed(x);
  const square = times(z, z);
  let power = z;
  let sum = z;
  for (let n = 1n; power !== 0n && power !== -1n; n++) {
    power = -times(power, square) / n;
    sum += power / (2n * n + 1n);
  }
  const result = ((2n * sum) << DIGITS) / rootOfPi();
  return Number(result >> (DIGITS - 120n)) / 2 ** 120;
}

describe("erf", () => {
  it("is exact to 1e-15 of its value", () => {
    const random = randomFrom("erf");
    const xs = [1e-9, 0.001, 0.5, 1, 1.9999999, 2, 2.0000001, 3, 5.9, 6, 6.1];
    for (let i = 0; i < 200; i++) xs.push(random.uniform() * 6);
    for (const x of xs) {
      const wanted = slowErf(x);
      expect(Math.abs(erf(x) - wanted) / wanted, `erf(${x})`).toBeLessThan(1e-15);
      expect(erf(-x)).toBe(-erf(x));
    }
  });

  it("is proportional to tiny arguments and settles at ±1", () => {
    expect(erf(1e-300) / 1e-300).toBeCloseTo(2 / Math.sqrt(Math.PI), 15);
    expect([erf(0), erf(40), erf(-Infinity), erf(NaN)]).toEqual([0, 1, -1, NaN]);
  });
});
