/** Suffixes of an operand that are words: `at`, `split`, `merge`, `rename`. */
import { ExpressionGrammar } from "./expressions.ts";
import { inTheOpen } from "./grammar.ts";
import * as t from "./tokens.ts";
import type { Expression, Name, NumberLiteral, SplitPart } from "./tree.ts";

export abstract class SuffixGrammar extends ExpressionGrammar {
  /**
   * `x at L = i`; the index takes no suffix of its own, so that `x at L = i at E = j` indexes x
   * twice.
   */
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
}
