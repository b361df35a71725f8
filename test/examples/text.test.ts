/** Generated code as text: what a reviewer sees of it, and of a change. */
import { describe, expect, test } from "vitest";
import { changedLines, generate, root, specs } from "./kit.ts";

describe.each(specs)("the generated code of %s", async (name) => {
  const files = await generate(name);

  test("is the same every time", async () => {
    expect(await generate(name)).toEqual(files);
  });

  test.each(files)("$path has lines of at most 100 columns", ({ text }) => {
    expect(text.split("\n").filter((line) => line.length > 100)).toEqual([]);
  });

  test.each(files)("$path names entities of the spec, never its lines", ({ text }) => {
    const [, ...body] = text.split("\n");
    expect(body.filter((line) => /\.mem\W{0,2}\d|\blines? \d/.test(line))).toEqual([]);
  });

  test.each(files)("$path says nothing of the machine or the moment", ({ text }) => {
    expect(text).not.toContain(root);
    expect(text).not.toMatch(/(^|[\s"'`(])\/(home|root|work|tmp|Users)\/|[A-Z]:\\/m);
    expect(text).not.toMatch(/\b20\d\d-\d\d-\d\d\b/);
  });

  test.each(files)("$path is code, not a graph that is written down", ({ text }) => {
    expect(text).not.toMatch(/JSON\.parse|eval\(|new Function|atob\(|Buffer\.from/);
    // A weight, a table or a graph would be a long row of numbers or a long string.
    expect(text).not.toMatch(/(?:-?\d+(?:\.\d+)?,\s*){16}/);
    expect([...text.matchAll(/"[^"\n]{80,}"|`[^`\n]{80,}`/g)]).toEqual([]);
  });

  test.each(files)("$path imports the runtime and nothing else", ({ text }) => {
    const imported = [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, from]) => from);
    expect(new Set(imported)).toEqual(new Set(["memc/runtime"]));
  });
});

/** What stands below the two lines of the head, of which the second says how the file was built. */
const below = (text: string | undefined): string => (text ?? "").split("\n").slice(2).join("\n");

describe("depth", () => {
  test.each([
    ["memformer", { encoders: "4", decoders: "4" }, { encoders: "40", decoders: "40" }, 2],
    ["transformer-xl", { depth: "4" }, { depth: "40" }, 1],
    ["infinity-former", { depth: "4" }, { depth: "40" }, 1],
  ])("4 and 40 layers of %s differ in one line a number", async (name, few, many, lines) => {
    const [shallow, deep] = [await generate(name, few), await generate(name, many)];
    for (const [i, { text }] of shallow.entries()) {
      const { removed, added } = changedLines(below(text), below(deep[i]?.text));
      expect(removed).toHaveLength(lines);
      expect(added).toEqual(removed.map((line) => line.replace("4,", "40,")));
    }
  });
});

describe("a changed option changes a few lines", () => {
  test.each([
    ["memformer", { slots: "24" }, 1],
    ["memformer", { heads: "8" }, 1],
    ["memformer", { hidden: "1024", D: "256" }, 2],
    // An option of the model stands where it is used: once in the model, once in each sweep of its training.
    ["memformer", { temperature: "0.5" }, 4],
    ["transformer-xl", { length: "128" }, 4],
    ["infinity-former", { bases: "64" }, 4],
  ])("%s with %o", async (name, settings, most) => {
    const [before, after] = [await generate(name), await generate(name, settings)];
    expect(after.map(({ path }) => path)).toEqual(before.map(({ path }) => path));
    const changes = before.map(({ text }, i) => changedLines(below(text), below(after[i]?.text)));
    expect(changes[0]?.added).not.toEqual([]);
    for (const { removed, added } of changes) {
      expect(removed.length).toBeLessThanOrEqual(most);
      expect(added.length).toBeLessThanOrEqual(most);
    }
  });
});

describe("sizes", () => {
  test.each([
    ["memformer", { D: "68", heads: "17", hidden: "71", slots: "73" }],
    ["transformer-xl", { D: "66", heads: "17", key: "71", hidden: "73", length: "79" }],
    [
      "infinity-former",
      {
        D: "66",
        heads: "17",
        key: "71",
        hidden: "73",
        short: "83",
        block: "78",
        "train.segment": "78",
        bases: "74",
        resample: "89",
      },
    ],
  ])("of %s stand in its dims, not in its functions", async (name, settings) => {
    for (const { text } of await generate(name, settings)) {
      const functions = [...text.matchAll(/^(?:async )?function [\s\S]*?^\}$/gm)].join("\n");
      for (const size of ["64", ...Object.values(settings)]) {
        expect(functions.match(new RegExp(`^.*[^\\w.]${size}\\b.*$`, "gm"))).toBeNull();
      }
    }
  });
});
