/** Where a command writes and what it knows of its surroundings: the process, or a test's recording of one. */

import { exitCode, systemReason } from "./exit.ts";

export interface Terminal {
  /** Results, for people and pipes. */
  out(text: string): void;
  /** Errors, progress and notices. */
  err(text: string): void;
  /** The shell's folder: relative paths start here. */
  readonly folder: string;
  /** A person watches `err`: a live line may be redrawn. */
  readonly interactive: boolean;
  readonly color: boolean;
  readonly columns: number;
  /** Calls back at each Ctrl-C or termination request; returns the way to stop listening. */
  onInterrupt(listener: () => void): () => void;
}

/** The terminal of this process. Colours follow https://no-color.org and `FORCE_COLOR`. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // A closed pipe (`memc … | head`) is no failure of ours.
      if (error.code === "EPIPE") process.exit(process.exitCode ?? exitCode.fine);
      if (stream === stdout) {
        stderr.write(`error[MEM0915]: the output cannot be written: ${systemReason(error)}\n`);
      }
      process.exit(exitCode.diagnostics);
    });
  }
  const interactive = stderr.isTTY === true && env.TERM !== "dumb" && env.CI === undefined;
  const force = env.FORCE_COLOR;
  const color = force !== undefined ? force !== "0" : interactive && (env.NO_COLOR ?? "") === "";
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    folder: process.cwd(),
    interactive,
    color,
    // A window may be made narrower while a line is redrawn in it.
    get columns() {
      return stderr.columns ?? 80;
    },
    onInterrupt(listener) {
      process.on("SIGINT", listener);
      process.on("SIGTERM", listener);
      return () => {
        process.off("SIGINT", listener);
        process.off("SIGTERM", listener);
      };
    },
  };
}
