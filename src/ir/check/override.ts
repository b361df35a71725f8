/** Values set from outside by address: `--set mem.count=16`, `set dropout = 0.1` in a program. */
import type { Expression, Option, Span } from "../../parser/tree.ts";
import { setAt } from "./command-line-notes.ts";
import type { Place } from "./emit.ts";
import type { Static } from "./expressions/static.ts";
import { optionValue } from "./option.ts";
import { Problem } from "./problem.ts";

/** The overriding value of an option, or undefined. Only instances of the model and of its repeats have an address. */
export function overrideOf(
  place: Place,
  option: Option,
  path: readonly string[],
): Static | undefined {
  const { address } = place.scope.frame;
  if (address === undefined) return undefined;
  const key = [...address, ...path, option.name.text].join(".");
  return overrideAt(place, key, option.name.span, (value) =>
    optionValue(place, option.type, value, key),
  );
}

/**
 * What is set at an address, as the declaration there reads its value; undefined if nothing is. What is wrong with a value of the
 * command line is said at the declaration.
 */
export function overrideAt<Value>(
  place: Place,
  address: string,
  declared: Span,
  read: (value: Expression) => Value,
): Value | undefined {
  place.checker.addresses.add(address);
  const setting = place.checker.overrides.get(address);
  if (setting === undefined) return undefined;
  place.checker.usedOverrides.add(address);
  if (setting.span !== undefined) return read(setting.value);
  try {
    return read(setting.value);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { notes, ...diagnostic } = error.diagnostic;
    const kept = notes.filter(({ span }) => span?.file !== setting.value.span.file);
    throw new Problem({ ...diagnostic, span: declared, notes: [...kept, setAt(address)] });
  }
}
