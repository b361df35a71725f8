/**
 * Values known while staging, evaluated in float64 and shared by the whole process: the same causal
 * mask made in four layers and five plans is computed once. Keys are structural (operation,
 * attributes, serial numbers of the operands).
 */
import {
  elementCount,
  evaluate,
  type HostTensor,
  type NumberKind,
  type OpAttributes,
  type OpName,
  scalar,
  type TensorType,
} from "../../ops/index.ts";

export interface Constant {
  /** Unique in the process; equal constants made the same way share one. */
  readonly serial: number;
  readonly tensor: HostTensor;
}

/**
 * Larger results are left to the engine: a plan should not carry what a kernel makes in passing.
 */
const LARGEST_RESULT = 64 * 2 ** 20;

/** What the shared table may keep alive; the least recently used goes first. */
const LARGEST_TABLE = 256 * 2 ** 20;

const shared = new Map<string, readonly Constant[]>();
let sharedBytes = 0;
let nextSerial = 0;

function share(key: string, make: () => readonly HostTensor[]): readonly Constant[] {
  const found = shared.get(key);
  if (found !== undefined) {
    shared.delete(key);
    shared.set(key, found);
    return found;
  }
  const made = make().map((tensor) => ({ serial: nextSerial++, tensor }));
  shared.set(key, made);
  sharedBytes += bytesOf(made);
  for (const [oldest, constants] of shared) {
    if (sharedBytes <= LARGEST_TABLE) break;
    shared.delete(oldest);
    sharedBytes -= bytesOf(constants);
  }
  return made;
}

function bytesOf(constants: readonly Constant[]): number {
  return constants.reduce((bytes, { tensor }) => bytes + tensor.data.byteLength, 0);
}

/** A number or flag written in place. */
export function literal(value: number, kind: NumberKind): Constant {
  const text = Object.is(value, -0) ? "-0" : String(value);
  const [constant] = share(`${kind} ${text}`, () => [scalar(value, kind)]);
  if (constant === undefined) throw new Error("A literal has one value.");
  return constant;
}

/**
 * The results of an operation on constants, or undefined where they are too large to evaluate while
 * staging.
 */
export function fold<Name extends OpName>(
  op: Name,
  operands: readonly Constant[],
  attributes: OpAttributes<number>[Name],
  attributesKey: string,
  results: readonly TensorType[],
): readonly Constant[] | undefined {
  const bytes = results.reduce((sum, type) => sum + 8 * elementCount(type), 0);
  if (bytes > LARGEST_RESULT) return undefined;
  const key = `${op} ${operands.map((x) => x.serial).join()} ${attributesKey}`;
  return share(key, () =>
    evaluate(
      op,
      operands.map((x) => x.tensor),
      attributes,
    ),
  );
}

const uniformValues = new WeakMap<HostTensor, number | "mixed">();

/**
 * The number that every entry of the constant is, or undefined if they differ or there are none.
 */
export function uniformValue({ tensor }: Constant): number | undefined {
  let value = uniformValues.get(tensor);
  if (value === undefined) {
    const first = tensor.data[0];
    value = first !== undefined && tensor.data.every((x) => Object.is(x, first)) ? first : "mixed";
    uniformValues.set(tensor, value);
  }
  return value === "mixed" ? undefined : value;
}
