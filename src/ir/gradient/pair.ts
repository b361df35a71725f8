/**
 * A function's two halves, forward and backward: what is asked for, what comes of it, what goes
 * from one to the other.
 */
import { withLoopAxis } from "../function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  NumberBinding,
  RepeatNode,
  ScanNode,
  Value,
} from "../graph.ts";
import type { ActivityAnalysis, ProbeChoice } from "./activity.ts";
import type { Define } from "./cotangents.ts";

/** What is asked of a function's gradient; positions of its inputs and results. */
export interface GradientRequest {
  /** Inputs that gradients are wanted for. */
  readonly active: readonly number[];
  /** Results that a gradient arrives at. */
  readonly cotangents: readonly number[];
  /** Inputs whose gradient must be there, as zeros if need be. */
  readonly forced: readonly number[];
  /** Inputs that the backward function cannot be handed again: carried values of loops. */
  readonly kept: readonly number[];
  /** Names of axes that no residual may have: the axes of the scans around. */
  readonly avoided: readonly string[];
  /** Inputs whose gradient lists its axes in their order. */
  readonly ordered: readonly number[];
}

/**
 * Where an input of a backward function comes from, by position among the forward function's inputs
 * or results.
 */
export interface BackwardInput {
  readonly from: "input" | "residual" | "cotangent";
  readonly position: number;
}

/**
 * The two halves of a function. `inputs` and `gradients` go with the inputs and results of
 * `backward`.
 */
export interface FunctionGradient {
  readonly forward: GraphFunction;
  readonly backward: GraphFunction;
  readonly inputs: readonly BackwardInput[];
  /** The forward function's input that each result is the gradient of. */
  readonly gradients: readonly number[];
  /** Number formals of `backward` that the forward function has not: sizes of axes of its inputs. */
  readonly sizes: readonly NumberBinding[];
}

/** What the writer needs to know of the graph around. */
export interface Surroundings {
  readonly activity: ActivityAnalysis;
  readonly gradientProbes: ProbeChoice;
  readonly define: Define;
  /** Name of the function that nothing calls. */
  readonly main: string;
  functionOf(name: string): GraphFunction;
  gradientOf(written: GraphFunction, request: GradientRequest): FunctionGradient;
}

/** A value of the forward function that it keeps, or a residual of a function it calls. */
export interface Residual {
  /** Node that makes it, -1 for an input. */
  readonly node: number;
  /** The value itself, or the position among the results of the called forward function. */
  readonly what: Value | number;
  /** As it leaves the forward function. */
  readonly type: Value["type"];
  /** Address below `scope`, which is that of the node. */
  readonly scope: readonly string[];
  readonly inner: readonly string[];
  /** Axes renamed on the way out: old to new. */
  readonly renamed: ReadonlyMap<string, string>;
}

export type Source =
  | { readonly from: "input" | "cotangent"; readonly position: number }
  | { readonly from: "residual"; readonly residual: Residual };

/** An input of the backward function. */
export interface Given {
  readonly value: Value;
  readonly source: Source;
}

/** The type that a result of a body has after the loop, where all iterations' are kept. */
export function collectedType(
  node: CallNode | RepeatNode | ScanNode,
  type: Value["type"],
): Value["type"] {
  switch (node.kind) {
    case "call":
      return type;
    case "repeat":
      return { ...type, copies: [node.count.value, ...type.copies] };
    case "scan":
      return withLoopAxis(type, node.axis, node.count.value);
    default:
      return node satisfies never;
  }
}
