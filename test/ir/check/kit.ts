/** Short forms for tests of the checker: check a text with the library beside it, show diagnostics, run what was made. */
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Checked, CheckOptions } from "../../../src/ir/check/check.ts";
import { check } from "../../../src/ir/check/check.ts";
import { differentiate } from "../../../src/ir/gradient/index.ts";
import type { Port } from "../../../src/ir/graph.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import { interpret } from "../../../src/ir/interpret.ts";
import type { CheckedModel, Program } from "../../../src/ir/program.ts";
import type { HostTensor } from "../../../src/ops/index.ts";
import { hostTensor, OPEN, transposeTo } from "../../../src/ops/index.ts";
import type { SourceFile } from "../../../src/parser/diagnostic.ts";
import { renderText } from "../../../src/parser/render.ts";
import { runGradient } from "../kit.ts";

/** The library as it is shipped. */
export const library: readonly SourceFile[] = readdirSync("specs/std").map((name) => ({
  path: `std/${name}`,
  text: readFileSync(`specs/std/${name}`, "utf8"),
}));

/** The spec as `spec.mem`, the library, and a file for each line `// name.mem: text`. */
export function sourcesOf(text: string): readonly SourceFile[] {
  const beside = [...text.matchAll(/^\/\/ (\w+\.mem): (.*)$/gm)].map(
    ([, path = "", file = ""]) => ({
      path,
      text: file,
    }),
  );
  return [...library, ...beside, { path: "spec.mem", text }];
}

export function checkText(text: string, options: CheckOptions = {}): Checked {
  return check(sourcesOf(text), "spec.mem", options);
}

/** The codes of a spec's diagnostics, in the order of the text. */
export function codesOf(text: string, options: CheckOptions = {}): readonly string[] {
  return checkText(text, options).diagnostics.map(({ code }) => code);
}

/** The diagnostics as `memc check` prints them. */
export function shownOf(text: string, options: CheckOptions = {}): string {
  return renderText(checkText(text, options).diagnostics, sourcesOf(text));
}

/** The model of a spec without errors or warnings. */
export function modelOf(text: string, options: CheckOptions = {}): CheckedModel {
  const { model } = checkText(text, options);
  expect(shownOf(text, options)).toBe("");
  return model!;
}

/** What a spec's program is: `evaluate` if not said. */
export function programOf(
  text: string,
  options: CheckOptions & { readonly kind?: Program["kind"] } = {},
): Program {
  const { kind = "evaluate", ...rest } = options;
  return modelOf(text, rest).programs[kind]!;
}

/** Paths of the parameters, sorted: `layer.*.attention.Wq`. */
export function parametersOf(text: string): readonly string[] {
  return programOf(text)
    .parameters.map(({ path }) => path.join("."))
    .sort();
}

/** Numbers in nested rows: the axes' sizes follow from the nesting. */
export type Rows = number | boolean | readonly Rows[];

function flat(rows: Rows): readonly number[] {
  return typeof rows === "number" || typeof rows === "boolean"
    ? [Number(rows)]
    : rows.flatMap(flat);
}

/**
 * Runs one segment for one example: `inputs` by name or address without the batch. `fresh` is on and every token valid unless
 * they are given; a state that is not given enters as 0 and a parameter is 1 everywhere. Gives every result by address
 * (`y`, `next m.s`, `loss main`), in nested rows; axes in the given order, others after them.
 */
export function run(
  program: Program,
  inputs: Readonly<Record<string, Rows>>,
  order: readonly string[] = [],
): Readonly<Record<string, Rows>> {
  const { graph } = program;
  const main = graph.functions.get(graph.main)!;
  const { results } = interpret(graph, graph.main, valuesOf(program, inputs));
  const named = main.results.map(
    (port, position) => [addressOf(port), rowsOf(results[position]!, order)] as const,
  );
  return Object.fromEntries(named);
}

/** The inputs of a segment in the order of the graph. */
function valuesOf(program: Program, inputs: Readonly<Record<string, Rows>>): readonly HostValue[] {
  const { graph } = program;
  const main = graph.functions.get(graph.main)!;
  return main.inputs.map((port): HostValue => {
    const address = port.path.join(".");
    const { kind, axes, copies } = port.value.type;
    const sized = axes.map(({ name, size }) => ({ name, size: size === OPEN ? 1 : size }));
    const count = [...sized.map(({ size }) => size), 1].reduce((all, size) => all * size, 1);
    const otherwise =
      address === "valid" || address === "fresh" || port.role === "parameter" ? 1 : 0;
    const given = inputs[address];
    const tensor = (rows: Rows | undefined): HostTensor => {
      const numbers = rows === undefined ? new Array<number>(count).fill(otherwise) : flat(rows);
      expect(numbers, `entries of ${address}`).toHaveLength(count);
      return hostTensor(kind, sized, numbers);
    };
    if (copies.length === 0) return tensor(given);
    return Array.from({ length: copies[0] ?? 0 }, (_, copy) =>
      tensor(Array.isArray(given) ? given[copy] : undefined),
    );
  });
}

/**
 * Gradients of one result (`y`, `next m.s`, `loss main`), its entries summed, with respect to the parameters, states and
 * arguments that have any, by address.
 */
export function gradientsOf(
  program: Program,
  inputs: Readonly<Record<string, Rows>>,
  result: string,
): Readonly<Record<string, Rows>> {
  const graph = differentiate(program.graph, {
    wrt: () => true,
    cotangents: (port) => addressOf(port) === result,
    always: () => false,
  });
  const { type } = program.graph.functions
    .get(program.graph.main)!
    .results.find((port) => addressOf(port) === result)!.value;
  const axes = type.axes.map(({ name, size }) => ({ name, size: size === OPEN ? 1 : size }));
  const count = axes.reduce((all, { size }) => all * size, 1);
  const ones = hostTensor("real", axes, new Array<number>(count).fill(1));
  const { gradients } = runGradient(graph, valuesOf(program, inputs), () => ones);
  return Object.fromEntries(
    [...gradients].map(([path, value]) => [path.replace(/^\w+\./, ""), rowsOf(value, [])]),
  );
}

const addressOf = ({ role, path }: Port): string =>
  (role === "next" || role === "loss" || role === "count" ? `${role} ` : "") + path.join(".");

function rowsOf(value: HostValue, order: readonly string[]): Rows {
  if (!("data" in value)) return value.map((copy) => rowsOf(copy, order));
  const names = value.type.axes.map(({ name }) => name).filter((name) => name !== "batch");
  const wanted = [
    ...order.filter((name) => names.includes(name)),
    ...names.filter((name) => !order.includes(name)),
  ];
  const ordered = transposeTo(
    value,
    ["batch", ...wanted].filter((name) => value.type.axes.some((axis) => axis.name === name)),
  );
  const axes = ordered.type.axes.filter(({ name }) => name !== "batch");
  const nest = (numbers: readonly number[], sizes: readonly number[]): Rows => {
    const [size, ...inner] = sizes;
    if (size === undefined) return numbers[0] ?? Number.NaN;
    const step = numbers.length / size;
    return Array.from({ length: size }, (_, i) =>
      nest(numbers.slice(i * step, (i + 1) * step), inner),
    );
  };
  return nest(
    [...ordered.data],
    axes.map(({ size }) => size),
  );
}
