/**
 * What every part of the grammar shares: spans, adjacency, faults, and recovery at the end of a
 * statement.
 */
import {
  EmbeddedActionsParser,
  EOF,
  type IToken,
  isRecognitionException,
  type TokenType,
} from "chevrotain";
import type { Diagnostic } from "./diagnostic.ts";
import { Expectations, Fault, type Finding, fault, isOf } from "./faults.ts";
import { deepestNesting, type Layout } from "./layout.ts";
import { endOf } from "./lexer.ts";
import { type DiagnosticDetails, type SyntaxCode, syntaxError } from "./registry.ts";
import * as t from "./tokens.ts";
import type { Name, Span } from "./tree.ts";

/** What the surroundings of an expression take for themselves. */
interface Surroundings {
  /**
   * `at split merge rename` belong to the operand before them. Off in an index: `x at L = i at E =
   * j`.
   */
  readonly suffixes: boolean;
  /** `f(x) as name` names the call. Off where `as` is the argument's or the loop's. */
  readonly aliases: boolean;
  /** `20 steps`: an argument may have a unit. */
  readonly units: boolean;
}

export const inTheOpen: Surroundings = { suffixes: true, aliases: true, units: false };

/** One file, arranged, as the grammar takes it. */
export interface Arranged {
  readonly path: string;
  readonly text: string;
  readonly layout: Layout;
  /** Documentation by the offset of the token it stands before. */
  readonly docs: ReadonlyMap<number, string>;
}

const nothing: Arranged = {
  path: "",
  text: "",
  layout: {
    tokens: [],
    depth: new Map(),
    inserted: new Set(),
    diagnostics: [],
    hopeless: false,
  },
  docs: new Map(),
};

export abstract class Grammar extends EmbeddedActionsParser {
  protected surroundings: Surroundings = inTheOpen;
  protected arranged: Arranged = nothing;
  protected faults: Diagnostic[] = [];
  /** What was left out of the tree: the statements, items and entries with a fault. */
  protected skipped: Span[] = [];

  readonly #expectations: Expectations;
  #expressions = 0;

  constructor(validate: boolean) {
    const expectations = new Expectations();
    super([...t.vocabulary], {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations: !validate,
      errorMessageProvider: expectations,
    });
    this.#expectations = expectations;
  }

  // -------------------------------------------------------------- one file

  protected begin(arranged: Arranged): void {
    this.arranged = arranged;
    this.faults = [];
    this.skipped = [];
    this.surroundings = inTheOpen;
    this.#expressions = 0;
    this.input = [...arranged.layout.tokens];
  }

  // -------------------------------------------------------------- spans

  protected spanOf(token: IToken): Span {
    const file = this.arranged.path;
    const end = this.arranged.text.length;
    if (token.tokenType === EOF) return { file, start: end, end };
    // What is missing at the end of a line is missing right after its last token.
    if (token.tokenType === t.Separator && token.image !== ";") {
      return { file, start: token.startOffset, end: token.startOffset };
    }
    return { file, start: token.startOffset, end: endOf(token) };
  }

  /** From `first` to the token consumed last. */
  protected spanFrom(first: IToken): Span {
    const last = this.LA(0);
    return { file: this.arranged.path, start: first.startOffset, end: endOf(last) };
  }

  /** From the start of a node to the token consumed last. */
  protected spanFromNode(first: { readonly span: Span }): Span {
    return { file: this.arranged.path, start: first.span.start, end: endOf(this.LA(0)) };
  }

  // -------------------------------------------------------------- looking

  protected is(distance: number, type: TokenType): boolean {
    return isOf(this.LA(distance), type);
  }

  /** Does the next token touch the one consumed last? */
  protected touches(): boolean {
    return this.touching(1);
  }

  /** Does the token at this distance touch the one before it? */
  protected touching(distance: number): boolean {
    return this.LA(distance).startOffset === endOf(this.LA(distance - 1));
  }

  /** The distance of the bracket that closes the one at `distance`. */
  protected closerOf(distance: number): number {
    const depth = this.depthOf(this.LA(distance));
    let next = distance + 1;
    while (this.depthOf(this.LA(next)) > depth) next++;
    return next;
  }

  protected depthOf(token: IToken): number {
    return this.arranged.layout.depth.get(token) ?? 0;
  }

  // -------------------------------------------------------------- faults

  protected fail(
    code: SyntaxCode,
    where: IToken | Span,
    message: string,
    details: DiagnosticDetails = {},
  ): never {
    throw fault(code, "tokenType" in where ? this.spanOf(where) : where, message, details);
  }

  /** Reports what leaves no doubt about the rest of its statement, which is read all the same. */
  protected remark(
    code: SyntaxCode,
    where: IToken,
    message: string,
    details: DiagnosticDetails = {},
  ): void {
    this.faults.push(syntaxError(code, this.spanOf(where), message, details));
  }

  protected failWith({ code, token, message, help }: Finding): never {
    if (this.arranged.layout.inserted.has(token)) throw new Silent();
    this.fail(code, token, message, help === undefined ? {} : { help });
  }

  /** Runs a rule of nested expressions, whose nesting the brackets do not bound. */
  protected nested<Result>(rule: () => Result): Result {
    if (++this.#expressions > deepestNesting) {
      this.fail("MEM0008", this.LA(1), "expressions are nested too deeply", {
        help: "name parts of the expression",
      });
    }
    const result = rule();
    this.#expressions--;
    return result;
  }

  protected within<Result>(surroundings: Partial<Surroundings>, rule: () => Result): Result {
    const outer = this.surroundings;
    this.surroundings = { ...outer, ...surroundings };
    const result = rule();
    this.surroundings = outer;
    return result;
  }

  /**
   * Runs a rule that begins at a statement, an item or an entry. After a syntax error it is
   * reported, and what is left up to the next separator is skipped, except that `body`, if given,
   * reads the braces in between for errors of their own.
   */
  protected recovering(rule: () => void, body?: () => void): void {
    const first = this.LA(1);
    const outer = this.surroundings;
    const expressions = this.#expressions;
    try {
      rule();
    } catch (error) {
      if (this.RECORDING_PHASE) throw error;
      this.report(error);
      this.surroundings = outer;
      this.#expressions = expressions;
      this.skip(this.depthOf(first), body);
      const { file, start, end } = this.spanOf(first);
      this.skipped.push({ file, start, end: Math.max(end, endOf(this.LA(0))) });
    }
  }

  protected report(error: unknown): void {
    if (error instanceof Silent) return;
    if (error instanceof Fault) {
      this.faults.push(error.diagnostic);
      return;
    }
    if (!(error instanceof Error) || !isRecognitionException(error)) throw error;
    const finding = this.#expectations.last!;
    // A bracket that had to be inserted was reported where it is missing.
    if (this.arranged.layout.inserted.has(finding.token)) return;
    const { code, token, message, help } = finding;
    const details = help === undefined ? {} : { help };
    this.faults.push(syntaxError(code, this.spanOf(token), message, details));
  }

  /** Up to the separator, or the closing brace of the surroundings, at `depth`. */
  protected skip(depth: number, body?: () => void): void {
    for (;;) {
      const token = this.LA(1);
      const here = this.depthOf(token);
      if (token.tokenType === EOF || here < depth) return;
      if (here === depth && token.tokenType === t.Separator) return;
      if (here === depth && token.tokenType === t.OpenBrace && body !== undefined) body();
      else this.SKIP_TOKEN();
    }
  }

  // -------------------------------------------------------------- names

  protected readonly name = this.RULE("name", (): Name => {
    const token = this.CONSUME(t.Identifier);
    return this.ACTION(() => ({ text: token.image, span: this.spanOf(token) }));
  });

  /** `a`, `a, b` */
  protected readonly names = this.RULE("names", (): readonly Name[] => {
    const names: Name[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => names.push(this.SUBRULE(this.name)) });
    return names;
  });

  /** `T` or `(H, K)` */
  protected readonly axes = this.RULE("axes", (): readonly Name[] =>
    this.OR<readonly Name[]>({
      ERR_MSG: "an axis or `(`",
      DEF: [
        { ALT: () => [this.SUBRULE1(this.name)] },
        {
          ALT: () => {
            this.CONSUME(t.OpenParenthesis);
            const names = this.SUBRULE(this.names);
            this.CONSUME(t.CloseParenthesis);
            return names;
          },
        },
      ],
    }),
  );
}

/** A fault at a place that has been reported already. */
class Silent extends Error {}
