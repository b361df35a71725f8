/** Where checking reads names: a `Scope` is the names visible at one place in a function. */

import type { Name } from "../../parser/tree.ts";
import type { CheckedAxis, Entity } from "./entities.ts";
import type { Frame } from "./frame.ts";
import type { Member, Siblings } from "./instances/instance.ts";
import type { Definitions } from "./names/definitions.ts";

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

  /** The same as it is now, whatever is made here later. */
  copied(): Scope {
    const [names, siblings] = [new Map(this.names), new Map(this.siblings)];
    return new Scope({ ...this.apart(), names, siblings });
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
