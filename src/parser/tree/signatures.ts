/** Formals, options and results of blocks and methods. */
import type { Expression } from "./expressions.ts";
import type { Name, Node } from "./nodes.ts";

/** `x[T, D]`, `x[..., D]`, `x[...]`, `x[]` */
export interface Formal extends Node {
  readonly name: Name;
  readonly rest: boolean; // begins with `...`
  readonly axes: readonly AxisDeclaration[];
}

/** `T`, `J: H` (axis J of size H), `R: S + 1`. */
export interface AxisDeclaration extends Node {
  readonly name: Name;
  readonly size?: Expression;
}

/** `heads: int >= 1 = 4`, `forget: choice(biased_norm, none) = none`, `widths: list(real > 0) = [0.01, 0.05]` */
export interface Option extends Node {
  readonly name: Name;
  readonly type: OptionType;
  readonly default?: Expression;
}

export type OptionType =
  | ({
      readonly kind: "number";
      readonly number: "int" | "real";
      readonly parity?: "even" | "odd" | "square";
      readonly range?: Range;
    } & Node)
  | ({ readonly kind: "flag" } & Node)
  | ({ readonly kind: "choice"; readonly alternatives: readonly Alternative[] } & Node)
  | ({ readonly kind: "list" | "set"; readonly element: OptionType } & Node);

/** `sticky(bins: int = 128)` or just `linear` */
export interface Alternative extends Node {
  readonly name: Name;
  readonly options: readonly Option[];
}

/** `>= 1`, `> 0`, `< 1`, `in (0, 1)`, `in [0, 1)`, `in 0 .. M` */
export interface Range extends Node {
  readonly low?: { readonly value: Expression; readonly open: boolean };
  readonly high?: { readonly value: Expression; readonly open: boolean };
}

/** `-> [T, D]`, `-> [..., D]`, `-> gone[T, D], there[T]`. `rest`: begins with `...`. */
export type Outputs =
  | ({
      readonly kind: "axes";
      readonly rest: boolean;
      readonly axes: readonly AxisDeclaration[];
    } & Node)
  | ({
      readonly kind: "named";
      readonly outputs: readonly {
        readonly name: Name;
        readonly rest: boolean;
        readonly axes: readonly AxisDeclaration[];
      }[];
    } & Node);
