/** A file and what it defines. */
import type { Name, Node, Span } from "./nodes.ts";
import type { ScheduleEntry } from "./schedules.ts";
import type { Formal, Option, Outputs } from "./signatures.ts";
import type { Statement } from "./statements.ts";

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
