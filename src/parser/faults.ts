/** From what the parser met to what it says: messages of the form "expected X, found Y". */
import {
  EOF,
  type IParserErrorMessageProvider,
  type IToken,
  type TokenType,
  tokenMatcher,
} from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import { shortened } from "./lexer.ts";
import { type DiagnosticDetails, type SyntaxCode, syntaxError } from "./registry.ts";
import * as t from "./tokens.ts";
import type { Span } from "./tree.ts";

/**
 * A syntax error found by a rule's own action. Caught, like chevrotain's exceptions, where the
 * parser recovers.
 */
export class Fault extends Error {
  readonly diagnostic: Diagnostic;

  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.name = "Fault";
    this.diagnostic = diagnostic;
  }
}

export function fault(
  code: SyntaxCode,
  span: Span,
  message: string,
  details: DiagnosticDetails = {},
): Fault {
  return new Fault(syntaxError(code, span, message, details));
}

/** A token as a reader would call it. */
export function described(token: IToken): string {
  if (token.tokenType === EOF) return "the end of the file";
  if (token.tokenType === t.Separator) {
    return token.image === ";" ? "`;`" : "the end of the line";
  }
  if (token.tokenType === t.StringLiteral) return "a string";
  return `\`${shortened(token.image)}\``;
}

/** What was wrong at which token. */
export interface Finding {
  readonly code: SyntaxCode;
  readonly message: string;
  readonly help?: string;
  readonly token: IToken;
}

/** Rules that end where an operator could have gone on: an `=` there was meant to compare. */
const afterExpression = new Set(["body", "whenExpression", "arguments", "postfix", "list"]);

/** What a closing sign's rule could have gone on with. */
const alternatives: Readonly<Record<string, string>> = {
  arguments: "`,` or `)`",
  formals: "`,` or `)`",
  choice: "`,` or `)`",
  distribution: "`,` or `)`",
  axisList: "`,` or `]`",
  formalAxes: "`,` or `]`",
  parameterAxes: "`,`, `->` or `]`",
  list: "`,` or `]`",
};

/** Rules whose list begins with a name at each place. */
const namesThings = new Set(["formals", "axisList", "formalAxes", "parameterAxes"]);

/**
 * Remembers the finding behind the exception chevrotain is about to throw; its text is the
 * exception's message.
 */
export class Expectations implements IParserErrorMessageProvider {
  last: Finding | undefined;

  buildMismatchTokenMessage(options: {
    expected: TokenType;
    actual: IToken;
    previous: IToken;
    ruleName: string;
  }): string {
    const { expected, actual, previous, ruleName } = options;
    const closing = expected === t.CloseParenthesis || expected === t.CloseBracket;
    const wanted =
      (closing ? alternatives[ruleName] : undefined) ?? expected.LABEL ?? expected.name;
    if (expected === t.Identifier && isReserved(previous) && isNaming(actual)) {
      return this.#remember(reservedName(previous));
    }
    if (expected === t.As && ruleName === "repeatStatement") {
      const help = "a repeat names its index: `repeat 2 as i { … }`";
      return this.#remember({ ...unexpected(wanted, actual), help });
    }
    return this.#remember(mismatch(expected, wanted, actual, ruleName));
  }

  buildNoViableAltMessage(options: {
    actual: IToken[];
    customUserDescription?: string;
    ruleName: string;
  }): string {
    const actual = options.actual[0]!;
    const wanted = options.customUserDescription ?? "something else";
    return this.#remember(unexpected(wanted, actual));
  }

  /** A list with nothing in it: of names, unless its rule says of what. */
  buildEarlyExitMessage(options: {
    actual: IToken[];
    previous: IToken;
    customUserDescription?: string;
  }): string {
    const { actual, previous, customUserDescription: wanted = "a name" } = options;
    const found = actual[0]!;
    if (wanted === "a name" && isReserved(previous) && isNaming(found)) {
      return this.#remember(reservedName(previous));
    }
    if (wanted === "a name" && isReserved(found)) return this.#remember(reservedName(found));
    return this.#remember(unexpected(wanted, found));
  }

  buildNotAllInputParsedMessage(options: { firstRedundant: IToken }): string {
    return this.#remember(unexpected("the end of the file", options.firstRedundant));
  }

  #remember(finding: Finding): string {
    this.last = finding;
    return finding.message;
  }
}

function mismatch(expected: TokenType, wanted: string, actual: IToken, ruleName: string): Finding {
  if (isReserved(actual) && (expected === t.Identifier || namesThings.has(ruleName))) {
    return reservedName(actual);
  }
  if (actual.tokenType === t.Becomes && afterExpression.has(ruleName)) {
    return comparison(wanted, actual);
  }
  return unexpected(wanted, actual);
}

/** Signs that follow a name which is being given a value. */
function isNaming(token: IToken): boolean {
  return token.tokenType === t.Becomes || token.tokenType === t.Write;
}

export function isReserved(token: IToken): boolean {
  return t.reservedWords.get(token.image) === token.tokenType;
}

export function reservedName(token: IToken): Finding {
  return {
    code: "MEM0024",
    message: `expected a name, found the reserved word \`${token.image}\``,
    help: "choose another name",
    token,
  };
}

export function comparison(wanted: string, token: IToken): Finding {
  return {
    code: "MEM0025",
    message: `expected ${wanted}, found \`=\``,
    help: "`=` gives a value its name; values are compared by `==`",
    token,
  };
}

/** The plain finding, with the advice that the found token alone suggests. */
export function unexpected(wanted: string, token: IToken): Finding {
  const code: SyntaxCode = wanted === "an expression" ? "MEM0021" : "MEM0020";
  const finding = { code, message: `expected ${wanted}, found ${described(token)}`, token };
  const help = advice(wanted, token);
  return help === undefined ? finding : { ...finding, help };
}

/** Whether an expression might as well have ended before the token. */
function isEnd(wanted: string): boolean {
  return wanted.startsWith("the end of the statement") || wanted.startsWith("`,` or ");
}

function advice(wanted: string, token: IToken): string | undefined {
  switch (token.tokenType) {
    case t.StringLiteral:
      return "a string stands only after `from` of an import";
    case t.Path:
      return token.image.startsWith("**") && wanted !== "a name"
        ? "a power is written `x ^ 2`; paths with stars stand in schedules"
        : "paths with stars stand in schedules";
    case t.Write:
      return wanted === "an expression"
        ? undefined
        : "`<-` writes a state; in a comparison put a space between `<` and `-`";
    case t.MemberDot:
      return "a member follows its value without white space; a contraction has white space after the dot";
    case t.OpenBracket:
      return "an index follows its value without white space";
    case t.OpenParenthesis:
      return "a call's arguments follow its name without white space";
    case t.At:
    case t.Split:
    case t.Merge:
    case t.Rename:
      return isEnd(wanted)
        ? `put the contraction in parentheses: \`(a . b over K) ${token.image} …\``
        : undefined;
    case t.Reset:
      return wanted.startsWith("the end of the statement")
        ? "it stands in a declaration `memory m = slots() reset when …`, or after a comma in that of a state: `starts 0, reset when …`"
        : undefined;
    case t.Gradient:
    case t.Kept:
      return wanted.startsWith("the end of the statement")
        ? `a comma comes before \`${token.image}\`: \`starts 0, gradient through\``
        : undefined;
    case t.Where:
      return "a choice while compiling is `when kind is gru { … } else { … }`, one on data `where(c, a, b)`";
    case t.Repeat:
      return wanted === "an expression"
        ? "a repeat is a statement: `repeat 3 as i yield y { … }` gives y, which stands in expressions after it"
        : undefined;
    default:
      if (wanted === "an expression" && isReserved(token)) {
        return `\`${token.image}\` is a reserved word`;
      }
      return undefined;
  }
}

/** Is this exact token one of a category, as the grammar sees it? */
export function isOf(token: IToken, type: TokenType): boolean {
  return tokenMatcher(token, type);
}
