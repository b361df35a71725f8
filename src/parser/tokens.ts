/**
 * The words and signs of the language, as chevrotain token types. Labels are what a reader sees in
 * messages.
 */
import { createToken, Lexer, type TokenType } from "chevrotain";

// ---------------------------------------------------------------- categories

/** `-`, `not` */
export const PrefixOperator = createToken({
  name: "PrefixOperator",
  pattern: Lexer.NA,
  label: "an operator",
});
/** Operators between two operands, all but contraction, `^` and `is`. */
export const InfixOperator = createToken({
  name: "InfixOperator",
  pattern: Lexer.NA,
  label: "an operator",
});
/** `+ - * / div mod` */
export const ArithmeticOperator = createToken({
  name: "ArithmeticOperator",
  pattern: Lexer.NA,
  label: "an operator",
  categories: InfixOperator,
});

// ---------------------------------------------------------------- names and words

export const Identifier = createToken({
  name: "Identifier",
  pattern: /[A-Za-z_][A-Za-z0-9_]*/,
  label: "a name",
});

/** Words that can never be names. */
export const reservedWords = new Map<string, TokenType>();
/** Words with a meaning in one place that are names everywhere else. */
export const contextualWords = new Map<string, TokenType>();

function reserved(word: string, categories: TokenType[] = []): TokenType {
  const token = createToken({
    name: word[0]!.toUpperCase() + word.slice(1),
    pattern: new RegExp(word),
    longer_alt: Identifier,
    label: `\`${word}\``,
    categories,
  });
  reservedWords.set(word, token);
  return token;
}

function contextual(word: string): TokenType {
  const token = createToken({
    name: word[0]!.toUpperCase() + word.slice(1),
    pattern: new RegExp(word),
    longer_alt: Identifier,
    label: `\`${word}\``,
    categories: Identifier,
  });
  contextualWords.set(word, token);
  return token;
}

// Items and statements.
export const Memory = reserved("memory");
export const Dim = reserved("dim");
export const Param = reserved("param");
export const State = reserved("state");
export const Const = reserved("const");
export const Input = reserved("input");
export const Target = reserved("target");
export const Output = reserved("output");
export const Use = reserved("use");
export const Repeat = reserved("repeat");
export const Scan = reserved("scan");
export const When = reserved("when");
export const Else = reserved("else");
export const Return = reserved("return");
export const Yield = reserved("yield");
export const Loss = reserved("loss");
// Clauses.
export const Starts = reserved("starts");
export const Over = reserved("over");
export const At = reserved("at");
export const As = reserved("as");
export const By = reserved("by");
export const Where = reserved("where");
export const Split = reserved("split");
export const Merge = reserved("merge");
export const Rename = reserved("rename");
// Operators and values.
export const Or = reserved("or", [InfixOperator]);
export const And = reserved("and", [InfixOperator]);
export const Not = reserved("not", [PrefixOperator]);
export const In = reserved("in", [InfixOperator]);
export const Is = reserved("is");
export const Div = reserved("div", [ArithmeticOperator]);
export const Mod = reserved("mod", [ArithmeticOperator]);
export const On = reserved("on");
export const Off = reserved("off");
export const Draw = reserved("draw");

/** Words that begin a statement. */
export const statementWords: readonly TokenType[] = [
  Dim,
  Param,
  State,
  Const,
  Input,
  Target,
  Output,
  Use,
  Memory,
  When,
  Repeat,
  Scan,
  Return,
  Yield,
  Loss,
];

export const Mem = contextual("mem");
export const Import = contextual("import");
export const Block = contextual("block");
export const Model = contextual("model");
export const Train = contextual("train");
export const Evaluate = contextual("evaluate");
export const Generate = contextual("generate");
export const From = contextual("from");
export const Into = contextual("into");
export const Next = contextual("next");
export const Gradient = contextual("gradient");
export const Through = contextual("through");
export const Stop = contextual("stop");
export const Kept = contextual("kept");
export const Reset = contextual("reset");
export const Weighted = contextual("weighted");
export const Shared = contextual("shared");
export const Int = contextual("int");
export const Real = contextual("real");
export const Flag = contextual("flag");
export const Even = contextual("even");
export const Odd = contextual("odd");
export const Square = contextual("square");
export const Choice = contextual("choice");
export const List = contextual("list");
export const SetOf = contextual("set");

// ---------------------------------------------------------------- literals and paths

export const NumberLiteral = createToken({
  name: "Number",
  // The end is checked so that `3x` and `1.2.3` are one malformed number, not two tokens.
  pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_]|\.\d)/,
  label: "a number",
});
export const StringLiteral = createToken({
  name: "String",
  pattern: /"[^"\n\r]*"/,
  label: "a string",
});

const step = "\\.[A-Za-z_][A-Za-z0-9_]*|\\[\\d+\\]";
const stars = "\\.\\*\\*?|\\[\\*\\]";
/**
 * A path with at least one star: `**.bias`, `layer[*].ltm`. Chains are bounded: scanning stays
 * linear.
 */
export const Path = createToken({
  name: "Path",
  pattern: new RegExp(
    `(?:[A-Za-z_][A-Za-z0-9_]{0,99}(?:${step}){0,32}(?:${stars})|\\*\\*(?![^.\\s,{;}])|\\*(?=\\.[A-Za-z_*]))` +
      `(?:${step}|${stars}){0,32}`,
  ),
  start_chars_hint: [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_*"],
  label: "a path",
});

// ---------------------------------------------------------------- signs

function sign(name: string, text: string, categories: TokenType[] = []): TokenType {
  return createToken({
    name,
    pattern: new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")),
    label: `\`${text}\``,
    categories,
  });
}

export const Ellipsis = sign("Ellipsis", "...");
export const Range = sign("Range", "..", [InfixOperator]);
export const MemberDot = createToken({
  name: "MemberDot",
  pattern: /\.(?=[A-Za-z_])/,
  label: "`.`",
});
export const ContractionDot = createToken({
  name: "ContractionDot",
  pattern: /\./,
  label: "`.` (contraction)",
});
export const Arrow = sign("Arrow", "->");
export const Write = sign("Write", "<-");
export const Equal = sign("Equal", "==", [InfixOperator]);
export const NotEqual = sign("NotEqual", "!=", [InfixOperator]);
export const AtMost = sign("AtMost", "<=", [InfixOperator]);
export const AtLeast = sign("AtLeast", ">=", [InfixOperator]);
export const Below = sign("Below", "<", [InfixOperator]);
export const Above = sign("Above", ">", [InfixOperator]);
export const Becomes = sign("Becomes", "=");
export const Plus = sign("Plus", "+", [ArithmeticOperator]);
export const Minus = sign("Minus", "-", [PrefixOperator, ArithmeticOperator]);
export const Times = sign("Times", "*", [ArithmeticOperator]);
export const Divide = sign("Divide", "/", [ArithmeticOperator]);
export const Power = sign("Power", "^");
export const Tilde = sign("Tilde", "~");
export const Colon = sign("Colon", ":");
export const Comma = sign("Comma", ",");
export const OpenParenthesis = sign("OpenParenthesis", "(");
export const CloseParenthesis = sign("CloseParenthesis", ")");
export const OpenBracket = sign("OpenBracket", "[");
export const CloseBracket = sign("CloseBracket", "]");
export const OpenBrace = sign("OpenBrace", "{");
export const CloseBrace = sign("CloseBrace", "}");
/** As written. Outside parentheses it becomes a Separator. */
export const Semicolon = sign("Semicolon", ";");
/** The end of a statement: `;`, or a new line where a statement may end. */
export const Separator = createToken({
  name: "Separator",
  pattern: Lexer.NA,
  label: "the end of the statement",
});

// ---------------------------------------------------------------- between tokens

export const WhiteSpace = createToken({
  name: "WhiteSpace",
  pattern: /[ \t\f\v]+/,
  group: Lexer.SKIPPED,
});
export const NewLine = createToken({
  name: "NewLine",
  pattern: /\r\n|\r|\n/,
  line_breaks: true,
});
/** `/// …`; four slashes and more are ordinary comments. */
export const DocComment = createToken({
  name: "DocComment",
  pattern: /\/\/\/(?!\/)[^\n\r]*/,
  group: "docs",
});
export const Comment = createToken({
  name: "Comment",
  pattern: /\/\/[^\n\r]*/,
  group: Lexer.SKIPPED,
});

// ---------------------------------------------------------------- wrong spellings, known so that
// messages can say the right one

export const ForeignComment = createToken({
  name: "ForeignComment",
  pattern: /#[^\n\r]*|\/\*[\s\S]*?\*\/|\/\*[\s\S]*/,
  start_chars_hint: ["#", "/"],
  line_breaks: true,
  group: "foreign",
});
export const ForeignOperator = createToken({
  name: "ForeignOperator",
  pattern: /:=|&&|\|\||!|%/,
});
export const OpenString = createToken({ name: "OpenString", pattern: /"[^"\n\r]*/ });
export const MalformedNumber = createToken({
  name: "MalformedNumber",
  pattern: /\d[A-Za-z0-9_]*(?:\.\d[A-Za-z0-9_]*)*|\.\d[A-Za-z0-9_]*/,
  start_chars_hint: [..."0123456789."],
});

/** What a foreign operator stands for. */
export const foreignOperators: Readonly<Record<string, { token: TokenType; text: string }>> = {
  ":=": { token: Becomes, text: "=" },
  "&&": { token: And, text: "and" },
  "||": { token: Or, text: "or" },
  "!": { token: Not, text: "not" },
  "%": { token: Mod, text: "mod" },
};

// Longer words first: `in` would hide `into`.
const words = [...reservedWords, ...contextualWords]
  .sort(([left], [right]) => right.length - left.length)
  .map(([, token]) => token);

/** All token types in the order the lexer tries them. */
export const vocabulary: readonly TokenType[] = [
  PrefixOperator,
  InfixOperator,
  ArithmeticOperator,
  WhiteSpace,
  NewLine,
  DocComment,
  Comment,
  ForeignComment,
  NumberLiteral,
  Path,
  ...words,
  Identifier,
  Ellipsis,
  Range,
  MalformedNumber,
  MemberDot,
  ContractionDot,
  Arrow,
  Write,
  Equal,
  NotEqual,
  AtMost,
  AtLeast,
  ForeignOperator,
  Below,
  Above,
  Becomes,
  Plus,
  Minus,
  Times,
  Divide,
  Power,
  Tilde,
  Colon,
  Comma,
  OpenParenthesis,
  CloseParenthesis,
  OpenBracket,
  CloseBracket,
  OpenBrace,
  CloseBrace,
  Semicolon,
  Separator,
  StringLiteral,
  OpenString,
];
