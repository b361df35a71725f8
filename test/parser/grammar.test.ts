import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ebnf } from "../../src/parser/ebnf.ts";
import { FileGrammar } from "../../src/parser/files.ts";
import { makeLexer } from "../../src/parser/lexer.ts";

const committed = readFileSync(new URL("../../grammar/mem.ebnf", import.meta.url), "utf8");

it("is free of ambiguities, left recursion and tokens that cannot be matched", () => {
  expect(() => new FileGrammar({ validate: true })).not.toThrow();
  expect(() => makeLexer(true)).not.toThrow();
});

describe("grammar/mem.ebnf", () => {
  it("is made from the parser's rules; if this fails: node scripts/grammar.mjs", () => {
    expect(committed).toBe(ebnf());
  });

  it("defines every rule it uses, once, and reaches each from `file`", () => {
    const rules = committed.replace(/\(\*[\s\S]*?\*\)/g, "").replace(/'[^' ]*'/g, " ");
    const defined = [...rules.matchAll(/^([a-z][a-z-]*) =/gm)].map(([, name]) => name!);
    expect(new Set(defined).size).toBe(defined.length);
    const used = new Set(
      rules.replace(/^[a-z-]+ =/gm, "").match(/(?<![\w-])[a-z][a-z-]*(?![\w-])/g),
    );
    for (const name of defined) if (name !== "file") expect(used).toContain(name);
  });
});
