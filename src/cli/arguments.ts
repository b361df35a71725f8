/** Parses the arguments of one command with yargs, strictly, and runs it. */
import yargs from "yargs";
import { suggest } from "../parser/suggest.ts";
import type { CommandModule } from "./command.ts";
import { type CommandEntry, findCommand } from "./commands.ts";
import { exitCode, UsageError } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** `argv` begins with the command's name. */
export async function parseAndRun(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [name = "", ...rest] = argv;
  const found = findCommand(name);
  if (!("entry" in found)) {
    throw new UsageError(
      name.startsWith("-")
        ? `the command comes first, before ${name}`
        : `there is no command '${name}'`,
      found.meant === undefined ? {} : { help: `did you mean '${found.meant}'?` },
    );
  }
  return runCommand(found.entry, rest, terminal);
}

/** `argv` is what follows the command's name. */
export async function runCommand(
  entry: CommandEntry,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { command } = await entry.load();
  const separator = argv.indexOf("--");
  const flags = separator < 0 ? argv : argv.slice(0, separator);
  const literals = separator < 0 ? [] : argv.slice(separator + 1);
  const parser = createParser(entry, command, { flags, literals }, terminal);
  if (flags.includes("--help") || flags.includes("-h")) {
    terminal.out(`${await parser.getHelp()}\n`);
    return exitCode.fine;
  }
  rejectFlagValues(entry.name, command, flags);
  const values = withLiterals(entry.name, command, await parser.parseAsync(), literals);
  rejectUnusable(entry.name, command, values);
  return command.run(values, terminal);
}

/** What stands before `--` and after it. */
interface Separated {
  readonly flags: readonly string[];
  readonly literals: readonly string[];
}

function createParser(
  entry: CommandEntry,
  command: CommandModule,
  { flags, literals }: Separated,
  terminal: Terminal,
) {
  // A positional may stand after `--`, where yargs does not look for it.
  const usage = literals.length === 0 ? entry.usage : entry.usage.replace(/^<(.*)>$/, "[$1]");
  const parser = yargs([...flags], terminal.folder)
    .scriptName("memc")
    .locale("en")
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "duplicate-arguments-array": true,
      "parse-positional-numbers": false,
      "short-option-groups": false,
    })
    .help(false)
    .version(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .fail((message: string | null, error: Error | undefined) => {
      // No command runs inside of yargs: whatever it throws is about the arguments.
      throw usageError(
        message ?? error?.message ?? "the arguments cannot be understood",
        entry,
        command,
      );
    })
    .wrap(Math.min(100, terminal.columns))
    .command(`$0 ${usage}`, entry.summary, (builder) => {
      for (const [name, positional] of Object.entries(command.positionals)) {
        builder.positional(name, positional);
      }
      const options = Object.entries(command.options).map(([name, option]) => {
        return [name, { ...option, requiresArg: option.type !== "boolean" }] as const;
      });
      return builder.options(Object.fromEntries(options));
    })
    .usage(`memc ${entry.name} ${entry.usage}\n\n${entry.summary}.`);
  for (const [line, what] of command.examples) parser.example(line, what);
  return parser;
}

/** What yargs has to say, in the words of the other usage errors. */
function usageError(message: string, entry: CommandEntry, command: CommandModule): UsageError {
  const wrong = (what: string, help?: string) =>
    new UsageError(what, { command: entry.name, ...(help === undefined ? {} : { help }) });
  if (message.startsWith("Not enough non-option arguments")) {
    return wrong(`${entry.usage} is missing`, `usage: memc ${entry.name} ${entry.usage}`);
  }
  const [, bare] = /^Not enough arguments following: ([\w-]+)$/.exec(message) ?? [];
  if (bare !== undefined) return wrong(`--${bare} needs a value`);
  const [, option, given, choices = ""] =
    /^Invalid values:\s+Argument: ([\w-]+), Given: "(.*)", Choices: (.*)$/s.exec(message) ?? [];
  if (option !== undefined) {
    const wanted = choices.replaceAll('"', "").replaceAll(", ", " or ");
    return wrong(`--${option} ${given}: ${wanted} is needed`);
  }
  const [, unknown] = /^Unknown argument: ([\w-]+)$/.exec(message) ?? [];
  const meant = unknown && suggest(unknown, Object.keys(command.options));
  return wrong(sentence(message), meant && `did you mean --${meant}?`);
}

/** The values with what follows `--`: positionals, whatever they look like. */
function withLiterals(
  name: string,
  command: CommandModule,
  values: Readonly<Record<string, unknown>>,
  literals: readonly string[],
): Readonly<Record<string, unknown>> {
  const open = Object.keys(command.positionals).filter((each) => values[each] === undefined);
  const surplus = literals[open.length];
  if (surplus !== undefined) {
    throw new UsageError(`unknown argument: ${surplus}`, { command: name });
  }
  const placed = literals.map((literal, position) => [open[position], literal] as const);
  return { ...values, ...Object.fromEntries(placed) };
}

/** yargs takes `--resume=yes` for `--no-resume`; what is neither is a slip. */
function rejectFlagValues(name: string, command: CommandModule, flags: readonly string[]): void {
  for (const flag of flags) {
    const [, option = "", value = ""] = /^--(?:no-)?([\w-]+)=(.*)$/s.exec(flag) ?? [];
    if (command.options[option]?.type !== "boolean" || /^(true|false)$/.test(value)) continue;
    throw new UsageError(`--${option} takes no value: it is given, or as --no-${option} not`, {
      command: name,
    });
  }
}

/** yargs gives NaN for a bad number and a list for an option given twice; neither is a value. */
function rejectUnusable(
  name: string,
  command: CommandModule,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const [option, { type, array }] of Object.entries(command.options)) {
    const value = values[option];
    if (array !== true && Array.isArray(value)) {
      throw new UsageError(`--${option} is given ${value.length} times`, { command: name });
    }
    if (type === "number" && value !== undefined && !Number.isFinite(value)) {
      throw new UsageError(`--${option} needs a number`, { command: name });
    }
    if (type === "string" && value === "") {
      throw new UsageError(`--${option} is empty: it needs at least one character`, {
        command: name,
      });
    }
  }
  for (const positional of Object.keys(command.positionals)) {
    if (values[positional] === "") {
      throw new UsageError(`${positional} is empty`, { command: name });
    }
  }
}

/** yargs' messages span lines and begin with a capital; ours are one sentence. */
function sentence(message: string): string {
  const line = message
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .join(" ");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
