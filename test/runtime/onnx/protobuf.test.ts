import { describe, expect, it } from "vitest";
import { encodeModel } from "../../../src/runtime/onnx/model.ts";
import { MessageWriter } from "../../../src/runtime/onnx/protobuf.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const message = (write: (w: MessageWriter) => unknown) => {
  const writer = new MessageWriter();
  write(writer);
  return hex(writer.finish());
};

describe("The protocol buffer writer", () => {
  it("writes integers in base 128, low digits first", () => {
    expect(message((w) => w.integer(1, 150))).toBe("089601");
    expect(message((w) => w.integer(1, 0))).toBe("0800");
    expect(message((w) => w.integer(1, 2 ** 40))).toBe("08808080808020");
  });

  it("writes negative integers as 64 bits", () => {
    expect(message((w) => w.integer(1, -1))).toBe(`08${"ff".repeat(9)}01`);
  });

  it("writes field numbers beyond 15 in two bytes", () => {
    expect(message((w) => w.integer(20, 1))).toBe("a00101");
  });

  it("writes floats in 32 bits, little-endian", () => {
    expect(message((w) => w.float(2, 1))).toBe("150000803f");
  });

  it("writes text, lists and messages with their length", () => {
    expect(message((w) => w.string(2, "testing"))).toBe("120774657374696e67");
    expect(message((w) => w.integers(4, [3, 270, 86942]))).toBe("2206038e029ea705");
    expect(message((w) => w.message(3, (inner) => inner.integer(1, 150)))).toBe("1a03089601");
  });

  it("grows with its content", () => {
    const bytes = new Uint8Array(10_000).fill(7);
    const writer = new MessageWriter();
    writer.bytes(9, bytes);
    expect(writer.finish()).toHaveLength(10_003);
    expect(writer.finish().subarray(3)).toEqual(bytes);
  });
});

it("A model file begins with its version and says which operators it uses", () => {
  const empty = { name: "g", nodes: [], initializers: [], inputs: [], outputs: [] };
  const text = Buffer.from(encodeModel(empty));
  expect(hex(text.subarray(0, 2))).toBe("080a");
  expect(text.toString("latin1")).toContain("com.microsoft");
});
