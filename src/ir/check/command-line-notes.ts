/** Which values of the command line an expression of the spec reads: what is wrong with it may be wrong with them. */
import type { Note } from "../../parser/diagnostic.ts";
import type { Expression } from "../../parser/tree.ts";
import type { Place } from "./emit.ts";
import { mentionsName } from "./syntax.ts";

/** What is said of a value that the spec does not hold. */
export const setAt = (address: string): Note => ({
  message: `The value is from the command line: --set ${address}=….`,
});

/**
 * A note for each name in the expression whose value is from the command line: names of the frame and of those around it, or the options of
 * the instance whose body it is.
 */
export function commandLineNotes(
  { checker, scope }: Place,
  expression: Expression,
): readonly Note[] {
  const { optionsAt, frame } = scope;
  const address = optionsAt ?? frame.address;
  return [...checker.overrides].flatMap(([key, { span }]) => {
    const path = key.split(".");
    const [name = "", ...around] = [path.at(-1), ...path.slice(0, -1)];
    const isHere =
      (optionsAt === undefined || around.length === optionsAt.length) &&
      around.every((segment, i) => segment === address?.[i]);
    const isSet = span === undefined && address !== undefined && isHere;
    if (!isSet || !mentionsName(expression, name)) return [];
    return [{ message: `The value of ${name} is from the command line: --set ${key}=….` }];
  });
}
