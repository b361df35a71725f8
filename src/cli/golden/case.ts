/** A golden case: a folder with `case.json` (form 1) and three safetensors files. All of it is checked, none of it trusted. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, readSafetensors, type SafeTensor } from "memc/runtime";
import { InputError } from "../exit.ts";

/** `abs(a - b) <= atol + rtol * abs(b)` for every entry; `frobenius`: of the whole tensor, relative. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly frobenius?: number;
}

export interface Precision {
  readonly outputs: Tolerance;
  readonly grads: Tolerance;
}

export type Tensors = ReadonlyMap<string, SafeTensor>;

export interface GoldenCase {
  readonly system: string;
  readonly name: string;
  readonly hyperparameters: Hyperparameters;
  readonly tolerance: { readonly float64: Precision; readonly float32: Precision };
  /** Output tensors that must be equal to the last digit. */
  readonly exact: ReadonlySet<string>;
  readonly weights: Tensors;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
}

/** Sizes and switches by name; asking for one that is missing or of another kind is an error that names it. */
export class Hyperparameters {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #where: string;

  constructor(values: Readonly<Record<string, unknown>>, where: string) {
    this.#values = new Map(Object.entries(values));
    this.#where = where;
  }

  number(name: string, otherwise?: number): number {
    const value = this.#values.get(name) ?? otherwise;
    if (typeof value === "number") return value;
    throw this.wrong(name, "a number");
  }

  /** A number, or undefined where it is null or absent. */
  perhaps(name: string): number | undefined {
    const value = this.#values.get(name) ?? undefined;
    return value === undefined ? undefined : this.number(name);
  }

  flag(name: string, otherwise?: boolean): boolean {
    const value = this.#values.get(name) ?? otherwise;
    if (typeof value === "boolean") return value;
    throw this.wrong(name, "true or false");
  }

  numbers(name: string, otherwise?: readonly number[]): readonly number[] {
    const value = this.#values.get(name) ?? otherwise;
    if (Array.isArray(value) && value.every((item) => typeof item === "number")) return value;
    throw this.wrong(name, "a list of numbers");
  }

  flags(name: string, otherwise?: readonly boolean[]): readonly boolean[] {
    const value = this.#values.get(name) ?? otherwise;
    if (Array.isArray(value) && value.every((item) => typeof item === "boolean")) return value;
    throw this.wrong(name, "a list of true and false");
  }

  /** One of `words`. Null, false and absent are the word `none` where that is one. */
  word<Word extends string>(name: string, words: readonly Word[], otherwise?: Word): Word {
    const value = this.#values.get(name);
    const text =
      value === undefined ? otherwise : value === null || value === false ? "none" : value;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw this.wrong(name, `one of ${words.join(", ")}`);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Fails unless the value is one of those that a system's spec knows. Absent is fine. */
  require(name: string, ...allowed: readonly (string | number | boolean | null)[]): void {
    const value = this.#values.get(name);
    if (value === undefined || allowed.some((each) => each === value)) return;
    throw this.wrong(name, allowed.map((each) => JSON.stringify(each)).join(" or "));
  }

  wrong(name: string, wanted: string): InputError {
    const value = this.#values.get(name);
    return new InputError(`${this.#where}: ${name} is ${JSON.stringify(value)}, not ${wanted}`);
  }
}

/** Reads the case in `folder`. Throws InputError. */
export async function readCase(folder: string): Promise<GoldenCase> {
  const where = join(folder, "case.json");
  const json = await readJson(where);
  const { form, system, case: name } = json;
  if (form !== 1) throw new InputError(`${where} is of form ${JSON.stringify(form)}, not 1`);
  if (typeof system !== "string" || typeof name !== "string") {
    throw new InputError(`${where} names no system and case`);
  }
  const tolerance = record(json.tolerance, `${where}: tolerance`);
  const exact = tolerance.exact ?? [];
  const read = (file: string) => readTensors(join(folder, `${file}.safetensors`));
  return {
    system,
    name,
    hyperparameters: new Hyperparameters(record(json.hyperparameters, where), where),
    tolerance: {
      float64: precision(tolerance.float64, `${where}: tolerance.float64`),
      float32: precision(tolerance.float32, `${where}: tolerance.float32`),
    },
    exact: new Set(Array.isArray(exact) ? exact.map(String) : []),
    weights: await read("weights"),
    inputs: await read("inputs"),
    outputs: await read("outputs"),
  };
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return record(JSON.parse(await readFile(path, "utf8")), path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function readTensors(path: string): Promise<Tensors> {
  try {
    return readSafetensors(await readFile(path)).tensors;
  } catch (error) {
    if (error instanceof FormatError) throw new InputError(`${path}: ${error.message}`);
    throw new InputError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new InputError(`${where} is not an object`);
}

function precision(value: unknown, where: string): Precision {
  const { outputs, grads } = record(value, where);
  return { outputs: bounds(outputs, where), grads: bounds(grads, where) };
}

function bounds(value: unknown, where: string): Tolerance {
  const { rtol, atol, frobenius } = record(value, where);
  if (typeof rtol !== "number" || typeof atol !== "number") {
    throw new InputError(`${where} needs rtol and atol`);
  }
  return { rtol, atol, ...(typeof frobenius === "number" ? { frobenius } : {}) };
}
