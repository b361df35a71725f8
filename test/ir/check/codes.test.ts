/** Every code of the checker: its page, the diagnostic as it is printed, and the mended spec. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkCodes } from "../../../src/ir/check/codes.ts";
import { codesOf, shownOf } from "./kit.ts";

/** Pages whose example cannot be a short spec have a test of their own in limits.test.ts. */
const imagined = (example: string): boolean => example.startsWith("// imagine");

const entries = Object.entries(checkCodes).map(([code, page]) => ({ code, ...page }));

describe("the example of a code gives that code and no other, its fix gives nothing", () => {
  test.for(entries.filter(({ example }) => !imagined(example)))(
    "$code: $title",
    async ({ code, example, fix }) => {
      expect(codesOf(example)).toEqual([code]);
      expect(codesOf(fix), shownOf(fix)).toEqual([]);
      const page = `${example}\n\n${"-".repeat(40)}\n\n${shownOf(example)}`;
      await expect(page).toMatchFileSnapshot(`golden/${code}.txt`);
    },
  );
});

test("codes are in order and none is used for two things", () => {
  const codes = entries.map(({ code }) => code);
  expect(codes).toEqual([...codes].sort());
  const titles = entries.map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
});

test("every code is reported somewhere in the checker", () => {
  const folder = "src/ir/check";
  const source = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(`${folder}/${name}`, "utf8"))
    .join("\n");
  const unused = entries.map(({ code }) => code).filter((code) => !source.includes(`"${code}"`));
  expect(unused).toEqual([]);
});
