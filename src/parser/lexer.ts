/**
 * Text to tokens: what chevrotain reads, with every lexical fault as a diagnostic and a token that
 * stands in for it.
 */
import { type IToken, Lexer } from "chevrotain";
import type { Diagnostic, SourceFile } from "./diagnostic.ts";
import { syntaxError } from "./registry.ts";
import {
  ForeignOperator,
  foreignOperators,
  MalformedNumber,
  NumberLiteral,
  OpenString,
  StringLiteral,
  vocabulary,
} from "./tokens.ts";
import type { Span } from "./tree.ts";

export interface Lexed {
  /** In order, new lines included. */
  readonly tokens: readonly IToken[];
  /** `///` comments that are alone on their line, in order. */
  readonly docs: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

let lexer: Lexer | undefined;

/** The vocabulary's patterns are checked only where `validate` says so: in a test. */
export function makeLexer(validate: boolean): Lexer {
  const ensureOptimizations = validate;
  return new Lexer([...vocabulary], {
    positionTracking: "onlyOffset",
    skipValidations: !validate,
    ensureOptimizations,
  });
}

/** The end (exclusive) of a token's text. */
export function endOf(token: IToken): number {
  return token.startOffset + token.image.length;
}

export function lex(source: SourceFile): Lexed {
  const { path, text } = source;
  const diagnostics: Diagnostic[] = [];
  const span = (start: number, end: number): Span => ({ file: path, start, end });

  // A byte order mark is white space; replacing it keeps every offset.
  lexer ??= makeLexer(false);
  const result = lexer.tokenize(text.startsWith("\uFEFF") ? ` ${text.slice(1)}` : text);

  for (const error of result.errors) {
    const start = error.offset;
    diagnostics.push(unknownCharacters(text, span(start, start + error.length)));
  }
  for (const token of result.groups.foreign ?? []) {
    const sign = token.image.startsWith("#") ? "#" : "/*";
    diagnostics.push(
      syntaxError(
        "MEM0005",
        span(token.startOffset, token.startOffset + sign.length),
        `\`${sign}\` does not begin a comment`,
        { help: "comments are `// …` to the end of the line; `/// …` documents what follows" },
      ),
    );
  }
  const tokens = result.tokens.map((token) => mended(token, span, diagnostics));
  const docs = (result.groups.docs ?? []).filter((token) => aloneOnItsLine(text, token));
  return { tokens, docs, diagnostics };
}

/**
 * The token itself, or for a known wrong spelling the token that was meant, so that parsing goes
 * on.
 */
function mended(
  token: IToken,
  span: (start: number, end: number) => Span,
  diagnostics: Diagnostic[],
): IToken {
  const where = span(token.startOffset, endOf(token));
  switch (token.tokenType) {
    case ForeignOperator: {
      const meant = foreignOperators[token.image]!;
      diagnostics.push(
        syntaxError("MEM0006", where, `\`${token.image}\` is not an operator of the language`, {
          help: `write \`${meant.text}\``,
        }),
      );
      return { ...token, tokenType: meant.token, tokenTypeIdx: meant.token.tokenTypeIdx! };
    }
    case MalformedNumber:
      diagnostics.push(
        syntaxError("MEM0003", where, `\`${shortened(token.image)}\` is not a number`, {
          help: "numbers are written `3`, `0.5` or `1e-6`; white space separates a unit: `64 tokens`",
        }),
      );
      // The value is never used: the file has an error.
      return {
        ...token,
        tokenType: NumberLiteral,
        tokenTypeIdx: NumberLiteral.tokenTypeIdx!,
        payload: "malformed",
      };
    case OpenString:
      diagnostics.push(
        syntaxError("MEM0002", where, 'the string has no closing `"`', {
          help: "a string ends on the line it begins on",
        }),
      );
      return { ...token, tokenType: StringLiteral, tokenTypeIdx: StringLiteral.tokenTypeIdx! };
    default:
      return token;
  }
}

const otherSpellings: Readonly<Record<string, string>> = {
  "≤": "write `<=`",
  "≥": "write `>=`",
  "≠": "write `!=`",
  "·": "a contraction is ` . ` with `over`",
  "×": "write `*`",
  "−": "write `-`",
  "–": "write `-`",
  "→": "write `->`",
  "←": "write `<-`",
  "…": "write `...`",
  "“": 'write `"`',
  "”": 'write `"`',
  "'": 'strings stand between `"`',
  "@": "a contraction is `a . b over D`",
  "&": "write `and`",
  "|": "write `or`",
  "\u00A0": "replace the no-break space by a space",
};

function unknownCharacters(text: string, where: Span): Diagnostic {
  const first = String.fromCodePoint(text.codePointAt(where.start)!);
  const code = first.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  const printable = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(first);
  const shown = printable ? `\`${first}\` (U+${code})` : `U+${code}`;
  const letters = /^\p{L}$/u.test(first) && first > "\u007F";
  const help =
    otherSpellings[first] ??
    (letters ? "names are of the letters A to Z, digits and `_`" : undefined);
  return syntaxError(
    "MEM0001",
    where,
    `${shown} is not part of the language`,
    help === undefined ? {} : { help },
  );
}

function aloneOnItsLine(text: string, token: IToken): boolean {
  let before = token.startOffset - 1;
  while (before >= 0 && (text[before] === " " || text[before] === "\t")) before--;
  return before < 0 || text[before] === "\n" || text[before] === "\r" || text[before] === "\uFEFF";
}

/** Text from a spec, short enough for a message. */
export function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}
