/** `examples/` shows, in every change of the compiler, what becomes of the generated code. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { memc } from "../cli/kit.ts";
import { root, specs } from "./kit.ts";

test.each(specs)("the generated code of specs/%s.mem is current", async (name) => {
  const built = await memc(root, "build", `specs/${name}.mem`, "--out", "examples", "--check");
  expect(built, "write it again with: npm run examples").toEqual({
    code: 0,
    out: "examples is current\n",
    err: "",
  });
});

test("there is no example without a spec", () => {
  const manifest = JSON.parse(readFileSync(`${root}examples/.memc-manifest.json`, "utf8"));
  const made: [string, { spec: string }][] = Object.entries(manifest.files);
  expect([...new Set(made.map(([, { spec }]) => spec))].sort()).toEqual(
    specs.map((name) => `${name}.mem`),
  );
  expect(readdirSync(`${root}examples`).sort()).toEqual(
    [".memc-manifest.json", ...made.map(([path]) => path)].sort(),
  );
});
