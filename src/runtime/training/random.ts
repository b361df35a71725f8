/**
 * Random numbers as a function of where they are used, not of when (rule R20): Philox4x32-10, the counter-based
 * generator of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 *
 * A number is keyed by (seed, step, segment, address, example) and its row-major position in the declared shape. Execution
 * order, batch size and the engine do not enter, so replay, recompute and resume see the same numbers.
 */
import { BATCH, type HostTensor, type NumberKind, type TensorType } from "../../ops/index.ts";
import type { Axes, DrawDeclaration } from "../model.ts";

/** Four 32-bit words, unsigned. */
export type Words4 = readonly [number, number, number, number];
/** Two 32-bit words, unsigned, low word first. */
export type Words2 = readonly [number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + (cross >>> 16)) >>> 0;
}

/** The block function: ten rounds on a 128-bit counter under a 64-bit key, words least significant first. */
export function philox4x32(counter: Words4, key: Words2): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** 64-bit FNV-1a hash of the UTF-8 bytes of an address. */
export function hashAddress(address: string): Words2 {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(address)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}

/** The example index under which a draw shared by the whole batch is made. */
const WHOLE_BATCH = 0xffffffff;
/** Sets the counter blocks that mix seed and address apart from every other use of the seed. */
const KEY_DOMAIN = 0x6d656d63;

/** Throws RangeError unless the seed is an integer in 0 .. 2^53 - 1. */
export function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`A seed is an integer from 0 to 2^53 - 1, not ${seed}.`);
  }
}

/** Where numbers are drawn, apart from the seed and the example. */
export interface DrawPlace {
  /** Optimiser step, or any other 32-bit count. */
  readonly step: number;
  /** Segment within the step. */
  readonly segment: number;
  /** What is drawn: `layer[3].dropout.u`. */
  readonly address: string;
}

/** The words of one key, in order; word i is the same however many are taken. */
export class RandomWords {
  readonly #key: Words2;
  readonly #example: number;
  readonly #segment: number;
  readonly #step: number;
  #block = 0;
  #words: Words4 = [0, 0, 0, 0];
  #used = 4;

  constructor(seed: number, place: DrawPlace, example: number) {
    checkSeed(seed);
    const [low, high] = hashAddress(place.address);
    const seedKey: Words2 = [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0];
    const mixed = philox4x32([low, high, KEY_DOMAIN, 0], seedKey);
    this.#key = [mixed[0], mixed[1]];
    this.#example = example >>> 0;
    this.#segment = place.segment >>> 0;
    this.#step = place.step >>> 0;
  }

  /** The next 32-bit word, unsigned. */
  next(): number {
    if (this.#used === 4) {
      this.#words = philox4x32([this.#block, this.#example, this.#segment, this.#step], this.#key);
      this.#block = (this.#block + 1) >>> 0;
      this.#used = 0;
    }
    return this.#words[this.#used++ as 0 | 1 | 2 | 3];
  }

  /** Uniform in [0, 1): a multiple of 2^-24, so that float32 holds it exactly. */
  uniform(): number {
    return (this.next() >>> 8) * 2 ** -24;
  }

  /** Uniform over 0 .. below - 1, for 1 <= below <= 2^31 (bias below 2^-32 * below). */
  integer(below: number): number {
    // Exact enough not to reach `below`: 1 - 2^-32 times below <= 2^31 is at least 2^-2 away in steps of 2^-22.
    return Math.floor((this.next() / 0x100000000) * below);
  }

  /** Two independent standard normal numbers, by Box and Muller (1958), rounded to float32. */
  normalPair(): readonly [number, number] {
    const radius = Math.sqrt(-2 * Math.log((this.next() + 1) / 0x100000000));
    const angle = 2 * Math.PI * (this.next() / 0x100000000);
    return [Math.fround(radius * Math.cos(angle)), Math.fround(radius * Math.sin(angle))];
  }

  /** 0 .. count - 1 in random order (Fisher and Yates). */
  permutation(count: number): Int32Array {
    const order = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i] as number;
      order[i] = order[j] as number;
      order[j] = kept;
    }
    return order;
  }
}

/** Number kind of the tensor a distribution gives: bernoulli gives flags, integer ints, the others reals. */
export function drawKind(distribution: DrawDeclaration["distribution"]): NumberKind {
  switch (distribution.kind) {
    case "uniform":
    case "normal":
      return "real";
    case "bernoulli":
      return "flag";
    case "integer":
      return "int";
    default:
      return distribution satisfies never;
  }
}

/** Type of a draw for a batch: `[batch, ...axes]`, or `axes` alone for a shared one. */
export function drawType(declaration: DrawDeclaration, batch: number): TensorType {
  const axes = axesOf(declaration.axes);
  return {
    kind: drawKind(declaration.distribution),
    axes: declaration.shared ? axes : [{ name: BATCH, size: batch }, ...axes],
  };
}

/** The numbers of one draw in one segment (rule R20). */
export function drawTensor(
  declaration: DrawDeclaration,
  seed: number,
  place: DrawPlace,
  batch: number,
): HostTensor {
  const type = drawType(declaration, batch);
  const each = axesOf(declaration.axes).reduce((count, axis) => count * axis.size, 1);
  const examples = declaration.shared ? 1 : batch;
  const numbers = new Float64Array(examples * each);
  for (let example = 0; example < examples; example++) {
    const words = new RandomWords(seed, place, declaration.shared ? WHOLE_BATCH : example);
    numbers.set(drawNumbers(declaration.distribution, words, each), example * each);
  }
  switch (type.kind) {
    case "real":
      return { type, data: numbers };
    case "int":
      return { type, data: Int32Array.from(numbers) };
    case "flag":
      return { type, data: Uint8Array.from(numbers) };
    default:
      return type.kind satisfies never;
  }
}

/** `count` numbers of a distribution; flags are 0 and 1. */
export function drawNumbers(
  distribution: DrawDeclaration["distribution"],
  words: RandomWords,
  count: number,
): Float64Array {
  const numbers = new Float64Array(count);
  switch (distribution.kind) {
    case "uniform":
      for (let i = 0; i < count; i++) numbers[i] = words.uniform();
      return numbers;
    case "bernoulli":
      for (let i = 0; i < count; i++) {
        numbers[i] = words.uniform() < distribution.probability ? 1 : 0;
      }
      return numbers;
    case "integer":
      for (let i = 0; i < count; i++) numbers[i] = words.integer(distribution.below);
      return numbers;
    case "normal":
      for (let i = 0; i < count; i += 2) {
        const [first, second] = words.normalPair();
        numbers[i] = first;
        if (i + 1 < count) numbers[i + 1] = second;
      }
      return numbers;
    default:
      return distribution satisfies never;
  }
}

/** Axes of a declaration as a list, in their declared order. */
export function axesOf(axes: Axes): { readonly name: string; readonly size: number }[] {
  return Object.entries(axes).map(([name, size]) => ({ name, size }));
}
