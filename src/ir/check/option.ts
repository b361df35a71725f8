/** Options of a block: their types, legal ranges and defaults. */

import { suggest } from "../../parser/suggest.ts";
import type { Alternative, Expression, OptionType, Range } from "../../parser/tree.ts";
import type { NumberExpression } from "../graph.ts";
import { commandLineNotes } from "./command-line-notes.ts";
import type { Place } from "./emit.ts";
import { evaluateNumber, evaluateStatic } from "./expressions/expression.ts";
import { namedNumber, type Static, staticText } from "./expressions/static.ts";
import { findName } from "./names/name.ts";
import { optionHelp } from "./option-names.ts";
import { problem } from "./problem.ts";

/** The value of an option, checked. A bare name is first looked for among the alternatives of a choice. */
export function optionValue(
  place: Place,
  type: OptionType,
  expression: Expression,
  name: string,
): Static {
  const value =
    type.kind === "choice"
      ? choiceValue(place, type.alternatives, expression, name)
      : evaluateStatic(place, expression);
  checkOption(place, type, value, expression, name);
  return type.kind === "number" && value.kind === "number"
    ? { ...value, integer: type.number === "int" }
    : value;
}

function choiceValue(
  place: Place,
  alternatives: readonly Alternative[],
  expression: Expression,
  name: string,
): Static {
  // `off` and `on` may name alternatives too.
  const word =
    expression.kind === "flag"
      ? { text: expression.value ? "on" : "off", span: expression.span }
      : expression.kind === "reference"
        ? expression.name
        : expression.kind === "call" && expression.callee.kind === "reference"
          ? expression.callee.name
          : undefined;
  const names = alternatives.map((alternative) => alternative.name.text);
  const alternative = alternatives.find((each) => each.name.text === word?.text);
  if (word === undefined || alternative === undefined) {
    if (
      word !== undefined &&
      (expression.kind === "call" || findName(place, word.text) === undefined)
    ) {
      const near = suggest(word.text, names);
      throw problem(
        "MEM0131",
        word.span,
        `${word.text} is no alternative of ${name}: ${names.join(", ")}.`,
        {
          help: near === undefined ? undefined : `Did you mean ${near}?`,
        },
      );
    }
    const value = evaluateStatic(place, expression);
    return value.kind === "choice" ? { ...value, alternatives: names } : value;
  }
  const given = expression.kind === "call" ? expression.arguments : [];
  const options = new Map<string, Static>();
  for (const option of alternative.options) {
    const argument = given.find((each) => each.name?.text === option.name.text);
    const value = argument?.value ?? option.default;
    if (value === undefined) {
      throw problem(
        "MEM0170",
        expression.span,
        `${word.text} needs its option ${option.name.text}.`,
        {
          help: `${word.text}(${option.name.text} = …)`,
        },
      );
    }
    options.set(option.name.text, optionValue(place, option.type, value, option.name.text));
  }
  for (const argument of given) {
    const known = alternative.options.some((option) => option.name.text === argument.name?.text);
    if (!known) {
      throw problem(
        "MEM0171",
        argument.span,
        `${word.text} has no option ${argument.name?.text ?? "without a name"}.`,
        {
          help: optionHelp(
            argument.name?.text,
            alternative.options.map(({ name }) => name.text),
          ),
        },
      );
    }
  }
  return { kind: "choice", name: word.text, alternatives: names, options };
}

/** Throws if the value is not one the type allows. */
export function checkOption(
  place: Place,
  type: OptionType,
  value: Static,
  given: Expression,
  name: string,
): void {
  const wrong: (expected: string) => never = (expected) => {
    const message = `${name} must be ${expected}, not ${staticText(value)}.`;
    throw problem("MEM0172", given.span, message, { notes: commandLineNotes(place, given) });
  };
  switch (type.kind) {
    case "number": {
      const whole = type.number === "int" ? "a whole number" : "a number";
      if (value.kind !== "number") wrong(whole);
      if (type.number === "int" && !Number.isInteger(value.value)) wrong(whole);
      if (type.parity === "even" && value.value % 2 !== 0) wrong("an even number");
      if (type.parity === "odd" && value.value % 2 !== 1) wrong("an odd number");
      if (type.parity === "square" && !Number.isInteger(Math.sqrt(value.value)))
        wrong("the square of a whole number");
      if (type.range !== undefined) checkRange(place, type.range, value.value, wrong);
      return;
    }
    case "flag":
      if (value.kind !== "flag") wrong("on or off");
      return;
    case "choice": {
      const names = type.alternatives.map((alternative) => alternative.name.text);
      if (value.kind !== "choice" || !names.includes(value.name))
        wrong(`one of ${names.join(", ")}`);
      return;
    }
    case "list":
    case "set":
      if (value.kind !== "list") wrong(`a ${type.kind}`);
      for (const item of value.items)
        checkOption(place, type.element, item, given, `each of ${name}`);
      return;
    default: {
      void (type satisfies never);
    }
  }
}

function checkRange(
  place: Place,
  range: Range,
  value: number,
  wrong: (expected: string) => void,
): void {
  const bound = (end: { readonly value: Expression } | undefined) =>
    end === undefined ? undefined : evaluateNumber(place, end.value).value;
  const low = bound(range.low);
  const high = bound(range.high);
  const tooLow = low !== undefined && (range.low?.open ? value <= low : value < low);
  const tooHigh = high !== undefined && (range.high?.open ? value >= high : value > high);
  if (!tooLow && !tooHigh && !Number.isNaN(value)) return;
  const parts = [
    ...(low === undefined ? [] : [`${range.low?.open ? "greater than" : "at least"} ${low}`]),
    ...(high === undefined ? [] : [`${range.high?.open ? "less than" : "at most"} ${high}`]),
  ];
  wrong(parts.join(" and "));
}

// ---------------------------------------------------------------- options inside the block

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** The number formals an option makes: itself, or the numbers of the chosen alternative. */
export function numberFormals(
  name: string,
  value: Static,
): readonly { readonly name: string; readonly value: Static & { kind: "number" } }[] {
  switch (value.kind) {
    case "number":
      return [{ name, value }];
    case "choice":
      return [...value.options].flatMap(([option, inner]) =>
        numberFormals(name + capital(option), inner),
      );
    case "flag":
    case "list":
      return [];
    default:
      return value satisfies never;
  }
}

/** The option as the block's body sees it: its numbers are number formals. */
export function insideBlock(name: string, value: Static): Static {
  switch (value.kind) {
    case "number": {
      const text: NumberExpression = { kind: "formal", name };
      return namedNumber(value, text, text);
    }
    case "choice": {
      const options = [...value.options].map(
        ([option, inner]) => [option, insideBlock(name + capital(option), inner)] as const,
      );
      return { ...value, options: new Map(options) };
    }
    case "flag":
    case "list":
      return value;
    default:
      return value satisfies never;
  }
}
