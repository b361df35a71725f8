/** Expressions. */
import type { Name, Node } from "./nodes.ts";
import type { AxisDeclaration } from "./signatures.ts";
import type { Distribution, ScanStatement } from "./statements.ts";

export type Expression =
  | NumberLiteral
  | FlagLiteral
  | StringLiteral
  | Reference
  | Member
  | IndexedMember
  | Next
  | ListExpression
  | Unary
  | Binary
  | IsExpression
  | Contraction
  | Call
  | DrawExpression
  | At
  | Split
  | Merge
  | Rename
  | WhenExpression
  | ScanExpression;

export interface NumberLiteral extends Node {
  readonly kind: "number";
  readonly value: number;
  /** Written without point or exponent. */
  readonly integer: boolean;
}

/** `on`, `off` */
export interface FlagLiteral extends Node {
  readonly kind: "flag";
  readonly value: boolean;
}

export interface StringLiteral extends Node {
  readonly kind: "string";
  readonly value: string;
}

/** A bare name: a value, option, dim, axis, choice alternative, loop index, `training`. */
export interface Reference extends Node {
  readonly kind: "reference";
  readonly name: Name;
}

/** `sampling.bins`, `mem.M`, `table.look` (as the callee of a Call) */
export interface Member extends Node {
  readonly kind: "member";
  readonly object: Expression;
  readonly member: Name;
}

/** `mem[(layer + 1) mod depth]`: the sibling instance of a repeat */
export interface IndexedMember extends Node {
  readonly kind: "indexed";
  readonly object: Expression;
  readonly index: Expression;
}

/** `next M` */
export interface Next extends Node {
  readonly kind: "next";
  readonly state: Expression;
}

/** `[0.01, 0.05]` */
export interface ListExpression extends Node {
  readonly kind: "list";
  readonly items: readonly Expression[];
}

export interface Unary extends Node {
  readonly kind: "unary";
  readonly operator: "-" | "not";
  readonly operand: Expression;
}

export interface Binary extends Node {
  readonly kind: "binary";
  readonly operator:
    | "+"
    | "-"
    | "*"
    | "/"
    | "^"
    | "div"
    | "mod"
    | "=="
    | "!="
    | "<"
    | "<="
    | ">"
    | ">="
    | "and"
    | "or"
    | "in"
    | "..";
  readonly left: Expression;
  readonly right: Expression;
}

/** `sampling is sticky` */
export interface IsExpression extends Node {
  readonly kind: "is";
  readonly value: Expression;
  readonly alternative: Name;
}

/** `a . b over (H, K)`: the dot has white space after it */
export interface Contraction extends Node {
  readonly kind: "contraction";
  readonly left: Expression;
  readonly right: Expression;
  readonly over: readonly Name[];
}

/** `attention(norm(x), heads, mask = causal) as self`, `softmax(e over S where m)`, `join(a over P, b over L as R)` */
export interface Call extends Node {
  readonly kind: "call";
  readonly callee: Expression; // Reference, Member or IndexedMember + Member
  readonly arguments: readonly Argument[];
  /** `… as name` after the closing parenthesis: the instance's name. */
  readonly alias?: Name;
}

export interface Argument extends Node {
  /** `heads = 4` */
  readonly name?: Name;
  readonly value: Expression;
  /** In schedules, after a number: `warmup = 20 steps` */
  readonly unit?: Name;
  /** `y[S, E]`: order of the axes stated at the call */
  readonly axes?: readonly Name[];
  /** `over T`, `over (H, K)` */
  readonly over?: readonly Name[];
  /** `by 1` */
  readonly by?: Expression;
  /** `at E = i` inside add / put */
  readonly at?: { readonly axis: Name; readonly index: Expression };
  /** `where m` */
  readonly where?: Expression;
  /**
   * `… as R` before the comma or the closing parenthesis. After an argument that is itself a call, too:
   * `f(g(x) as R)` has `as` here and no alias on g; `f((g(x) as name))` is the other.
   */
  readonly as?: Name;
}

/** `draw u[P] ~ uniform`, `draw l[T] ~ integer(L) shared`, `draw mask[...] ~ bernoulli(p)` */
export interface DrawExpression extends Node {
  readonly kind: "draw";
  readonly name: Name;
  /** Begins with `...`: the rest axes of the block's formals. */
  readonly rest: boolean;
  readonly axes: readonly AxisDeclaration[];
  readonly distribution: Distribution;
  readonly shared: boolean;
}

/** `x at L = i` */
export interface At extends Node {
  readonly kind: "at";
  readonly value: Expression;
  readonly axis: Name;
  readonly index: Expression;
}

/** `x split D as (H, K)`, `x split D as (H: heads, K)`: kind "as"; `p split E into (1, T)`, `x split R into (A: 1, T)`: kind "into" */
export interface Split extends Node {
  readonly kind: "split";
  readonly value: Expression;
  readonly axis: Name;
  readonly mode: "as" | "into";
  readonly parts: readonly SplitPart[];
}

/** `T`, `A: 1`, or the literal 1 (an entry without an axis; only `into`) */
export interface SplitPart extends Node {
  readonly name?: Name;
  readonly size?: Expression;
}

/** `x merge (H, K) as D` */
export interface Merge extends Node {
  readonly kind: "merge";
  readonly value: Expression;
  readonly axes: readonly Name[];
  readonly as: Name;
}

/** `x rename A as B` */
export interface Rename extends Node {
  readonly kind: "rename";
  readonly value: Expression;
  readonly from: Name;
  readonly to: Name;
}

/** `when c { a } else { b }` as an expression; chains by nesting in `otherwise`. */
export interface WhenExpression extends Node {
  readonly kind: "when-expression";
  readonly condition: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}

/** `scan over T from m = M yield m { m = … }` as an expression: the yielded value */
export interface ScanExpression extends Node {
  readonly kind: "scan-expression";
  readonly scan: ScanStatement;
}
