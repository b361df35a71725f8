/** The functions of a generated file as text: parameters with their types, doc comments, bodies. */
import { writeBody } from "./body.ts";
import { docOf } from "./function-doc.ts";
import { parameterType, returnTypeOf } from "./function-types.ts";
import { BUILDER, FILE_NAMES } from "./generated-names.ts";
import { Names, pascalCase, propertyName } from "./identifier.ts";
import type { Module } from "./module.ts";
import { calleeFor, typesOf } from "./module.ts";
import { plainName } from "./naming.ts";
import type { Arithmetic } from "./number.ts";
import type { Line } from "./statement.ts";
import { structKey, structShapes } from "./struct-shapes.ts";
import type { TypeAlias } from "./types.ts";
import { TypeRegistry } from "./types.ts";
import { shapeText } from "./wording.ts";

export interface FunctionText {
  readonly name: string;
  readonly doc: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly returnType: string;
  readonly lines: readonly Line[];
  /** Types that stand before it. */
  readonly types: readonly TypeAlias[];
}

export interface Functions {
  readonly texts: readonly FunctionText[];
  readonly arithmetic: ReadonlySet<Arithmetic>;
  readonly types: TypeRegistry;
  /** All names of the file's top level. */
  readonly names: Names;
}

export interface FunctionsOptions {
  readonly module: Module;
  readonly dims: ReadonlyMap<string, number>;
  /** Name of the model, for the type of all its tensors. */
  readonly model: string;
}

export function writeFunctions(options: FunctionsOptions): Functions {
  const { module } = options;
  const functionNames = new Names([...FILE_NAMES, ...module.units.map(module.name)]);
  const names = functionNames.inner();
  const types = new TypeRegistry(names);
  const arithmetic = new Set<Arithmetic>();
  const shapes = structShapes(module);
  const texts = module.units.map((unit): FunctionText => {
    const name = module.name(unit);
    const prefix = unit.main ? "" : pascalCase([plainName(name, unit.written)]);
    const parameterTypes = unit.signature.parameters.map((parameter) => {
      const shape = shapes.get(structKey(module, unit, parameter.group)) ?? parameter.shape;
      return parameterType(parameter, shape, unit, prefix, options.model, types);
    });
    const returnType = returnTypeOf(unit, prefix, types);
    const typesIn = typesOf(unit);
    const body = writeBody(unit.written, {
      signature: unit.signature,
      names: functionNames,
      dims: unit.main ? options.dims : undefined,
      typeText: (shape, category) => types.text(shape, category),
      shapeOf: (value) => shapeText(typesIn(value)),
      callee: (callee) => {
        const called = module.unit(callee);
        return calleeFor(called, module.name(called));
      },
    });
    for (const each of body.arithmetic) arithmetic.add(each);
    const parameters = [
      { name: BUILDER, type: "Builder" },
      ...body.parameters.map((local, i) => ({ name: local, type: parameterTypes[i] ?? "Tensor" })),
    ];
    if (body.numbers.length > 0) {
      const bound = body.numbers.map(({ name: formal, variable }) =>
        formal === variable ? formal : `${propertyName(formal)}: ${variable}`,
      );
      const fields = body.numbers.map(({ name: formal }) => {
        return `${propertyName(formal)}: number`;
      });
      parameters.push({ name: `{ ${bound.join(", ")} }`, type: `{ ${fields.join("; ")} }` });
    }
    const doc = docOf(unit);
    return { name, doc, parameters, returnType, lines: body.lines, types: types.takeDeclared() };
  });
  return { texts, arithmetic, types, names };
}
