/** Expressions: operators between operands, and contractions. */
import type { IToken, ParserMethod } from "chevrotain";
import { Grammar } from "./grammar.ts";
import { fold, type InfixSign, type Part } from "./operators.ts";
import * as t from "./tokens.ts";
import type { Expression, Name } from "./tree.ts";

export abstract class ExpressionGrammar extends Grammar {
  protected abstract readonly postfix: ParserMethod<[], Expression>;

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
}
