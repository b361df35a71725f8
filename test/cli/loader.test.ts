import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as runtime from "memc/runtime";
import { expect, onTestFinished, test, vi } from "vitest";
import { toJavaScript } from "../../src/cli/javascript.ts";
import { loadGenerated } from "../../src/cli/loader.ts";

const model = {
  path: "model.ts",
  text: [
    'import { defineModel, type Builder, type Tensor } from "memc/runtime";',
    "",
    "/** Sizes. */",
    "export const dims = { width: 4 } as const;",
    "",
    "/** x: [batch, width] -> [batch, width] */",
    "export function double(g: Builder, x: Tensor): Tensor {",
    "  return g.mul(x, 2); // [batch, width]",
    "}",
    "",
    "export { defineModel };",
    "",
  ].join("\n"),
};

const training = {
  path: "model.train.ts",
  text: 'import { dims } from "./model.ts";\n\nexport const width: number = dims.width;\n',
};

test("generated TypeScript is imported with memc's own runtime", async () => {
  const loaded = await loadGenerated([model], "model.ts");
  expect(loaded.dims).toEqual({ width: 4 });
  expect(loaded.defineModel).toBe(runtime.defineModel);
});

test("one generated file may import another", async () => {
  const loaded = await loadGenerated([model, training], "model.train.ts");
  expect(loaded.width).toBe(4);
});

test("two builds of one name are two modules", async () => {
  const first = await loadGenerated(
    [{ path: "a.ts", text: "export const x: number = 1;" }],
    "a.ts",
  );
  const second = await loadGenerated(
    [{ path: "a.ts", text: "export const x: number = 2;" }],
    "a.ts",
  );
  expect([first.x, second.x]).toEqual([1, 2]);
});

test("nothing is left in the temporary folder, whatever happens", async () => {
  const ours = async () => (await readdir(tmpdir())).filter((name) => /^memc-\w{6}$/.test(name));
  const before = await ours();
  const failing = { path: "x.ts", text: 'throw new Error("as it is loaded");' };
  await expect(loadGenerated([failing], "x.ts")).rejects.toThrow("as it is loaded");
  expect(await ours()).toEqual(before);
});

test("--emit js drops the types and keeps comments and blank lines", async () => {
  expect(await toJavaScript(model.text)).toBe(
    [
      'import { defineModel } from "memc/runtime";',
      "",
      "/** Sizes. */",
      "export const dims = { width: 4 };",
      "",
      "/** x: [batch, width] -> [batch, width] */",
      "export function double(g, x) {",
      "    return g.mul(x, 2); // [batch, width]",
      "}",
      "",
      "export { defineModel };",
      "",
    ].join("\n"),
  );
  expect(await toJavaScript(training.text)).toContain('from "./model.js"');
});

test("a temporary folder that cannot be written is said, with what to do", async () => {
  vi.stubEnv("TMPDIR", "/nowhere/at/all");
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  await expect(loadGenerated([model], "model.ts")).rejects.toMatchObject({
    message: expect.stringMatching(
      /temporary folder \/nowhere\/at\/all cannot be written.*: no such file/,
    ),
    help: expect.stringContaining("TMPDIR"),
    code: "MEM0915",
  });
});
