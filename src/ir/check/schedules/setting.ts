/** `set NAME = VALUE`: another value of an option or dim in one program. */
import type { Expression, ScheduleEntry, Span } from "../../../parser/tree.ts";
import { problem } from "../problem.ts";
import { numberOf } from "./values.ts";

export function readSetting(
  entry: ScheduleEntry,
  settings: Map<string, string>,
  spans: Map<string, Span>,
): void {
  if (entry.values.length === 0) throw problem("MEM0313", entry.span, "Write set NAME = VALUE.");
  for (const value of entry.values) {
    if (value.kind !== "assignment")
      throw problem("MEM0313", value.span, "Write set NAME = VALUE.");
    const [first] = value.values;
    const text =
      first?.kind === "expression"
        ? literalText(first.value)
        : first?.kind === "word"
          ? first.word.text
          : undefined;
    if (text === undefined)
      throw problem(
        "MEM0313",
        value.span,
        "A setting is a number, a flag or the name of an alternative.",
      );
    settings.set(value.name.text, text);
    spans.set(value.name.text, value.span);
  }
}

function literalText(expression: Expression): string | undefined {
  const number = numberOf(expression);
  if (number !== undefined) return String(number);
  if (expression.kind === "flag") return expression.value ? "on" : "off";
  if (expression.kind === "list") {
    const items = expression.items.map(literalText);
    return items.includes(undefined) ? undefined : `[${items.join(", ")}]`;
  }
  if (expression.kind === "call" && expression.callee.kind === "reference") {
    const options = expression.arguments.map(({ name, value }) => {
      const text = literalText(value);
      return name === undefined || text === undefined ? undefined : `${name.text} = ${text}`;
    });
    return options.includes(undefined)
      ? undefined
      : `${expression.callee.name.text}(${options.join(", ")})`;
  }
  return expression.kind === "reference" ? expression.name.text : undefined;
}
