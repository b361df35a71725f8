/** Statements: bodies that hold them, and the control among them. */
import { EOF, type IToken } from "chevrotain";
import { NameStatementGrammar } from "./equations.ts";
import { comparison, type Finding, isOf, isReserved, reservedName, unexpected } from "./faults.ts";
import { inTheOpen } from "./grammar.ts";
import { suggest } from "./suggest.ts";
import * as t from "./tokens.ts";
import type {
  Expression,
  Name,
  RepeatStatement,
  ReturnStatement,
  ScanStatement,
  Statement,
  WhenStatement,
  YieldStatement,
} from "./tree.ts";

export abstract class StatementGrammar extends NameStatementGrammar {
  // -------------------------------------------------------------- bodies

  /** `{ … }`: statements, one a line or separated by `;`. */
  protected readonly body = this.RULE("body", (): readonly Statement[] => {
    const statements: Statement[] = [];
    this.CONSUME(t.OpenBrace);
    this.within(inTheOpen, () => {
      do {
        this.MANY(() =>
          this.OR([
            { ALT: () => this.CONSUME(t.Separator) },
            {
              ALT: () =>
                this.recovering(
                  () => {
                    const statement = this.SUBRULE(this.statement);
                    this.ACTION(() => {
                      statements.push(statement);
                      this.endOfStatement();
                    });
                  },
                  this.#bodyOf(this.LA(1)),
                ),
            },
          ]),
        );
      } while (this.skipsJunk((token) => this.#noStatement(token)));
    });
    this.CONSUME(t.CloseBrace);
    return statements;
  });

  /**
   * When the header of a statement is wrong, the statements of its braces are read all the same.
   */
  #bodyOf(first: IToken): (() => void) | undefined {
    const isMethod = isOf(first, t.Identifier) && this.is(2, t.OpenParenthesis);
    const holdsStatements =
      isMethod || isOf(first, t.Repeat) || isOf(first, t.Scan) || isOf(first, t.When);
    return holdsStatements ? () => this.SUBRULE9(this.body) : undefined;
  }

  #noStatement(token: IToken): Finding {
    const named = this.is(2, t.Becomes) || this.is(2, t.Write);
    return isReserved(token) && named ? reservedName(token) : unexpected("a statement", token);
  }

  protected endOfStatement(): void {
    const next = this.LA(1);
    if (next.tokenType === t.Separator || next.tokenType === t.CloseBrace) return;
    if (next.tokenType === EOF) return;
    if (next.tokenType === t.Becomes) this.failWith(comparison("the end of the statement", next));
    this.failWith({
      ...unexpected("the end of the statement (a new line or `;`)", next),
      code: "MEM0023",
      ...helpAfterStatement(next),
    });
  }

  /**
   * Reports and skips what no statement, item or entry begins with; false when there is no more to
   * skip.
   */
  protected skipsJunk(finding: (token: IToken) => Finding): boolean {
    const token = this.LA(1);
    if (this.RECORDING_PHASE || token.tokenType === EOF || token.tokenType === t.CloseBrace) {
      return false;
    }
    this.recovering(() => this.failWith(finding(token)));
    return true;
  }

  protected readonly statement = this.RULE("statement", (): Statement => {
    const first = this.LA(1);
    const doc = this.arranged.docs.get(first.startOffset);
    this.ACTION(() => {
      if (!beginsStatement(first)) this.failWith(this.#noStatement(first));
    });
    const statement = this.OR<Statement>({
      ERR_MSG: "a statement",
      DEF: [
        { ALT: () => this.SUBRULE(this.dimStatement) },
        { ALT: () => this.SUBRULE(this.parameterStatement) },
        { ALT: () => this.SUBRULE(this.stateStatement) },
        { ALT: () => this.SUBRULE(this.constStatement) },
        { ALT: () => this.SUBRULE(this.inputStatement) },
        { ALT: () => this.SUBRULE(this.outputStatement) },
        { ALT: () => this.SUBRULE(this.useStatement) },
        { ALT: () => this.SUBRULE(this.memoryStatement) },
        { ALT: () => this.SUBRULE(this.whenStatement) },
        { ALT: () => this.SUBRULE(this.repeatStatement) },
        { ALT: () => this.SUBRULE(this.scan) },
        { ALT: () => this.SUBRULE(this.returnStatement) },
        { ALT: () => this.SUBRULE(this.yieldStatement) },
        { ALT: () => this.SUBRULE(this.lossStatement) },
        {
          // A call is an expression, whose other beginnings are no statements.
          GATE: () => this.is(1, t.Identifier),
          IGNORE_AMBIGUITIES: true,
          ALT: () => this.SUBRULE(this.nameStatement),
        },
      ],
    });
    return this.ACTION(() => (doc === undefined ? statement : documented(statement, doc)));
  });

  // -------------------------------------------------------------- control

  protected readonly whenStatement = this.RULE("whenStatement", (): WhenStatement => {
    const words = [this.CONSUME1(t.When)];
    const conditions = [this.SUBRULE1(this.expression)];
    const bodies = [this.SUBRULE1(this.body)];
    this.MANY({
      GATE: () => this.is(2, t.When),
      DEF: () => {
        this.CONSUME1(t.Else);
        words.push(this.CONSUME2(t.When));
        conditions.push(this.SUBRULE2(this.expression));
        bodies.push(this.SUBRULE2(this.body));
      },
    });
    const last = this.OPTION(() => {
      this.CONSUME2(t.Else);
      return this.SUBRULE3(this.body);
    });
    return this.ACTION(() => {
      let otherwise = last;
      for (let index = words.length - 1; index > 0; index--) {
        otherwise = [this.#branch(words[index]!, conditions[index]!, bodies[index]!, otherwise)];
      }
      return this.#branch(words[0]!, conditions[0]!, bodies[0]!, otherwise);
    });
  });

  #branch(
    word: IToken,
    condition: Expression,
    then: readonly Statement[],
    otherwise: readonly Statement[] | undefined,
  ): WhenStatement {
    const node = { kind: "when", condition, then, span: this.spanFrom(word) } as const;
    return otherwise === undefined ? node : { ...node, otherwise };
  }

  protected readonly repeatStatement = this.RULE("repeatStatement", (): RepeatStatement => {
    const word = this.CONSUME(t.Repeat);
    const count = this.within({ aliases: false }, () => this.SUBRULE(this.expression));
    this.CONSUME(t.As);
    const index = this.SUBRULE(this.name);
    const yields = this.OPTION(() => {
      this.CONSUME(t.Yield);
      return this.SUBRULE(this.names);
    });
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      const span = this.spanFrom(word);
      return { kind: "repeat", count, index, yields: yields ?? [], body, span };
    });
  });

  protected readonly scan = this.RULE("scan", (): ScanStatement => {
    const word = this.CONSUME(t.Scan);
    this.CONSUME(t.Over);
    const axis = this.SUBRULE1(this.name);
    const from: { name: Name; value: Expression }[] = [];
    this.OPTION1(() => {
      this.CONSUME(t.From);
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const name = this.SUBRULE2(this.name);
          this.CONSUME(t.Becomes);
          from.push({ name, value: this.SUBRULE(this.expression) });
        },
      });
    });
    const yields = this.OPTION2(() => {
      this.CONSUME(t.Yield);
      return this.SUBRULE(this.names);
    });
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      return { kind: "scan", axis, from, yields: yields ?? [], body, span: this.spanFrom(word) };
    });
  });

  protected readonly returnStatement = this.RULE("returnStatement", (): ReturnStatement => {
    const word = this.CONSUME(t.Return);
    const values: Expression[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      ERR_MSG: "an expression",
      DEF: () => values.push(this.SUBRULE(this.expression)),
    });
    return this.ACTION(() => ({ kind: "return", values, span: this.spanFrom(word) }));
  });

  protected readonly yieldStatement = this.RULE("yieldStatement", (): YieldStatement => {
    const word = this.CONSUME(t.Yield);
    const names = this.SUBRULE(this.names);
    return this.ACTION(() => ({ kind: "yield", names, span: this.spanFrom(word) }));
  });
}

/** Words that could have gone on where a statement should have ended. */
const goingOn = ["weighted", "over", "split", "merge", "rename", "where", "yield"];

function helpAfterStatement(next: IToken): { readonly help?: string } {
  if (next.tokenType === t.Comma) {
    return { help: "Write a statement for each, in lines of their own or with `;` between them." };
  }
  const near = isOf(next, t.Identifier) ? suggest(next.image, goingOn) : undefined;
  return near === undefined ? {} : { help: `did you mean \`${near}\`?` };
}

const statementWords = new Set(t.statementWords);

function beginsStatement(token: IToken): boolean {
  return statementWords.has(token.tokenType) || isOf(token, t.Identifier);
}

/** The statement with its documentation, where its kind has any. */
function documented(statement: Statement, doc: string): Statement {
  switch (statement.kind) {
    case "param":
    case "state":
    case "input":
    case "output":
    case "use":
    case "memory":
    case "method":
    case "assign":
    case "loss":
      return { ...statement, doc };
    case "dim":
    case "const":
    case "write":
    case "call-statement":
    case "when":
    case "repeat":
    case "scan":
    case "return":
    case "yield":
      return statement;
    default:
      return statement satisfies never;
  }
}
