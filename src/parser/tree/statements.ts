/** Statements of models, blocks, memories and methods. */
import type { Call, Expression } from "./expressions.ts";
import type { Name, Node } from "./nodes.ts";
import type { AxisDeclaration, Formal, Option, Outputs } from "./signatures.ts";

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
