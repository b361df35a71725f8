/** What every page of documentation says of files, and what its samples are. */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import {
  exists,
  isExcerpt,
  makeProject,
  numbersOf,
  pages,
  root,
  runCommands,
  testedElsewhere,
} from "./kit.ts";

describe.each(pages())("$path", (page) => {
  const { path, text, samples } = page;
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");

  test("links to files that exist", () => {
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to);
    const files = links.filter((to) => !/^(https?:|#)/.test(to)).map((to) => to.split("#")[0]);
    const missing = files.filter((to) => !exists(normalize(join(dirname(path), to ?? ""))));
    expect(missing).toEqual([]);
  });

  test("names files of the repository that exist", () => {
    const named = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
    const files = named.filter((code) => {
      return /^(src|test|specs|docs|examples|scripts|grammar|bench)\/[\w./-]*$/.test(code);
    });
    expect(files.filter((file) => !exists(file))).toEqual([]);
  });

  test("has only samples that are run, compared or covered by another test", () => {
    const roles = ["name", "from", "elsewhere", "about", "picture"];
    const loose = samples.filter(({ language, role }, i) => {
      if (roles.includes(role)) return false;
      if (role !== "") return true;
      return language !== "sh" && !(language === "text" && samples[i - 1]?.language === "sh");
    });
    expect(loose.map(({ line, language }) => `${path}:${line} ${language}`)).toEqual([]);
  });

  const excerpts = samples.filter(({ role }) => role === "from");
  test.runIf(excerpts.length > 0)("quotes files as they are", () => {
    const changed = excerpts.filter(
      ({ path: file, text: excerpt }) =>
        !isExcerpt(excerpt, readFileSync(join(root, file), "utf8")),
    );
    expect(changed.map(({ line, path: file }) => `${path}:${line} is not in ${file}`)).toEqual([]);
  });

  const covered = samples.filter(({ role }) => role === "elsewhere");
  test.runIf(covered.length > 0)("names tests that exist", () => {
    expect(covered.filter(({ path: file }) => !exists(file))).toEqual([]);
  });

  const commands = samples.filter(({ language, role }) => language === "sh" && role === "");
  test.runIf(commands.length > 0)(
    "shows commands that work, and what they print",
    async () => {
      const folder = await makeProject(page);
      for (const sample of commands) {
        const printed = runCommands(sample.text, folder);
        const shown = samples[samples.indexOf(sample) + 1];
        if (shown?.language !== "text") continue;
        if (shown.role === "") expect(printed.trimEnd()).toBe(shown.text.trimEnd());
        if (shown.role !== "about") continue;
        const [is, should] = [numbersOf(printed), numbersOf(shown.text)];
        expect(is.words).toBe(should.words);
        for (const [i, number] of should.numbers.entries()) {
          expect(Math.abs((is.numbers[i] ?? Number.NaN) - number)).toBeLessThan(0.1);
        }
      }
    },
    180_000,
  );
});

test.each(Object.entries(testedElsewhere))("%s has a test of its own, %s", (page, file) => {
  expect([page, file].filter((path) => !exists(path))).toEqual([]);
});

test("a quotation may leave lines out, and nothing else", () => {
  const file = "one\n  two\nthree\n";
  expect(isExcerpt("one\n…\nthree\n", file)).toBe(true);
  expect(isExcerpt("  two\nthree\n", file)).toBe(true);
  expect(isExcerpt("one\nthree\n", file)).toBe(false);
  expect(isExcerpt("three\n…\none\n", file)).toBe(false);
});
