/** What happens when memc itself is at fault: an apology and a file with everything needed to see it again. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SourceFile } from "../parser/diagnostic.ts";
import { version } from "./package.ts";
import type { Terminal } from "./terminal.ts";

/** A defect, with the specs that were being compiled when it showed. */
export class InternalError extends Error {
  override readonly name = "InternalError";
  readonly files: readonly SourceFile[];

  constructor(cause: unknown, files: readonly SourceFile[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.files = files;
  }
}

/**
 * Writes `memc-crash-<hash>.txt` to the shell's folder, or where that cannot be written to the system's temporary folder,
 * and says so. The same defect on the same input gives the same file.
 */
export async function reportCrash(
  error: unknown,
  argv: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const files = error instanceof InternalError ? error.files : [];
  const cause = error instanceof InternalError ? error.cause : error;
  const reproducer = reproducerText(cause, argv, files);
  const hash = createHash("sha256").update(reproducer).digest("hex").slice(0, 10);
  const path = await writeSomewhere(`memc-crash-${hash}.txt`, reproducer, terminal.folder);
  terminal.err(
    `memc: internal error: ${cause instanceof Error ? cause.message : String(cause)}\n` +
      "  This is a defect of memc, not of your files. We are sorry.\n" +
      (path === undefined
        ? `  Nothing could be written; here is what a report needs:\n\n${reproducer}\n`
        : `  Please report it with this file, which holds the specs that were read: ${path}\n`),
  );
}

function reproducerText(
  cause: unknown,
  argv: readonly string[],
  files: readonly SourceFile[],
): string {
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return [
    "memc internal error",
    `command: memc ${argv.map((argument) => JSON.stringify(argument)).join(" ")}`,
    `memc: ${version}`,
    `node: ${process.version}`,
    `platform: ${process.platform} ${process.arch}`,
    "",
    stack,
    "",
    ...files.flatMap(({ path, text }) => [`---- ${path}`, text]),
  ].join("\n");
}

async function writeSomewhere(
  name: string,
  text: string,
  folder: string,
): Promise<string | undefined> {
  for (const place of [folder, tmpdir()]) {
    const path = join(place, name);
    try {
      await writeFile(path, text);
      return path;
    } catch {
      // A folder that cannot be written is why there is a second one.
    }
  }
  return undefined;
}
