/** `memc explain MEM0123`: what a diagnostic means, an example that gives it, and the example mended. */
import type { DiagnosticEntry } from "../../parser/registry.ts";
import { defineCommand } from "../command.ts";
import { exitCode, UsageError } from "../exit.ts";
import { allDiagnostics } from "../registry.ts";

export const command = defineCommand({
  positionals: {
    code: { type: "string", describe: "A code such as MEM0123; without it, all of them" },
  },
  options: {},
  examples: [["memc explain MEM0900", "what to do about a file that does not exist"]],
  run: async ({ code }, terminal) => {
    const table = await allDiagnostics();
    if (code === undefined) {
      terminal.out(list(table));
      return exitCode.fine;
    }
    const wanted = canonicalCode(code);
    const entry = table.get(wanted);
    if (entry === undefined) {
      const { editDistance, suggest } = await import("../../parser/suggest.ts");
      const nearest = suggest(wanted, [...table.keys()]);
      // All codes look alike: only one that differs in a single digit was meant.
      const meant =
        nearest !== undefined && editDistance(wanted, nearest) <= 1 ? nearest : undefined;
      throw new UsageError(`there is no diagnostic ${code}`, {
        command: "explain",
        help: meant === undefined ? "memc explain lists them" : `did you mean ${meant}?`,
      });
    }
    terminal.out(page(wanted, entry));
    return exitCode.fine;
  },
});

/** `mem12` and `12` are MEM0012. */
function canonicalCode(code: string): string {
  const digits = /^(?:mem)?0*(\d{1,4})$/i.exec(code.trim())?.[1];
  return digits === undefined ? code : `MEM${digits.padStart(4, "0")}`;
}

function list(table: ReadonlyMap<string, DiagnosticEntry>): string {
  return `${[...table].map(([code, { title }]) => `${code}  ${title}`).join("\n")}\n`;
}

function page(code: string, { title, explanation, example, fix }: DiagnosticEntry): string {
  return [
    `${code}: ${title}`,
    "",
    ...wrap(explanation, 80),
    "",
    "This gives it:",
    "",
    indent(example),
    "",
    "This does not:",
    "",
    indent(fix),
    "",
  ].join("\n");
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}
