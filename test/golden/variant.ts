/**
 * Cases that no reference run has given: a golden case with other sizes and switches and random tensors. There is nothing to
 * compare them with but themselves, by central differences.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Engine,
  expandDeclarations,
  referenceEngine,
  type SafeTensor,
  type TensorType,
} from "memc/runtime";
import type { Adapter, Given, SpecRun } from "../../src/cli/golden/adapter.ts";
import { type GoldenCase, Hyperparameters, readCase } from "../../src/cli/golden/case.ts";
import { distance } from "../../src/cli/golden/compare.ts";
import { toFile } from "../../src/cli/golden/layout.ts";
import { type Observed, observe } from "../../src/cli/golden/observe.ts";
import { type LoadedPrograms, loadSpec } from "../../src/cli/golden/programs.ts";

export interface Variant {
  /** Folder of the case it varies, below `test/golden`. */
  readonly of: string;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  /** Weights and inputs that the variant has not. */
  readonly without?: RegExp;
  /** Inputs that it has besides, by name. */
  readonly besides?: readonly string[];
  /** Segments between two cuts of the gradient. */
  readonly horizon: number;
}

export const casesFolder = fileURLToPath(new URL(".", import.meta.url));

/** Reproducible numbers, about normal. */
function generator(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.7;
}

/** The case with other hyperparameters; its tensors are placeholders that only say what there is. */
export async function varied(variant: Variant): Promise<GoldenCase> {
  const golden = await readCase(join(casesFolder, variant.of));
  const { default: json } = (await import(join(casesFolder, variant.of, "case.json"), {
    with: { type: "json" },
  })) as { default: { hyperparameters: Record<string, unknown> } };
  const kept = ([name]: readonly [string, SafeTensor]) => variant.without?.test(name) !== true;
  const empty: SafeTensor = { dtype: "F32", shape: [0], data: new Float32Array() };
  return {
    ...golden,
    hyperparameters: new Hyperparameters(
      { ...json.hyperparameters, ...variant.hyperparameters },
      variant.of,
    ),
    weights: new Map([...golden.weights].filter(kept)),
    inputs: new Map([
      ...[...golden.inputs].filter(kept),
      ...(variant.besides ?? []).map((name) => [name, empty] as const),
    ]),
  };
}

/**
 * The relative difference between gradients and central differences in a random direction, in float64, and the distance of what
 * the onnx engine gives in units of what is allowed.
 */
export async function gradientError(
  adapter: Adapter,
  variant: Variant,
  seed: number,
  onnx: Engine,
): Promise<{ readonly differences: number; readonly engines: number }> {
  const placeholder = await varied(variant);
  let differences = 0;
  let engines = 0;
  for (const run of adapter.runs(placeholder)) {
    const programs = await loadSpec(run, {});
    const golden = filled(placeholder, run, programs, seed);
    const found = await observe(golden, run, programs, referenceEngine);
    const error = await runError(golden, run, programs, found, variant.horizon, seed);
    differences = Math.max(differences, error);
    const again = await observe(golden, run, programs, onnx);
    engines = Math.max(engines, engineError(run, found, again));
  }
  return { differences, engines };
}

/** How far two engines are apart in all that a run expects, in units of 1e-3 relative and 1e-4 absolute. */
function engineError(run: SpecRun, one: Observed, other: Observed): number {
  const sources = run.expected.flatMap(({ from }) => from);
  return sources.reduce((worst, source) => {
    const [a, b] = [one(source), other(source)];
    if (a === undefined && b === undefined) return worst;
    if (a === undefined || b === undefined) return Number.POSITIVE_INFINITY;
    const layout = a.type.axes.map(({ name }) => name).join(" ");
    const shape = a.type.axes.map(({ size }) => size);
    const [left, right] = [toFile([a], layout, shape), toFile([b], layout, shape)];
    return Math.max(worst, distance(right, left, { rtol: 1e-3, atol: 1e-4 }));
  }, 0);
}

async function runError(
  golden: GoldenCase,
  run: SpecRun,
  programs: LoadedPrograms,
  found: Observed,
  horizon: number,
  seed: number,
): Promise<number> {
  const next = generator(seed + 1);
  const direction = new Map(
    run.weights.map(({ file }) => {
      const { data } = golden.weights.get(file) as SafeTensor;
      return [file, Float64Array.from({ length: data.length }, next)] as const;
    }),
  );
  let along = 0;
  for (const { file, layout, to } of run.weights) {
    const tensors = to.map((address) => {
      const gradient = found({ kind: "parameter", address });
      if (gradient === undefined) throw new Error(`There is no gradient of ${address}.`);
      return gradient;
    });
    const { shape } = golden.weights.get(file) as SafeTensor;
    toFile(tensors, layout, shape).forEach((g, i) => {
      along += g * (direction.get(file)?.[i] ?? 0);
    });
  }
  const step = 2e-6;
  const total = async (sign: number): Promise<number> => {
    const weights = new Map(
      [...golden.weights].map(([file, tensor]) => {
        const moved = direction.get(file);
        if (moved === undefined) return [file, tensor] as const;
        const data = Float64Array.from(
          tensor.data as Float64Array,
          (x, i) => x + sign * step * (moved[i] ?? 0),
        );
        return [file, { dtype: "F64", shape: tensor.shape, data } as SafeTensor] as const;
      }),
    );
    return frozenTotal({ ...golden, weights }, run, programs, found, horizon);
  };
  const difference = ((await total(1)) - (await total(-1))) / (2 * step);
  return Math.abs(difference - along) / Math.max(Math.abs(difference), Math.abs(along), 1e-3);
}

/** The rollout's loss with the states that enter after a cut held at what they were. */
async function frozenTotal(
  golden: GoldenCase,
  run: SpecRun,
  programs: LoadedPrograms,
  found: Observed,
  horizon: number,
): Promise<number> {
  const { length } = run.segments;
  let total = 0;
  for (let first = 0; first < length; first += horizon) {
    const end = Math.min(first + horizon, length);
    const states: Given[] = [];
    const inputs = new Map(golden.inputs);
    for (const [address, { axes }] of expandDeclarations(programs.train.states)) {
      if (first === 0) break;
      const tensor = found({ kind: "next", segment: first - 1, address });
      if (tensor === undefined) throw new Error(`There is no state ${address}.`);
      const shape = tensor.type.axes.map(({ size }) => size);
      const file = `entering/${address}`;
      states.push({ file, layout: ["batch", ...Object.keys(axes)].join(" "), to: [address] });
      inputs.set(file, { dtype: "F64", shape, data: Float64Array.from(tensor.data) });
    }
    const part: SpecRun = {
      ...run,
      segments: run.segments.slice(first, end),
      ...(run.draws && { draws: run.draws.slice(first, end) }),
      ...(first > 0 && { states }),
    };
    const observed = await observe({ ...golden, inputs }, part, programs, referenceEngine);
    const loss = observed({ kind: "total" });
    total += (Number(loss?.data[0]) * (end - first)) / length;
  }
  return total;
}

/** The case with random tensors of the shapes that the spec wants. */
function filled(
  golden: GoldenCase,
  run: SpecRun,
  { train }: LoadedPrograms,
  seed: number,
): GoldenCase {
  const next = generator(seed);
  const batch = { name: "batch", size: run.batch };
  const typed = (
    kind: TensorType["kind"],
    axes: Readonly<Record<string, number>>,
    batched: boolean,
  ): TensorType => ({
    kind,
    axes: [
      ...(batched ? [batch] : []),
      ...Object.entries(axes).map(([name, size]) => ({ name, size })),
    ],
  });
  const weights = new Map<string, SafeTensor>();
  const inputs = new Map<string, SafeTensor>();
  const parameters = expandDeclarations(train.parameters);
  const states = expandDeclarations(train.states);
  const draws = expandDeclarations(train.draws);
  const fill = (each: Given, types: readonly TensorType[], value: () => number): SafeTensor => {
    const shape = fileShape(each, types);
    const count = shape.reduce((product, size) => product * size, 1);
    return { dtype: "F64", shape, data: Float64Array.from({ length: count }, value) };
  };
  const first = (each: Given) => each.to[0] ?? "";
  for (const each of run.weights) {
    const declared = each.to.map((address) => {
      const found = parameters.get(address);
      if (found === undefined) throw new Error(`There is no parameter ${address}.`);
      return found;
    });
    const into = declared.some(({ inAxes }) => inAxes !== undefined);
    const scale = /gain|weight$/.test(each.file) && !into ? 1 : 0.3;
    const types = declared.map(({ axes }) => typed("real", axes, false));
    weights.set(
      each.file,
      fill(each, types, () => scale * next()),
    );
  }
  for (const each of run.segments.flat()) {
    const declared = train.inputs[first(each)];
    if (declared === undefined) throw new Error(`There is no input ${first(each)}.`);
    const { kind, axes, range = 1 } = declared;
    const value = () => {
      const x = next();
      if (kind === "real") return each.file.includes("sigma") ? 0.01 + x * x : x;
      return Math.floor(Math.abs(x) * 1e6) % range;
    };
    inputs.set(each.file, fill(each, [typed(kind, axes, true)], value));
  }
  for (const each of run.states ?? []) {
    const declared = states.get(first(each));
    if (declared !== undefined)
      inputs.set(each.file, fill(each, [typed("real", declared.axes, true)], next));
  }
  for (const each of run.draws?.flat() ?? []) {
    const declared = draws.get(first(each));
    if (declared === undefined) throw new Error(`There is no draw ${first(each)}.`);
    const uniform = () => Math.abs(next() * 1e3) % 1;
    inputs.set(each.file, fill(each, [typed("real", declared.axes, true)], uniform));
  }
  return { ...golden, weights, inputs };
}

/** The shape of a file's tensor that a layout puts against tensors of these types. */
function fileShape({ layout }: Given, types: readonly TensorType[]): readonly number[] {
  const sizeOf = (word: string): number => {
    if (word === "1") return 1;
    const [name, part] = word.split(":");
    const sizes = types.flatMap(({ axes }) => axes.find((axis) => axis.name === name)?.size ?? []);
    if (part === "joined") return sizes.reduce((total, size) => total + size, 0);
    return sizes[0] ?? types.length;
  };
  return [...layout.matchAll(/\(([^)]*)\)|(\S+)/g)].map(([, merged, single]) =>
    (merged ?? single ?? "").split(/\s+/).reduce((product, word) => product * sizeOf(word), 1),
  );
}
