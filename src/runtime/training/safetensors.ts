/**
 * The safetensors file format: 8 bytes of header length (little-endian), a JSON header that gives every tensor's dtype, shape and
 * byte range, then the bytes. Files come from anywhere, so a header is believed only after every claim in it is checked.
 */

/** Bytes that are not a valid safetensors file, or use a part of the format that memc does not. One sentence. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

export type SafeTensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: "I32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: "U8" | "BOOL"; readonly shape: readonly number[]; readonly data: Uint8Array };

export type Dtype = SafeTensor["dtype"];

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const ITEM_BYTES: Readonly<Record<Dtype, number>> = {
  F32: 4,
  F64: 8,
  I32: 4,
  I64: 8,
  U8: 1,
  BOOL: 1,
};
/** Dtypes of the format that memc does not read. */
const UNSUPPORTED = new Set([
  ...["F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4"],
  ...["I8", "I16", "U16", "U32", "U64", "C64"],
]);
/** As in the format's own reader. */
const LARGEST_HEADER = 100_000_000;

/** The bytes of a file holding the tensors: larger items first, then by name, so equal tensors give equal bytes. */
export function writeSafetensors(
  tensors: Iterable<readonly [string, SafeTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      ITEM_BYTES[b.dtype] - ITEM_BYTES[a.dtype] || (nameA < nameB ? -1 : nameA > nameB ? 1 : 0),
  );
  const entries: [string, unknown][] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (notes.length > 0) entries.push(["__metadata__", Object.fromEntries(notes)]);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    if (name === "__metadata__") throw new FormatError("A tensor cannot be called __metadata__.");
    const count = shape.reduce((product, size) => product * size, 1);
    if (data.length !== count) {
      throw new FormatError(
        `Tensor ${quote(name)} has ${data.length} entries, its shape [${shape.join(", ")}] ${count}.`,
      );
    }
    const end = offset + data.byteLength;
    entries.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new FormatError("Two tensors have the same name.");
  }
  // Assembled by hand: an object would put names that look like integers first and so depend on the names' form.
  const text = `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`;
  const header = new TextEncoder().encode(text);
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  let position = 8 + padded;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/** The tensors of a file's bytes, in the header's order. Throws FormatError. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const length = bytes.length - dataStart;
  let metadata: Record<string, string> = {};
  const ranges: { name: string; begin: number; end: number }[] = [];
  const tensors = new Map<string, SafeTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") {
      metadata = readMetadata(entry);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, length);
    ranges.push({ name, begin, end });
    // A copy: the bytes of a tensor need not be aligned to its items, and outlive the file's.
    const buffer = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)).buffer;
    tensors.set(name, typed(name, dtype, shape, buffer));
  }
  checkCover(ranges, length);
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array): {
  readonly header: Readonly<Record<string, unknown>>;
  readonly dataStart: number;
} {
  if (bytes.length < 8) {
    throw new FormatError(`The file has ${bytes.length} bytes; the header's length alone takes 8.`);
  }
  const claimed = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (claimed > BigInt(LARGEST_HEADER)) {
    throw new FormatError(
      `The header claims ${claimed} bytes; at most ${LARGEST_HEADER} are read.`,
    );
  }
  const dataStart = 8 + Number(claimed);
  if (dataStart > bytes.length) {
    throw new FormatError(
      `The header claims ${claimed} bytes, but the file ends after ${bytes.length - 8}.`,
    );
  }
  let text: string;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    text = decoder.decode(bytes.subarray(8, dataStart));
  } catch {
    throw new FormatError("The header is not valid UTF-8.");
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`The header is not valid JSON: ${reason(error)}.`);
  }
  if (!text.startsWith("{") || !isObject(header)) {
    throw new FormatError("The header is not a JSON object that starts with its first byte.");
  }
  checkDuplicates(text);
  return { header, dataStart };
}

/** JSON.parse keeps the last of two equal keys; here that is an error. `text` is valid JSON. */
function checkDuplicates(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  // A string, or one of the marks that open and close objects and lists; everything else is passed over.
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (const match of text.matchAll(token)) {
    const [found, colon] = match;
    if (found === "{") open.push(new Set());
    else if (found === "[") open.push(undefined);
    else if (found === "}" || found === "]") open.pop();
    else if (colon !== undefined) {
      const key = JSON.parse(found.slice(0, found.length - colon.length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) throw new FormatError(`The header has ${quote(key)} twice.`);
      keys?.add(key);
    }
  }
}

function readMetadata(entry: unknown): Record<string, string> {
  if (!isObject(entry)) throw new FormatError("__metadata__ is not an object of strings.");
  const notes: [string, string][] = [];
  for (const [name, value] of Object.entries(entry)) {
    if (typeof value !== "string") {
      throw new FormatError(`__metadata__ holds ${quote(name)}, which is not a string.`);
    }
    notes.push([name, value]);
  }
  return Object.fromEntries(notes);
}

interface Entry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, entry: unknown, length: number): Entry {
  const tensor = `Tensor ${quote(name)}`;
  if (!isObject(entry)) throw new FormatError(`${tensor} is not described by an object.`);
  for (const key of Object.keys(entry)) {
    if (key !== "dtype" && key !== "shape" && key !== "data_offsets") {
      throw new FormatError(`${tensor} has ${quote(key)}, which the format does not know.`);
    }
  }
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    const known = typeof dtype === "string" && UNSUPPORTED.has(dtype);
    throw new FormatError(
      known
        ? `${tensor} is ${dtype}; memc reads ${Object.keys(ITEM_BYTES).join(", ")}.`
        : `${tensor} has an unknown dtype: ${show(dtype)}.`,
    );
  }
  if (!isCounts(shape)) {
    throw new FormatError(`${tensor} has a shape that is not a list of sizes: ${show(shape)}.`);
  }
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw new FormatError(
      `${tensor} has data_offsets that are not two positions: ${show(offsets)}.`,
    );
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw new FormatError(`${tensor} ends at ${end}, before its start at ${begin}.`);
  if (end > length) {
    throw new FormatError(`${tensor} ends at ${end}, but the file has ${length} bytes of tensors.`);
  }
  // A size of 0 makes any others harmless; without one, the product only grows.
  const bytes = shape.includes(0)
    ? 0
    : shape.reduce((product, size) => product * size, ITEM_BYTES[dtype]);
  if (bytes !== end - begin) {
    throw new FormatError(
      `${tensor} has ${end - begin} bytes; ${dtype} [${shape.join(", ")}] takes ${bytes}.`,
    );
  }
  return { dtype, shape, begin, end };
}

/** Tensors lie end to end, without holes or overlaps, and fill the file. */
function checkCover(
  ranges: readonly { readonly name: string; readonly begin: number; readonly end: number }[],
  length: number,
): void {
  let covered = 0;
  let previous = "";
  for (const { name, begin, end } of [...ranges].sort(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin < covered) {
      throw new FormatError(`Tensors ${quote(previous)} and ${quote(name)} overlap.`);
    }
    if (begin > covered) {
      throw new FormatError(`Bytes ${covered} to ${begin} belong to no tensor.`);
    }
    covered = end;
    previous = name;
  }
  if (covered !== length)
    throw new FormatError(`Bytes ${covered} to ${length} belong to no tensor.`);
}

function typed(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  buffer: ArrayBuffer,
): SafeTensor {
  switch (dtype) {
    case "F32":
      return { dtype, shape, data: new Float32Array(buffer) };
    case "F64":
      return { dtype, shape, data: new Float64Array(buffer) };
    case "I32":
      return { dtype, shape, data: new Int32Array(buffer) };
    case "I64":
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case "U8":
      return { dtype, shape, data: new Uint8Array(buffer) };
    case "BOOL": {
      const data = new Uint8Array(buffer);
      if (data.some((value) => value > 1)) {
        throw new FormatError(`Tensor ${quote(name)} is BOOL but holds other bytes than 0 and 1.`);
      }
      return { dtype, shape, data };
    }
    default:
      return dtype satisfies never;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(ITEM_BYTES, value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function show(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replaceAll(/\s+/g, " ").replace(/\.$/, "");
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
