/** Structs of tensors: how the addresses of a function's inputs and results nest (`own.layer[3].attention.Wq`). */
import type { Port } from "../ir/graph.ts";

/** The type of a struct: records, arrays (one element a copy) and tensors. */
export type Shape =
  | { readonly kind: "tensor" }
  | { readonly kind: "array"; readonly element: Shape }
  | { readonly kind: "struct"; readonly fields: ReadonlyMap<string, Shape> };

/** Segment of a path that stands for "each copy". */
export const EACH = "*";

const TENSOR: Shape = { kind: "tensor" };
const EMPTY: Shape = { kind: "struct", fields: new Map() };

/**
 * A port's path with one "*" for every level of copies: those that the path does not name are at its end
 * (a value kept by each iteration under one name).
 */
export function fullPath(path: readonly string[], copies: number): readonly string[] {
  const named = path.filter((segment) => segment === EACH).length;
  return [...path, ...Array.from({ length: Math.max(0, copies - named) }, () => EACH)];
}

/** Where a port's tensors sit in its struct. */
export function portPath(port: Port, path: readonly string[] = port.path): readonly string[] {
  return fullPath(path, port.value.type.copies.length);
}

/** The struct that has exactly tensors at these paths. */
export function shapeOf(paths: readonly (readonly string[])[]): Shape {
  return paths.reduce((shape, path) => union(shape, pathShape(path)), EMPTY);
}

function pathShape(path: readonly string[]): Shape {
  return path.reduceRight<Shape>(
    (inner, segment) =>
      segment === EACH
        ? { kind: "array", element: inner }
        : { kind: "struct", fields: new Map([[segment, inner]]) },
    TENSOR,
  );
}

/** The struct that has what either has, the fields of `left` first. */
export function union(left: Shape, right: Shape): Shape {
  if (left.kind === "tensor" && right.kind === "tensor") return left;
  if (left.kind === "array" && right.kind === "array") {
    return { kind: "array", element: union(left.element, right.element) };
  }
  if (left.kind === "struct" && right.kind === "struct") {
    const fields = new Map(left.fields);
    for (const [name, field] of right.fields) {
      const known = fields.get(name);
      fields.set(name, known === undefined ? field : union(known, field));
    }
    return { kind: "struct", fields };
  }
  if (left.kind === "struct" && left.fields.size === 0) return right;
  if (right.kind === "struct" && right.fields.size === 0) return left;
  throw new Error("One address is both a tensor and a struct of tensors.");
}

/** What sits at a path; undefined if nothing does. */
export function shapeAt(shape: Shape, path: readonly string[]): Shape | undefined {
  let found: Shape | undefined = shape;
  for (const segment of path) {
    if (found?.kind === "array" && segment === EACH) found = found.element;
    else if (found?.kind === "struct" && segment !== EACH) found = found.fields.get(segment);
    else return undefined;
  }
  return found;
}

/** The shape with the one at `path` widened by another. */
export function widenAt(shape: Shape, path: readonly string[], by: Shape): Shape {
  const wrapped = path.reduceRight<Shape>(
    (inner, segment) =>
      segment === EACH
        ? { kind: "array", element: inner }
        : { kind: "struct", fields: new Map([[segment, inner]]) },
    by,
  );
  return union(shape, wrapped);
}

/** Equal text for shapes with equal fields, whatever their order. */
export function shapeKey(shape: Shape): string {
  switch (shape.kind) {
    case "tensor":
      return "T";
    case "array":
      return `[${shapeKey(shape.element)}]`;
    case "struct": {
      const fields = Array.from(shape.fields, ([name, field]) => {
        return `${JSON.stringify(name)}:${shapeKey(field)}`;
      });
      return `{${fields.sort().join(",")}}`;
    }
    default:
      return shape satisfies never;
  }
}
