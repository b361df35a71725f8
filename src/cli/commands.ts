/** The commands, as a table: what they are called, what they do, and where their code is. */
import { suggest } from "../parser/suggest.ts";
import type { BuildResult } from "./build-result.ts";
import type { CommandModule } from "./command.ts";
import type { Compile } from "./compiler.ts";
import { version } from "./package.ts";

export interface CommandEntry {
  readonly name: string;
  /** What follows the name, as in a manual page. */
  readonly usage: string;
  /** One line for the overview. */
  readonly summary: string;
  /** The module of the command; nothing of it is loaded before. */
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "check",
    usage: "<spec>",
    summary: "Say everything that is wrong with a spec",
    load: () => import("./commands/check.ts"),
  },
  {
    name: "build",
    usage: "<spec>",
    summary: "Write the generated TypeScript of a spec",
    load: withBuild(async () => (await import("./commands/build.ts")).buildCommand),
  },
  {
    name: "summary",
    usage: "<spec>",
    summary: "Say what a model costs: parameters, operations, memory",
    load: async () => {
      const [{ summaryCommand }, { loadSummary }] = await Promise.all([
        import("./commands/summary.ts"),
        import("./core.ts"),
      ]);
      return { command: summaryCommand(loadSummary) };
    },
  },
  {
    name: "train",
    usage: "<spec>",
    summary: "Train a model on text or on a task",
    load: withBuild(async () => (await import("./commands/train.ts")).trainCommand),
  },
  {
    name: "eval",
    usage: "<spec>",
    summary: "Evaluate a trained model on held-out text or on a task",
    load: withBuild(async () => (await import("./commands/eval.ts")).evalCommand),
  },
  {
    name: "sample",
    usage: "<spec>",
    summary: "Let a trained model go on from a prompt",
    load: withBuild(async () => (await import("./commands/sample.ts")).sampleCommand),
  },
  {
    name: "explain",
    usage: "[code]",
    summary: "Explain a diagnostic such as MEM0123, with an example and its mended form",
    load: () => import("./commands/explain.ts"),
  },
];

type BuildCommand = (load: () => Promise<Compile<BuildResult>>) => CommandModule;

/** A command that is given the core, which it loads once its arguments are in order. */
function withBuild(load: () => Promise<BuildCommand>): CommandEntry["load"] {
  return async () => {
    const [create, { loadBuild }] = await Promise.all([load(), import("./core.ts")]);
    return { command: create(loadBuild) };
  };
}

/** What `memc --help` prints. */
export function overview(): string {
  const width = Math.max(...commands.map(({ name, usage }) => `${name} ${usage}`.length));
  return [
    `memc ${version}: a compiler for memory-augmented sequence models`,
    "",
    "Usage: memc <command> [options]",
    "",
    "Commands:",
    ...commands.map(({ name, usage, summary }) => {
      return `  ${`${name} ${usage}`.padEnd(width)}  ${summary}`;
    }),
    "",
    "Options:",
    "  -h, --help     Show this text; after a command, its options and examples",
    "  -v, --version  Show the version",
    "",
    "Exit codes: 0 fine, 1 the input is wrong, 2 the command line is wrong, 70 a defect of memc,",
    "130 stopped by Ctrl-C, with a checkpoint written",
    "",
    "Example: memc train specs/memformer.mem",
    "",
  ].join("\n");
}

/** The command of this name, or the name it may have been meant to be. */
export function findCommand(
  name: string,
): { readonly entry: CommandEntry } | { readonly meant: string | undefined } {
  const entry = commands.find((command) => command.name === name);
  if (entry !== undefined) return { entry };
  return {
    meant: suggest(
      name,
      commands.map((command) => command.name),
    ),
  };
}
