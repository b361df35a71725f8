/** The continuous memory's settings that no golden case has: fits without padding, resets by rows, sizes that are refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { codesOf, programOf, type Rows, run } from "./kit.ts";

const length = 7;
const widths = [0.2, 0.4];
const bases = 10;
const [points, contract, ridge] = [5, 0.6, 0.5];
const below = (count: number) => Array.from({ length: count }, (_, i) => i);
const centers = below(bases).map(
  (j) => Math.floor(j / widths.length) / (bases / widths.length - 1),
);
const spreads = below(bases).map((j) => widths[j % widths.length]!);

/** What every basis function is at a time. */
const basisAt = (time: number): readonly number[] =>
  centers.map(
    (center, j) =>
      Math.exp(-0.5 * ((time - center) / spreads[j]!) ** 2) /
      (spreads[j]! * Math.sqrt(2 * Math.PI)),
  );

/** Coefficients of the ridge regression of values on the basis functions, by Gauss and Jordan. */
function ridgeFit(times: readonly number[], values: readonly number[]): readonly number[] {
  const rows = times.map(basisAt);
  const system = below(bases).map((i) => [
    ...below(bases).map((j) =>
      rows.reduce((sum, row) => sum + row[i]! * row[j]!, i === j ? ridge : 0),
    ),
    rows.reduce((sum, row, p) => sum + row[i]! * values[p]!, 0),
  ]);
  for (const i of below(bases)) {
    const pivot = system[i]!.map((entry) => entry / system[i]![i]!);
    system[i] = pivot;
    for (const k of below(bases)) {
      const factor = system[k]![i]!;
      if (k !== i) system[k] = system[k]!.map((entry, j) => entry - factor * pivot[j]!);
    }
  }
  return system.map((row) => row.at(-1)!);
}

test("without padding only the rows count, and resets forget what is as many rows or more", () => {
  const settings = {
    D: "1",
    heads: "1",
    key: "1",
    block: String(length),
    bases: String(bases),
    resample: String(points),
    widths: `[${widths.join(",")}]`,
    contract: String(contract),
    ridge: String(ridge),
    gate: "none",
    padding: "off",
    reset: "every(rows=15)",
    "train.segment": "2",
  };
  const program = programOf(readFileSync("specs/continuous-layer.mem", "utf8"), { settings });
  const early = below(length).map((j) => (j + 0.5) / length);
  const later = [
    ...below(points).map((i) => (contract * (i + 1)) / points),
    ...below(length).map((j) => contract + ((1 - contract) * (j + 1)) / length),
  ];
  let known: readonly number[] | undefined;
  let absorbed = 0;
  let state: Readonly<Record<string, Rows>> = { fresh: 1 };
  for (const segment of below(5)) {
    const signal = below(length).map((j) => Math.sin(3 * segment + 1.3 * j));
    if (absorbed * length >= 15) [known, absorbed] = [undefined, 0];
    const old = known;
    const past = below(points).map((i) =>
      basisAt((i + 1) / points).reduce((sum, psi, j) => sum + psi * (old?.[j] ?? 0), 0),
    );
    known = old === undefined ? ridgeFit(early, signal) : ridgeFit(later, [...past, ...signal]);
    absorbed += 1;
    const result = run(program, { ...state, signal, query: [0.1, 0.3] });
    expect(result["next ltm.absorbed"]).toBe(absorbed);
    const [found, wanted] = [result["next ltm.B"] as readonly (readonly number[])[], known];
    for (const j of below(bases)) expect(found.flat()[j]).toBeCloseTo(wanted[j]!, 12);
    state = { fresh: 0, "ltm.B": result["next ltm.B"]!, "ltm.absorbed": absorbed };
  }
});

test.for([
  [{ bases: "33" }, "MEM0200"],
  [{ block: "63" }, "MEM0172"],
  [{ "train.segment": "63" }, "MEM0172"],
] as const)("sizes that do not fit are refused: %o", ([settings, code]) => {
  const text = readFileSync("specs/infinity-former.mem", "utf8");
  expect(codesOf(text, { settings })).toContain(code);
});
