/** Signatures: tensor formals, options with their types and ranges, axis lists, outputs. */
import type { IToken } from "chevrotain";
import { unexpected } from "./faults.ts";
import { inTheOpen } from "./grammar.ts";
import { type FormalAxes, OperandGrammar } from "./operands.ts";
import * as t from "./tokens.ts";
import type {
  Alternative,
  AxisDeclaration,
  Expression,
  Formal,
  Name,
  Option,
  OptionType,
  Outputs,
  Range,
} from "./tree.ts";

/** What one parenthesis list declares, in the order of each kind. */
export interface Formals {
  readonly formals: readonly Formal[];
  readonly options: readonly Option[];
}

export interface ParameterAxes {
  readonly axes: readonly AxisDeclaration[];
  readonly inAxes?: number;
}

export abstract class SignatureGrammar extends OperandGrammar {
  // -------------------------------------------------------------- axes

  /** `T`, `J: H`, `R: S + 1` */
  protected readonly axisDeclaration = this.RULE("axisDeclaration", (): AxisDeclaration => {
    const name = this.SUBRULE(this.name);
    let size: Expression | undefined;
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      size = this.within(inTheOpen, () => this.SUBRULE(this.arithmetic));
    });
    return this.ACTION(() => {
      const span = this.spanFromNode(name);
      return size === undefined ? { name, span } : { name, size, span };
    });
  });

  /** `[T, D]`, `[]` */
  protected readonly axisList = this.RULE("axisList", (): readonly AxisDeclaration[] => {
    const axes: AxisDeclaration[] = [];
    this.CONSUME(t.OpenBracket);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => axes.push(this.SUBRULE(this.axisDeclaration)) });
    this.CONSUME(t.CloseBracket);
    return axes;
  });

  /** `[D -> H, K]`, `[D -> ]`, `[D]` */
  protected readonly parameterAxes = this.RULE("parameterAxes", (): ParameterAxes => {
    const axes: AxisDeclaration[] = [];
    let inAxes: number | undefined;
    this.CONSUME(t.OpenBracket);
    this.MANY_SEP1({ SEP: t.Comma, DEF: () => axes.push(this.SUBRULE1(this.axisDeclaration)) });
    this.OPTION(() => {
      this.CONSUME(t.Arrow);
      inAxes = axes.length;
      this.MANY_SEP2({ SEP: t.Comma, DEF: () => axes.push(this.SUBRULE2(this.axisDeclaration)) });
    });
    this.CONSUME(t.CloseBracket);
    return this.ACTION(() => (inAxes === undefined ? { axes } : { axes, inAxes }));
  });

  // -------------------------------------------------------------- formals and options

  /** `(x[T, D], heads: int >= 1 = 4)`; a comma may end the list. */
  protected readonly formals = this.RULE("formals", (): Formals => {
    const list: (Formal | Option)[] = [];
    this.CONSUME(t.OpenParenthesis);
    this.OPTION1(() => {
      list.push(this.SUBRULE1(this.formal));
      this.MANY({
        GATE: () => !this.is(2, t.CloseParenthesis),
        DEF: () => {
          this.CONSUME1(t.Comma);
          list.push(this.SUBRULE2(this.formal));
        },
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.CloseParenthesis);
    return this.ACTION(() => ({
      formals: list.filter((formal): formal is Formal => "axes" in formal),
      options: list.filter((formal): formal is Option => "type" in formal),
    }));
  });

  /** `x[T, D]`, `heads: int >= 1 = 4` */
  protected readonly formal = this.RULE("formal", (): Formal | Option => {
    const name = this.SUBRULE(this.name);
    return this.OR<Formal | Option>({
      ERR_MSG: "`[` (the axes of a tensor) or `:` (the type of an option)",
      DEF: [
        {
          ALT: () => {
            const axes = this.SUBRULE(this.formalAxes);
            return this.ACTION(() => ({ name, ...axes, span: this.spanFromNode(name) }));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Colon);
            const type = this.SUBRULE(this.type);
            const initial = this.OPTION(() => {
              this.CONSUME(t.Becomes);
              return this.within(inTheOpen, () => this.SUBRULE(this.expression));
            });
            return this.ACTION(() => {
              const node = { name, type, span: this.spanFromNode(name) };
              return initial === undefined ? node : { ...node, default: initial };
            });
          },
        },
      ],
    });
  });

  /** `[T, D]`, `[..., D]`, `[...]`, `[]` */
  protected readonly formalAxes = this.RULE("formalAxes", (): FormalAxes => {
    const axes: AxisDeclaration[] = [];
    let rest = false;
    this.CONSUME(t.OpenBracket);
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Ellipsis);
            rest = true;
          },
        },
        { ALT: () => axes.push(this.SUBRULE1(this.axisDeclaration)) },
      ]);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        axes.push(this.SUBRULE2(this.axisDeclaration));
      });
    });
    this.CONSUME(t.CloseBracket);
    return this.ACTION(() => ({ rest, axes }));
  });

  protected readonly type = this.RULE(
    "type",
    (): OptionType =>
      this.nested(() =>
        this.OR<OptionType>({
          ERR_MSG: "an option's type (int, real, flag, choice, list or set)",
          DEF: [
            { ALT: () => this.SUBRULE(this.numberType) },
            {
              ALT: () => {
                const word = this.CONSUME(t.Flag);
                return this.ACTION(() => ({ kind: "flag", span: this.spanOf(word) }));
              },
            },
            { ALT: () => this.SUBRULE(this.choice) },
            { ALT: () => this.SUBRULE(this.collection) },
          ],
        }),
      ),
  );

  /** `even int`, `real in (0, 1)`, `int >= 1` */
  protected readonly numberType = this.RULE("numberType", (): OptionType => {
    const first = this.LA(1);
    const parity = this.OPTION1(() =>
      this.OR1([
        { ALT: () => this.CONSUME(t.Even) },
        { ALT: () => this.CONSUME(t.Odd) },
        { ALT: () => this.CONSUME(t.Square) },
      ]),
    );
    const number = this.OR2({
      ERR_MSG: "`int` or `real`",
      DEF: [{ ALT: () => this.CONSUME(t.Int) }, { ALT: () => this.CONSUME(t.Real) }],
    });
    const range = this.OPTION2(() => this.SUBRULE(this.range));
    return this.ACTION(() => {
      if (parity !== undefined && number.tokenType !== t.Int) {
        this.failWith(unexpected("`int`", number));
      }
      return {
        kind: "number",
        number: number.tokenType === t.Int ? "int" : "real",
        ...(parity === undefined ? {} : { parity: parity.image as "even" | "odd" | "square" }),
        ...(range === undefined ? {} : { range }),
        span: this.spanFrom(first),
      };
    });
  });

  /** `>= 1`, `< 4`, `in (0, 1)`, `in [0, 1)`, `in 1 .. 8` */
  protected readonly range = this.RULE("range", (): Range => {
    const first = this.LA(1);
    return this.within(inTheOpen, () =>
      this.OR1<Range>([
        {
          ALT: () => {
            const sign = this.OR2([
              { ALT: () => this.CONSUME(t.AtLeast) },
              { ALT: () => this.CONSUME(t.Above) },
              { ALT: () => this.CONSUME(t.AtMost) },
              { ALT: () => this.CONSUME(t.Below) },
            ]);
            const value = this.SUBRULE1(this.arithmetic);
            return this.ACTION(() => {
              const bound = { value, open: sign.image.length === 1 };
              const span = this.spanFrom(first);
              return sign.image.startsWith(">") ? { low: bound, span } : { high: bound, span };
            });
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.In);
            return this.OR3<Range>({
              MAX_LOOKAHEAD: 1,
              IGNORE_AMBIGUITIES: true,
              ERR_MSG: "an interval such as `(0, 1)`, or bounds such as `1 .. 8`",
              DEF: [
                { ALT: () => this.SUBRULE(this.interval, { ARGS: [first] }) },
                {
                  ALT: () => {
                    const low = this.SUBRULE2(this.arithmetic);
                    this.CONSUME(t.Range);
                    const high = this.SUBRULE3(this.arithmetic);
                    return this.ACTION(() => ({
                      low: { value: low, open: false },
                      high: { value: high, open: false },
                      span: this.spanFrom(first),
                    }));
                  },
                },
              ],
            });
          },
        },
      ]),
    );
  });

  /** `(0, 1)`, `[0, 1)`: a bracket includes its bound, a parenthesis leaves it out */
  protected readonly interval = this.RULE("interval", (first: IToken): Range => {
    const open = this.OR1([
      { ALT: () => this.CONSUME(t.OpenParenthesis) },
      { ALT: () => this.CONSUME(t.OpenBracket) },
    ]);
    const low = this.SUBRULE1(this.arithmetic);
    this.CONSUME(t.Comma);
    const high = this.SUBRULE2(this.arithmetic);
    const close = this.OR2({
      ERR_MSG: "`)` or `]`",
      DEF: [
        { ALT: () => this.CONSUME(t.CloseParenthesis) },
        { ALT: () => this.CONSUME(t.CloseBracket) },
      ],
    });
    return this.ACTION(() => ({
      low: { value: low, open: open.tokenType === t.OpenParenthesis },
      high: { value: high, open: close.tokenType === t.CloseParenthesis },
      span: this.spanFrom(first),
    }));
  });

  /** `choice(linear, sticky(bins: int = 128))` */
  protected readonly choice = this.RULE("choice", (): OptionType => {
    const word = this.CONSUME(t.Choice);
    const alternatives: Alternative[] = [];
    this.CONSUME(t.OpenParenthesis);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      ERR_MSG: "an alternative's name",
      DEF: () => {
        const name = this.SUBRULE(this.alternativeName);
        const formals = this.OPTION(() => this.SUBRULE(this.formals));
        this.ACTION(() => {
          const [tensor] = formals?.formals ?? [];
          if (tensor !== undefined) {
            this.fail(
              "MEM0039",
              tensor.span,
              "an alternative of a choice has options, not tensors",
            );
          }
          alternatives.push({
            name,
            options: formals?.options ?? [],
            span: this.spanFromNode(name),
          });
        });
      },
    });
    this.CONSUME(t.CloseParenthesis);
    return this.ACTION(() => ({ kind: "choice", alternatives, span: this.spanFrom(word) }));
  });

  /** `list(real > 0)`, `set(int)` */
  protected readonly collection = this.RULE("collection", (): OptionType => {
    const word = this.OR([
      { ALT: () => this.CONSUME(t.List) },
      { ALT: () => this.CONSUME(t.SetOf) },
    ]);
    this.CONSUME(t.OpenParenthesis);
    const element = this.SUBRULE(this.type);
    this.CONSUME(t.CloseParenthesis);
    return this.ACTION(() => ({
      kind: word.tokenType === t.List ? "list" : "set",
      element,
      span: this.spanFrom(word),
    }));
  });

  /** `-> [T, D]`, `-> gone[T, D], there[T]` */
  protected readonly outputs = this.RULE("outputs", (): Outputs => {
    const arrow = this.CONSUME(t.Arrow);
    return this.OR<Outputs>({
      ERR_MSG: "the axes of the result or the name of an output",
      DEF: [
        {
          ALT: () => {
            const axes = this.SUBRULE1(this.formalAxes);
            return this.ACTION(() => ({ kind: "axes", ...axes, span: this.spanFrom(arrow) }));
          },
        },
        {
          ALT: () => {
            const outputs: ({ name: Name } & FormalAxes)[] = [];
            this.AT_LEAST_ONE_SEP({
              SEP: t.Comma,
              DEF: () => {
                const name = this.SUBRULE(this.name);
                outputs.push({ name, ...this.SUBRULE2(this.formalAxes) });
              },
            });
            return this.ACTION(() => ({ kind: "named", outputs, span: this.spanFrom(arrow) }));
          },
        },
      ],
    });
  });
}
