/** Other values of options and dims: `set NAME = VALUE` in one program, `--set ADDRESS=VALUE` in all. */
import { parse } from "../../../parser/index.ts";
import type { Expression, ScheduleEntry, ScheduleValue, Span } from "../../../parser/tree.ts";
import { problem, type Report } from "../problem.ts";
import { hasUnit, nodesIn } from "../syntax.ts";
import { standsTwice } from "./values.ts";

/** A value by the address it is for; it is worked out where the option or dim is declared. */
export interface Setting {
  readonly value: Expression;
  /** Where it stands in the schedule; undefined from the command line. */
  readonly span: Span | undefined;
}

export type Settings = ReadonlyMap<string, Setting>;

/** Reads a `set` entry. */
export function readSetting(entry: ScheduleEntry, settings: Map<string, Setting>): void {
  if (entry.values.length === 0) throw problem("MEM0313", entry.span, "Write set NAME = VALUE.");
  for (const each of entry.values) {
    if (each.kind !== "assignment") throw problem("MEM0313", each.span, "Write set NAME = VALUE.");
    const [first, second] = each.values;
    const value = expressionOf(first);
    if (value === undefined || second !== undefined)
      throw problem("MEM0313", each.span, "A setting is one value: `set width = 64`.");
    // The grammar of schedules takes a unit after any number in a call: `sticky(bins = 64 steps)`.
    const [counted] = nodesIn(value, hasUnit);
    if (counted !== undefined) {
      throw problem("MEM0304", counted.unit.span, "A value in `set` has no units.", {
        help: `Leave ${counted.unit.text} out.`,
      });
    }
    const earlier = settings.get(each.name.text)?.span;
    if (earlier !== undefined) throw standsTwice(each.name, earlier);
    settings.set(each.name.text, { value, span: each.span });
  }
}

function expressionOf(value: ScheduleValue | undefined): Expression | undefined {
  switch (value?.kind) {
    case "expression":
      return value.value;
    case "word":
      return { kind: "reference", name: value.word, span: value.span };
    case "path":
    case "assignment":
    case undefined:
      return undefined;
    default:
      return value satisfies never;
  }
}

/** Whether an address is an entry of a schedule: `train.batch`. */
export const isScheduleAddress = (address: string): boolean =>
  /^(train|evaluate|generate)\./.test(address);

/** Reads the settings of options and dims from the command line; `at` is where their problems are reported. */
export function readCommandLine(
  texts: ReadonlyMap<string, string>,
  at: Span,
  report: Report,
): Settings {
  const settings = new Map<string, Setting>();
  for (const [address, text] of texts) {
    if (isScheduleAddress(address)) continue;
    const value = parsedExpression(address, text);
    if (value !== undefined) settings.set(address, { value, span: undefined });
    else
      report.add(
        problem("MEM0173", at, `${address} cannot be set to ${text}.`, {
          help: "A value is written as in a spec: 16, on, sticky(bins = 64), [1, 2].",
        }).diagnostic,
      );
  }
  return settings;
}

/** The one expression that a text is; undefined if it is anything else. */
function parsedExpression(address: string, text: string): Expression | undefined {
  const { tree, diagnostics } = parse({
    path: `--set ${address}`,
    text: `block setting() { value = (${text}\n) }`,
  });
  const [item, ...items] = tree?.items ?? [];
  if (diagnostics.length > 0 || items.length > 0 || item?.kind !== "block") return undefined;
  const [statement, ...statements] = item.body;
  return statements.length === 0 && statement?.kind === "assign" ? statement.value : undefined;
}
