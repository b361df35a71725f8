/** Expressions: operands with their suffixes, operators between them, calls with their arguments. */
import type { IToken, ParserMethod } from "chevrotain";
import { isReserved, reservedName, unexpected } from "./faults.ts";
import { Grammar, inTheOpen } from "./grammar.ts";
import { fold, type InfixSign, type Part } from "./operators.ts";
import * as t from "./tokens.ts";
import type {
  Argument,
  AxisDeclaration,
  Call,
  Distribution,
  DrawExpression,
  Expression,
  ListExpression,
  Name,
  NumberLiteral,
  ScanStatement,
  SplitPart,
} from "./tree.ts";

/** `rest`: begins with `...`. */
export interface FormalAxes {
  readonly rest: boolean;
  readonly axes: readonly AxisDeclaration[];
}

export abstract class ExpressionGrammar extends Grammar {
  protected abstract readonly scan: ParserMethod<[], ScanStatement>;
  protected abstract readonly formalAxes: ParserMethod<[], FormalAxes>;

  // -------------------------------------------------------------- operators

  /** Operands and operators; `operators.ts` has their precedence. */
  protected readonly expression = this.RULE(
    "expression",
    (): Expression =>
      this.nested(() => {
        const parts: Part[] = [];
        this.MANY1(() => this.#prefix(parts, this.CONSUME1(t.PrefixOperator)));
        parts.push({ kind: "operand", value: this.SUBRULE1(this.contraction) });
        this.MANY2(() =>
          this.OR([
            {
              ALT: () => {
                const token = this.CONSUME(t.Is);
                const alternative = this.SUBRULE(this.alternativeName);
                this.ACTION(() =>
                  parts.push({ kind: "is", alternative, span: this.spanOf(token) }),
                );
              },
            },
            {
              ALT: () => {
                this.#infix(parts, this.CONSUME(t.InfixOperator));
                this.MANY3(() => this.#prefix(parts, this.CONSUME2(t.PrefixOperator)));
                parts.push({ kind: "operand", value: this.SUBRULE2(this.contraction) });
              },
            },
          ]),
        );
        return this.ACTION(() => fold(parts));
      }),
  );

  /** An expression of `+ - * / div mod` alone: sizes and indices. */
  protected readonly arithmetic = this.RULE("arithmetic", (): Expression => {
    const parts: Part[] = [];
    this.MANY1(() => this.#prefix(parts, this.CONSUME1(t.Minus)));
    parts.push({ kind: "operand", value: this.SUBRULE1(this.contraction) });
    this.MANY2(() => {
      this.#infix(parts, this.CONSUME(t.ArithmeticOperator));
      this.MANY3(() => this.#prefix(parts, this.CONSUME2(t.Minus)));
      parts.push({ kind: "operand", value: this.SUBRULE2(this.contraction) });
    });
    return this.ACTION(() => fold(parts));
  });

  #prefix(parts: Part[], token: IToken): void {
    this.ACTION(() => {
      const operator = token.tokenType === t.Minus ? "-" : "not";
      parts.push({ kind: "prefix", operator, span: this.spanOf(token) });
    });
  }

  #infix(parts: Part[], token: IToken): void {
    // The images of the category are exactly the signs of the tree.
    this.ACTION(() => {
      const operator = token.tokenType.LABEL!.slice(1, -1) as InfixSign;
      parts.push({ kind: "infix", operator, span: this.spanOf(token) });
    });
  }

  /** An alternative of a choice, which may be called `on`, `off` or `at`. */
  protected readonly alternativeName = this.RULE("alternativeName", (): Name => {
    const token = this.OR({
      ERR_MSG: "an alternative's name",
      DEF: [
        { ALT: () => this.CONSUME(t.Identifier) },
        { ALT: () => this.CONSUME(t.On) },
        { ALT: () => this.CONSUME(t.Off) },
        { ALT: () => this.CONSUME(t.At) },
      ],
    });
    return this.ACTION(() => ({ text: token.image, span: this.spanOf(token) }));
  });

  /** `a . b over (H, K)`, to the left; each dot with its own `over`. */
  protected readonly contraction = this.RULE("contraction", (): Expression => {
    let left = this.SUBRULE1(this.power);
    this.MANY(() => {
      const dot = this.CONSUME(t.ContractionDot);
      const right = this.SUBRULE2(this.power);
      this.ACTION(() => {
        if (this.is(1, t.Over)) return;
        this.fail("MEM0026", dot, "the contraction does not say which axes it sums over", {
          help: "write `a . b over D`, or `over (H, K)`",
        });
      });
      this.CONSUME(t.Over);
      const over = this.SUBRULE(this.axes);
      this.ACTION(() => {
        left = { kind: "contraction", left, right, over, span: this.spanFromNode(left) };
      });
    });
    return left;
  });

  /** `a ^ b ^ c`, to the right; the exponent may have a sign. */
  protected readonly power = this.RULE("power", (): Expression => {
    const operands = [this.SUBRULE1(this.postfix)];
    const signs: IToken[][] = [];
    this.MANY1(() => {
      const minuses: IToken[] = [];
      this.CONSUME(t.Power);
      this.MANY2(() => minuses.push(this.CONSUME(t.Minus)));
      signs.push(minuses);
      operands.push(this.SUBRULE2(this.postfix));
    });
    return this.ACTION(() => {
      let right = operands.at(-1)!;
      for (let index = operands.length - 2; index >= 0; index--) {
        for (const minus of signs[index]!.reverse()) {
          const span = { ...right.span, start: minus.startOffset };
          right = { kind: "unary", operator: "-", operand: right, span };
        }
        const left = operands[index]!;
        const span = { ...left.span, end: right.span.end };
        right = { kind: "binary", operator: "^", left, right, span };
      }
      return right;
    });
  });

  // -------------------------------------------------------------- operands

  /** An operand with its suffixes. */
  protected readonly postfix = this.RULE("postfix", (): Expression => {
    const first = this.LA(1);
    let next = false;
    // `next` is a name unless a name follows it.
    this.OPTION({
      GATE: () => this.is(2, t.Identifier),
      DEF: () => {
        this.CONSUME(t.Next);
        next = true;
      },
    });
    let value = this.OR<Expression>({
      ERR_MSG: "an expression",
      DEF: [
        { ALT: () => this.SUBRULE(this.reference) },
        { ALT: () => this.SUBRULE(this.number) },
        { ALT: () => this.SUBRULE(this.flag) },
        {
          ALT: () => {
            const open = this.CONSUME(t.OpenParenthesis);
            const inner = this.within(inTheOpen, () => this.SUBRULE1(this.expression));
            this.CONSUME(t.CloseParenthesis);
            return this.ACTION(() => ({ ...inner, span: this.spanFrom(open) }));
          },
        },
        { ALT: () => this.SUBRULE(this.list) },
        { ALT: () => this.SUBRULE(this.whenExpression) },
        {
          ALT: () => {
            const scan = this.within(inTheOpen, () => this.SUBRULE(this.scan));
            return this.ACTION(() => ({ kind: "scan-expression", scan, span: scan.span }));
          },
        },
        { ALT: () => this.SUBRULE(this.draw) },
      ],
    });
    this.MANY1({
      GATE: () => this.touches() && (!this.is(1, t.OpenParenthesis) || callable(value)),
      DEF: () =>
        this.OR2([
          {
            ALT: () => {
              this.CONSUME(t.MemberDot);
              const member = this.SUBRULE2(this.name);
              this.ACTION(() => {
                value = { kind: "member", object: value, member, span: this.spanFromNode(value) };
              });
            },
          },
          {
            ALT: () => {
              this.CONSUME(t.OpenBracket);
              const index = this.within(inTheOpen, () => this.SUBRULE2(this.expression));
              this.CONSUME(t.CloseBracket);
              this.ACTION(() => {
                value = { kind: "indexed", object: value, index, span: this.spanFromNode(value) };
              });
            },
          },
          {
            ALT: () => {
              const list = this.SUBRULE(this.arguments);
              this.ACTION(() => {
                const span = this.spanFromNode(value);
                value = { kind: "call", callee: value, arguments: list, span };
              });
              this.OPTION2({
                GATE: () => this.surroundings.aliases,
                DEF: () => {
                  this.CONSUME(t.As);
                  const alias = this.SUBRULE3(this.name);
                  this.ACTION(() => {
                    value = { ...(value as Call), alias, span: this.spanFromNode(value) };
                  });
                },
              });
            },
          },
        ]),
    });
    this.ACTION(() => {
      if (next) value = { kind: "next", state: value, span: this.spanFrom(first) };
    });
    this.MANY2({
      GATE: () => this.surroundings.suffixes,
      DEF: () => {
        const operand = value;
        value = this.OR3<Expression>([
          { ALT: () => this.SUBRULE(this.atSuffix, { ARGS: [operand] }) },
          { ALT: () => this.SUBRULE(this.splitSuffix, { ARGS: [operand] }) },
          { ALT: () => this.SUBRULE(this.mergeSuffix, { ARGS: [operand] }) },
          { ALT: () => this.SUBRULE(this.renameSuffix, { ARGS: [operand] }) },
        ]);
      },
    });
    return value;
  });

  /** A bare name. `where` is one when it is called, and so is `at`, an alternative with options. */
  protected readonly reference = this.RULE("reference", (): Expression => {
    const token = this.OR({
      ERR_MSG: "a name",
      DEF: [{ ALT: () => this.CONSUME(t.Identifier) }, { ALT: () => this.CONSUME(t.Where) }],
    });
    return this.ACTION(() => {
      const span = this.spanOf(token);
      if (isReserved(token) && !(this.is(1, t.OpenParenthesis) && this.touches())) {
        this.failWith(unexpected("an expression", token));
      }
      return { kind: "reference", name: { text: token.image, span }, span };
    });
  });

  protected readonly number = this.RULE("number", (): NumberLiteral => {
    const token = this.CONSUME(t.NumberLiteral);
    return this.ACTION(() => {
      const span = this.spanOf(token);
      const integer = /^\d+$/.test(token.image);
      // A malformed number has been reported; any value will do.
      const value = token.payload === "malformed" ? 0 : Number(token.image);
      if (!Number.isFinite(value)) {
        this.fail("MEM0004", token, "the number is beyond the range of float64", {
          help: "the largest is about 1.8e308",
        });
      }
      if (integer && !Number.isSafeInteger(value)) {
        this.fail("MEM0004", token, "the whole number is too large to be exact", {
          help: `the largest is ${Number.MAX_SAFE_INTEGER}`,
        });
      }
      return { kind: "number", value, integer, span };
    });
  });

  protected readonly flag = this.RULE("flag", (): Expression => {
    const token = this.OR([{ ALT: () => this.CONSUME(t.On) }, { ALT: () => this.CONSUME(t.Off) }]);
    return this.ACTION(() => ({
      kind: "flag",
      value: token.tokenType === t.On,
      span: this.spanOf(token),
    }));
  });

  protected readonly list = this.RULE("list", (): ListExpression => {
    const open = this.CONSUME(t.OpenBracket);
    const items: Expression[] = [];
    this.within(inTheOpen, () =>
      this.MANY_SEP({ SEP: t.Comma, DEF: () => items.push(this.SUBRULE(this.expression)) }),
    );
    this.CONSUME(t.CloseBracket);
    return this.ACTION(() => ({ kind: "list", items, span: this.spanFrom(open) }));
  });

  /** `when c { a } else when d { b } else { e }`: one expression in each branch. */
  protected readonly whenExpression = this.RULE(
    "whenExpression",
    (): Expression =>
      this.within(inTheOpen, () => {
        const words = [this.CONSUME1(t.When)];
        const conditions = [this.SUBRULE1(this.expression)];
        this.CONSUME1(t.OpenBrace);
        const values = [this.SUBRULE2(this.expression)];
        this.CONSUME1(t.CloseBrace);
        this.MANY({
          GATE: () => this.is(2, t.When),
          DEF: () => {
            this.CONSUME1(t.Else);
            words.push(this.CONSUME2(t.When));
            conditions.push(this.SUBRULE3(this.expression));
            this.CONSUME2(t.OpenBrace);
            values.push(this.SUBRULE4(this.expression));
            this.CONSUME2(t.CloseBrace);
          },
        });
        this.ACTION(() => this.#needsElse(words[0]!));
        this.CONSUME2(t.Else);
        this.CONSUME3(t.OpenBrace);
        const last = this.SUBRULE5(this.expression);
        this.CONSUME3(t.CloseBrace);
        return this.ACTION(() =>
          words.reduceRight<Expression>((otherwise, word, index) => {
            const condition = conditions[index]!;
            const then = values[index]!;
            const span = this.spanFrom(word);
            return { kind: "when-expression", condition, then, otherwise, span };
          }, last),
        );
      }),
  );

  #needsElse(when: IToken): void {
    if (this.is(1, t.Else)) return;
    this.fail("MEM0034", when, "the choice gives no value when its condition is off", {
      help: "add `else { … }`",
    });
  }

  /** `draw u[P] ~ uniform`, `draw l[T] ~ integer(L) shared` */
  protected readonly draw = this.RULE("draw", (): DrawExpression => {
    const word = this.CONSUME(t.Draw);
    const name = this.SUBRULE(this.name);
    const axes = this.OPTION1(() => this.SUBRULE(this.formalAxes)) ?? { rest: false, axes: [] };
    this.CONSUME(t.Tilde);
    const distribution = this.SUBRULE(this.distribution);
    let shared = false;
    this.OPTION2(() => {
      this.CONSUME(t.Shared);
      shared = true;
    });
    return this.ACTION(() => {
      return { kind: "draw", name, ...axes, distribution, shared, span: this.spanFrom(word) };
    });
  });

  /** `normal(0, 0.02)`, `glorot` */
  protected readonly distribution = this.RULE("distribution", (): Distribution => {
    const name = this.SUBRULE(this.name);
    const values: Expression[] = [];
    this.OPTION({
      GATE: () => this.touches(),
      DEF: () => {
        this.CONSUME(t.OpenParenthesis);
        this.within(inTheOpen, () =>
          this.MANY_SEP({ SEP: t.Comma, DEF: () => values.push(this.SUBRULE(this.expression)) }),
        );
        this.CONSUME(t.CloseParenthesis);
      },
    });
    return this.ACTION(() => ({ name, arguments: values, span: this.spanFromNode(name) }));
  });

  // -------------------------------------------------------------- suffixes

  /** `x at L = i`; the index takes no suffix of its own, so that `x at L = i at E = j` indexes x twice. */
  protected readonly atSuffix = this.RULE("atSuffix", (value: Expression): Expression => {
    const { axis, index } = this.SUBRULE(this.at);
    return this.ACTION(() => ({ kind: "at", value, axis, index, span: this.spanFromNode(value) }));
  });

  protected readonly at = this.RULE("at", (): { axis: Name; index: Expression } => {
    this.CONSUME(t.At);
    const axis = this.SUBRULE(this.name);
    this.CONSUME(t.Becomes);
    const index = this.within({ suffixes: false, aliases: false }, () =>
      this.SUBRULE(this.arithmetic),
    );
    return this.ACTION(() => ({ axis, index }));
  });

  /** `x split D as (H: heads, K)`, `x split E into (1, T)` */
  protected readonly splitSuffix = this.RULE("splitSuffix", (value: Expression): Expression => {
    this.CONSUME(t.Split);
    const axis = this.SUBRULE(this.name);
    const mode = this.OR({
      ERR_MSG: "`as` or `into`",
      DEF: [{ ALT: () => this.CONSUME(t.As) }, { ALT: () => this.CONSUME(t.Into) }],
    });
    const parts: SplitPart[] = [];
    this.CONSUME(t.OpenParenthesis);
    this.within(inTheOpen, () =>
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        ERR_MSG: "an axis or 1",
        DEF: () => parts.push(this.SUBRULE(this.splitPart)),
      }),
    );
    this.CONSUME(t.CloseParenthesis);
    return this.ACTION(() => {
      const span = this.spanFromNode(value);
      return {
        kind: "split",
        value,
        axis,
        mode: mode.tokenType === t.As ? "as" : "into",
        parts,
        span,
      };
    });
  });

  /** `T`, `A: 1`, `1` */
  protected readonly splitPart = this.RULE("splitPart", (): SplitPart => {
    return this.OR<SplitPart>({
      ERR_MSG: "an axis or 1",
      DEF: [
        {
          ALT: () => {
            const size = this.SUBRULE(this.number);
            return this.ACTION(() => ({ size, span: size.span }));
          },
        },
        {
          ALT: () => {
            const name = this.SUBRULE(this.name);
            let size: Expression | undefined;
            this.OPTION(() => {
              this.CONSUME(t.Colon);
              size = this.SUBRULE(this.expression);
            });
            return this.ACTION(() => {
              const span = this.spanFromNode(name);
              return size === undefined ? { name, span } : { name, size, span };
            });
          },
        },
      ],
    });
  });

  /** `x merge (H, K) as D` */
  protected readonly mergeSuffix = this.RULE("mergeSuffix", (value: Expression): Expression => {
    this.CONSUME(t.Merge);
    const axes = this.SUBRULE(this.axes);
    this.CONSUME(t.As);
    const as = this.SUBRULE(this.name);
    return this.ACTION(() => ({ kind: "merge", value, axes, as, span: this.spanFromNode(value) }));
  });

  /** `x rename A as B` */
  protected readonly renameSuffix = this.RULE("renameSuffix", (value: Expression): Expression => {
    this.CONSUME(t.Rename);
    const from = this.SUBRULE1(this.name);
    this.CONSUME(t.As);
    const to = this.SUBRULE2(this.name);
    return this.ACTION(() => ({ kind: "rename", value, from, to, span: this.spanFromNode(value) }));
  });

  // -------------------------------------------------------------- calls

  /** `(x, heads = 4)`; a comma may end the list. */
  protected readonly arguments = this.RULE("arguments", (): readonly Argument[] => {
    const list: Argument[] = [];
    this.CONSUME(t.OpenParenthesis);
    this.within({ suffixes: true, aliases: false }, () =>
      this.OPTION1(() => {
        list.push(this.SUBRULE1(this.argument));
        this.MANY({
          GATE: () => !this.is(2, t.CloseParenthesis),
          DEF: () => {
            this.CONSUME1(t.Comma);
            list.push(this.SUBRULE2(this.argument));
          },
        });
        this.OPTION2(() => this.CONSUME2(t.Comma));
      }),
    );
    this.CONSUME(t.CloseParenthesis);
    return list;
  });

  /** `[name =] value [over axes] [by n] [at E = i] [where m] [as R]` */
  protected readonly argument = this.RULE("argument", (): Argument => {
    const first = this.LA(1);
    this.ACTION(() => {
      if (isReserved(first) && this.is(2, t.Becomes)) this.failWith(reservedName(first));
    });
    const parts: { -readonly [Key in keyof Argument]?: Argument[Key] } = {};
    this.OPTION1({
      GATE: () => this.is(2, t.Becomes),
      DEF: () => {
        parts.name = this.SUBRULE1(this.name);
        this.CONSUME(t.Becomes);
      },
    });
    const stated = this.RECORDING_PHASE ? false : this.#statesOrder();
    const value = this.OR<Expression>({
      MAX_LOOKAHEAD: 1,
      IGNORE_AMBIGUITIES: true,
      ERR_MSG: "an expression",
      DEF: [
        {
          GATE: () => stated,
          ALT: () => {
            const tensor = this.SUBRULE(this.reference);
            this.CONSUME(t.OpenBracket);
            parts.axes = this.SUBRULE(this.names);
            this.CONSUME(t.CloseBracket);
            return tensor;
          },
        },
        { GATE: () => !stated, ALT: () => this.SUBRULE(this.expression) },
      ],
    });
    // A unit after a number says nothing that the number does not: `warmup = 20 steps`.
    this.OPTION2({
      GATE: () => this.surroundings.units && this.LA(0).tokenType === t.NumberLiteral,
      DEF: () => this.SUBRULE2(this.name),
    });
    this.OPTION3(() => {
      const word = this.CONSUME(t.Over);
      this.ACTION(() => {
        if (!endsInContraction(value)) return;
        this.fail("MEM0027", word, "two `over` in a row can be read in two ways", {
          help: "put the contraction in parentheses",
        });
      });
      parts.over = this.SUBRULE(this.axes);
    });
    this.OPTION4(() => {
      this.CONSUME(t.By);
      parts.by = this.within({ suffixes: false }, () => this.SUBRULE2(this.expression));
    });
    this.OPTION5(() => {
      parts.at = this.SUBRULE(this.at);
    });
    this.OPTION6(() => {
      this.CONSUME(t.Where);
      parts.where = this.SUBRULE3(this.expression);
    });
    this.OPTION7(() => {
      this.CONSUME(t.As);
      parts.as = this.SUBRULE3(this.name);
    });
    return this.ACTION(() => ({ ...parts, value, span: this.spanFrom(first) }));
  });

  /** Is the next argument a name with a bracket of bare names, `y[S, E]`, and no more than clauses after it? */
  #statesOrder(): boolean {
    if (!this.is(1, t.Identifier) || !this.is(2, t.OpenBracket) || !this.touching(2)) return false;
    let distance = 3;
    while (this.is(distance, t.Identifier) && this.is(distance + 1, t.Comma)) distance += 2;
    if (!this.is(distance, t.Identifier) || !this.is(distance + 1, t.CloseBracket)) return false;
    return clauses.has(this.LA(distance + 2).tokenType);
  }
}

const clauses = new Set([t.Comma, t.CloseParenthesis, t.Over, t.By, t.At, t.Where, t.As]);

/** What can be called: a name, a member, the member of a sibling. */
function callable(value: Expression): boolean {
  return value.kind === "reference" || value.kind === "member";
}

/** Is the last thing written of this value a contraction outside of parentheses, whose `over` then comes last? */
function endsInContraction(value: Expression): boolean {
  switch (value.kind) {
    // A node in parentheses has a wider span than its parts.
    case "contraction":
      return value.left.span.start === value.span.start;
    case "binary":
      return value.right.span.end === value.span.end && endsInContraction(value.right);
    case "unary":
      return value.operand.span.end === value.span.end && endsInContraction(value.operand);
    default:
      return false;
  }
}
