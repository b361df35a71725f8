/**
 * What sparse densities expect of a Gaussian basis function, from supports far narrower than it to far wider ones, held against an
 * integral by the midpoint rule: in float64 on `reference`, in float32 on `onnx`.
 */
import {
  createOnnxEngine,
  type Engine,
  type HostTensor,
  referenceEngine,
  type SafeTensor,
} from "memc/runtime";
import { expect, test } from "vitest";
import type { Source, SpecRun } from "../../src/cli/golden/adapter.ts";
import type { GoldenCase } from "../../src/cli/golden/case.ts";
import { infinityFormer } from "../../src/cli/golden/infinity-former.ts";
import { observe } from "../../src/cli/golden/observe.ts";
import { loadSpec } from "../../src/cli/golden/programs.ts";
import { varied } from "./variant.ts";

const spread = 0.05;

/** Half the support of the density, and the distance of its centre from the basis function's, in deviations of that function. */
const halves = [1e-3, 0.01, 0.1, 0.3, 0.9, 2, 2.499, 2.501, 3, 5, 20, 300];
const distances = [0, 0.5, -1, 2, -3, 6, 30];
const grid = halves.flatMap((half) =>
  [...distances, half, -half - 1].map((distance) => ({
    m: Math.fround(distance * spread),
    v: Math.fround((half * spread) ** 3 / 1.5),
  })),
);

interface Read {
  readonly value: number;
  /** Gradients at the centre and at the logarithm of the half-width. */
  readonly atCentre: number;
  readonly atWidth: number;
}

/** The integral of the parabola times the basis function, both in units of the latter's deviation. */
function integral({ m, v }: { readonly m: number; readonly v: number }): Read {
  const half = (1.5 * v) ** (1 / 3) / spread;
  const distance = m / spread;
  const low = Math.max(-1, (-distance - 12) / half);
  const high = Math.max(low, Math.min(1, (12 - distance) / half));
  const points = 20_000;
  let value = 0;
  let atCentre = 0;
  let atWidth = 0;
  for (let i = 0; i < points; i++) {
    const x = low + ((i + 0.5) * (high - low)) / points;
    const z = distance + half * x;
    const term =
      (((0.75 * (1 - x * x) * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)) * (high - low)) /
      points;
    value += term;
    atCentre -= z * term;
    atWidth -= z * x * half * term;
  }
  return { value, atCentre, atWidth };
}

/** The same by the spec, on an engine. */
async function reads(engine: Engine): Promise<readonly Read[]> {
  const numbers = (data: readonly number[], shape = [data.length]): SafeTensor => ({
    dtype: "F64",
    shape,
    data: Float64Array.from(data),
  });
  const golden: GoldenCase = {
    ...(await varied({
      of: "infinity-former/core-one-head",
      hyperparameters: { n_basis: 1, basis_sigmas: [spread] },
      horizon: 1,
    })),
    inputs: new Map([
      ["density_mu", numbers(grid.map(({ m }) => m))],
      ["density_sigma_sq", numbers(grid.map(({ v }) => v))],
      [
        "density_cotangent_sparsemax",
        numbers(
          grid.map(() => 1),
          [grid.length, 1],
        ),
      ],
    ]),
  };
  const run = infinityFormer
    .runs(golden)
    .find(({ settings }) => settings.density === "sparse") as SpecRun;
  const found = await observe(golden, run, await loadSpec(run, {}), engine);
  const data = (source: Source) => (found(source) as HostTensor).data;
  const value = data({ kind: "output", segment: 0, name: "expectation" });
  const m = data({ kind: "gradient", segment: 0, address: "mu" });
  const v = data({ kind: "gradient", segment: 0, address: "variance" });
  return grid.map((at, i) => ({
    value: Number(value[i]) * spread,
    atCentre: Number(m[i]) * spread ** 2,
    atWidth: Number(v[i]) * 3 * at.v * spread,
  }));
}

test.each([
  ["reference", 1e-9],
  ["onnx", 1e-6],
] as const)(
  "on %s, within %d of the highest that a basis function gives",
  async (name, allowed) => {
    const engine = name === "onnx" ? await createOnnxEngine() : referenceEngine;
    const found = await reads(engine);
    for (const [i, at] of grid.entries()) {
      const wanted = integral(at);
      for (const key of ["value", "atCentre", "atWidth"] as const) {
        const error = Math.abs((found[i]?.[key] ?? Number.NaN) - wanted[key]);
        expect(error, `${key} at m = ${at.m}, v = ${at.v}`).toBeLessThan(allowed);
      }
    }
  },
);
