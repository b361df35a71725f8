/** Calls: the arguments with their clauses. */
import type { ParserMethod } from "chevrotain";
import { isReserved, reservedName } from "./faults.ts";
import { SuffixGrammar } from "./suffixes.ts";
import * as t from "./tokens.ts";
import type { Argument, Expression } from "./tree.ts";

export abstract class CallGrammar extends SuffixGrammar {
  protected abstract readonly reference: ParserMethod<[], Expression>;

  /** `(x, heads = 4)`; a comma may end the list. */
  protected readonly arguments = this.RULE("arguments", (): readonly Argument[] => {
    const list: Argument[] = [];
    this.CONSUME(t.OpenParenthesis);
    this.ACTION(() => this.#refuseReservedName());
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
    this.ACTION(() => this.#refuseReservedName());
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
    // In schedules: `warmup = 20 steps`.
    this.OPTION2({
      GATE: () => this.surroundings.units && this.LA(0).tokenType === t.NumberLiteral,
      DEF: () => {
        parts.unit = this.SUBRULE2(this.name);
      },
    });
    this.OPTION3(() => {
      const word = this.CONSUME(t.Over);
      this.ACTION(() => {
        if (!endsInContraction(value)) return;
        this.remark("MEM0027", word, "two `over` in a row can be read in two ways", {
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

  #refuseReservedName(): void {
    const first = this.LA(1);
    if (isReserved(first) && this.is(2, t.Becomes)) this.failWith(reservedName(first));
  }

  /**
   * Is the next argument a name with a bracket of bare names, `y[S, E]`, and no more than clauses
   * after it? One name after `name =` is an index: `count = sizes[k]`.
   */
  #statesOrder(): boolean {
    if (!this.is(1, t.Identifier) || !this.is(2, t.OpenBracket) || !this.touching(2)) return false;
    let distance = 3;
    while (this.is(distance, t.Identifier) && this.is(distance + 1, t.Comma)) distance += 2;
    if (!this.is(distance, t.Identifier) || !this.is(distance + 1, t.CloseBracket)) return false;
    if (distance === 3 && this.LA(0).tokenType === t.Becomes) return false;
    return clauses.has(this.LA(distance + 2).tokenType);
  }
}

const clauses = new Set([t.Comma, t.CloseParenthesis, t.Over, t.By, t.At, t.Where, t.As]);

/**
 * Is the last thing written of this value a contraction outside of parentheses, whose `over` then
 * comes last?
 */
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
