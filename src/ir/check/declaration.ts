/** What a parameter, state or draw is, relative to the function that owns it; callers put their path before it. */
import type { NumberKind } from "../../ops/index.ts";
import type { Span } from "../../parser/tree.ts";
import type { GraphFunction, NumberExpression, SymbolicNumber } from "../graph.ts";
import type { DrawInfo } from "../program.ts";
import type { CheckedAxis } from "./entities.ts";
import { substitute } from "./expressions/static.ts";

export type Declaration = ParameterDeclaration | StateDeclaration | DrawDeclaration;

interface Common {
  /** "*" for each copy. */
  readonly path: readonly string[];
  /** Sizes of the repeats, one for each "*". */
  readonly copies: readonly SymbolicNumber[];
  readonly axes: readonly CheckedAxis[];
  readonly doc: string | undefined;
  /** `slots.write`: for comments and messages. */
  readonly owner: string;
  readonly span: Span;
}

export interface ParameterDeclaration extends Common {
  readonly role: "parameter";
  readonly inAxes: number | undefined;
  readonly start:
    | { readonly kind: StartKind; readonly arguments: readonly SymbolicNumber[] }
    | { readonly kind: "computed"; readonly compute: GraphFunction };
}

export type StartKind =
  | "normal"
  | "uniform"
  | "constant"
  | "glorot"
  | "uniform_fan"
  | "normal_fan"
  | "orthogonal";

export interface StateDeclaration extends Common {
  readonly role: "state";
  readonly number: NumberKind;
  readonly gradient: "through" | "stop";
}

export interface DrawDeclaration extends Common {
  readonly role: "draw";
  readonly distribution: DrawInfo["distribution"];
  readonly shared: boolean;
}

type Replace = (kind: "axis" | "formal", name: string) => NumberExpression | undefined;

/** The declaration as the caller sees it: its own path in front, sizes in its own terms. */
export function lifted(
  declaration: Declaration,
  prefix: readonly string[],
  copies: readonly SymbolicNumber[],
  replace: Replace,
): Declaration {
  const rewrite = (number: SymbolicNumber): SymbolicNumber => ({
    value: number.value,
    text: substitute(number.text, replace),
  });
  const common = {
    path: [...prefix, ...declaration.path],
    copies: [...copies, ...declaration.copies.map(rewrite)],
    axes: declaration.axes.map((axis) => ({
      ...axis,
      declared: substitute(axis.declared, replace),
    })),
  };
  switch (declaration.role) {
    case "parameter": {
      const { start } = declaration;
      const kept =
        start.kind === "computed" ? start : { ...start, arguments: start.arguments.map(rewrite) };
      return { ...declaration, ...common, start: kept };
    }
    case "state":
      return { ...declaration, ...common };
    case "draw": {
      const { distribution } = declaration;
      const kept = { ...distribution, arguments: distribution.arguments.map(rewrite) };
      return { ...declaration, ...common, distribution: kept };
    }
    default:
      return declaration satisfies never;
  }
}
