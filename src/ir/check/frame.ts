/**
 * Where checking builds: a `Frame` is a graph function in the making, a `Scope` the names visible at one place in it.
 */
import type { NumberKind } from "../../ops/index.ts";
import { BATCH, OPEN } from "../../ops/index.ts";
import type { BlockDefinition, Expression, Name, Span } from "../../parser/tree.ts";
import { FunctionBuilder } from "../function-builder.ts";
import type { NumberExpression, NumberFormal, Operand, PortRole, Value } from "../graph.ts";
import { isValue, mentions, numbersOf } from "../symbolic.ts";
import { Addresses } from "./addresses.ts";
import { unwritable } from "./calls/hygiene.ts";
import type { Declaration } from "./declaration.ts";
import type { Place } from "./emit.ts";
import type { Static } from "./expressions/static.ts";
import type { LossTerm } from "./loss-terms.ts";
import type { Definitions } from "./names/definitions.ts";
import type { MemberItem } from "./names/member.ts";

/** An axis of a tensor while checking. */
export interface CheckedAxis {
  readonly name: string;
  readonly size: number;
  /** Its size in terms of number formals and axes of the arguments. */
  readonly declared: NumberExpression;
  /** It is the segment's axis, so that `valid` says which of its entries exist (rule R12). */
  readonly data: boolean;
  /** Where it got its size. */
  readonly from?: Span;
}

export interface TensorEntity {
  readonly kind: "tensor";
  readonly operand: Operand;
  readonly number: NumberKind;
  /** Without the batch. */
  readonly axes: readonly CheckedAxis[];
  readonly batch: boolean;
  /** Known before anything runs. */
  readonly constant: boolean;
  /** For an entering state that restarts within the segment (rule R9): where along the axis, and as what. */
  readonly restart?: (axis: CheckedAxis, span: Span) => Restart;
}

export interface Restart {
  /** `[batch, axis]`: before which steps. */
  readonly flag: TensorEntity;
  readonly start: TensorEntity;
}

export interface InstanceEntity {
  readonly kind: "instance";
  readonly instance: Instance;
}

/** Several results of one call. */
export interface TupleEntity {
  readonly kind: "tuple";
  readonly items: readonly { readonly name: string; readonly value: TensorEntity }[];
}

/** A name whose statement failed. */
export interface PoisonEntity {
  readonly kind: "poison";
}

/** A definition, not yet called. */
export interface DefinitionEntity {
  readonly kind: "definition";
  readonly definition: BlockDefinition;
}

export type Entity =
  | Static
  | TensorEntity
  | InstanceEntity
  | TupleEntity
  | PoisonEntity
  | DefinitionEntity;

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
  /** What names meant at the declaration: for `reset when`. */
  readonly names: ReadonlyMap<string, Entity>;
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

/** An argument the compiler adds to a function; callers bind it by what it means to them. */
export type Implicit =
  | { readonly kind: "fresh" | "present" | "reset" | "counted" }
  | { readonly kind: "valid"; readonly axis: string }
  | { readonly kind: "next"; readonly state: string }
  | { readonly kind: "restart"; readonly axis: string }
  | { readonly kind: "start"; readonly state: string };

/** No two mean the same, and none is a name of a spec where it says more than its kind. */
export function implicitKey(implicit: Implicit): string {
  switch (implicit.kind) {
    case "fresh":
    case "present":
    case "reset":
    case "counted":
      return implicit.kind;
    case "valid":
    case "restart":
      return `${implicit.kind} ${implicit.axis}`;
    case "next":
    case "start":
      return `${implicit.kind} ${implicit.state}`;
    default:
      return implicit satisfies never;
  }
}

export class Frame {
  readonly builder: FunctionBuilder;
  /** The scope around a loop's body, from which it captures; undefined for a block. */
  readonly outer: Scope | undefined;
  /** It is the function of a whole segment. */
  readonly isMain: boolean;
  /** Addressed tensors that belong to the function's own struct, by dotted path. */
  readonly addressed = new Map<string, Declaration>();
  /** Their addresses, and what asked for each. */
  readonly addresses = new Addresses();
  readonly declarations: Declaration[] = [];
  readonly instances: Instance[] = [];
  /** Number formals that the body mentions, and those it could. */
  readonly numbers = new Map<string, number>();
  readonly formalValues: ReadonlyMap<string, number>;
  readonly losses: LossTerm[] = [];
  /** What states below this function get after the segment: results of loops, with copies. */
  readonly next: { readonly path: readonly string[]; readonly value: Value }[] = [];
  /** States of the instance that a method of it writes. */
  readonly writes = new Map<string, { readonly value: TensorEntity; readonly span: Span }>();
  /** Arguments that the compiler adds: what is visible everywhere, and `next M` of an instance. */
  readonly implicit = new Map<string, Implicit>();
  /** Of the block or method, for messages: `attention`, `slots.read`. */
  readonly title: string;
  /** The axis whose entries a scan's body sees one at a time. */
  stepAxis: CheckedAxis | undefined;
  /** It runs once a step of a scan, itself or what calls it: a loss in it is a part of the scan's mean. */
  readonly inScan: boolean;
  /** Names that were known in a loop's body alone: what a scan used as a value carried from its `from`, the index of a repeat. */
  readonly ofBodies = new Map<string, "carried" | "index">();
  /** What equations bound, in order: one of them gave a carried name another type. */
  readonly bound: { readonly name: Name; readonly entity: Entity }[] = [];
  /** Resets of the memories around a call of it, which the memories in it obey. */
  readonly handed: ResetKinds;
  /** Names of which the definition around asks for one entry: `mem` in `mem[0]`. */
  readonly indexed: ReadonlySet<string>;
  /** Path from the model to here; undefined inside a block, which has many places. */
  readonly address: readonly string[] | undefined;
  /** Values that loops' bodies capture and the port each became. */
  readonly captured = new Map<string, { readonly outer: Operand; readonly port: TensorEntity }>();
  /** Instances around a loop whose tensors its body captures, and the struct that these enter in. */
  readonly #structs = new Map<Instance, string>();
  /** Arguments as they enter, by name. */
  readonly inputs = new Map<string, TensorEntity>();
  /** Axes that `...` of the block's formals stands for. */
  restAxes: readonly CheckedAxis[] = [];
  /** Instances of the memory's body as this method of it sees them. */
  readonly seen = new Map<string, Instance>();
  /** What blocks that the memory's body makes instances of declare where this method calls them, by dotted path. */
  readonly seenDeclarations = new Map<string, Declaration>();
  /** Names in statements that failed: an axis that is missing may be one that they were to make. */
  readonly unmade = new Set<string>();
  /** Axis names that some value of the function has, so that generated code can ask its size. */
  readonly visibleAxes = new Set<string>();
  /** Paths of the loops so far, for probes. */
  readonly #loopScopes = new Set<string>();
  /** How many copies there are after the beginning of an address, and the tensor that said so. */
  readonly counts = new Map<string, { readonly count: number; readonly at: Span }>();
  /** What the compiler adds, as this function sees it, by `implicitKey`: `fresh`, `present`, `counted`, `valid T`, `next M`. */
  readonly globals = new Map<string, TensorEntity>();

  constructor(
    name: string,
    title: string,
    outer: Scope | undefined,
    formalValues: ReadonlyMap<string, number>,
    place: {
      readonly isMain?: boolean;
      readonly address?: readonly string[] | undefined;
      readonly handed?: ResetKinds;
      readonly inScan?: boolean;
      readonly indexed?: ReadonlySet<string>;
    } = {},
  ) {
    this.indexed = place.indexed ?? outer?.frame.indexed ?? new Set();
    this.handed = place.handed ?? { segment: false, steps: false };
    this.inScan = place.inScan ?? outer?.frame.inScan ?? false;
    this.isMain = place.isMain ?? false;
    this.address = place.address;
    this.title = title;
    this.builder = new FunctionBuilder(name, { title });
    this.outer = outer;
    this.formalValues = formalValues;
  }

  input(
    hint: string,
    entity: Pick<TensorEntity, "number" | "axes" | "batch">,
    role: PortRole,
    path: readonly string[],
    struct = "own",
    copies: readonly number[] = [],
  ): TensorEntity {
    const axes = entity.axes.map(({ name, size }) => ({ name, size }));
    const type = {
      kind: entity.number,
      axes: entity.batch ? [{ name: BATCH, size: OPEN }, ...axes] : axes,
      copies,
    };
    const value = this.builder.input(hint, type, { role, path, struct });
    for (const axis of axes) this.visibleAxes.add(axis.name);
    return { kind: "tensor", operand: value, constant: false, ...pick(entity) };
  }

  /** An argument that the compiler adds, once: its address is the hint unless a formal or another one has that. */
  implicitInput(
    hint: string,
    implicit: Implicit,
    type: Pick<TensorEntity, "number" | "axes" | "batch">,
  ): TensorEntity {
    const key = implicitKey(implicit);
    const known = this.globals.get(key);
    if (known !== undefined) return known;
    const taken = new Set([...this.inputs.keys(), ...this.implicit.keys()]);
    const name = taken.has(hint) ? unwritable(hint, taken) : hint;
    this.implicit.set(name, implicit);
    const tensor = this.input(hint, type, "argument", [name]);
    this.globals.set(key, tensor);
    return tensor;
  }

  /** The struct that has the instance's tensors in a loop's body: `cell`, and `b_cell` for that of `b` where `cell` is another one. */
  structOf(instance: Instance): string {
    const known = this.#structs.get(instance);
    if (known !== undefined) return known;
    const taken = new Set(this.#structs.values());
    const names = [instance.name, namesTo(instance).join("_")];
    const name = names.find((each) => !taken.has(each)) ?? unwritable(instance.name, taken);
    this.#structs.set(instance, name);
    return name;
  }

  /** The path of a loop's iterations, for probes: the second loop of one index in one place is `i2`. */
  loopScope(prefix: readonly string[], index: string): readonly string[] {
    for (let count = 1; ; count++) {
      const scope = [...prefix, count === 1 ? index : `${index}${count}`];
      if (this.#loopScopes.has(scope.join("."))) continue;
      this.#loopScopes.add(scope.join("."));
      return scope;
    }
  }

  /** Whether the function takes it as an argument. */
  takes(implicit: Implicit): boolean {
    const key = implicitKey(implicit);
    return [...this.implicit.values()].some((each) => implicitKey(each) === key);
  }

  /** Notes the number formals that an expression mentions, so that callers pass them. */
  mention(text: NumberExpression): void {
    const found = { axes: new Set<string>(), formals: new Set<string>() };
    mentions(text, found);
    for (const name of found.formals) {
      this.numbers.set(name, this.formalValues.get(name) ?? Number.NaN);
    }
  }

  get formals(): readonly NumberFormal[] {
    return [...this.numbers].map(([name, value]) => ({ name, value }));
  }
}

function pick(entity: Pick<TensorEntity, "number" | "axes" | "batch">) {
  return { number: entity.number, axes: entity.axes, batch: entity.batch };
}

/** Names visible at one place. Inner scopes share their frame unless a loop's body starts one. */
export class Scope {
  readonly frame: Frame;
  readonly definitions: Definitions;
  readonly names: Map<string, Entity>;
  /** Axes by name, as last seen. */
  readonly axes: Map<string, CheckedAxis>;
  /** Axes of the formals or of the segment: their names mean them, whatever else has an axis of that name. */
  readonly fixed: Map<string, CheckedAxis>;
  /** What repeats that are written out here have declared, by name. */
  readonly siblings: Map<string, Siblings>;
  readonly member: Member | undefined;
  /** In the body of an instance that has an address: that address, where values of its options are set. */
  readonly optionsAt: readonly string[] | undefined;
  /** Path segments that calls made here start with. */
  get prefix(): readonly string[] {
    return [...this.base, ...this.nested];
  }
  /** The part of it that comes from the statement's place; a call named with `as` starts there. */
  readonly base: readonly string[];
  /** The part that comes from standing inside other calls' arguments (rule R6). */
  readonly nested: readonly string[];
  /** The batch may be named: in the equation of a loss, and in what only training builds (rule R14). */
  readonly seesBatch: boolean;
  /** Inside a reset, where states mean what was carried from the segment before (rule R9). */
  readonly inReset: boolean;

  constructor(parts: {
    readonly frame: Frame;
    readonly definitions: Definitions;
    readonly names?: Map<string, Entity>;
    readonly axes?: Map<string, CheckedAxis>;
    readonly fixed?: Map<string, CheckedAxis>;
    readonly siblings?: Map<string, Siblings>;
    readonly member?: Member | undefined;
    readonly optionsAt?: readonly string[] | undefined;
    /** A new base, outside of any call's arguments. */
    readonly prefix?: readonly string[];
    readonly base?: readonly string[];
    readonly nested?: readonly string[];
    readonly seesBatch?: boolean;
    readonly inReset?: boolean;
  }) {
    this.frame = parts.frame;
    this.definitions = parts.definitions;
    this.names = parts.names ?? new Map();
    this.axes = parts.axes ?? new Map();
    this.fixed = parts.fixed ?? new Map();
    this.siblings = parts.siblings ?? new Map();
    this.member = parts.member;
    this.optionsAt = parts.optionsAt;
    this.base = parts.prefix ?? parts.base ?? [];
    this.nested = parts.prefix === undefined ? (parts.nested ?? []) : [];
    this.seesBatch = parts.seesBatch ?? false;
    this.inReset = parts.inReset ?? false;
  }

  /** The same names, with calls named below more segments. */
  below(...segments: readonly string[]): Scope {
    return new Scope({ ...this, nested: [...this.nested, ...segments] });
  }

  /** The same names, outside of any call's arguments. */
  outside(): Scope {
    return new Scope({ ...this, nested: [] });
  }

  /** The same names, with axes of its own: what is made in it says nothing about the axes seen here. */
  apart(): Scope {
    return new Scope({ ...this, axes: new Map(this.axes), fixed: new Map(this.fixed) });
  }

  /** The same names, where the batch may be named. */
  withBatch(): Scope {
    return new Scope({ ...this, seesBatch: true });
  }

  /** What an equation gives a name. */
  bind(name: Name, entity: Entity): void {
    this.names.set(name.text, entity);
    this.frame.bound.push({ name, entity });
  }

  seeAxes(axes: readonly CheckedAxis[]): void {
    for (const axis of axes) this.axes.set(axis.name, axis);
  }

  /** Notes axes that keep their names to themselves. */
  fixAxes(axes: readonly CheckedAxis[]): void {
    this.seeAxes(axes);
    for (const axis of axes) this.fixed.set(axis.name, axis);
  }
}

/** Where values are set for an instance; undefined of one inside of a block. */
export const addressOf = ({
  frame: { address },
  path,
}: Pick<Instance, "frame" | "path">): readonly string[] | undefined =>
  address === undefined ? undefined : [...address, ...path];

/** The value behind an entity's operand, if it is one. */
export function valueBehind(entity: TensorEntity): Value | undefined {
  return isValue(entity.operand) ? entity.operand : undefined;
}

/** Notes the formals mentioned in the attributes of a node. */
export function mentionAll(frame: Frame, attributes: unknown): void {
  for (const number of numbersOf(attributes)) frame.mention(number.text);
}
