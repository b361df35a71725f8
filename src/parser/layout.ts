/**
 * Tokens to statements: brackets are paired, and a new line becomes a Separator where a statement
 * may end there. What leaves here is balanced: a bracket that is never closed gets a closing token
 * of its own, one that closes nothing is dropped, each with its diagnostic. So the grammar needs no
 * rule for either, and recovery can skip by depth.
 */
import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import { isOf } from "./faults.ts";
import { endOf } from "./lexer.ts";
import { syntaxError } from "./registry.ts";
import * as t from "./tokens.ts";
import type { Span } from "./tree.ts";

/** Brackets within brackets beyond this are refused. */
export const deepestNesting = 100;

export interface Layout {
  readonly tokens: readonly IToken[];
  /** Number of brackets open around a token; a bracket counts as outside of itself. */
  readonly depth: ReadonlyMap<IToken, number>;
  /** Closing brackets that are not in the text. */
  readonly inserted: ReadonlySet<IToken>;
  readonly diagnostics: readonly Diagnostic[];
  /** Nesting went beyond the limit: the tokens are not worth parsing. */
  readonly hopeless: boolean;
}

interface Open {
  readonly token: IToken;
  readonly closer: TokenType;
  /** `in [0, 1)`: either bracket may close it. */
  readonly interval: boolean;
  /** A `when` or `scan` stands inside, so that braces may. */
  holdsBraces: boolean;
}

const closers = new Map<TokenType, TokenType>([
  [t.OpenParenthesis, t.CloseParenthesis],
  [t.OpenBracket, t.CloseBracket],
  [t.OpenBrace, t.CloseBrace],
]);
const closerImages = new Map<TokenType, string>([
  [t.CloseParenthesis, ")"],
  [t.CloseBracket, "]"],
  [t.CloseBrace, "}"],
]);

const infix: readonly TokenType[] = [
  t.Or,
  t.And,
  t.Equal,
  t.NotEqual,
  t.Below,
  t.AtMost,
  t.Above,
  t.AtLeast,
  t.In,
  t.Is,
  t.Range,
  t.Plus,
  t.Minus,
  t.Times,
  t.Divide,
  t.Div,
  t.Mod,
  t.ContractionDot,
  t.MemberDot,
  t.Power,
  t.Becomes,
  t.Write,
  t.Arrow,
  t.Tilde,
  t.Comma,
  t.Colon,
  t.Over,
  t.At,
  t.As,
  t.By,
  t.Where,
  t.Split,
  t.Merge,
  t.Rename,
  t.Starts,
];
const continuesAfter = new Set<TokenType>([...infix, t.Not]);
const continuesBefore = new Set<TokenType>([...infix, t.Else, t.OpenBrace]);

const bracedWords = new Set<TokenType>([t.When, t.Scan]);

/** Words that begin a statement, and nothing inside parentheses. */
const statementWords = new Set(t.statementWords.filter((word) => !bracedWords.has(word)));
const programWords = new Set<TokenType>([t.Train, t.Evaluate, t.Generate]);

export function arrange(path: string, tokens: readonly IToken[]): Layout {
  const arranger = new Arranger(path, tokens);
  arranger.run();
  return arranger;
}

class Arranger implements Layout {
  readonly tokens: IToken[] = [];
  readonly depth = new Map<IToken, number>();
  readonly inserted = new Set<IToken>();
  readonly diagnostics: Diagnostic[] = [];
  hopeless = false;

  readonly #path: string;
  readonly #source: readonly IToken[];
  readonly #open: Open[] = [];

  constructor(path: string, source: readonly IToken[]) {
    this.#path = path;
    this.#source = source;
  }

  run(): void {
    for (let index = 0; index < this.#source.length && !this.hopeless; index++) {
      const token = this.#source[index]!;
      const type = token.tokenType;
      if (type === t.NewLine) {
        const next = this.#afterNewLines(index);
        this.#newLine(token, next);
        index = next - 1;
      } else if (type === t.Semicolon) {
        // Inside parentheses nothing ends: the grammar refuses the semicolon as it stands.
        if (this.#insideParentheses()) this.#emit(token);
        else this.#separate(token.image, token.startOffset);
      } else if (closers.has(type)) this.#openBracket(token);
      else if (closerImages.has(type)) this.#closeBracket(token);
      else this.#emit(token);
    }
    if (this.hopeless) return;
    const end = this.#source.at(-1);
    while (this.#open.length > 0) this.#insertCloser(end === undefined ? 0 : endOf(end));
  }

  #emit(token: IToken): void {
    const top = this.#open.at(-1);
    if (top !== undefined && bracedWords.has(token.tokenType)) top.holdsBraces = true;
    this.depth.set(token, this.#open.length);
    this.tokens.push(token);
  }

  #span(token: IToken): Span {
    return { file: this.#path, start: token.startOffset, end: endOf(token) };
  }

  #insideParentheses(): boolean {
    const top = this.#open.at(-1);
    return top !== undefined && top.closer !== t.CloseBrace;
  }

  #afterNewLines(index: number): number {
    let next = index;
    while (this.#source[next]?.tokenType === t.NewLine) next++;
    return next;
  }

  // -------------------------------------------------------------- new lines

  #newLine(newLine: IToken, nextIndex: number): void {
    const next = this.#source[nextIndex];
    if (next === undefined) return;
    const previous = this.tokens.at(-1);
    if (this.#insideParentheses()) {
      if (!this.#beginsStatement(previous, nextIndex)) return;
      while (this.#insideParentheses()) this.#insertCloser(previous ? endOf(previous) : 0);
    }
    if (this.#open.length > 0 && this.#beginsItem(nextIndex)) {
      while (this.#open.length > 0) this.#insertCloser(previous ? endOf(previous) : 0);
    }
    const last = this.tokens.at(-1);
    if (last === undefined || last.tokenType === t.Separator || last.tokenType === t.OpenBrace) {
      return;
    }
    if (next.tokenType === t.CloseBrace) return;
    if (this.#awaitsMore(last) && !(isOperator(last) && this.#givesValue(nextIndex))) return;
    if (this.#continues(nextIndex) || this.#beginsClause(nextIndex)) return;
    this.#separate("\n", newLine.startOffset);
  }

  /** Does something have to come after this token? `at` may be an alternative: `clamp is at`. */
  #awaitsMore(last: IToken): boolean {
    const isAlternative = last.tokenType === t.At && this.tokens.at(-2)?.tokenType === t.Is;
    return continuesAfter.has(last.tokenType) && !isAlternative;
  }

  /**
   * Is this an operator or a word that goes on with the line before, and not a reserved word taken
   * for a name?
   */
  #continues(index: number): boolean {
    const { tokenType, image } = this.#source[index]!;
    if (!continuesBefore.has(tokenType)) return false;
    const second = this.#source[index + 1]?.tokenType;
    return !(t.reservedWords.has(image) && (second === t.Becomes || second === t.Write));
  }

  /** `name =`, `name <-`: no operand, so that what stands before it has ended. */
  #givesValue(index: number): boolean {
    const second = this.#source[index + 1]?.tokenType;
    return isName(this.#source[index]?.tokenType) && (second === t.Becomes || second === t.Write);
  }

  /** Consecutive separators are one. */
  #separate(image: string, offset: number): void {
    const last = this.tokens.at(-1);
    if (last?.tokenType === t.Separator) return;
    const end = offset + image.length - 1;
    this.#emit(createTokenInstance(t.Separator, image, offset, end, NaN, NaN, NaN, NaN));
  }

  /**
   * `reset when` and `weighted by` go on with the line before; both first words are names
   * elsewhere.
   */
  #beginsClause(index: number): boolean {
    const first = this.#source[index]?.tokenType;
    const second = this.#source[index + 1]?.tokenType;
    return (
      (first === t.Reset && second === t.When) ||
      (first === t.Weighted && second === t.By) ||
      (first === t.Gradient && (second === t.Through || second === t.Stop))
    );
  }

  /**
   * Inside parentheses: can what follows only be a new statement, so that a bracket was left open?
   */
  #beginsStatement(previous: IToken | undefined, index: number): boolean {
    const next = this.#source[index]!;
    const second = this.#source[index + 1]?.tokenType;
    if (statementWords.has(next.tokenType)) return second !== t.Becomes && second !== t.Colon;
    if (this.#beginsItem(index)) return true;
    // Between two operands there is always a comma or an operator; without one the statement before
    // has ended.
    if (previous === undefined || closers.has(previous.tokenType)) return false;
    const ended = isOperator(previous) || !continuesAfter.has(previous.tokenType);
    return ended && this.#givesValue(index);
  }

  /**
   * `block name`, `model Name`, `memory name(`, `train {` at the start of a line stand at file
   * level only.
   */
  #beginsItem(index: number): boolean {
    const type = this.#source[index]!.tokenType;
    const second = this.#source[index + 1]?.tokenType;
    if (type === t.Block || type === t.Model || type === t.Import) return isName(second);
    if (type === t.Memory) return this.#source[index + 2]?.tokenType === t.OpenParenthesis;
    return programWords.has(type) && second === t.OpenBrace;
  }

  // -------------------------------------------------------------- brackets

  #openBracket(token: IToken): void {
    const interval = token.tokenType !== t.OpenBrace && this.tokens.at(-1)?.tokenType === t.In;
    if (token.tokenType === t.OpenBrace) this.#closeBeforeBrace();
    this.#emit(token);
    const closer = closers.get(token.tokenType)!;
    this.#open.push({ token, closer, interval, holdsBraces: false });
    if (this.#open.length > deepestNesting) {
      this.hopeless = true;
      this.diagnostics.push(
        syntaxError(
          "MEM0008",
          this.#span(token),
          `brackets are nested too deeply: more than ${deepestNesting} levels`,
          { help: "name parts of the expression, or move them into blocks" },
        ),
      );
    }
  }

  /**
   * Inside parentheses braces belong to a choice or a loop; without one the parentheses were left
   * open.
   */
  #closeBeforeBrace(): void {
    const previous = this.tokens.at(-1);
    while (this.#insideParentheses() && !this.#open.at(-1)!.holdsBraces) {
      this.#insertCloser(previous ? endOf(previous) : 0);
    }
  }

  #closeBracket(token: IToken): void {
    const type = token.tokenType;
    const closes = (open: Open): boolean =>
      open.closer === type || (open.interval && type !== t.CloseBrace);
    const top = this.#open.at(-1);
    if (top === undefined) {
      this.#closesNothing(token);
      return;
    }
    if (closes(top)) {
      this.#open.pop();
      this.#emit(token);
      return;
    }
    if (type === t.CloseBrace) {
      // A brace ends whatever parentheses its block left open.
      if (!this.#open.some((open) => open.closer === t.CloseBrace)) {
        this.#closesNothing(token);
        return;
      }
      const previous = this.tokens.at(-1);
      while (this.#insideParentheses()) this.#insertCloser(previous ? endOf(previous) : 0);
      this.#open.pop();
      this.#emit(token);
      return;
    }
    if (top.closer === t.CloseBrace) {
      this.#closesNothing(token);
      return;
    }
    const second = this.#open.at(-2);
    if (second !== undefined && closes(second)) {
      this.#insertCloser(token.startOffset);
      this.#open.pop();
      this.#emit(token);
      return;
    }
    this.diagnostics.push(
      syntaxError(
        "MEM0011",
        this.#span(token),
        `expected \`${closerImages.get(top.closer)}\` to close \`${top.token.image}\`, found \`${token.image}\``,
        {
          notes: [
            { message: `\`${top.token.image}\` is opened here`, span: this.#span(top.token) },
          ],
        },
      ),
    );
    this.#open.pop();
    this.#insert(top.closer, token.startOffset);
  }

  #closesNothing(token: IToken): void {
    const top = this.#open.at(-1);
    const notes =
      top === undefined
        ? []
        : [{ message: `\`${top.token.image}\` is open here`, span: this.#span(top.token) }];
    this.diagnostics.push(
      syntaxError("MEM0010", this.#span(token), `\`${token.image}\` closes nothing`, { notes }),
    );
  }

  /** Closes the innermost bracket, which the text does not, at `offset`. */
  #insertCloser(offset: number): void {
    const { token, closer } = this.#open.pop()!;
    const image = closerImages.get(closer)!;
    this.diagnostics.push(
      syntaxError("MEM0009", this.#span(token), `\`${token.image}\` is never closed`, {
        notes: [
          {
            message: `\`${image}\` is missing before this point`,
            span: { file: this.#path, start: offset, end: offset },
          },
        ],
      }),
    );
    this.#insert(closer, offset);
  }

  #insert(closer: TokenType, offset: number): void {
    const token = createTokenInstance(closer, "", offset, offset, NaN, NaN, NaN, NaN);
    this.inserted.add(token);
    this.#emit(token);
  }
}

/** After it comes an operand. */
const isOperator = (token: IToken): boolean =>
  token.tokenType === t.Becomes || token.tokenType === t.Write || isOf(token, t.InfixOperator);

const contextual = new Set<TokenType | undefined>(t.contextualWords.values());

function isName(type: TokenType | undefined): boolean {
  return type === t.Identifier || contextual.has(type);
}
