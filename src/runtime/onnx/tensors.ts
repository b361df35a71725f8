/** Operations on values with named axes: each chooses the order of axes that moves least. */
import type { Axis, HostTensor, TensorType } from "../../ops/index.ts";
import { layout } from "../../ops/strided.ts";
import { commonOrder, commonShape } from "./alignment.ts";
import type { GraphWriter, NodeOptions } from "./graph.ts";
import { entriesOf } from "./graph.ts";
import type { Element } from "./model.ts";
import {
  broadcastShape,
  fitsWithoutLeadingOnes,
  groupsOf,
  product,
  sameOrder,
  shapeOf,
} from "./shapes.ts";
import type { Placement, Value, View } from "./values.ts";
import {
  elementOf,
  primary,
  rangeOf,
  repeats,
  sizeOf,
  storedCount,
  storedOrder,
  stores,
  unionAxes,
  wide,
} from "./values.ts";

type Order = readonly string[];

/** Entries in a row below which a matrix product gains nothing. */
const NARROW = 16;

export class TensorWriter {
  readonly graph: GraphWriter;
  /**
   * Undoes what the branch being written has added to values from outside: its names end with it.
   */
  #undo: (() => void)[] | undefined;

  constructor(graph: GraphWriter) {
    this.graph = graph;
  }

  /**
   * An input of the graph, row-major in the order of its axes; it is declared when it is first
   * used.
   */
  input(name: string, { kind, axes }: TensorType): Value {
    const element = elementOf(kind);
    const order = wide(axes).map((axis) => axis.name);
    const declare = (shape: readonly number[]) => this.graph.input(name, element, shape);
    return { element, axes, placements: [{ order, views: [], declare }] };
  }

  /** A known tensor; axes along which its entries repeat are not stored. */
  constant(tensor: HostTensor, element: Element = elementOf(tensor.type.kind)): Value {
    const { axes } = tensor.type;
    const order = wide(axes).filter(({ name }) => !repeats(tensor, name));
    const placement = { order: order.map(({ name }) => name), views: [] };
    const value = { element, axes, placements: [placement], constant: tensor };
    return element === "int32" ? { ...value, range: rangeOf(tensor) } : value;
  }

  /** A number, for use as an operand. */
  number(value: number, element: Element = "float32"): Value {
    const constant = { type: { kind: "real", axes: [] }, data: Float64Array.of(value) } as const;
    return { element, axes: [], placements: [{ order: [], views: [] }], constant };
  }

  /** A known list of numbers along one axis. */
  list(values: readonly number[], axis: string, element: Element): Value {
    const axes = [{ name: axis, size: values.length }];
    const constant = { type: { kind: "real", axes }, data: Float64Array.from(values) } as const;
    return this.constant(constant, element);
  }

  /** A value that a node has made, its stored axes in `order`. */
  made(element: Element, axes: readonly Axis[], order: readonly string[], view: View): Value {
    return { element, axes, placements: [{ order, views: [view] }] };
  }

  /**
   * The same entries, with axes called or cut differently: `change` gives the new order of a
   * placement, or undefined where that order does not allow it. Undefined if no placement does.
   */
  viewed(
    value: Value,
    axes: readonly Axis[],
    change: (order: readonly string[]) => readonly string[] | undefined,
  ): Value | undefined {
    if (value.constant !== undefined) return this.viewed(this.#emitted(value), axes, change);
    const placements = value.placements.flatMap((placement) => {
      const order = change(placement.order);
      return order === undefined ? [] : [{ ...placement, order }];
    });
    if (placements.length === 0) return undefined;
    const { element, range } = value;
    return { element, axes, placements, ...(range === undefined ? {} : { range }) };
  }

  /**
   * The placement with the stored axes in `order`, which must name each of them; transposes if
   * there is none.
   */
  place(value: Value, order: readonly string[]): Placement {
    const found = value.placements.find((placement) => sameOrder(placement.order, order));
    if (found !== undefined) return found;
    const placement: Placement = { order, views: [] };
    if (value.constant === undefined) placement.views.push(this.#transpose(value, order));
    value.placements.push(placement);
    this.#undo?.push(() => value.placements.pop());
    return placement;
  }

  /** The name of the tensor with the entries of a placement under a shape. */
  view(value: Value, placement: Placement, shape: readonly number[]): string {
    const found = placement.views.find((view) => sameOrder(view.shape, shape));
    if (found !== undefined) return found.name;
    // Inputs and constants belong to the whole graph, wherever they are first used.
    const lasting =
      value.constant !== undefined ||
      (placement.declare !== undefined && placement.views.length === 0);
    const name = this.#newView(value, placement, shape);
    placement.views.push({ name, shape });
    if (!lasting) this.#undo?.push(() => placement.views.pop());
    return name;
  }

  /** A view of a placement under a shape that is there already, if there is one. */
  anyView(value: Value, placement: Placement): View {
    const [first] = placement.views;
    if (first !== undefined) return first;
    const shape = this.fullShape(value, placement.order);
    return { name: this.view(value, placement, shape), shape };
  }

  /** As `view`, content with a shape that differs in leading ones. */
  looseView(value: Value, placement: Placement, shape: readonly number[]): View {
    const found = placement.views.find((view) => fitsWithoutLeadingOnes(view.shape, shape));
    return found ?? { name: this.view(value, placement, shape), shape };
  }

  /** The shape of a placement with one dimension for each stored axis. */
  fullShape(value: Value, order: readonly string[]): number[] {
    return order.map((name) => sizeOf(value, name));
  }

  /**
   * The same entries converted to another element type. Reals are truncated, and must be in range.
   */
  cast(value: Value, element: Element): Value {
    if (value.element === element) return value;
    if (value.constant !== undefined) {
      const placements = value.placements.map(({ order }) => ({ order, views: [] }));
      return { ...value, element, placements };
    }
    const { name, shape } = this.anyView(value, primary(value));
    const cast = { name: this.graph.cast(name, element), shape };
    return this.made(element, value.axes, storedOrder(value), cast);
  }

  /**
   * Emits `If` on a single flag; only the branch taken is computed. Both give a value of the same
   * axes that they have emitted themselves; the result is laid out as that of `otherwise`.
   */
  branch(condition: string, element: Element, then: () => Value, otherwise: () => Value): Value {
    const results: {
      readonly axes: readonly Axis[];
      readonly order: Order;
      readonly view: View;
    }[] = [];
    const scoped = (write: () => Value) => () => {
      const outside = this.#undo;
      const undo: (() => void)[] = [];
      this.#undo = undo;
      const value = write();
      const [usual] = results;
      const order = usual?.order ?? storedOrder(value);
      const placement = this.place(value, order);
      const shape = usual?.view.shape ?? this.anyView(value, placement).shape;
      const name = this.view(value, placement, shape);
      results.push({ axes: value.axes, order, view: { name, shape } });
      for (const step of undo.reverse()) step();
      this.#undo = outside;
      return name;
    };
    const name = this.graph.branch(condition, element, scoped(otherwise), scoped(then));
    const [{ axes, order, view }] = results as [(typeof results)[0]];
    return this.made(element, axes, order, { name, shape: view.shape });
  }

  /** Emits an operator that works entry by entry on operands aligned by axis name. */
  pointwise(
    op: string,
    operands: readonly Value[],
    element: Element = operands[0]?.element ?? "float32",
    options: NodeOptions = {},
  ): Value {
    const order = commonOrder(operands);
    const placed = operands.map((value) => {
      const own = order.filter((name) => stores(value, name));
      return { value, placement: this.place(value, own) };
    });
    const sizes = unionAxes(operands);
    const shape = commonShape(order, sizes, placed);
    const views = placed.map(({ value, placement }) => {
      const own = shapeOf(shape.groups, placement.order, value);
      return this.looseView(value, placement, own);
    });
    const name = this.graph.node(
      op,
      views.map((view) => view.name),
      options,
    );
    return this.made(element, sizes, order, {
      name,
      shape: broadcastShape(views.map((view) => view.shape)),
    });
  }

  /** The value with every axis stored. */
  materialize(value: Value): Value {
    const order = storedOrder(value);
    const missing = wide(value.axes).filter(({ name }) => !order.includes(name));
    if (missing.length === 0) return value;
    const placement = primary(value);
    // Repeats come outermost: each then copies whole runs.
    const full = [...missing.map(({ name }) => name), ...order];
    const view = this.looseView(value, placement, this.fullShape(value, order));
    const shape = broadcastShape([view.shape, this.fullShape(value, full)]);
    const name = this.graph.node("Expand", [view.name, this.graph.integers(shape)]);
    return this.made(value.element, value.axes, full, { name, shape });
  }

  /** Reduces over stored axes with an operator that takes `axes` and `keepdims`. */
  reduce(op: string, value: Value, over: readonly string[]): Value {
    const axes = value.axes.filter(({ name }) => !over.includes(name));
    const along = over.filter((name) => stores(value, name));
    if (along.length === 0) return { ...value, axes };
    const placement = contiguous(value, along) ?? primary(value);
    const kept = placement.order.filter((name) => !along.includes(name));
    const summed = op === "ReduceSum" ? this.#sumOfRows(value, placement, along) : undefined;
    if (summed !== undefined) return this.made(value.element, axes, kept, summed);
    const { shape, name, dims } = this.separated(value, placement, along);
    const reduced = this.graph.node(op, [name, this.graph.integers(dims)], {
      attributes: { keepdims: 1 },
    });
    const left = shape.map((size, i) => (dims.includes(i) ? 1 : size));
    return this.made(value.element, axes, kept, { name: reduced, shape: left });
  }

  /**
   * The sum over axes that are not innermost, as a product with a row of ones: it reads memory in
   * order, several times as fast as ReduceSum (bias gradients). Undefined where it does not apply.
   */
  #sumOfRows(value: Value, placement: Placement, along: readonly string[]): View | undefined {
    const places = along.map((name) => placement.order.indexOf(name));
    const [first, last] = [Math.min(...places), Math.max(...places)];
    if (value.element !== "float32" || last - first !== along.length - 1) return undefined;
    const sizes = this.fullShape(value, placement.order);
    const rows = product(sizes.slice(first, last + 1));
    const width = product(sizes.slice(last + 1));
    if (width < NARROW || rows * width < 16 * NARROW) return undefined;
    const stack = first === 0 ? [] : [product(sizes.slice(0, first))];
    const ones = this.graph.constant("float32", [1, rows], new Float32Array(rows).fill(1));
    const entries = this.view(value, placement, [...stack, rows, width]);
    return { name: this.graph.node("MatMul", [ones, entries]), shape: [...stack, 1, width] };
  }

  /** A view in which no dimension mixes `axes` with others, and the dimensions that are theirs. */
  separated(
    value: Value,
    placement: Placement,
    axes: readonly string[],
  ): { readonly shape: readonly number[]; readonly name: string; readonly dims: number[] } {
    const sizes = this.fullShape(value, placement.order);
    const pure = (group: readonly number[]) => {
      const inside = group.filter((i) => axes.includes(placement.order[i] as string));
      return inside.length === 0 || inside.length === group.length;
    };
    const fitting = placement.views.find((view) => {
      const groups = groupsOf(sizes, view.shape);
      return groups?.every(pure) ?? false;
    });
    const shape = fitting?.shape ?? runs(placement.order, axes, sizes);
    const name = this.view(value, placement, shape);
    const dims = (groupsOf(sizes, shape) ?? []).flatMap((group, dim) =>
      group.length > 0 && axes.includes(placement.order[group[0] as number] as string) ? [dim] : [],
    );
    return { shape, name, dims };
  }

  /**
   * A view whose last dimension is the entries along `over` (in any order), which must all be
   * stored.
   */
  rows(
    value: Value,
    over: readonly string[],
  ): View & { readonly order: readonly string[]; readonly length: number } {
    const inner = over.filter((name) => sizeOf(value, name) !== 1);
    const ending = value.placements.find(({ order }) =>
      order.slice(order.length - inner.length).every((name) => inner.includes(name)),
    );
    const rest = storedOrder(value).filter((name) => !inner.includes(name));
    const placement = ending ?? this.place(value, [...rest, ...inner]);
    const length = product(inner.map((name) => sizeOf(value, name)));
    const ready = placement.views.find(({ shape }) => shape.at(-1) === length);
    const shape = ready?.shape ?? [storedCount(value) / length, length];
    return { name: this.view(value, placement, shape), shape, order: placement.order, length };
  }

  /** A constant as any other value. */
  #emitted(value: Value): Value {
    const { element, axes, range } = value;
    const { order } = primary(value);
    const views = [this.anyView(value, primary(value))];
    return { element, axes, placements: [{ order, views }], ...(range && { range }) };
  }

  #transpose(value: Value, order: readonly string[]): View {
    const source = primary(value);
    // Axes that stay neighbours move as one.
    const groups: string[][] = [];
    for (const name of source.order) {
      const previous = groups.at(-1)?.at(-1);
      const together =
        previous !== undefined && order.indexOf(name) === order.indexOf(previous) + 1;
      if (together) groups.at(-1)?.push(name);
      else groups.push([name]);
    }
    const sizes = groups.map((group) =>
      group.reduce((count, name) => count * sizeOf(value, name), 1),
    );
    const perm = groups
      .map((group, i) => ({ i, at: order.indexOf(group[0] as string) }))
      .sort((a, b) => a.at - b.at)
      .map(({ i }) => i);
    const name = this.graph.node("Transpose", [this.view(value, source, sizes)], {
      attributes: { perm },
    });
    return { name, shape: perm.map((i) => sizes[i] as number) };
  }

  #newView(value: Value, placement: Placement, shape: readonly number[]): string {
    if (value.constant !== undefined) {
      const axes = placement.order.map((name) => ({ name, size: sizeOf(value, name) }));
      const entries = entriesOf(value.element, layout(value.constant, axes));
      return this.graph.constant(value.element, shape, entries);
    }
    const [source] = placement.views;
    if (source === undefined && placement.declare !== undefined) return placement.declare(shape);
    return this.graph.node("Reshape", [source?.name ?? "", this.graph.integers(shape)]);
  }
}

/** A placement in which the axes are innermost, or at least side by side. */
function contiguous(value: Value, axes: readonly string[]): Placement | undefined {
  const innermost = value.placements.find(({ order }) =>
    order.slice(order.length - axes.length).every((name) => axes.includes(name)),
  );
  return (
    innermost ??
    value.placements.find(({ order }) => {
      const places = axes.map((name) => order.indexOf(name));
      return Math.max(...places) - Math.min(...places) === axes.length - 1;
    })
  );
}

/** Sizes of the longest runs of axes that are all inside or all outside `inside`. */
function runs(
  order: readonly string[],
  inside: readonly string[],
  sizes: readonly number[],
): number[] {
  const shape: number[] = [];
  order.forEach((name, i) => {
    const previous = order[i - 1];
    const same = previous !== undefined && inside.includes(previous) === inside.includes(name);
    if (same) shape.push((shape.pop() as number) * (sizes[i] as number));
    else shape.push(sizes[i] as number);
  });
  return shape;
}
