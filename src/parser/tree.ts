/**
 * The syntax tree of a `.mem` file: what was written, names unresolved. Every node has the span of its text.
 */

/** Offsets into the text of one file: start inclusive, end exclusive. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

interface Node {
  readonly span: Span;
}

// ---------------------------------------------------------------- file

export interface FileTree extends Node {
  readonly edition?: { readonly value: number; readonly span: Span };
  readonly items: readonly Item[];
}

export type Item = Import | BlockDefinition | ModelDefinition | ProgramDefinition;

/** `import name, other from "file.mem"` */
export interface Import extends Node {
  readonly kind: "import";
  readonly names: readonly Name[];
  readonly from: { readonly text: string; readonly span: Span };
}

/**
 * `block name(x[T, D], heads: int >= 1) -> [T, D] { … }` and `memory name(options) { … }`.
 * Without tensor formals and with methods inside it is a block of several methods.
 */
export interface BlockDefinition extends Node {
  readonly kind: "block" | "memory";
  readonly doc?: string;
  readonly name: Name;
  readonly formals: readonly Formal[];
  readonly options: readonly Option[];
  readonly outputs?: Outputs;
  readonly body: readonly Statement[];
}

/** `model Name { … }`, `model Name(tied: flag = on, norm: choice(post, pre) = post) { … }`: every option has a default. */
export interface ModelDefinition extends Node {
  readonly kind: "model";
  readonly doc?: string;
  readonly name: Name;
  readonly options: readonly Option[];
  readonly body: readonly Statement[];
}

/** `train { … }`, `evaluate { … }`, `generate { … }` */
export interface ProgramDefinition extends Node {
  readonly kind: "program";
  readonly program: Name; // train | evaluate | generate
  readonly entries: readonly ScheduleEntry[];
}

// ---------------------------------------------------------------- signatures

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

// ---------------------------------------------------------------- statements

export type Statement =
  | DimStatement
  | ParameterStatement
  | StateStatement
  | ConstStatement
  | InputStatement
  | OutputStatement
  | UseStatement
  | MemoryStatement
  | MethodDefinition
  | AssignStatement
  | WriteStatement
  | CallStatement
  | WhenStatement
  | RepeatStatement
  | ScanStatement
  | ReturnStatement
  | YieldStatement
  | LossStatement;

/** `dim S = count, K = width / heads` */
export interface DimStatement extends Node {
  readonly kind: "dim";
  readonly dims: readonly { readonly name: Name; readonly value: Expression }[];
}

/** `param Wq[D -> H, K], Wk[D -> H, K] ~ glorot` or `param b[D] starts 0`; the ending serves every name before it without its own. */
export interface ParameterStatement extends Node {
  readonly kind: "param";
  readonly doc?: string;
  readonly parameters: readonly {
    readonly name: Name;
    readonly axes: readonly AxisDeclaration[];
    /** Number of axes before `->`; undefined without an arrow. */
    readonly inAxes?: number;
    readonly start:
      | { readonly kind: "draw"; readonly distribution: Distribution }
      | { readonly kind: "starts"; readonly value: Expression };
  }[];
}

/** `normal(0, 0.02)`, `glorot`, `uniform`, `integer(L)` */
export interface Distribution extends Node {
  readonly name: Name;
  readonly arguments: readonly Expression[];
}

/** `state M[S, D] starts unit(bias over D), gradient through`, `state filled in 0 .. M starts 0`, `state waiting in flag starts off, kept` */
export interface StateStatement extends Node {
  readonly kind: "state";
  readonly doc?: string;
  readonly states: readonly { readonly name: Name; readonly axes: readonly AxisDeclaration[] }[];
  readonly in?: Membership;
  readonly starts: Expression;
  readonly gradient?: "through" | "stop";
  readonly kept: boolean;
  readonly reset?: Expression; // `reset when e`
}

/** `in vocab` (0 … vocab - 1), `in flag`, `in int`, `in real`, `in 0 .. M` */
export type Membership =
  | ({ readonly kind: "flag" | "int" | "real" } & Node)
  | ({ readonly kind: "below"; readonly bound: Expression } & Node)
  | ({ readonly kind: "range"; readonly low: Expression; readonly high: Expression } & Node);

export interface ConstStatement extends Node {
  readonly kind: "const";
  readonly constants: readonly {
    readonly name: Name;
    readonly axes: readonly AxisDeclaration[];
    readonly value: Expression;
  }[];
}

/** `input tokens[T] in vocab`, `target labels[T] in vocab`; without `in`: real */
export interface InputStatement extends Node {
  readonly kind: "input";
  readonly role: "input" | "target";
  readonly doc?: string;
  readonly name: Name;
  readonly axes: readonly AxisDeclaration[];
  readonly in?: Membership;
}

/** `output logits = e`, `output logits[T, V] = e` */
export interface OutputStatement extends Node {
  readonly kind: "output";
  readonly doc?: string;
  readonly name: Name;
  readonly axes?: readonly AxisDeclaration[];
  readonly value: Expression;
}

/** `use table = embedding(vocab, width)` */
export interface UseStatement extends Node {
  readonly kind: "use";
  readonly doc?: string;
  readonly name: Name;
  readonly value: Call;
}

/** `memory mem = slots(count = 64, width) reset when document` */
export interface MemoryStatement extends Node {
  readonly kind: "memory";
  readonly doc?: string;
  readonly name: Name;
  /** A call, or a compile-time choice of calls. */
  readonly value: Expression;
  readonly reset?: Expression;
}

/** A method of a block or memory: `read(x[T, D], heads: int >= 1) -> [T, D] { … }` */
export interface MethodDefinition extends Node {
  readonly kind: "method";
  readonly doc?: string;
  readonly name: Name;
  readonly formals: readonly Formal[];
  readonly options: readonly Option[];
  readonly outputs?: Outputs;
  readonly body: readonly Statement[];
}

/** `x = e`, `h[T, F] = e`, `a, b = e`; `_` ignores one. */
export interface AssignStatement extends Node {
  readonly kind: "assign";
  readonly doc?: string;
  readonly targets: readonly { readonly name: Name; readonly axes?: readonly AxisDeclaration[] }[];
  readonly value: Expression;
}

/** `M <- e` */
export interface WriteStatement extends Node {
  readonly kind: "write";
  readonly state: Name;
  readonly value: Expression;
}

/** `mem.write(x)` on its own */
export interface CallStatement extends Node {
  readonly kind: "call-statement";
  readonly value: Expression;
}

/** `when c { … } else when d { … } else { … }`: `otherwise` of an else-when holds one WhenStatement. */
export interface WhenStatement extends Node {
  readonly kind: "when";
  readonly condition: Expression;
  readonly then: readonly Statement[];
  readonly otherwise?: readonly Statement[];
}

/** `repeat depth as layer [yield a, b] { … }` */
export interface RepeatStatement extends Node {
  readonly kind: "repeat";
  readonly count: Expression;
  readonly index: Name;
  readonly yields: readonly Name[];
  readonly body: readonly Statement[];
}

/** `scan over T [from m = M, n = N] [yield m] { … }` */
export interface ScanStatement extends Node {
  readonly kind: "scan";
  readonly axis: Name;
  readonly from: readonly { readonly name: Name; readonly value: Expression }[];
  readonly yields: readonly Name[];
  readonly body: readonly Statement[];
}

export interface ReturnStatement extends Node {
  readonly kind: "return";
  readonly values: readonly Expression[];
}

export interface YieldStatement extends Node {
  readonly kind: "yield";
  readonly names: readonly Name[];
}

/** `loss main = e [weighted by w]` */
export interface LossStatement extends Node {
  readonly kind: "loss";
  readonly doc?: string;
  readonly name: Name;
  readonly value: Expression;
  readonly weight?: Expression;
}

// ---------------------------------------------------------------- expressions

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

// ---------------------------------------------------------------- schedules

/**
 * One entry of `train`, `evaluate`, `generate`, kept general; `src/ir` knows the words:
 * `segment 64 tokens` · `batch 16 streams` · `through_time mrbp(horizon = 8)` · `segment_weights powers(2)` · `cut after 1, 2`
 * `group **.bias, **.gain { weight_decay 0 }` · `data { labels = tokens ahead 1 }` · `freeze layer[*].ltm` · `set dropout = 0.1`
 */
export interface ScheduleEntry extends Node {
  readonly word: Name;
  readonly values: readonly ScheduleValue[];
  /** Entries in braces; undefined without braces. */
  readonly entries?: readonly ScheduleEntry[];
}

export type ScheduleValue =
  | ({ readonly kind: "expression"; readonly value: Expression } & Node)
  /** `**.bias`, `layer[*].attention`, `expert[* < stage]` is not part of this edition */
  | ({ readonly kind: "path"; readonly path: string } & Node)
  /** `labels = tokens ahead 1`, `next = tokens ahead segment`, `dropout = 0.1` */
  | ({
      readonly kind: "assignment";
      readonly name: Name;
      readonly values: readonly ScheduleValue[];
    } & Node)
  /** A bare word such as `tokens`, `streams`, `ahead`, `steps`, `uniform` */
  | ({ readonly kind: "word"; readonly word: Name } & Node);
