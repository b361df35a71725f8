/** Every code of the checker: its page, the diagnostic as it is printed, and the mended spec. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { CheckOptions } from "../../../src/ir/check/check.ts";
import { checkCodes } from "../../../src/ir/check/codes.ts";
import { codesOf, shownOf } from "./kit.ts";

/** What pages mean whose example cannot be a short spec. */
const imagined: Readonly<Record<string, Imagined>> = {
  MEM0173: {
    example: "model M(n: int = 2) { input x[T]; output y = n * x }",
    settings: { n: "3)" },
  },
  MEM0264: {
    example: `${Array.from({ length: 65 }, (_, i) => {
      return `block b${i}(x[...]) -> [...] { return ${i === 64 ? "2 * x" : `b${i + 1}(x)`} }`;
    }).join("\n")}\nmodel M { input x[T]; output y = b0(x) }`,
  },
};

interface Imagined extends CheckOptions {
  readonly example: string;
}

const isImagined = (example: string): boolean => example.startsWith("// imagine");

const entries = Object.entries(checkCodes).map(([code, page]) => ({ code, ...page }));

describe("the example of a code gives that code and no other, its fix gives nothing", () => {
  test.for(entries.filter(({ example }) => !isImagined(example)))(
    "$code: $title",
    async ({ code, example, fix }) => {
      expect(codesOf(example)).toEqual([code]);
      expect(codesOf(fix), shownOf(fix)).toEqual([]);
      const page = `${example}\n\n${"-".repeat(40)}\n\n${shownOf(example)}`;
      await expect(page).toMatchFileSnapshot(`golden/${code}.txt`);
    },
  );

  test.for(entries.filter(({ example }) => isImagined(example)))(
    "$code: $title, as its page describes it",
    async ({ code }) => {
      const { example, ...options } = imagined[code]!;
      expect(codesOf(example, options)).toEqual([code]);
      const set = Object.entries(options.settings ?? {}).map(
        ([at, value]) => ` --set '${at}=${value}'`,
      );
      const given = `${example}${set.length > 0 ? `\n\nmemc check spec.mem${set.join("")}` : ""}`;
      const page = `${given}\n\n${"-".repeat(40)}\n\n${shownOf(example, options)}`;
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
