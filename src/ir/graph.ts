/**
 * The graph: what a model, a block or a gradient computes, as functions over named-axis tensors.
 *
 * A function is an ordered list of nodes in static single assignment form; the order is that of the spec, so that the generated
 * code reads like it. A block call is a `call`, `repeat` is a `repeat` over per-iteration copies, `scan` is a `scan` over time.
 * Everything here is immutable: passes build new functions.
 */
import type { NumberKind, OpAttributes, OpName, TensorType } from "../ops/index.ts";

// ---------------------------------------------------------------- symbolic numbers

/** A compile-time number that remembers how it was written: `sqrt(K)`, `heads`, `4 * width`. */
export interface SymbolicNumber {
  /**
   * Its value in this build. Only the size of the batch is not known before staging: it is written as the axis `batch`, has the value
   * OPEN, and stands alone, as a size of `broadcast`, `fill` or `index`, never inside an expression.
   */
  readonly value: number;
  readonly text: NumberExpression;
}

export type NumberExpression =
  | { readonly kind: "literal"; readonly value: number }
  /** Size of an axis of some value of this function (found by name by the emitter). */
  | { readonly kind: "axis"; readonly name: string }
  /** A number formal of this function: an option or dim of the block. */
  | { readonly kind: "formal"; readonly name: string }
  | {
      readonly kind: "operation";
      readonly operator:
        | "+"
        | "-"
        | "*"
        | "/"
        | "^"
        | "div"
        | "mod"
        | "min"
        | "max"
        | "neg"
        | "sqrt"
        | "exp"
        | "log"
        | "log1p"
        | "tanh"
        | "floor"
        | "trunc"
        | "round"
        | "abs"
        | "sin"
        | "cos"
        | "root"
        | "ceil";
      readonly operands: readonly NumberExpression[];
    };

// ---------------------------------------------------------------- values and nodes

/**
 * A tensor, or one tensor per iteration of the enclosing repeats: `copies` [4] is an array of 4 (one per layer).
 * Only repeat nodes take copies apart (as `stacked`) and put them together (`stacked` results).
 */
export interface ValueType extends TensorType {
  readonly copies: readonly number[];
}

export interface Value {
  /** Unique in its function; from the spec where the spec names it, else with a leading `$`. A TypeScript identifier. */
  readonly name: string;
  readonly type: ValueType;
}

export type OperationNode = {
  readonly [Name in OpName]: {
    readonly kind: "operation";
    readonly op: Name;
    readonly attributes: OpAttributes<SymbolicNumber>[Name];
    /** An operand is a value of the function or a number written in place. A mask, if present, is the last operand. */
    readonly operands: readonly Operand[];
    readonly results: readonly Value[];
    readonly origin?: Origin;
  };
}[OpName];

export type Operand = Value | NumberOperand;

/** A scalar constant used as an operand: `x / sqrt(K)`. `on` and `off` are flag 1 and 0. */
export interface NumberOperand {
  readonly constant: SymbolicNumber;
  readonly kind: NumberKind;
}

/** Calls a function. `inputs` follow the callee's inputs, `numbers` its number formals, `results` its results. */
export interface CallNode {
  readonly kind: "call";
  readonly function: string;
  /** The instance's path below the caller's: `["attention"]`, `["attention", "x", "norm"]`. For names in the output and for probes. */
  readonly scope: readonly string[];
  readonly numbers: readonly NumberBinding[];
  readonly inputs: readonly Operand[];
  readonly results: readonly Value[];
  readonly origin?: Origin;
}

/**
 * Runs `body` `count` times. The body's inputs are, by `passing`:
 * carried (previous iteration's result, first the given value), stacked (element i of a value with copies), captured (the same each time).
 * The body's results are, by `collecting`: carried (in the order of the carried inputs), stacked (become one more copies level),
 * summed (added up over the iterations; gradients of captured values).
 * Results of the node follow the body's results: the last carried value, the copies, the sum.
 * `reversed` runs the last iteration first; element i still belongs to iteration i.
 */
export interface RepeatNode {
  readonly kind: "repeat";
  readonly function: string;
  /** The index name in the spec, `layer`; also the path segment of the copies. */
  readonly index: string;
  /** The path of the iterations below the function's address, for probes; the index alone where it says nothing. */
  readonly scope?: readonly string[];
  readonly count: SymbolicNumber;
  readonly reversed: boolean;
  readonly numbers: readonly NumberBinding[];
  readonly inputs: readonly Operand[];
  readonly passing: readonly ("carried" | "stacked" | "captured")[];
  readonly collecting: readonly ("carried" | "stacked" | "summed")[];
  readonly results: readonly Value[];
  readonly origin?: Origin;
}

/**
 * A loop over the entries of axis `axis` (`scan over T`), of size `count`. As repeat, but `stacked` inputs are sliced along the axis
 * and `stacked` results get the axis (first after the batch).
 */
export interface ScanNode extends Omit<RepeatNode, "kind" | "index"> {
  readonly kind: "scan";
  readonly axis: string;
}

/**
 * Turns a value with copies into a tensor with one more axis (`yield` of a repeat made visible), and back: the outermost level of
 * copies, an axis that comes first after the batch.
 */
export interface StackNode {
  readonly kind: "stack" | "unstack";
  readonly axis: string;
  readonly input: Value;
  readonly result: Value;
}

/** Makes a value visible under its address in a build that asks for it (`--probe`). */
export interface ProbeNode {
  readonly kind: "probe";
  /** Name below the instance's address. */
  readonly name: string;
  readonly of: "value" | "gradient";
  readonly input: Operand;
}

export type Node = OperationNode | CallNode | RepeatNode | ScanNode | StackNode | ProbeNode;

export interface NumberBinding {
  readonly name: string;
  readonly value: SymbolicNumber | readonly SymbolicNumber[];
}

/** Where a node comes from: entity names for comments, the span for the sidecar trace. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

// ---------------------------------------------------------------- functions

/**
 * What an input or result is. Path segments are names, or "*" for "each copy": state `rows` of memory `past` in `repeat … as layer` has
 * path ["layer", "*", "past", "rows"] in the model's function and ["past", "rows"] in the body's.
 */
export interface Port {
  readonly value: Value;
  readonly role: PortRole;
  /** Where it sits in the struct that `role` and `struct` name. For an argument or return: one segment, its name. */
  readonly path: readonly string[];
  /**
   * Which struct of the function: "own" for what belongs to the call itself (call-scope parameters, states, draws of this instance);
   * else the name of a captured instance declared outside (`mem`), whose tensors arrive as a second struct.
   */
  readonly struct: string;
}

export type PortRole =
  | "argument" // input: a tensor formal
  | "parameter" // input: addressed tensors …
  | "state" // … the entering (for the segment function: carried) value
  | "draw"
  | "residual" // input of a backward function, result of a forward function; of a call below its scope, of a repeat below [index, "*"]
  | "cotangent" // input of a backward function, one per differentiable result; path = [role, struct unless "own" (numbered if taken), ...path] of that result
  | "return" // result: what the block returns
  | "next" // result: the value a state gets
  | "loss" // result: one loss term, a scalar
  | "count" // result: the sum of the weights of the loss term of that path, a scalar; only where the spec weighs it, or in a scan
  | "gradient"; // result of a backward function; path as the input it belongs to, struct as there ("argument" struct for arguments)

/** A number formal: an option or dim of the block that its body mentions. */
export interface NumberFormal {
  readonly name: string;
  readonly value: number | readonly number[];
}

export interface GraphFunction {
  /** Unique in the module, camelCase; `attention`, `attentionBackward`. */
  readonly name: string;
  /** What it is in the spec: `attention`, `slots.write`, `layer`; for the doc comment. */
  readonly title: string;
  /** Options that are not as their defaults: `causal`, `same_length`. They tell functions of one title apart by name. */
  readonly variant?: readonly string[];
  readonly doc?: string;
  readonly file?: string;
  readonly kind: "block" | "forward" | "backward" | "critical";
  /** Name of the function of the spec that it is a half or a part of; that function itself need not be in the graph. */
  readonly source?: string;
  readonly numbers: readonly NumberFormal[];
  readonly inputs: readonly Port[];
  readonly nodes: readonly Node[];
  readonly results: readonly Port[];
}

/** Functions by name; callees before callers. */
export interface Graph {
  readonly functions: ReadonlyMap<string, GraphFunction>;
  /** The function of one segment; in a training program its forward. */
  readonly main: string;
  /** What a training program runs besides; names do not tell, since a spec may take them for its blocks. */
  readonly training?: SegmentGradient;
}

/** Names of the functions of one segment that go with its forward. */
export interface SegmentGradient {
  readonly backward: string;
  /** What the next segment's states need; the plain function if that is all of it. */
  readonly critical: string;
}
