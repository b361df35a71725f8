/** The command line as a function: arguments and a terminal in, an exit code out. */
import { commands, overview } from "./commands.ts";
import { exitCode, InputError, UsageError } from "./exit.ts";
import { version } from "./package.ts";
import { printable } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs one command. `--version` and `--help` are answered before anything else is loaded; a command loads what it needs.
 * Wrong input ends with a sentence, a defect of memc with a reproducer file; neither with a stack trace.
 */
export async function cli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = argv;
  if (first === "--version" || first === "-v") {
    terminal.out(`${version}\n`);
    return exitCode.fine;
  }
  if (first === "--help" || first === "-h" || (first === "help" && argv.length === 1)) {
    terminal.out(overview());
    return exitCode.fine;
  }
  try {
    if (first === undefined) throw new UsageError("a command is needed");
    const { parseAndRun } = await import("./arguments.ts");
    return first === "help"
      ? await parseAndRun([...argv.slice(1), "--help"], terminal)
      : await parseAndRun(argv, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`memc: ${printable(error.message)}\n`);
      if (error.help !== undefined) terminal.err(`  ${printable(error.help)}\n`);
      const command = commands.find(({ name }) => name === error.command);
      terminal.err(`See: memc ${command === undefined ? "" : `${command.name} `}--help\n`);
      return exitCode.usage;
    }
    if (error instanceof InputError) {
      const label = error.code === undefined ? "memc" : `error[${error.code}]`;
      // File names, and what is quoted from files, must not steer the terminal.
      terminal.err(`${label}: ${printable(error.message)}\n`);
      if (error.help !== undefined) terminal.err(`  ${printable(error.help)}\n`);
      return exitCode.diagnostics;
    }
    const { reportCrash } = await import("./crash.ts");
    await reportCrash(error, argv, terminal);
    return exitCode.internal;
  }
}
