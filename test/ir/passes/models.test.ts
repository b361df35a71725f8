/** The programs of whole specs compute the same with all passes and with none: losses, outputs, states and gradients. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lower } from "../../../src/codegen/compile.ts";
import { segmentVariants } from "../../../src/codegen/segment-functions.ts";
import type { Graph, GraphFunction, Port } from "../../../src/ir/graph.ts";
import type { HostValue } from "../../../src/ir/interpret.ts";
import { interpret } from "../../../src/ir/interpret.ts";
import { passes } from "../../../src/ir/passes/index.ts";
import type { CheckedModel, Program } from "../../../src/ir/program.ts";
import { verify } from "../../../src/ir/verify.ts";
import { entriesOf, Random } from "../kit.ts";
import { expectEqualValues, functionOf } from "./kit.ts";

const seed = 23;

const library = readdirSync("specs/std").map((name) => ({
  path: `std/${name}`,
  text: readFileSync(`specs/std/${name}`, "utf8"),
}));

function model(spec: string, settings: Readonly<Record<string, string>>, all: boolean) {
  const sources = [...library, { path: spec, text: readFileSync(`specs/${spec}`, "utf8") }];
  const illegal: string[] = [];
  const lowered = lower(sources, spec, {
    settings,
    passes: all
      ? {
          observe: ({ pass, after }) => {
            illegal.push(...verify(after).map((problem) => `after ${pass.name}: ${problem}`));
          },
        }
      : "none",
  });
  expect(lowered.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(illegal).toEqual([]);
  if (lowered.model === undefined) throw new Error(`${spec} does not compile.`);
  return lowered.model;
}

const keyOf = ({ role, struct, path }: Port): string => [role, struct, ...path].join(".");

type Named = ReadonlyMap<string, HostValue>;

function run(graph: Graph, called: GraphFunction, known: Named, random: Random): Named {
  const inputs = called.inputs.map(
    (port) => known.get(keyOf(port)) ?? random.value(port.value.type, { batch: 2 }),
  );
  const { results } = interpret(graph, called.name, inputs);
  const all = new Map(known);
  for (const [position, port] of called.inputs.entries()) {
    const value = inputs[position];
    if (value !== undefined) all.set(keyOf(port), value);
  }
  for (const [position, port] of called.results.entries()) {
    const value = results[position];
    if (value !== undefined) all.set(keyOf(port), value);
  }
  return all;
}

/** Inputs for every port, by address, so that both graphs are given the same in whatever order they ask. */
function values(program: Program): Named {
  const random = new Random(seed);
  const main = functionOf(program.graph);
  const ports = [...main.inputs].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return new Map(ports.map((port) => [keyOf(port), random.value(port.value.type, { batch: 2 })]));
}

function compare(plain: Program, fused: Program): void {
  const given = values(plain);
  const wanted = run(plain.graph, functionOf(plain.graph), given, new Random(seed));
  const found = run(fused.graph, functionOf(fused.graph), given, new Random(seed));
  const shown = (ports: readonly Port[]) =>
    ports.filter(({ role }) => role !== "residual").map(keyOf);
  const results = shown(functionOf(plain.graph).results);
  expect(shown(functionOf(fused.graph).results)).toEqual(results);
  for (const key of results) expectSame(key, found, wanted);
  if (plain.kind !== "train") return;
  const random = new Random(seed + 1);
  const variants = [plain, fused].map(({ graph }) => segmentVariants(graph));
  const critical = variants.map((each) => each.critical);
  if (critical[0] !== undefined && critical[1] !== undefined) {
    const sweep = run(plain.graph, functionOf(plain.graph, critical[0]), given, new Random(seed));
    const other = run(fused.graph, functionOf(fused.graph, critical[1]), given, new Random(seed));
    for (const key of results.filter((each) => each.startsWith("next"))) {
      expectSame(key, sweep, wanted);
      expectSame(key, other, wanted);
    }
  }
  const halves = [
    functionOf(plain.graph, variants[0]?.backward),
    functionOf(fused.graph, variants[1]?.backward),
  ] as const;
  const cotangents = new Map(
    halves[0].inputs
      .filter(({ role }) => role === "cotangent")
      .map((port) => [keyOf(port), random.value(port.value.type, { batch: 2 })]),
  );
  const before = run(plain.graph, halves[0], new Map([...wanted, ...cotangents]), random);
  const after = run(fused.graph, halves[1], new Map([...found, ...cotangents]), random);
  const gradients = halves[0].results.map(keyOf);
  expect(halves[1].results.map(keyOf).sort()).toEqual([...gradients].sort());
  expect(gradients.length).toBeGreaterThan(0);
  for (const key of gradients) expectSame(key, after, before);
}

function expectSame(key: string, found: Named, wanted: Named): void {
  const [value, other] = [wanted.get(key), found.get(key)];
  if (value === undefined || other === undefined) throw new Error(`${key} is missing.`);
  expect(
    entriesOf(value).some((entry) => Number.isNaN(entry)),
    key,
  ).toBe(false);
  expectEqualValues(other, value, key);
}

function programs(checked: CheckedModel): readonly Program[] {
  const { train, evaluate, generate } = checked.programs;
  return [train, evaluate, generate].filter((program) => program !== undefined);
}

const specs: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["memformer.mem", { D: "8", heads: "2", hidden: "6", vocab: "5", slots: "3" }],
  [
    "memformer.mem",
    { D: "4", heads: "1", hidden: "3", vocab: "5", slots: "1", encoders: "1", decoders: "1" },
  ],
  ["transformer-xl.mem", { D: "8", heads: "2", key: "4", hidden: "6", vocab: "5", depth: "2" }],
  ["infinity-former.mem", { D: "8", heads: "2", hidden: "6", vocab: "5", depth: "2" }],
];

describe(`programs of specs (seed ${seed}, ${passes.length} passes)`, () => {
  for (const [spec, settings] of specs) {
    it(`${spec} with ${JSON.stringify(settings)}`, { timeout: 60_000 }, () => {
      const plain = programs(model(spec, settings, false));
      const fused = programs(model(spec, settings, true));
      expect(fused.map(({ kind }) => kind)).toEqual(plain.map(({ kind }) => kind));
      for (const [index, program] of plain.entries()) {
        const other = fused[index];
        if (other !== undefined) compare(program, other);
      }
    });
  }
});
