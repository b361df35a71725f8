/** Declarations: dims, parameters, states, constants, inputs, outputs, instances and losses. */
import { EOF, type IToken, type TokenType } from "chevrotain";
import { type Finding, isOf, unexpected } from "./faults.ts";
import type { SyntaxCode } from "./registry.ts";
import { SignatureGrammar } from "./signatures.ts";
import * as t from "./tokens.ts";
import type {
  AxisDeclaration,
  ConstStatement,
  DimStatement,
  Expression,
  InputStatement,
  LossStatement,
  Membership,
  MemoryStatement,
  Name,
  OutputStatement,
  ParameterStatement,
  StateStatement,
  UseStatement,
} from "./tree.ts";

type Parameter = ParameterStatement["parameters"][number];

export abstract class DeclarationGrammar extends SignatureGrammar {
  /** Does a statement end before the token at this distance? */
  protected mayEnd(distance = 1): boolean {
    const type = this.LA(distance).tokenType;
    return type === t.Separator || type === t.CloseBrace || type === EOF;
  }

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
        if (first !== undefined) {
          if (!this.mayEnd()) this.failWith(missing("MEM0030", "`~` or `starts`", this.LA(1)));
          const { text, span } = first.name;
          this.fail("MEM0030", span, `\`${text}\` does not say how it starts`, {
            help: "write `~ glorot` or another distribution, or `starts expression`",
          });
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
      if (!this.mayEnd()) this.failWith(missing("MEM0031", "`starts`", this.LA(1)));
      this.fail("MEM0031", states[0]!.name.span, "the state does not say how it starts", {
        help: "add `starts 0`, or an expression of constants, parameters and draws",
      });
    });
    this.CONSUME(t.Starts);
    const starts = this.SUBRULE1(this.expression);
    let gradient: "through" | "stop" | undefined;
    let kept = false;
    let reset: Expression | undefined;
    const said = new Set<TokenType>();
    this.MANY(() => {
      this.CONSUME(t.Comma);
      const attribute = this.LA(1);
      this.ACTION(() => {
        if (said.has(attribute.tokenType)) this.#refuseSecond(attribute);
        said.add(attribute.tokenType);
      });
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

  #refuseSecond(attribute: IToken): void {
    const isReset = attribute.tokenType === t.Reset;
    const word = isReset ? "reset when" : attribute.image;
    this.remark("MEM0041", attribute, `the state says \`${word}\` twice`, {
      help: isReset ? "join the two: `reset when a or b`" : "leave one of the two out",
    });
  }

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
}

function missing(code: SyntaxCode, wanted: string, token: IToken): Finding {
  return { ...unexpected(wanted, token), code };
}

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
