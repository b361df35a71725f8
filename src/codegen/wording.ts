/** Set phrases of generated code: shapes in comments, small calls. */
import type { TensorType } from "../ops/index.ts";
import type { Expression } from "./expression.ts";
import { call, object, text } from "./expression.ts";
import { stringLiteral } from "./identifier.ts";

/** `g.join(copies, …)`: copies as entries of a new axis. `counted` is an array of as many elements. */
export function joinCopies(copies: string, axis: Expression, counted = copies): Expression {
  return call(
    "g.join",
    text(copies),
    object([
      ["pieces", text(`${counted}.map(() => null)`)],
      ["into", axis],
    ]),
  );
}

/** Attributes of a slice that takes one entry. */
export function sliceAttributes(axis: string, index: string): Expression {
  return object([
    ["axis", text(stringLiteral(axis))],
    ["start", text(index)],
    ["size", text("1")],
    ["into", text("null")],
  ]);
}

/** `g.scope("layer", i)` */
export function scopeText(path: readonly string[], index?: string): string {
  const names = path.map(stringLiteral);
  return `g.scope(${[...names, ...(index === undefined ? [] : [index])].join(", ")})`;
}

/**
 * `[batch, T, H]`, `int [T]`, `scalar`. Of several types, what they share: `[..., D]` for tensors that all have D and
 * differ in the axes before.
 */
export function shapeText(types: readonly TensorType[]): string {
  const [first, ...rest] = types;
  if (first === undefined) return "";
  const shared = first.axes
    .map((axis) => axis.name)
    .filter((name) => rest.every((type) => type.axes.some((axis) => axis.name === name)));
  const differ = types.some((type) => type.axes.length !== shared.length);
  const kind = first.kind !== "real" && rest.every((type) => type.kind === first.kind);
  const names = differ ? ["...", ...shared] : shared;
  const shape = names.length === 0 ? "scalar" : `[${names.join(", ")}]`;
  return kind ? `${first.kind} ${shape}` : shape;
}
