/** Statements: declarations, equations, control, and the bodies that hold them. */
import { EOF, type IToken } from "chevrotain";
import {
  comparison,
  described,
  type Finding,
  isOf,
  isReserved,
  reservedName,
  unexpected,
} from "./faults.ts";
import { inTheOpen } from "./grammar.ts";
import type { SyntaxCode } from "./registry.ts";
import { SignatureGrammar } from "./signatures.ts";
import { suggest } from "./suggest.ts";
import * as t from "./tokens.ts";
import type {
  AssignStatement,
  AxisDeclaration,
  CallStatement,
  ConstStatement,
  DimStatement,
  Expression,
  InputStatement,
  LossStatement,
  Membership,
  MemoryStatement,
  MethodDefinition,
  Name,
  OutputStatement,
  ParameterStatement,
  RepeatStatement,
  ReturnStatement,
  ScanStatement,
  Statement,
  StateStatement,
  UseStatement,
  WhenStatement,
  WriteStatement,
  YieldStatement,
} from "./tree.ts";

type Parameter = ParameterStatement["parameters"][number];
type NameStatement = MethodDefinition | WriteStatement | CallStatement | AssignStatement;

export abstract class StatementGrammar extends SignatureGrammar {
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

  /** When the header of a statement is wrong, the statements of its braces are read all the same. */
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
    });
  }

  /** Reports and skips what no statement, item or entry begins with; false when there is no more to skip. */
  protected skipsJunk(finding: (token: IToken) => Finding): boolean {
    const token = this.LA(1);
    if (this.RECORDING_PHASE || token.tokenType === EOF || token.tokenType === t.CloseBrace) {
      return false;
    }
    this.recovering(() => this.failWith(finding(token)));
    return true;
  }

  protected readonly statement = this.RULE("statement", (): Statement => {
    const doc = this.arranged.docs.get(this.LA(1).startOffset);
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

  // -------------------------------------------------------------- declarations

  protected readonly dimStatement = this.RULE("dimStatement", (): DimStatement => {
    const word = this.CONSUME(t.Dim);
    const dims: { name: Name; value: Expression }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        this.CONSUME(t.Becomes);
        dims.push({ name, value: this.SUBRULE(this.expression) });
      },
    });
    return this.ACTION(() => ({ kind: "dim", dims, span: this.spanFrom(word) }));
  });

  protected readonly parameterStatement = this.RULE(
    "parameterStatement",
    (): ParameterStatement => {
      const word = this.CONSUME(t.Param);
      const parameters: Parameter[] = [];
      let waiting: Omit<Parameter, "start">[] = [];
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const name = this.SUBRULE(this.name);
          const axes = this.OPTION1(() => this.SUBRULE(this.parameterAxes)) ?? { axes: [] };
          waiting.push({ name, ...axes });
          const start = this.OPTION2(() =>
            this.OR<Parameter["start"]>([
              {
                ALT: () => {
                  this.CONSUME(t.Tilde);
                  return { kind: "draw", distribution: this.SUBRULE(this.distribution) };
                },
              },
              {
                ALT: () => {
                  this.CONSUME(t.Starts);
                  return { kind: "starts", value: this.SUBRULE(this.expression) };
                },
              },
            ]),
          );
          this.ACTION(() => {
            if (start === undefined) return;
            for (const parameter of waiting) parameters.push({ ...parameter, start });
            waiting = [];
          });
        },
      });
      return this.ACTION(() => {
        const [first] = waiting;
        if (first !== undefined && this.#mayEnd()) {
          this.fail(
            "MEM0030",
            first.name.span,
            `\`${first.name.text}\` does not say how it starts`,
            {
              help: "write `~ glorot` or another distribution, or `starts expression`",
            },
          );
        }
        return { kind: "param", parameters, span: this.spanFrom(word) };
      });
    },
  );

  protected readonly stateStatement = this.RULE("stateStatement", (): StateStatement => {
    const word = this.CONSUME(t.State);
    const states: { name: Name; axes: readonly AxisDeclaration[] }[] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        states.push({ name, axes: this.OPTION1(() => this.SUBRULE(this.axisList)) ?? [] });
      },
    });
    const membership = this.OPTION2(() => this.SUBRULE(this.membership));
    this.ACTION(() => {
      if (this.is(1, t.Starts)) return;
      if (!this.#mayEnd()) this.failWith(missing("MEM0031", "`starts`", this.LA(1)));
      this.fail("MEM0031", states[0]!.name.span, "the state does not say how it starts", {
        help: "add `starts 0`, or an expression of constants, parameters and draws",
      });
    });
    this.CONSUME(t.Starts);
    const starts = this.SUBRULE1(this.expression);
    let gradient: "through" | "stop" | undefined;
    let kept = false;
    let reset: Expression | undefined;
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.OR1({
        ERR_MSG: "`gradient`, `kept` or `reset when`",
        DEF: [
          {
            ALT: () => {
              this.CONSUME(t.Gradient);
              const token = this.OR2({
                ERR_MSG: "`through` or `stop`",
                DEF: [{ ALT: () => this.CONSUME(t.Through) }, { ALT: () => this.CONSUME(t.Stop) }],
              });
              gradient = token.tokenType === t.Through ? "through" : "stop";
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.Kept);
              kept = true;
            },
          },
          {
            ALT: () => {
              reset = this.SUBRULE(this.resetClause);
            },
          },
        ],
      });
    });
    return this.ACTION(() => ({
      kind: "state",
      states,
      ...(membership === undefined ? {} : { in: membership }),
      starts,
      ...(gradient === undefined ? {} : { gradient }),
      kept,
      ...(reset === undefined ? {} : { reset }),
      span: this.spanFrom(word),
    }));
  });

  /** `reset when document` */
  protected readonly resetClause = this.RULE("resetClause", (): Expression => {
    this.CONSUME(t.Reset);
    this.CONSUME(t.When);
    return this.SUBRULE(this.expression);
  });

  /** `in flag`, `in vocab`, `in 0 .. M` */
  protected readonly membership = this.RULE("membership", (): Membership => {
    const first = this.CONSUME(t.In);
    const token = this.LA(1);
    const kind = this.RECORDING_PHASE ? undefined : memberKind(token, this.LA(2));
    return this.OR<Membership>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      ERR_MSG: "`flag`, `int`, `real`, a bound or a range",
      DEF: [
        {
          GATE: () => kind !== undefined,
          ALT: () => {
            this.SUBRULE(this.name);
            return this.ACTION(() => ({ kind: kind!, span: this.spanFrom(first) }));
          },
        },
        {
          GATE: () => kind === undefined,
          ALT: () => {
            const value = this.SUBRULE(this.expression);
            return this.ACTION((): Membership => {
              const span = this.spanFrom(first);
              return value.kind === "binary" && value.operator === ".."
                ? { kind: "range", low: value.left, high: value.right, span }
                : { kind: "below", bound: value, span };
            });
          },
        },
      ],
    });
  });

  protected readonly constStatement = this.RULE("constStatement", (): ConstStatement => {
    const word = this.CONSUME(t.Const);
    const constants: ConstStatement["constants"][number][] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        const axes = this.OPTION(() => this.SUBRULE(this.axisList)) ?? [];
        this.CONSUME(t.Becomes);
        constants.push({ name, axes, value: this.SUBRULE(this.expression) });
      },
    });
    return this.ACTION(() => ({ kind: "const", constants, span: this.spanFrom(word) }));
  });

  protected readonly inputStatement = this.RULE("inputStatement", (): InputStatement => {
    const word = this.OR([
      { ALT: () => this.CONSUME(t.Input) },
      { ALT: () => this.CONSUME(t.Target) },
    ]);
    const name = this.SUBRULE(this.name);
    const axes = this.OPTION1(() => this.SUBRULE(this.axisList)) ?? [];
    const membership = this.OPTION2(() => this.SUBRULE(this.membership));
    return this.ACTION(() => ({
      kind: "input",
      role: word.tokenType === t.Input ? "input" : "target",
      name,
      axes,
      ...(membership === undefined ? {} : { in: membership }),
      span: this.spanFrom(word),
    }));
  });

  protected readonly outputStatement = this.RULE("outputStatement", (): OutputStatement => {
    const word = this.CONSUME(t.Output);
    const name = this.SUBRULE(this.name);
    const axes = this.OPTION(() => this.SUBRULE(this.axisList));
    this.CONSUME(t.Becomes);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => {
      const node = { kind: "output", name, value, span: this.spanFrom(word) } as const;
      return axes === undefined ? node : { ...node, axes };
    });
  });

  protected readonly useStatement = this.RULE("useStatement", (): UseStatement => {
    const word = this.CONSUME(t.Use);
    const name = this.SUBRULE(this.name);
    this.CONSUME(t.Becomes);
    const value = this.within({ aliases: false }, () => this.SUBRULE(this.expression));
    return this.ACTION(() => {
      if (value.kind !== "call") {
        return this.fail(
          "MEM0040",
          value.span,
          "`use` makes an instance of a block by calling it",
          {
            help: "write `use name = block(options)`",
          },
        );
      }
      return { kind: "use", name, value, span: this.spanFrom(word) };
    });
  });

  protected readonly memoryStatement = this.RULE("memoryStatement", (): MemoryStatement => {
    const word = this.CONSUME(t.Memory);
    const name = this.SUBRULE(this.name);
    this.ACTION(() => {
      if (!this.is(1, t.OpenParenthesis) && !this.is(1, t.OpenBrace)) return;
      this.fail(
        "MEM0032",
        word,
        "a memory is defined at file level, not inside another definition",
        {
          help: "define it outside, and write `memory name = definition(options)` here",
        },
      );
    });
    this.CONSUME(t.Becomes);
    const value = this.within({ aliases: false }, () => this.SUBRULE(this.expression));
    const reset = this.OPTION(() => this.SUBRULE(this.resetClause));
    return this.ACTION(() => {
      const node = { kind: "memory", name, value, span: this.spanFrom(word) } as const;
      return reset === undefined ? node : { ...node, reset };
    });
  });

  protected readonly lossStatement = this.RULE("lossStatement", (): LossStatement => {
    const word = this.CONSUME(t.Loss);
    const name = this.SUBRULE(this.name);
    this.CONSUME(t.Becomes);
    const value = this.SUBRULE1(this.expression);
    const weight = this.OPTION(() => {
      this.CONSUME(t.Weighted);
      this.CONSUME(t.By);
      return this.SUBRULE2(this.expression);
    });
    return this.ACTION(() => {
      const node = { kind: "loss", name, value, span: this.spanFrom(word) } as const;
      return weight === undefined ? node : { ...node, weight };
    });
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

  // -------------------------------------------------------------- statements that begin with a name

  /** A method, a write, an equation or a call: what follows the name decides. */
  protected readonly nameStatement = this.RULE("nameStatement", (): NameStatement => {
    const kind = this.RECORDING_PHASE ? undefined : this.#kindByName();
    return this.OR<NameStatement>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      DEF: [
        { GATE: () => kind === "method", ALT: () => this.SUBRULE(this.method) },
        { GATE: () => kind === "write", ALT: () => this.SUBRULE(this.write) },
        { GATE: () => kind === "call", ALT: () => this.SUBRULE(this.call) },
        { GATE: () => kind === "assign", ALT: () => this.SUBRULE(this.assign) },
      ],
    });
  });

  #kindByName(): "method" | "write" | "assign" | "call" {
    const second = this.LA(2);
    switch (second.tokenType) {
      case t.Write:
        return "write";
      case t.Becomes:
      case t.Comma:
        return "assign";
      case t.OpenParenthesis: {
        const after = this.LA(this.closerOf(2) + 1).tokenType;
        return after === t.OpenBrace || after === t.Arrow ? "method" : "call";
      }
      case t.OpenBracket: {
        const end = this.closerOf(2) + 1;
        const after = this.LA(end);
        if (after.tokenType === t.Becomes || after.tokenType === t.Comma) return "assign";
        if (after.tokenType === t.Write) this.#writesPart(after);
        if (after.tokenType === t.MemberDot) return "call";
        return this.failWith(this.#notAStatement(end));
      }
      case t.MemberDot: {
        let end = 2;
        while (this.is(end, t.MemberDot) && this.is(end + 1, t.Identifier)) end += 2;
        if (this.is(end, t.Write)) this.#writesPart(this.LA(end));
        return "call";
      }
      default:
        return this.failWith(this.#notAStatement(2));
    }
  }

  #writesPart(arrow: IToken): never {
    return this.fail("MEM0038", arrow, "a write names one state of its own memory, and all of it", {
      help: "write `M <- value`; to change a part, build the whole value first",
    });
  }

  /** What stands here begins with a name, but nothing that goes on from it. */
  #notAStatement(distance: number): Finding {
    const first = this.LA(1);
    const second = this.LA(distance);
    if (isOf(second, t.Tilde) || this.#startsFrom(distance)) {
      const declaration = isOf(second, t.Tilde) ? "param" : "state";
      return {
        ...unexpected(`\`=\`, \`<-\` or \`(\` after ${described(first)}`, second),
        help: `each declaration begins with its word: \`${declaration} ${first.image} …\``,
      };
    }
    if (isOf(second, t.InfixOperator) || isOf(second, t.Power) || this.#mayEnd(distance)) {
      return {
        code: "MEM0037",
        message: "an expression alone does nothing",
        help: "give it a name (`x = …`), or `return` it",
        token: first,
      };
    }
    const word = statementWords[first.image] ?? suggest(first.image, t.reservedWords.keys());
    const finding = unexpected(`\`=\`, \`<-\` or \`(\` after ${described(first)}`, second);
    return word === undefined ? finding : { ...finding, help: `did you mean \`${word}\`?` };
  }

  /** `M[S, D] starts 0`, `filled in 0 .. M starts 0` without their word */
  #startsFrom(distance: number): boolean {
    let next = distance;
    if (this.is(next, t.In)) while (next < distance + 8 && !this.is(next, t.Starts)) next++;
    return this.is(next, t.Starts);
  }

  /** Does a statement end before the token at this distance? */
  #mayEnd(distance = 1): boolean {
    const type = this.LA(distance).tokenType;
    return type === t.Separator || type === t.CloseBrace || type === EOF;
  }

  /** `read(x[T, D], heads: int >= 1) -> [T, D] { … }` */
  protected readonly method = this.RULE("method", (): MethodDefinition => {
    const name = this.SUBRULE(this.name);
    const formals = this.SUBRULE(this.formals);
    const outputs = this.OPTION(() => this.SUBRULE(this.outputs));
    const body = this.SUBRULE(this.body);
    return this.ACTION(() => {
      const span = this.spanFromNode(name);
      const node = { kind: "method", name, ...formals, body, span } as const;
      return outputs === undefined ? node : { ...node, outputs };
    });
  });

  /** `M <- e` */
  protected readonly write = this.RULE("write", (): WriteStatement => {
    const state = this.SUBRULE(this.name);
    this.CONSUME(t.Write);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "write", state, value, span: this.spanFromNode(state) }));
  });

  /** `mem.write(x)` */
  protected readonly call = this.RULE("call", (): CallStatement => {
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => {
      if (value.kind !== "call") {
        return this.fail("MEM0037", value.span, "an expression alone does nothing", {
          help: "give it a name (`x = …`), or `return` it",
        });
      }
      return { kind: "call-statement", value, span: this.spanFromNode(value) };
    });
  });

  /** `x = e`, `h[T, F] = e`, `a, _ = e` */
  protected readonly assign = this.RULE("assign", (): AssignStatement => {
    const first = this.LA(1);
    const targets: AssignStatement["targets"][number][] = [];
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        const name = this.SUBRULE(this.name);
        const axes = this.OPTION(() => this.SUBRULE(this.axisList));
        targets.push(axes === undefined ? { name } : { name, axes });
      },
    });
    this.CONSUME(t.Becomes);
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({ kind: "assign", targets, value, span: this.spanFrom(first) }));
  });
}

function missing(code: SyntaxCode, wanted: string, token: IToken): Finding {
  return { ...unexpected(wanted, token), code };
}

/** Words of other languages, and what says the same here. */
const statementWords: Readonly<Record<string, string | undefined>> = {
  __proto__: null as never,
  if: "when",
  for: "repeat",
  while: "scan",
  parameter: "param",
  weight: "param",
  constant: "const",
};

/** `in flag`: the word is a kind unless an expression goes on from it, as in `in int(x)`. */
function memberKind(token: IToken, after: IToken): "flag" | "int" | "real" | undefined {
  const goesOn =
    isOf(after, t.InfixOperator) ||
    isOf(after, t.OpenParenthesis) ||
    isOf(after, t.Power) ||
    isOf(after, t.MemberDot);
  if (goesOn) return undefined;
  switch (token.tokenType) {
    case t.Flag:
      return "flag";
    case t.Int:
      return "int";
    case t.Real:
      return "real";
    default:
      return undefined;
  }
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
