/** memc against reference implementations: every case on both engines, with the compiler's passes and without. */
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createOnnxEngine, readSafetensors, referenceEngine, writeSafetensors } from "memc/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { golden } from "../../src/cli/golden/main.ts";
import { findCases, globPattern, runCase } from "../../src/cli/golden/runner.ts";
import { casesFolder } from "./variant.ts";

const cases = findCases(casesFolder);

/** Tensors of each case that are compared, and those that docs/golden.md excuses. */
const counts: Readonly<Record<string, readonly [number, number]>> = {
  "core-narrow-output": [23, 0],
  "core-one-head": [23, 0],
  "full-half-blocks": [53, 7],
  "full-stm-ltm": [103, 9],
  "ltm-linear-resampling": [44, 0],
  "ltm-sticky-resampling": [52, 0],
  "paper-full-bptt": [104, 0],
  "paper-reader": [9, 0],
  "paper-truncated-1": [99, 0],
  "paper-truncated-2": [105, 0],
  "paper-writer": [18, 0],
  "adaptive-narrowing": [38, 3],
  "adaptive-one-width-untied": [32, 3],
  "base-postln-empty-start": [52, 5],
  "preln-long-memory-clamped": [55, 6],
};

describe.each([
  ["onnx", "with passes"],
  ["reference", "with passes"],
  ["reference", "without passes"],
] as const)("on %s %s", (name, passes) => {
  test.each(cases.map((folder) => [basename(folder), folder] as const))("%s", async (_, folder) => {
    const engine = name === "onnx" ? await createOnnxEngine() : referenceEngine;
    const result = await runCase(folder, {
      engine,
      ...(passes === "without passes" && { passes: "none" }),
    });
    expect(result.problems).toEqual([]);
    expect([result.compared, result.excused]).toEqual(counts[result.name]);
  });
});

describe("a case that does not fit", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "golden-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A copy of `paper-reader` with one file changed. */
  async function changed(file: string, change: (bytes: Uint8Array) => Uint8Array | string) {
    const copy = join(folder, "copy");
    await rm(copy, { recursive: true, force: true });
    await cp(join(casesFolder, "memformer/paper-reader"), copy, { recursive: true });
    await writeFile(join(copy, file), change(await readFile(join(copy, file))));
    return runCase(copy, { engine: referenceEngine });
  }

  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

  test("a number that is off fails, with the tensor's name", async () => {
    const result = await changed("outputs.safetensors", (bytes) => {
      const tensors = new Map(readSafetensors(bytes).tensors);
      const read = tensors.get("read");
      if (read?.dtype === "F32") read.data[3] = (read.data[3] ?? 0) + 1e-3;
      return writeSafetensors(tensors);
    });
    expect(result.passed).toBe(false);
    expect(result.problems).toEqual([expect.stringMatching(/^read: .* x tolerance$/)]);
  });

  test("a tensor that no spec computes fails", async () => {
    const result = await changed("outputs.safetensors", (bytes) => {
      const data = Float32Array.of(1);
      const more = [["surprise", { dtype: "F32", shape: [1], data }]] as const;
      return writeSafetensors([...readSafetensors(bytes).tensors, ...more]);
    });
    expect(result.problems).toEqual(["surprise is not compared"]);
  });

  test("a weight that no parameter takes fails", async () => {
    const result = await changed("weights.safetensors", (bytes) => {
      const data = Float32Array.of(1);
      const more = [["extra", { dtype: "F32", shape: [1], data }]] as const;
      return writeSafetensors([...readSafetensors(bytes).tensors, ...more]);
    });
    expect(result.problems).toEqual(["the weight extra is taken by no parameter"]);
  });

  test("an unknown system is an error", async () => {
    const result = await changed("case.json", (bytes) => text(bytes).replace("memformer", "other"));
    expect(result.problems).toEqual(["there is no adapter for other"]);
  });

  test("a damaged file is an error", async () => {
    const result = await changed("inputs.safetensors", (bytes) => bytes.slice(0, 20));
    expect(result.passed).toBe(false);
    expect(result.problems[0]).toMatch(/inputs\.safetensors: /);
  });
});

test("the command prints a line a case and a count, and fails where nothing is found", async () => {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const folder = join(casesFolder, "memformer");
  expect(await golden([folder, "--only", "paper-{reader,writer}"], print)).toBe(0);
  expect(lines.map((line) => line.replace(/worst .*/, "worst …"))).toEqual([
    "ok   paper-reader: 9 tensors, worst …",
    "ok   paper-writer: 18 tensors, worst …",
    "2 of 2 cases on reference, 27 tensors compared, 0 excused",
  ]);
  expect(await golden([folder, "--only", "nothing"], print)).toBe(1);
  expect(await golden([join(folder, "absent")], print)).toBe(1);
  expect(await golden([], print)).toBe(2);
  expect(await golden([folder, "--engine", "abacus"], print)).toBe(2);
});

test("names are chosen by globs", () => {
  const only = globPattern("{core,ltm,full}-*");
  expect(["core-one", "full-x", "gpt2-core-x"].map((name) => only.test(name))).toEqual([
    true,
    true,
    false,
  ]);
  expect(globPattern("a.b?").test("axbc")).toBe(false);
});
