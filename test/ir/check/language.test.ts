/** docs/language.md: every sample is checked, what is shown after it compared, every code it names exists and is named. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkCodes } from "../../../src/ir/check/codes.ts";
import { parse } from "../../../src/parser/index.ts";
import { diagnostics } from "../../../src/parser/registry.ts";
import { renderText } from "../../../src/parser/render.ts";
import { reservedWords } from "../../../src/parser/tokens.ts";
import { checkText, library, programOf, type Rows, run, shownOf, sourcesOf } from "./kit.ts";

const page = readFileSync("docs/language.md", "utf8");

test("the reserved words that the page lists are the parser's", () => {
  const listed = /Reserved words, never names: `([^`]*)`/.exec(page)?.[1]?.split(" ");
  expect(listed).toEqual([...reservedWords.keys()].sort());
});

interface Fence {
  readonly kind: string;
  readonly text: string;
  readonly line: number;
}

const fences: readonly Fence[] = [...page.matchAll(/^```(\w[\w ]*)\n([\s\S]*?)^```$/gm)].map(
  ({ index, 1: kind = "", 2: text = "" }) => ({
    kind,
    text,
    line: page.slice(0, index).split("\n").length,
  }),
);

/** Statements stand in a model. */
const whole = (text: string): string =>
  /^model /m.test(text) ? text : `model Sample {\n${text}\n}\nevaluate { segment 3 tokens }`;

const samples = fences.flatMap((fence, position) =>
  fence.kind.startsWith("mem") ? [{ ...fence, next: fences[position + 1] }] : [],
);

describe("samples", () => {
  test.for(samples)("line $line ($kind)", ({ kind, text, next }) => {
    const spec = whole(text);
    if (kind === "mem error") {
      expect(shownOf(spec)).toContain(next?.text.trimEnd());
      return;
    }
    // What a fragment computes is used after it.
    const fragment = spec !== text;
    const { diagnostics } = checkText(spec);
    const wrong = diagnostics.filter(({ code }) => !fragment || code !== "MEM0195");
    expect(renderText(wrong, sourcesOf(spec))).toBe("");
    if (next?.kind === "run") compareRun(spec, next.text);
  });
});

function compareRun(spec: string, text: string): void {
  const short = /^evaluate /m.test(spec) ? spec : `${spec}\nevaluate { segment 3 tokens }`;
  const [given = "", wanted = ""] = text.split(/^gives$/m);
  const rowsOf = (lines: string): Readonly<Record<string, Rows>> =>
    Object.fromEntries(
      lines
        .trim()
        .split("\n")
        .map((line) => {
          const [name = "", value = ""] = line.split(" = ");
          return [name, JSON.parse(value) as Rows];
        }),
    );
  expect(run(programOf(short), rowsOf(given))).toMatchObject(rowsOf(wanted));
}

describe("codes", () => {
  const named = new Set([...page.matchAll(/\bMEM\d{4}\b/g)].map(([code]) => code));

  test("every code that the page names exists", () => {
    const known = new Set([...Object.keys(checkCodes), ...Object.keys(diagnostics), "MEM0099"]);
    expect([...named].filter((code) => !known.has(code))).toEqual([]);
  });

  test("every code of the checker is named", () => {
    expect(Object.keys(checkCodes).filter((code) => !named.has(code))).toEqual([]);
  });
});

test("every rule that the code cites by number is in the list of rules", () => {
  const listed = new Set([...page.matchAll(/^\| (R\d+) \|/gm)].map(([, rule = ""]) => rule));
  const cited = ["src", "test"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const text = readFileSync(`${folder}/${name}`, "utf8");
        const numbers = /(?:\brules? |\band |[("])(R\d{1,2})\b/g;
        return [...text.matchAll(numbers)].map(([, rule = ""]) => rule);
      }),
  );
  expect([...new Set(cited)].filter((rule) => !listed.has(rule))).toEqual([]);
  expect(new Set(cited).size).toBeGreaterThan(15);
});

test("the table of the library is made from the signatures and doc comments of specs/std", async () => {
  const rows = library.flatMap((file) => {
    const items = parse(file).tree?.items ?? [];
    return items.flatMap((item) => {
      if ((item.kind !== "block" && item.kind !== "memory") || item.doc === undefined) return [];
      const methods = item.body.flatMap((each) =>
        each.kind === "method" ? [`<br>· \`${signature(file.text, each.name)}\``] : [],
      );
      const name = `${item.kind} ${signature(file.text, item.name)}`;
      return [`| \`${name}\`${methods.join("")} | ${sentence(item.doc)} |`];
    });
  });
  const table = ["| signature | what it is |", "| --- | --- |", ...rows.sort()].join("\n");
  const made = page.replace(
    /<!-- library -->[\s\S]*<!-- \/library -->/,
    () => `<!-- library -->\n${table}\n<!-- /library -->`,
  );
  await expect(made).toMatchFileSnapshot("../../../docs/language.md");
});

/** A definition from its name to its body, on one line. */
function signature(text: string, name: { readonly span: { readonly start: number } }): string {
  let depth = 0;
  let end = name.span.start;
  while (text[end] !== "{" || depth > 0) {
    if (text[end] === "(") depth += 1;
    if (text[end] === ")") depth -= 1;
    end += 1;
  }
  return text.slice(name.span.start, end).replace(/\s+/g, " ").trim();
}

/** The first sentence of a doc comment. */
function sentence(doc: string): string {
  const text = doc.replace(/\s+/g, " ").trim();
  return /^.*?[.](?= [A-Z`]|$)/.exec(text.replace(/et al\. /g, "et al.\u00a0"))?.[0] ?? text;
}
