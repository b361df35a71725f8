/** What entries are made of: numbers, words with units, calls with options, paths. */

import type {
  Argument,
  Expression,
  ScheduleEntry,
  ScheduleValue,
  Span,
} from "../../../parser/tree.ts";
import { optionHelp } from "../option-names.ts";
import { type Problem, problem } from "../problem.ts";

export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Numbers that an expression of a schedule may name. */
type Names = ReadonlyMap<string, number>;

const noNames: Names = new Map();

/** The number that an expression of numbers is: `0.5 * 1e-3`. Undefined for any other, and where it is not finite. */
export function numberOf(expression: Expression, names: Names = noNames): number | undefined {
  const value = calculated(expression, names);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function calculated(expression: Expression, names: Names): number | undefined {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "reference":
      return names.get(expression.name.text);
    case "unary": {
      const operand = calculated(expression.operand, names);
      return expression.operator !== "-" || operand === undefined ? undefined : -operand;
    }
    case "binary": {
      const left = calculated(expression.left, names);
      const right = calculated(expression.right, names);
      if (left === undefined || right === undefined) return undefined;
      switch (expression.operator) {
        case "+":
          return left + right;
        case "-":
          return left - right;
        case "*":
          return left * right;
        case "/":
          return left / right;
        case "^":
          return left ** right;
        case "div":
          return Math.floor(left / right);
        case "mod":
          return left - right * Math.floor(left / right);
        default:
          return undefined;
      }
    }
    default:
      return undefined;
  }
}

export function firstNumber(
  entry: ScheduleEntry,
  names: Names = noNames,
): { readonly value: number; readonly span: Span } | undefined {
  const value = entry.values[0];
  const word = value?.kind === "word" ? names.get(value.word.text) : undefined;
  const number = value?.kind === "expression" ? numberOf(value.value, names) : word;
  return value === undefined || number === undefined
    ? undefined
    : { value: number, span: value.span };
}

export function count(entry: ScheduleEntry, least: number): number {
  const number = firstNumber(entry);
  if (number === undefined)
    throw problem("MEM0302", entry.span, `${entry.word.text} needs a number.`, {
      help: `${entry.word.text} 16`,
    });
  if (!Number.isInteger(number.value) || number.value < least || number.value > 1e9) {
    throw problem(
      "MEM0303",
      number.span,
      `${entry.word.text} must be a whole number of at least ${least}, not ${number.value}.`,
    );
  }
  return number.value;
}

/** An entry stands where one of its name stood already. */
export const standsTwice = ({ text, span }: ScheduleEntry["word"], earlier: Span): Problem =>
  problem("MEM0300", span, `${text} stands twice.`, {
    notes: [{ message: "The first is here.", span: earlier }],
  });

export const wordOf = (
  value: ScheduleValue | undefined,
): { readonly text: string; readonly span: Span } | undefined => {
  if (value?.kind === "word") return value.word;
  if (value?.kind === "expression" && value.value.kind === "reference") return value.value.name;
  return undefined;
};

export function unit(entry: ScheduleEntry, allowed: readonly string[]): string | undefined {
  const extra = entry.values[1];
  if (extra === undefined) return undefined;
  const word = wordOf(extra);
  if (word !== undefined && allowed.includes(word.text) && entry.values.length === 2)
    return word.text;
  throw otherUnit(extra.span, `${entry.word.text} ${firstNumber(entry)?.value ?? "N"}`, allowed);
}

/** `written` is the entry or option with its number. */
function otherUnit(span: Span, written: string, [unit]: readonly string[]): Problem {
  const [word] = written.split(" ");
  return problem(
    "MEM0304",
    span,
    unit === undefined ? `${word} is a number without a unit.` : `${word} counts ${unit}.`,
    { help: unit === undefined ? written : `${written} ${unit}` },
  );
}

export function onlyWord(entry: ScheduleEntry, allowed: readonly string[]): string {
  const word = wordOf(entry.values[0]);
  if (word !== undefined && allowed.includes(word.text) && entry.values.length === 1)
    return word.text;
  throw problem("MEM0304", entry.span, `${entry.word.text} is ${allowed.join(" or ")}.`);
}

export function numbersAfter(
  entry: ScheduleEntry,
  keyword: string,
  units: readonly string[],
): readonly number[] {
  const [first, ...rest] = entry.values;
  if (wordOf(first)?.text !== keyword)
    throw problem("MEM0304", entry.span, `Write ${entry.word.text} ${keyword} N.`);
  const counted = rest.findIndex((value) => wordOf(value) !== undefined);
  const end = rest[counted];
  if (end !== undefined && (counted < rest.length - 1 || !units.includes(wordOf(end)?.text ?? "")))
    throw otherUnit(end.span, `${entry.word.text} ${keyword} N`, units);
  const numbers = rest
    .slice(0, end === undefined ? rest.length : counted)
    .map((value) => (value.kind === "expression" ? numberOf(value.value) : undefined));
  const whole = numbers.filter(
    (number): number is number => number !== undefined && Number.isInteger(number) && number >= 0,
  );
  if (whole.length === 0 || whole.length !== numbers.length)
    throw problem("MEM0302", entry.span, `${entry.word.text} ${keyword} needs whole numbers.`);
  return whole;
}

interface CallParts {
  readonly name: string;
  readonly span: Span;
  readonly arguments: readonly Argument[];
}

export function callOf(entry: ScheduleEntry): CallParts {
  const [value, more] = entry.values;
  if (more !== undefined) {
    const message = `${entry.word.text} is one name, perhaps with options in parentheses.`;
    throw problem("MEM0304", more.span, message);
  }
  const word = wordOf(value);
  if (word !== undefined) return { name: word.text, span: word.span, arguments: [] };
  if (
    value?.kind === "expression" &&
    value.value.kind === "call" &&
    value.value.callee.kind === "reference"
  ) {
    return {
      name: value.value.callee.name.text,
      span: value.span,
      arguments: value.value.arguments,
    };
  }
  throw problem(
    "MEM0302",
    entry.span,
    `${entry.word.text} needs a name, perhaps with options in parentheses.`,
  );
}

/** What the numbers of calls count; the others have no unit. */
const unitsOfOptions: ReadonlyMap<string, readonly string[]> = new Map([
  ["warmup", ["steps", "step"]],
  ["horizon", ["segments", "segment"]],
  ["every", ["segments", "segment"]],
]);

interface NamedNumbersOptions {
  readonly words?: readonly string[];
  readonly ordered?: readonly string[];
}

/**
 * The numbers of `mrbp(horizon = 4)` by name; the first of them may be those of `ordered`, without names. `words` are what else it has,
 * whose values are not numbers.
 */
export function namedNumbers(
  call: CallParts,
  allowed: readonly string[],
  { words = [], ordered = allowed.slice(0, 1) }: NamedNumbersOptions = {},
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const given = new Set<string>();
  for (const [position, argument] of call.arguments.entries()) {
    const leading = call.arguments.slice(0, position).every((each) => each.name === undefined);
    const name = argument.name?.text ?? (leading ? ordered[position] : undefined);
    if (name !== undefined && given.has(name)) {
      throw problem("MEM0171", argument.span, `${call.name} is given ${name} twice.`);
    }
    const all = [...allowed, ...words];
    if (name === undefined || !all.includes(name)) {
      if (all.length === 0) {
        throw problem("MEM0171", argument.span, `${call.name} has no options.`, {
          help: call.name,
        });
      }
      if (argument.name === undefined && !leading) {
        const message = `In ${call.name} what has no name stands before what has one.`;
        const help = `Name it: ${call.name} has ${all.join(", ")}.`;
        throw problem("MEM0171", argument.span, message, { help });
      }
      throw problem(
        "MEM0171",
        argument.span,
        `${call.name} has no option ${argument.name?.text ?? "without a name"}.`,
        { help: optionHelp(argument.name?.text, all) },
      );
    }
    given.add(name);
    if (words.includes(name)) continue;
    const value = numberOf(argument.value);
    if (value === undefined) throw problem("MEM0302", argument.span, `${name} must be a number.`);
    const { unit } = argument;
    const units = unitsOfOptions.get(name) ?? [];
    if (unit !== undefined && !units.includes(unit.text))
      throw otherUnit(unit.span, `${name} = ${value}`, units);
    numbers.set(name, value);
  }
  return numbers;
}

/** The text of a path. */
export function pathOf(value: ScheduleValue): string | undefined {
  if (value.kind === "path") return value.path;
  if (value.kind === "word") return value.word.text;
  if (value.kind === "expression") return dotted(value.value);
  return undefined;
}

function dotted(expression: Expression): string | undefined {
  if (expression.kind === "reference") return expression.name.text;
  if (expression.kind !== "member") return undefined;
  const object = dotted(expression.object);
  return object === undefined ? undefined : `${object}.${expression.member.text}`;
}
