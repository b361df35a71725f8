/** Host tensors as safetensors files, and back where a file holds just what a model declares. */
import { type HostTensor, type TensorType, typeText } from "../../ops/index.ts";
import { FormatError, readSafetensors, type SafeTensor, writeSafetensors } from "./safetensors.ts";

/** What keeps a checkpoint from being read. */
export type CheckpointFault = "missing" | "damaged" | "another model";

/** A checkpoint that is missing, damaged, or of another model. The message says what is wrong with which file. */
export class CheckpointError extends Error {
  override readonly name = "CheckpointError";
  readonly fault: CheckpointFault;

  constructor(message: string, fault: CheckpointFault = "damaged") {
    super(message);
    this.fault = fault;
  }
}

/**
 * What the tensor of an address is called in a file: `layer.3.attention.Wq` for `layer[3].attention.Wq`, as other programs name
 * theirs. No name of a spec begins with a digit, so no two are called the same.
 */
export function tensorName(address: string): string {
  return address.replace(/\[(\d+)\]/g, ".$1");
}

/** The bytes of a safetensors file with the tensors of these addresses. */
export function encode(
  tensors: Iterable<readonly [string, HostTensor]>,
  realBytes: 4 | 8,
): Uint8Array {
  return writeSafetensors(
    [...tensors].map(
      ([address, tensor]) => [tensorName(address), toSafeTensor(tensor, realBytes)] as const,
    ),
  );
}

/** A host tensor in the format: reals as F32 or F64, ints as I32, flags as BOOL. */
export function toSafeTensor({ type, data }: HostTensor, realBytes: 4 | 8): SafeTensor {
  const shape = type.axes.map(({ size }) => size);
  if (data instanceof Int32Array) return { dtype: "I32", shape, data };
  if (data instanceof Uint8Array) return { dtype: "BOOL", shape, data };
  return realBytes === 8
    ? { dtype: "F64", shape, data }
    : { dtype: "F32", shape, data: Float32Array.from(data) };
}

/** The tensors of a file by their addresses, as declared. Throws CheckpointError that names all that is missing, left over or different. */
export function decode(
  path: string,
  bytes: Uint8Array,
  declared: ReadonlyMap<string, TensorType>,
): ReadonlyMap<string, HostTensor> {
  let tensors: ReadonlyMap<string, SafeTensor>;
  try {
    ({ tensors } = readSafetensors(bytes));
  } catch (error) {
    if (error instanceof FormatError) throw new CheckpointError(`${path}: ${error.message}`);
    throw error;
  }
  const decoded = new Map<string, HostTensor>();
  const problems: string[] = [];
  const names = new Set([...declared.keys()].map(tensorName));
  const missing = [...names].filter((name) => !tensors.has(name));
  const extra = [...tensors.keys()].filter((name) => !names.has(name));
  if (missing.length > 0) problems.push(`missing: ${some(missing)}`);
  if (extra.length > 0) problems.push(`not in the model: ${some(extra)}`);
  for (const [address, type] of declared) {
    const name = tensorName(address);
    const tensor = tensors.get(name);
    if (tensor === undefined) continue;
    const host = toHost(tensor, type);
    if (host !== undefined) decoded.set(address, host);
    else {
      const found = `${tensor.dtype} [${tensor.shape.join(", ")}]`;
      problems.push(`${name} is ${found} in the file, ${typeText(type)} in the model`);
    }
  }
  if (problems.length > 0) {
    throw new CheckpointError(
      `${path} is not of this model: ${some(problems, "; ")}.`,
      "another model",
    );
  }
  return decoded;
}

function toHost(tensor: SafeTensor, type: TensorType): HostTensor | undefined {
  const { shape } = tensor;
  const fits =
    shape.length === type.axes.length && type.axes.every(({ size }, i) => size === shape[i]);
  if (!fits) return undefined;
  switch (type.kind) {
    case "real":
      if (tensor.dtype === "F64") return { type, data: tensor.data };
      if (tensor.dtype === "F32") return { type, data: Float64Array.from(tensor.data) };
      return undefined;
    case "int":
      return tensor.dtype === "I32" ? { type, data: tensor.data } : undefined;
    case "flag":
      return tensor.dtype === "BOOL" ? { type, data: tensor.data } : undefined;
    default:
      return type.kind satisfies never;
  }
}

/** The first few of a list, and how many more. */
function some(list: readonly string[], separator = ", "): string {
  const shown = list.slice(0, 8).join(separator);
  return list.length > 8 ? `${shown}${separator}and ${list.length - 8} more` : shown;
}
