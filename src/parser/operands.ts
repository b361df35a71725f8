/** Operands: names, literals, members, calls, choices, loops and draws. */
import type { IToken, ParserMethod } from "chevrotain";
import { CallGrammar } from "./calls.ts";
import { isReserved, unexpected } from "./faults.ts";
import { inTheOpen } from "./grammar.ts";
import * as t from "./tokens.ts";
import type {
  AxisDeclaration,
  Call,
  Distribution,
  DrawExpression,
  Expression,
  ListExpression,
  ScanStatement,
} from "./tree.ts";

/** `rest`: begins with `...`. */
export interface FormalAxes {
  readonly rest: boolean;
  readonly axes: readonly AxisDeclaration[];
}

export abstract class OperandGrammar extends CallGrammar {
  protected abstract readonly scan: ParserMethod<[], ScanStatement>;
  protected abstract readonly formalAxes: ParserMethod<[], FormalAxes>;

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
      DEF: [
        { ALT: () => this.CONSUME(t.Identifier) },
        { ALT: () => this.CONSUME(t.Where) },
        { ALT: () => this.CONSUME(t.At) },
      ],
    });
    return this.ACTION(() => {
      const span = this.spanOf(token);
      if (isReserved(token) && !(this.is(1, t.OpenParenthesis) && this.touches())) {
        this.failWith(unexpected("an expression", token));
      }
      return { kind: "reference", name: { text: token.image, span }, span };
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
}

/** What can be called: a name, a member, the member of a sibling. */
function callable(value: Expression): boolean {
  return value.kind === "reference" || value.kind === "member";
}
