/**
 * Generated files in full: `golden/` holds what `emit` gives for the models of `slot-model.ts` and `loop-model.ts`. They
 * are type-checked with the rest of the repository. `UPDATE_GOLDEN=1 npx vitest run test/codegen/golden.test.ts` writes them again.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { emit } from "../../src/codegen/index.ts";
import { loopModel } from "./loop-model.ts";
import { slotModel } from "./slot-model.ts";

const options = { version: "0.1.0", hash: "0123456789abcdef0123456789abcdef" };

describe("generated files", async () => {
  const files = await emit(slotModel(), options);
  const loops = await emit(loopModel({ depth: 3, T: 5 }), options);
  const all = [...files, ...loops];

  it("are one for each program", () => {
    expect(files.map((file) => file.path)).toEqual(["slots.ts", "slots.train.ts"]);
  });

  it.each(all)("$path is as committed", ({ path, text }) => {
    const golden = new URL(`golden/${path}`, import.meta.url);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, "utf8"));
  });

  it.each(all)("$path has no line over 100 columns", ({ text }) => {
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  it.each(files)(
    "$path has the same lines for 4 and for 40 layers, but for that number",
    async ({ path, text }) => {
      const deep = (await emit(slotModel({ depth: 40 }), options)).find(
        (file) => file.path === path,
      );
      expect(deep?.text.replace("depth: 40", "depth: 4")).toBe(text);
    },
  );

  it("differ in one line for another width", async () => {
    const [wide] = await emit(slotModel({ width: 16 }), options);
    expect(wide?.text.replace("width = 16", "width = 8")).toBe(files[0]?.text);
  });

  it("trace lines back to the spec", () => {
    const [{ text, trace } = { text: "", trace: undefined }] = files;
    const lines = text.split("\n");
    const scores = trace?.lines.filter(({ specLine }) => specLine === 13) ?? [];
    expect(scores.map(({ line }) => lines[line - 1]?.trim().slice(0, 14))).toEqual([
      "// scores: [ba",
      "const scores =",
      "// scores: [ba",
      "const scores =",
    ]);
    expect(trace?.lines.every((entry) => entry.file === "std/attention.mem")).toBe(true);
  });
});
