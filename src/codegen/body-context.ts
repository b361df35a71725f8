/** What the writer of a body is given, and what it gives. */
import type { GraphFunction, Value } from "../ir/graph.ts";
import type { Names } from "./identifier.ts";
import type { Arithmetic } from "./number.ts";
import type { Handed } from "./place.ts";
import type { Signature } from "./signature.ts";
import type { Line } from "./statement.ts";
import type { Shape } from "./struct.ts";
import type { Category } from "./types.ts";

/** A function that a body calls. */
export interface Callee {
  /** Its name in the generated file. */
  readonly name: string;
  readonly kind: GraphFunction["kind"];
  readonly signature: Signature;
  /** The number formals it takes. */
  readonly numbers: readonly string[];
  /** Whether it, or what it calls, has probes. */
  readonly probes: boolean;
}

/** What a body knows of the file it stands in. */
export interface BodyContext {
  readonly signature: Signature;
  /** Names that a local variable may not take. */
  readonly names: Names;
  /** In a segment's function: dims by name. */
  readonly dims?: ReadonlyMap<string, number> | undefined;
  readonly callee: (name: string) => Callee;
  readonly typeText: (shape: Shape, category: Category) => string;
  /** The shape of a value, for the comment beside it; undefined for none. */
  readonly shapeOf: (value: Value) => string | undefined;
}

/** A struct parameter of a callee that gets a whole struct of the caller, or one put together for it. */
export interface Handing {
  readonly callee: string;
  readonly group: string;
  readonly from: Handed | undefined;
}

export interface Body {
  /** Names of the parameters, in the order of the signature. */
  readonly parameters: readonly string[];
  /** Number formals that the body mentions, with the variable each one is bound to. */
  readonly numbers: readonly { readonly name: string; readonly variable: string }[];
  readonly lines: readonly Line[];
  readonly arithmetic: ReadonlySet<Arithmetic>;
  readonly handings: readonly Handing[];
}
