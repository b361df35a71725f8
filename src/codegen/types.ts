/** Type aliases of a generated file: one for each struct that a function takes or returns, equal ones once. */

import type { Names } from "./identifier.ts";
import { propertyName } from "./identifier.ts";
import type { Shape } from "./struct.ts";
import { shapeKey } from "./struct.ts";

export interface TypeAlias {
  readonly name: string;
  readonly doc: string;
  /** The type, laid out over several lines. */
  readonly text: string;
}

/** Structs of residuals and structs by address may have the same fields and are still two things. */
export type Category = "address" | "residual";

export class TypeRegistry {
  readonly #names: Names;
  readonly #byKey = new Map<string, string>();
  #declared: TypeAlias[] = [];

  constructor(names: Names) {
    this.#names = names;
  }

  /**
   * The name of a struct's type; declares it if no type has these fields yet, under the first of the wanted names
   * that is free. Tensors and arrays need no name.
   */
  declare(
    shape: Shape,
    wanted: string | readonly string[],
    doc: string,
    category: Category = "address",
  ): string {
    if (shape.kind !== "struct" || shape.fields.size === 0) return this.text(shape, category);
    const key = `${category} ${shapeKey(shape)}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const text = this.#structLines(shape, category);
    const names = typeof wanted === "string" ? [wanted] : wanted;
    const free = names.find((name) => !this.#names.has(name));
    const name = this.#names.take(free ?? names.at(-1) ?? "Struct");
    this.#byKey.set(key, name);
    this.#declared.push({ name, doc, text });
    return name;
  }

  /** Names a type that is written by hand elsewhere. */
  declareText(wanted: string, doc: string, text: string): string {
    const name = this.#names.take(wanted);
    this.#declared.push({ name, doc, text });
    return name;
  }

  /** A shape as a type: by name where it has one. */
  text(shape: Shape, category: Category = "address"): string {
    switch (shape.kind) {
      case "tensor":
        return "Tensor";
      case "array": {
        const element = this.text(shape.element, category);
        return element.startsWith("readonly ")
          ? `readonly (${element})[]`
          : `readonly ${element}[]`;
      }
      case "struct": {
        const known = this.#byKey.get(`${category} ${shapeKey(shape)}`);
        if (known !== undefined) return known;
        const fields = Array.from(
          shape.fields,
          ([name, field]) => `readonly ${propertyName(name)}: ${this.text(field, category)}`,
        );
        return fields.length === 0 ? "Record<string, never>" : `{ ${fields.join("; ")} }`;
      }
      default:
        return shape satisfies never;
    }
  }

  /** The aliases declared since the last call. */
  takeDeclared(): readonly TypeAlias[] {
    const declared = this.#declared;
    this.#declared = [];
    return declared;
  }

  #structLines(shape: Extract<Shape, { kind: "struct" }>, category: Category): string {
    if (shape.fields.size === 0) return "Record<string, never>";
    const lines = Array.from(shape.fields, ([name, field]) =>
      this.#fieldLines(name, field, category),
    );
    return ["{", ...lines.flat(), "}"].join("\n");
  }

  #fieldLines(name: string, field: Shape, category: Category): readonly string[] {
    const start = `  readonly ${propertyName(name)}: `;
    const line = `${start}${this.text(field, category)};`;
    if (line.length <= 100) return [line];
    const element = field.kind === "array" ? field.element : field;
    if (element.kind !== "struct") return [line];
    const [open = "{", ...inner] = this.#structLines(element, category).split("\n");
    const close = field.kind === "array" ? "[];" : ";";
    const lines = inner.map((each) => `  ${each}`);
    const readonly = field.kind === "array" ? "readonly " : "";
    return [start + readonly + open, ...lines.slice(0, -1), `${lines.at(-1)}${close}`];
  }
}
