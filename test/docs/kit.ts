/**
 * Pages of documentation as tests see them. Every fenced sample says after its language what becomes of it:
 *
 *   ```ts name=program.ts          a file of the page's project
 *   ```sh                          commands, run in that project in the order of the page
 *   ```text                        what the commands just above print; `text about` allows numbers to differ a little
 *   ```ts from=examples/slots.ts   an excerpt of a file of this repository; a line of `…` stands for what is left out
 *   ```sh elsewhere=test/x.test.ts covered by a test of its own
 *   ```text picture                nothing to run or compare
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Sample {
  readonly language: string;
  /** `name=…`, `from=…`, `elsewhere=…`, `about`, `picture`, or nothing. */
  readonly role: string;
  /** The path after the `=`. */
  readonly path: string;
  readonly text: string;
  /** Line of the page, from 1. */
  readonly line: number;
}

export interface Page {
  readonly path: string;
  readonly text: string;
  readonly samples: readonly Sample[];
}

/** Pages whose samples have forms of their own, and the tests that run them. */
export const testedElsewhere: Readonly<Record<string, string>> = {
  "docs/errors.md": "test/cli/errors.test.ts",
  "docs/language.md": "test/ir/check/language.test.ts",
};

/** Every page of documentation. */
export function pages(): readonly Page[] {
  const found = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .map((name) => `docs/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".md"))
    .sort();
  return ["README.md", "CHANGELOG.md", ...found].map(readPage);
}

export function readPage(path: string): Page {
  const text = readFileSync(join(root, path), "utf8");
  if (path in testedElsewhere) return { path, text, samples: [] };
  const samples = [...text.matchAll(/^```(\w*)[ \t]*(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = "", info = "", body = ""], i): Sample => {
      const [, role = info, where = ""] = /^(\w+)=(\S+)$/.exec(info) ?? [];
      const start = nthFence(text, i);
      return { language, role, path: where, text: body, line: start };
    },
  );
  return { path, text, samples };
}

function nthFence(text: string, n: number): number {
  const fences = text.split("\n").flatMap((line, i) => (line.startsWith("```") ? [i + 1] : []));
  return fences[2 * n] ?? 0;
}

/** Whether an excerpt stands in a text: its parts between lines of `…`, in order, each line as it is but for a common indent. */
export function isExcerpt(excerpt: string, text: string): boolean {
  const lines = text.split("\n").map((line) => line.trimEnd());
  let at = 0;
  for (const part of excerpt.split(/^[ \t]*(?:\/\/ )?…[ \t]*\n/m)) {
    const wanted = part.replace(/^\n+|\n+$/g, "").split("\n");
    if (wanted.join("") === "") continue;
    const found = lines.findIndex(
      (_, i) => i >= at && wanted.every((line, j) => lines[i + j] === line.trimEnd()),
    );
    if (found < 0) return false;
    at = found + wanted.length;
  }
  return true;
}

/** An empty project with the files of a page, in which `npx memc` and `npx tsc` are those of this repository. */
export async function makeProject(page: Page): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "memc-docs-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const { role, path, text } of page.samples) {
    if (role !== "name") continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const bin = join(folder, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await symlink(root, join(folder, "node_modules", "memc"), "junction");
  await symlink(join(root, "dist", "memc.js"), join(bin, "memc"));
  await symlink(join(root, "node_modules", "typescript", "bin", "tsc"), join(bin, "tsc"));
  return folder;
}

/** Runs a shell sample; what it printed. Throws with both streams if a command fails. */
export function runCommands(commands: string, folder: string): string {
  // What npm set for the tests themselves must not reach the project, nor its warnings about them the output.
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", commands], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), npm_config_loglevel: "silent", CI: "1" },
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${commands}exit code ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** A text with its numbers taken out, and the numbers. */
export function numbersOf(text: string): { readonly words: string; readonly numbers: number[] } {
  const numbers: number[] = [];
  const words = text.trim().replaceAll(/\d+(?:\.\d+)?/g, (number) => {
    numbers.push(Number(number));
    return "#";
  });
  return { words, numbers };
}

export function exists(path: string): boolean {
  return existsSync(join(root, path));
}
