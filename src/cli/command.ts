/** What a command is: its options in yargs' terms, and a function from their values to an exit code. */
import type { InferredOptionTypes, Options, PositionalOptions } from "yargs";
import type { Terminal } from "./terminal.ts";

type OptionTable = Readonly<Record<string, Options>>;
type PositionalTable = Readonly<Record<string, PositionalOptions>>;

/** The values of a command's positionals and options, by name. */
export type Values<Positionals extends PositionalTable, Named extends OptionTable> = {
  readonly [Name in keyof InferredOptionTypes<Positionals>]: InferredOptionTypes<Positionals>[Name];
} & { readonly [Name in keyof InferredOptionTypes<Named>]: InferredOptionTypes<Named>[Name] };

/** A command as the argument parser sees it: its own value types are known only inside. */
export interface CommandModule {
  readonly positionals: PositionalTable;
  readonly options: OptionTable;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly run: (values: Readonly<Record<string, unknown>>, terminal: Terminal) => Promise<number>;
}

/** Declares a command; `run` gets typed values and gives the exit code. */
export function defineCommand<
  const Positionals extends PositionalTable,
  const Named extends OptionTable,
>(command: {
  readonly positionals: Positionals;
  readonly options: Named;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly run: (values: Values<Positionals, Named>, terminal: Terminal) => Promise<number>;
}): CommandModule {
  return {
    ...command,
    // The parser builds the values from the very tables the types come from.
    run: (values, terminal) => command.run(values as Values<Positionals, Named>, terminal),
  };
}
