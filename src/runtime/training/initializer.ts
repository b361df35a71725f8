/**
 * First values of parameters (rule R21). The numbers of a parameter are keyed by the seed and its own address, so adding, removing
 * or reordering others leaves them as they are. Random values are rounded to float32: every engine starts from the same ones.
 */
import {
  elementCount,
  findAxis,
  type HostTensor,
  sameUpToOrder,
  type TensorType,
  transposeTo,
  typeText,
} from "../../ops/index.ts";
import type { Builder, Tensor } from "../builder.ts";
import type { Declarations, ParameterDeclaration } from "../model.ts";
import { evaluatePlan } from "../reference.ts";
import { stage } from "../stage.ts";
import { expandDeclarations } from "./addresses.ts";
import { axesOf, RandomWords } from "./random.ts";

/** A parameter whose declared start cannot be made. One sentence that names it. */
export class InitializerError extends Error {
  override readonly name = "InitializerError";
}

/** First values of all parameters by address, in declared order. */
export function initialParameters(
  declarations: Pick<Declarations, "parameters">,
  seed: number,
): ReadonlyMap<string, HostTensor> {
  const computed = new Map<ParameterDeclaration, HostTensor>();
  const parameters = new Map<string, HostTensor>();
  for (const [address, declaration] of expandDeclarations(declarations.parameters)) {
    const known = computed.get(declaration);
    const tensor = known ?? initialParameter(declaration, address, seed);
    if (declaration.start.kind === "computed") computed.set(declaration, tensor);
    parameters.set(address, tensor);
  }
  return parameters;
}

/** First value of one parameter. Throws InitializerError. */
export function initialParameter(
  declaration: ParameterDeclaration,
  address: string,
  seed: number,
): HostTensor {
  const { start } = declaration;
  const type: TensorType = { kind: "real", axes: axesOf(declaration.axes) };
  const count = elementCount(type);
  const place = { step: 0, segment: 0, address: `parameter.${address}` };
  const words = new RandomWords(seed, place, 0);
  switch (start.kind) {
    case "constant":
      return { type, data: new Float64Array(count).fill(start.value) };
    case "uniform":
      return { type, data: uniform(words, count, start.low, start.high) };
    case "normal":
      return { type, data: normal(words, count, start.mean, start.deviation) };
    case "glorot": {
      const { fanIn, fanOut } = fans(declaration, address);
      const bound = Math.sqrt(6 / Math.max(1, fanIn + fanOut));
      return { type, data: uniform(words, count, -bound, bound) };
    }
    case "uniform_fan": {
      const bound = 1 / Math.sqrt(Math.max(1, fans(declaration, address).fanIn));
      return { type, data: uniform(words, count, -bound, bound) };
    }
    case "normal_fan": {
      const deviation = 1 / Math.sqrt(Math.max(1, fans(declaration, address).fanIn));
      return { type, data: normal(words, count, 0, deviation) };
    }
    case "orthogonal": {
      const { fanIn, fanOut } = fans(declaration, address);
      return { type, data: orthogonal(words, fanIn, fanOut) };
    }
    case "computed": {
      return computedStart(start.compute, type, address);
    }
    default:
      return start satisfies never;
  }
}

/** Products of the sizes of the axes before and after the arrow. */
function fans(
  { axes, inAxes, start }: ParameterDeclaration,
  address: string,
): { readonly fanIn: number; readonly fanOut: number } {
  if (inAxes === undefined) {
    throw new InitializerError(
      `Parameter ${address} starts ${start.kind}, which needs an arrow between its in and out axes.`,
    );
  }
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  const sizes = Object.values(axes);
  return { fanIn: product(sizes.slice(0, inAxes)), fanOut: product(sizes.slice(inAxes)) };
}

function uniform(words: RandomWords, count: number, low: number, high: number): Float64Array {
  return Float64Array.from({ length: count }, () =>
    Math.fround(low + (high - low) * words.uniform()),
  );
}

function normal(words: RandomWords, count: number, mean: number, deviation: number): Float64Array {
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const [first, second] = words.normalPair();
    numbers[i] = Math.fround(mean + deviation * first);
    if (i + 1 < count) numbers[i + 1] = Math.fround(mean + deviation * second);
  }
  return numbers;
}

/**
 * A matrix [rows, columns] with orthonormal columns (rows, where it is wider than high), uniform among these: Gram and Schmidt's
 * procedure, done twice over for accuracy, on a matrix of normal numbers (Saxe, McClelland, Ganguli 2014, section 3).
 */
function orthogonal(words: RandomWords, rows: number, columns: number): Float64Array {
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = normal(words, length, 0, 1);
    for (const previous of [...vectors, ...vectors]) {
      const along = dot(vector, previous);
      for (let j = 0; j < length; j++) {
        vector[j] = (vector[j] as number) - along * (previous[j] as number);
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((x) => x / norm));
  }
  const matrix = new Float64Array(rows * columns);
  vectors.forEach((vector, i) => {
    vector.forEach((x, j) => {
      matrix[rows >= columns ? j * columns + i : i * columns + j] = Math.fround(x);
    });
  });
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

/** The value of a start expression in the declared axes: repeated along those it does not have. */
function computedStart(
  compute: (g: Builder) => Tensor,
  type: TensorType,
  address: string,
): HostTensor {
  const { plan } = stage(
    `start of ${address}`,
    (g: Builder) => {
      const value = compute(g);
      const missing = type.axes.filter(({ name }) => findAxis(value.type, name) === undefined);
      return missing.length === 0 ? value : g.broadcast(value, { axes: missing });
    },
    [],
  );
  const [value] = evaluatePlan(plan, []).outputs;
  if (value === undefined || !sameUpToOrder({ ...value.type, kind: "real" }, type)) {
    const found = value === undefined ? "nothing" : typeText(value.type);
    throw new InitializerError(
      `Parameter ${address} is ${typeText(type)}, but its start ${found}.`,
    );
  }
  const order = type.axes.map(({ name }) => name);
  return { type, data: Float64Array.from(transposeTo(value, order).data, Math.fround) };
}
