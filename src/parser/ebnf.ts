/** The grammar of the language in EBNF, made from the rules the parser runs. */
import {
  Alternation,
  Alternative,
  type IProduction,
  NonTerminal,
  Option,
  Repetition,
  RepetitionMandatory,
  RepetitionMandatoryWithSeparator,
  RepetitionWithSeparator,
  type Rule,
  Terminal,
  type TokenType,
} from "chevrotain";
import { FileGrammar } from "./files.ts";
import { precedence } from "./operators.ts";
import * as t from "./tokens.ts";

const introduction = `\
The grammar of .mem files, edition 1. Made from the parser's rules: run \`node scripts/grammar.mjs\`.

Notation: 'x' is text; [ a ] at most once; { a } any number of times; a | b either; ( a ) groups.
Words in capitals are tokens, listed at the end.

What the rules do not show:
* A new line is a SEPARATOR, except inside ( ) and [ ], after an operator, a comma, \`=\`, \`<-\`, \`->\`, \`~\`, \`:\` or a
  word such as \`over\`, and before one of these, \`else\`, \`{\`, \`reset when\` or \`weighted by\`. A \`;\` always is one.
* Two statements are separated by at least one SEPARATOR.
* A member's dot, an index's bracket and a call's parenthesis follow their value without white space;
  a contraction's dot has white space after it.
* The index after \`at L =\` takes suffixes (at, split, merge, rename) only in parentheses.
* In an argument, \`as\` belongs to the argument; elsewhere, after a call, it names the call.
* A unit after a number, as in \`warmup = 20 steps\`, stands in schedules only.`;

/** The text of `grammar/mem.ebnf`. */
export function ebnf(): string {
  const rules = Object.values(new FileGrammar({ validate: false }).getGAstProductions());
  // In the order a reader meets them, from the file down.
  const order = reachable(rules);
  const productions = order.map((rule) => {
    const alternatives = top(rule.definition).map((choice) => wrapped(sequence(choice)));
    return `${ruleName(rule.name)} =\n    ${alternatives.join("\n  | ")} ;`;
  });
  return `(*\n${introduction}\n*)\n\n${productions.join("\n\n")}\n\n${operators()}\n\n${lexical()}`;
}

function reachable(rules: readonly Rule[]): readonly Rule[] {
  const byName = new Map(rules.map((rule) => [rule.name, rule]));
  const order = new Set<Rule>();
  const visit = (name: string): void => {
    const rule = byName.get(name);
    if (rule === undefined || order.has(rule)) return;
    order.add(rule);
    for (const called of calls(rule.definition)) visit(called);
  };
  visit("file");
  return [...order];
}

function calls(productions: readonly IProduction[]): readonly string[] {
  return productions.flatMap((production) => {
    if (production instanceof NonTerminal) return [production.nonTerminalName];
    if (production instanceof Terminal) return [];
    return "definition" in production ? calls(production.definition as IProduction[]) : [];
  });
}

/** A long alternative in several lines, broken between symbols. */
function wrapped(text: string): string {
  return text.replace(/(.{60,90}?) (?=\S)(?=.{10})/g, "$1\n      ");
}

/** A rule that is one choice is written as its alternatives. */
function top(definition: readonly IProduction[]): readonly IProduction[][] {
  const [only] = definition;
  if (definition.length === 1 && only instanceof Alternation) {
    return only.definition.map((alternative) => [alternative]);
  }
  return [[...definition]];
}

function sequence(productions: readonly IProduction[]): string {
  return productions.map((production) => written(production)).join(" ");
}

function written(production: IProduction): string {
  if (production instanceof Terminal) return tokenName(production.terminalType);
  if (production instanceof NonTerminal) return ruleName(production.nonTerminalName);
  if (production instanceof Alternative) return sequence(production.definition);
  if (production instanceof Alternation) {
    return `( ${production.definition.map((choice) => written(choice)).join(" | ")} )`;
  }
  if (production instanceof Option) return `[ ${sequence(production.definition)} ]`;
  if (production instanceof Repetition) return `{ ${sequence(production.definition)} }`;
  if (production instanceof RepetitionMandatory) {
    const once = sequence(production.definition);
    return `${once} { ${once} }`;
  }
  if (production instanceof RepetitionWithSeparator) {
    const once = sequence(production.definition);
    return `[ ${once} { ${tokenName(production.separator)} ${once} } ]`;
  }
  if (production instanceof RepetitionMandatoryWithSeparator) {
    const once = sequence(production.definition);
    return `${once} { ${tokenName(production.separator)} ${once} }`;
  }
  throw new Error(`no notation for ${production.constructor.name}`);
}

/** `whenExpression` as `when-expression` */
function ruleName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const named = new Map<TokenType, string>([
  [t.Identifier, "NAME"],
  [t.NumberLiteral, "NUMBER"],
  [t.StringLiteral, "STRING"],
  [t.Path, "PATH"],
  [t.Separator, "SEPARATOR"],
  [t.PrefixOperator, "PREFIX"],
  [t.InfixOperator, "INFIX"],
  [t.ArithmeticOperator, "ARITHMETIC"],
]);

function tokenName(token: TokenType): string {
  const image = /^`(.*)`/.exec(token.LABEL ?? "")?.[1];
  return named.get(token) ?? `'${image ?? token.name}'`;
}

function operators(): string {
  const lines = precedence.map(({ operators, associativity }) => {
    const how = {
      left: "to the left",
      right: "to the right",
      none: "not chained",
      prefix: "prefix",
    };
    return `  ${operators.join("  ").padEnd(36)} ${how[associativity]}`;
  });
  return `(* Operators from loosest to tightest:\n${lines.join("\n")}\n*)`;
}

function lexical(): string {
  const members = (category: TokenType): string =>
    t.vocabulary
      .filter((token) => inCategory(token, category) && token.LABEL?.startsWith("`"))
      .map((token) => tokenName(token))
      .join(" | ");
  const lines = [
    "NAME = letter { letter | digit } ;   (* not a reserved word; letters are A-Z, a-z and _ *)",
    "NUMBER = digit { digit } [ '.' digit { digit } ] [ ( 'e' | 'E' ) [ '+' | '-' ] digit { digit } ] ;",
    "STRING = '\"' { any character but '\"' and a new line } '\"' ;",
    "PATH = ( NAME | '*' | '**' ) { '.' ( NAME | '*' | '**' ) | '[' ( digit { digit } | '*' ) ']' } ;   (* with at least one star *)",
    `PREFIX = ${members(t.PrefixOperator)} ;`,
    `INFIX = ${members(t.InfixOperator)} ;`,
    `ARITHMETIC = ${members(t.ArithmeticOperator)} ;`,
    "",
    "(* Comments: // to the end of the line. Documentation of what follows: /// to the end of the line. *)",
    `(* Reserved words: ${[...t.reservedWords.keys()].sort().join(" ")} *)`,
    `(* Words that are names elsewhere: ${[...t.contextualWords.keys()].sort().join(" ")} *)`,
  ];
  return `${lines.join("\n")}\n`;
}

function inCategory(token: TokenType, category: TokenType): boolean {
  return (token.CATEGORIES ?? []).some(
    (parent) => parent === category || inCategory(parent, category),
  );
}
