/** What to write instead of the name of an option that does not exist. */
import { suggest } from "../../parser/suggest.ts";

/** The nearest of the names that could have been meant, else all there are. */
export function optionHelp(
  written: string | undefined,
  options: readonly string[],
  others: readonly string[] = [],
): string | undefined {
  const near = written === undefined ? undefined : suggest(written, [...options, ...others]);
  if (near !== undefined) return `Did you mean ${near}?`;
  return options.length === 0 ? undefined : `It has ${options.join(", ")}.`;
}
