import type { RunCode } from "./run-codes.ts";

/** How a command ends. The codes are part of the command line's contract. */
export const exitCode = {
  fine: 0,
  /** The input is wrong: diagnostics, or a sentence, were printed. */
  diagnostics: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A defect of memc; a reproducer was written. */
  internal: 70,
  /** Ctrl-C, after the step was finished and a checkpoint written. */
  interrupted: 130,
} as const;

/** Something the user can mend: a file, a folder, a missing package. Printed as a sentence, never with a stack trace. */
export class InputError extends Error {
  override readonly name = "InputError";
  /** What to do, as a sentence or a command. */
  readonly help: string | undefined;
  /** Of the page that `memc explain` has about it. */
  readonly code: RunCode | undefined;

  constructor(message: string, help?: string, code?: RunCode) {
    super(message);
    this.help = help;
    this.code = code;
  }
}

/** `EACCES: permission denied, mkdir '/x'` as `permission denied`: what the system says, without its own names. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

/** The command line cannot be understood. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The command whose `--help` tells more. */
  readonly command: string | undefined;
  readonly help: string | undefined;

  constructor(message: string, about: { readonly command?: string; readonly help?: string } = {}) {
    super(message);
    this.command = about.command;
    this.help = about.help;
  }
}
