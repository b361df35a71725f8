/** Instances of blocks and memories, and what their methods share. */
import type { NumberKind } from "../../../ops/index.ts";
import type { BlockDefinition, Expression, Span } from "../../../parser/tree.ts";
import type { Place } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import type { Static } from "../expressions/static.ts";
import type { Frame } from "../frame.ts";
import type { Definitions } from "../names/definitions.ts";
import type { MemberItem } from "../names/member.ts";
import type { Scope } from "../scope.ts";

/** A block or memory with parameters and states of its own, made by `use` or `memory`. */
export interface Instance {
  readonly name: string;
  readonly span: Span;
  readonly definition: BlockDefinition;
  readonly definitions: Definitions;
  readonly options: ReadonlyMap<string, Static>;
  /** The frame it was declared in and its path there. */
  readonly frame: Frame;
  readonly path: readonly string[];
  /** Where it is declared; its names go on to change. */
  readonly scope: Scope;
  /** What names, axes and siblings meant at the declaration: for `reset when`. */
  readonly declared: Scope;
  readonly reset: Expression | undefined;
  /** Its dims, constants, parameters and entering states as seen in its frame. */
  view: Scope | undefined;
  /** Formal axes of methods that states and dims mention, as bound by the first call (rule R3). */
  readonly bound: Map<string, CheckedAxis>;
  /** Those of them that no call has bound yet: an earlier attempt to check the program saw them, or a call that failed. */
  readonly presumed: Set<string>;
  /** States as they were carried from the segment before: what resets are made of (rule R9). */
  readonly carried: Map<string, TensorEntity>;
  /** Its parameters and entering states so far, and what else its block declares, by name. */
  readonly entering: Map<string, TensorEntity>;
  readonly next: Map<string, { readonly value: TensorEntity; readonly span: Span }>;
  /** What states start from, where they restart within a segment. */
  readonly starts: Map<string, TensorEntity>;
  /** The flag of `reset when`, once it is needed: of the segment, or with the segment's axis. */
  declaredReset: TensorEntity | undefined;
  /** The flags that its states restart by, once they are needed: its own, and those of the memories around it. */
  readonly resets: Map<keyof ResetKinds, TensorEntity>;
  /** States whose restarts within a segment some recurrence has taken in. */
  readonly restarted: Set<string>;
  /** One of its methods was called. */
  called: boolean;
  /** What stands in the body of its block, once a method or a reset needs it. */
  readonly members: Map<string, Instance>;
  /** The instance in whose body it stands: its resets restart this one, too. */
  readonly owner: Instance | undefined;
  /** For an instance as methods of its owner see it: the one at the caller, whose tensors enter the function. */
  readonly standsFor: Instance | undefined;
  /** A call of one of its methods failed: what that would have written is not missing. */
  failed: boolean;
}

/** The instance's name, after those of the instances in whose bodies it stands. */
export function namesTo({ owner, name }: Instance): readonly string[] {
  return owner === undefined ? [name] : [...namesTo(owner), name];
}

/** What the iterations of a repeat that is written out declare under one name: `mem[layer - 1]`. */
export interface Siblings {
  /** Of the declaration. */
  readonly span: Span;
  /** That of an iteration, made ahead where it can be; undefined where it does not stand, poison where its declaration failed. */
  readonly at: (place: Place, iteration: number, span: Span) => Entity | undefined;
  /** A repeat before has declared the name, too. */
  readonly other?: Span;
}

/** The names that methods of a block or memory share. */
export interface Member {
  readonly definition: BlockDefinition;
  readonly options: ReadonlyMap<string, Static>;
  /** Dims and constants already evaluated here. */
  readonly known: Map<string, Entity>;
  /** Gives a parameter or entering state by name. */
  readonly tensor: (name: string, axes: readonly CheckedAxis[], number: NumberKind) => TensorEntity;
  /** Gives the value a state was written, or undefined if it was not. */
  readonly next: (name: string) => TensorEntity | undefined;
  /** Gives an instance that stands in the body. */
  readonly instance: (item: MemberItem) => Instance;
  readonly write: ((name: string, value: TensorEntity, span: Span) => void) | undefined;
}

/** Resets that reach a function or an instance: of whole segments, and of their steps. */
export interface ResetKinds {
  readonly segment: boolean;
  readonly steps: boolean;
}

/** Where values are set for an instance; undefined of one inside of a block. */
export const addressOf = ({
  frame: { address },
  path,
}: Pick<Instance, "frame" | "path">): readonly string[] | undefined =>
  address === undefined ? undefined : [...address, ...path];
