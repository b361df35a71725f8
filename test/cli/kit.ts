/** For tests of the command line: a terminal that records, and folders that go away. */
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { cli } from "../../src/cli/cli.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** A new folder with these files (paths with forward slashes), removed after the test. */
export async function folderWith(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "memc-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** Path to text of everything in a folder. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found[path.slice(folder.length + 1).replaceAll("\\", "/")] = await readFile(path, "utf8");
  }
  return found;
}

export interface Recording {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RecordingTerminal extends Terminal {
  readonly written: { out: string; err: string };
  /** As Ctrl-C. */
  interrupt(): void;
}

export function recordingTerminal(folder: string, interactive = false): RecordingTerminal {
  const written = { out: "", err: "" };
  const listeners = new Set<() => void>();
  return {
    written,
    out: (text) => {
      written.out += text;
    },
    err: (text) => {
      written.err += text;
    },
    folder,
    interactive,
    color: false,
    columns: 100,
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    interrupt: () => {
      for (const listener of listeners) listener();
    },
  };
}

/** `memc …` in a folder. */
export async function memc(folder: string, ...argv: readonly string[]): Promise<Recording> {
  const terminal = recordingTerminal(folder);
  const code = await cli(argv, terminal);
  return { code, ...terminal.written };
}
