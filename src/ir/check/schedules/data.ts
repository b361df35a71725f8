/** `data { labels = tokens ahead 1 }`: where inputs come from. */
import type { ScheduleEntry, Span } from "../../../parser/tree.ts";
import type { Schedule } from "../../program.ts";
import { problem } from "../problem.ts";
import { numberOf, standsTwice, wordOf } from "./values.ts";

/** `seen` is where the entries of this program before gave each name a source. */
export function dataEntries(
  entry: ScheduleEntry,
  seen: Map<string, Span> = new Map(),
): Schedule["data"] {
  const assignments = [
    ...entry.values.flatMap((value) =>
      value.kind === "assignment"
        ? [{ name: value.name, values: value.values, span: value.span }]
        : [],
    ),
    ...(entry.entries ?? []).map((inner) => {
      const [value] = inner.values;
      if (value?.kind === "assignment")
        return { name: value.name, values: value.values, span: value.span };
      return { name: inner.word, values: inner.values, span: inner.span };
    }),
  ];
  return assignments.map(({ name, values, span }) => {
    const earlier = seen.get(name.text);
    if (earlier !== undefined) throw standsTwice(name, earlier);
    seen.set(name.text, name.span);
    const [source, ahead, distance, counted] = values;
    const from = wordOf(source);
    if (from === undefined)
      throw problem("MEM0312", span, `Say where ${name.text} comes from.`, {
        help: `${name.text} = tokens ahead 1`,
      });
    if (ahead === undefined) return { name: name.text, source: from.text, ahead: 0 };
    const number = distance?.kind === "expression" ? numberOf(distance.value) : undefined;
    if (wordOf(ahead)?.text === "ahead" && wordOf(distance)?.text === "segment")
      return { name: name.text, source: from.text, ahead: "segment" };
    if (
      wordOf(ahead)?.text === "ahead" &&
      number !== undefined &&
      (counted === undefined || ["tokens", "token"].includes(wordOf(counted)?.text ?? "")) &&
      Number.isInteger(number) &&
      number >= 0
    ) {
      return { name: name.text, source: from.text, ahead: number };
    }
    throw problem(
      "MEM0312",
      span,
      `${name.text} is so many tokens or one segment ahead of ${from.text}.`,
      { help: `${name.text} = tokens ahead 1` },
    );
  });
}
