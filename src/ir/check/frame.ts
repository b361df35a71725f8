/** Where checking builds: a `Frame` is a graph function in the making. */

import { BATCH, OPEN } from "../../ops/index.ts";
import type { Name, Span } from "../../parser/tree.ts";
import { FunctionBuilder } from "../function-builder.ts";
import type { NumberExpression, NumberFormal, Operand, PortRole, Value } from "../graph.ts";
import { mentions, numbersOf } from "../symbolic.ts";
import { Addresses } from "./addresses.ts";
import { unwritable } from "./calls/hygiene.ts";
import type { Declaration } from "./declaration.ts";
import type { CheckedAxis, Entity, TensorEntity } from "./entities.ts";
import { type Instance, namesTo, type ResetKinds } from "./instances/instance.ts";
import type { LossTerm } from "./loss-terms.ts";
import type { Scope } from "./scope.ts";

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

/** Notes the formals mentioned in the attributes of a node. */
export function mentionAll(frame: Frame, attributes: unknown): void {
  for (const number of numbersOf(attributes)) frame.mention(number.text);
}
