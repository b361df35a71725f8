/** Equations: `x = e`, `h[T, F] = e`, `a, b = e`. */

import type { AssignStatement, Expression } from "../../../parser/tree.ts";
import { asTensor, type Place, renameAxes, typeOf } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { evaluate } from "../expressions/expression.ts";
import { declaredAxes, matchAxes } from "../names/axes.ts";
import { problem, Silenced } from "../problem.ts";
import type { Scope } from "../scope.ts";

export function bindNew(
  place: Place,
  name: { readonly text: string; readonly span: Expression["span"] },
  entity: Entity,
): void {
  if (isTaken(place.scope, name.text)) {
    throw problem("MEM0233", name.span, `${name.text} is already taken here.`, {
      help: "A declaration has a name of its own, in loops too: they see the names around them.",
    });
  }
  place.scope.names.set(name.text, entity);
}

/** A loop's body goes on with the names around it. */
function isTaken({ names, frame }: Scope, name: string): boolean {
  const before = names.get(name);
  if (before !== undefined) return before.kind !== "poison";
  return frame.outer !== undefined && isTaken(frame.outer, name);
}

export function assign(place: Place, statement: AssignStatement): void {
  const [first] = statement.targets;
  const single = statement.targets.length === 1 && first !== undefined;
  const value = evaluate(place, statement.value, single ? first.name.text : undefined);
  if (single) {
    bind(place, first, value, statement.value.span);
    return;
  }
  if (value.kind !== "tuple" || value.items.length !== statement.targets.length) {
    const count = value.kind === "tuple" ? value.items.length : 1;
    throw problem(
      "MEM0234",
      statement.span,
      `There are ${statement.targets.length} names on the left and ${count} values on the right.`,
      {
        help: "`_` leaves one out: a, _ = …",
      },
    );
  }
  statement.targets.forEach((target, position) => {
    const item = value.items[position];
    if (item !== undefined && target.name.text !== "_")
      bind(place, target, item.value, statement.value.span);
  });
}

function bind(
  place: Place,
  { name, axes }: AssignStatement["targets"][number],
  value: Entity,
  span: Expression["span"],
): void {
  const { scope } = place;
  const before = scope.names.get(name.text);
  if (
    before !== undefined &&
    !["tensor", "number", "flag", "poison", "tuple", "choice", "list"].includes(before.kind)
  ) {
    throw problem("MEM0233", name.span, `${name.text} is already a ${before.kind} here.`);
  }
  if (value.kind === "poison") throw new Silenced();
  if (value.kind === "instance" || value.kind === "definition") {
    throw problem("MEM0235", span, "An instance is made by `use` or `memory`, not by `=`.");
  }
  if (value.kind !== "tensor") {
    if (axes !== undefined) bind(place, { name, axes }, asTensor(scope, value, span), span);
    else scope.bind(name, value);
    return;
  }
  const named = axes === undefined ? value : renamedByOrder(place, value, axes, name);
  if ("name" in named.operand) scope.frame.builder.suggestName(named.operand, name.text);
  scope.bind(name, named);
}

/** `h[T, F] = e`: the left side names the axes in order. */
function renamedByOrder(
  place: Place,
  value: TensorEntity,
  axes: NonNullable<AssignStatement["targets"][number]["axes"]>,
  name: AssignStatement["targets"][number]["name"],
): TensorEntity {
  const same = axes.every((axis) => value.axes.some((own) => own.name === axis.name.text));
  if (axes.length !== value.axes.length) {
    throw problem(
      "MEM0116",
      name.span,
      `${name.text} has ${axes.length} axes on the left, its value is ${typeOf(value)}.`,
    );
  }
  const sized = axes.filter((axis) => axis.size !== undefined);
  if (same)
    return matchAxes(
      place,
      value,
      declaredAxes(
        place,
        axes.map((axis) => ({ ...axis })),
      ),
      name,
    );
  const names = new Map(
    value.axes.map((own, position) => [own.name, axes[position]?.name.text ?? own.name]),
  );
  const renamed = renameAxes(place, value, names, name.span);
  if (sized.length > 0) return matchAxes(place, renamed, declaredAxes(place, sized), name);
  return renamed;
}
