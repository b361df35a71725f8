/** Parameters in a file of their own. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { disk } from "../../../src/runtime/training/disk.ts";
import { initialParameters } from "../../../src/runtime/training/initializer.ts";
import { loadParameters, saveParameters } from "../../../src/runtime/training/parameters.ts";
import { readSafetensors } from "../../../src/runtime/training/safetensors.ts";
import { CheckpointError } from "../../../src/runtime/training/tensor-files.ts";
import { training } from "./memory-model.ts";

const definition = training();
const parameters = initialParameters(definition, 3);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "memc-parameters-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("are read as they were saved, in folders that are made", () => {
  const path = join(folder, "new", "memory.safetensors");
  saveParameters(path, parameters, { realBytes: 8 });
  expect(loadParameters(path, definition)).toEqual(new Map(parameters));
  expect(readdirSync(join(folder, "new"))).toEqual(["memory.safetensors"]);
});

it("are float32 unless said, their addresses with dots, as other programs expect", () => {
  const path = join(folder, "memory.safetensors");
  saveParameters(path, parameters);
  const { tensors } = readSafetensors(readFileSync(path));
  expect([...tensors.keys()].sort()).toEqual(["layer.0.bias", "layer.1.bias", "out.U", "table.E"]);
  expect(tensors.get("out.U")?.dtype).toBe("F32");
});

it("replace an old file at once, or leave it as it was", () => {
  const path = join(folder, "memory.safetensors");
  saveParameters(path, parameters);
  const old = readFileSync(path);
  const full = {
    ...disk,
    write(place: string, bytes: Uint8Array) {
      disk.write(place, bytes.subarray(0, 10));
      throw new Error("ENOSPC: no space left on device");
    },
  };
  expect(() => saveParameters(path, parameters, { disk: full })).toThrow(/ENOSPC/);
  expect(readFileSync(path).equals(old)).toBe(true);
  expect(readdirSync(folder)).toEqual(["memory.safetensors"]);
  saveParameters(path, parameters, { realBytes: 8 });
  expect(readFileSync(path).length).toBeGreaterThan(old.length);
});

it("need a name by which they are known, and a file that fits", () => {
  expect(() => saveParameters(join(folder, "memory.bin"), parameters)).toThrow(
    /must end in \.safetensors/,
  );
  const path = join(folder, "memory.safetensors");
  expect(() => loadParameters(path, definition)).toThrow(/memory\.safetensors is missing/);
  writeFileSync(path, "a novel");
  expect(() => loadParameters(path, definition)).toThrow(CheckpointError);
});
