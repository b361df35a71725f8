import { describe, expect, it } from "vitest";
import { RandomWords } from "../../../src/runtime/training/random.ts";
import {
  FormatError,
  readSafetensors,
  type SafeTensor,
  writeSafetensors,
} from "../../../src/runtime/training/safetensors.ts";

const samples: readonly (readonly [string, SafeTensor])[] = [
  ["layer[0].W", { dtype: "F32", shape: [2, 3], data: new Float32Array([1, -2, 3, 0.5, NaN, -0]) }],
  ["layer[1].W", { dtype: "F64", shape: [1], data: new Float64Array([Math.PI]) }],
  ["count", { dtype: "I32", shape: [], data: new Int32Array([-7]) }],
  ["long", { dtype: "I64", shape: [2], data: new BigInt64Array([-1n, 2n ** 40n]) }],
  ["bytes", { dtype: "U8", shape: [3], data: new Uint8Array([0, 128, 255]) }],
  ["flags", { dtype: "BOOL", shape: [3, 1], data: new Uint8Array([1, 0, 1]) }],
  ["none", { dtype: "F32", shape: [4, 0], data: new Float32Array(0) }],
  ["__proto__", { dtype: "U8", shape: [1], data: new Uint8Array([9]) }],
  ["7", { dtype: "U8", shape: [1], data: new Uint8Array([7]) }],
];

/** A file with this header text and so many bytes of tensors. */
function fileOf(header: string, dataBytes = 0, claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe("safetensors", () => {
  it("reads back what it wrote", () => {
    const file = readSafetensors(writeSafetensors(samples, { format: "1", by: "memc" }));
    expect(file.metadata).toEqual({ by: "memc", format: "1" });
    expect(new Map([...file.tensors].sort())).toEqual(new Map([...samples].sort()));
  });

  it("writes the same bytes whatever the order of the tensors", () => {
    expect(writeSafetensors([...samples].reverse())).toEqual(writeSafetensors(samples));
  });

  it("starts the tensors at a multiple of 8 and keeps every item aligned", () => {
    const bytes = writeSafetensors(samples);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it("reads a file without tensors, and one that lies at an odd place in memory", () => {
    expect(readSafetensors(writeSafetensors([])).tensors.size).toBe(0);
    const bytes = writeSafetensors(samples);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(readSafetensors(shifted).tensors.get("count")).toEqual(samples[2]?.[1]);
  });

  it.each([
    ["an empty file", new Uint8Array(0), /0 bytes/],
    ["a length beyond the file", fileOf("{}", 0, 3n), /claims 3 bytes, but the file ends after 2/],
    ["a huge length", fileOf("{}", 0, 2n ** 63n), /at most 100000000/],
    ["no JSON", fileOf("{nope}"), /not valid JSON/],
    ["a cut header", fileOf('{"a":'), /not valid JSON/],
    ["deep nesting", fileOf("[".repeat(100_000)), /not valid JSON/],
    ["a list", fileOf("[]"), /not a JSON object/],
    ["a header that starts with a space", fileOf(" {}"), /not a JSON object/],
    ["null", fileOf("null"), /not a JSON object/],
    ["bytes that are not UTF-8", fileOf("{}").fill(0xff, 8), /not valid UTF-8/],
    ["an entry that is no object", fileOf('{"a":3}'), /"a" is not described/],
    ["an unknown key", fileOf('{"a":{"stride":1}}'), /"stride"/],
    ["no dtype", fileOf('{"a":{"shape":[],"data_offsets":[0,0]}}'), /unknown dtype: missing/],
    ["an unknown dtype", fileOf(`{"a":${entry("F99", [], [0, 4])}}`, 4), /unknown dtype: "F99"/],
    ["a dtype from Object", fileOf(`{"a":${entry("toString", [], [0, 4])}}`, 4), /unknown dtype/],
    ["half precision", fileOf(`{"a":${entry("BF16", [2], [0, 4])}}`, 4), /is BF16; memc reads/],
    ["a negative size", fileOf(`{"a":${entry("F32", [-1], [0, 4])}}`, 4), /not a list of sizes/],
    ["a broken size", fileOf(`{"a":${entry("F32", [1.5], [0, 4])}}`, 4), /not a list of sizes/],
    ["a shape of text", fileOf(`{"a":${entry("F32", "1", [0, 4])}}`, 4), /not a list of sizes/],
    ["three offsets", fileOf(`{"a":${entry("F32", [1], [0, 4, 8])}}`, 8), /not two positions/],
    [
      "an end before the start",
      fileOf(`{"a":${entry("F32", [0], [4, 0])}}`, 4),
      /before its start/,
    ],
    ["an end beyond the file", fileOf(`{"a":${entry("F32", [2], [0, 8])}}`, 4), /file has 4 bytes/],
    ["a wrong size", fileOf(`{"a":${entry("F32", [2], [0, 4])}}`, 4), /F32 \[2\] takes 8/],
    [
      "sizes that overflow",
      fileOf(`{"a":${entry("F32", [2 ** 40, 2 ** 40, 2 ** 40], [0, 0])}}`),
      /takes/,
    ],
    [
      "overlapping tensors",
      fileOf(`{"a":${entry("U8", [4], [0, 4])},"b":${entry("U8", [4], [2, 6])}}`, 6),
      /"a" and "b" overlap/,
    ],
    ["a hole", fileOf(`{"a":${entry("U8", [2], [2, 4])}}`, 4), /Bytes 0 to 2 belong to no tensor/],
    ["bytes left over", fileOf(`{"a":${entry("U8", [2], [0, 2])}}`, 4), /Bytes 2 to 4 belong/],
    [
      "one name twice",
      fileOf(`{"a":${entry("U8", [1], [0, 1])},"\\u0061":${entry("U8", [1], [0, 1])}}`, 1),
      /has "a" twice/,
    ],
    ["metadata that is no text", fileOf('{"__metadata__":{"a":1}}'), /not a string/],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FormatError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("refuses BOOL bytes other than 0 and 1", () => {
    const bytes = fileOf(`{"a":${entry("BOOL", [1], [0, 1])}}`, 1);
    bytes[bytes.length - 1] = 2;
    expect(() => readSafetensors(bytes)).toThrow(/other bytes than 0 and 1/);
  });

  it("gives a FormatError or a file, never anything else, on damaged bytes (seed 77)", () => {
    const words = new RandomWords(77, { step: 0, segment: 0, address: "fuzz" }, 0);
    const whole = writeSafetensors(samples, { a: "b" });
    for (let trial = 0; trial < 3000; trial++) {
      const cut = words.integer(4) === 0 ? words.integer(whole.length + 1) : whole.length;
      const bytes = whole.slice(0, cut);
      for (let change = words.integer(4); change >= 0 && cut > 0; change--) {
        bytes[words.integer(Math.min(cut, 700))] = words.integer(256);
      }
      try {
        readSafetensors(bytes);
      } catch (error) {
        if (!(error instanceof FormatError)) throw new Error(`trial ${trial}: ${error}`);
      }
    }
  });
});
