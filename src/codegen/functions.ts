/** The functions of a generated file as text: parameters with their types, doc comments, bodies. */
import type { GraphFunction, Port } from "../ir/graph.ts";
import { writeBody } from "./body.ts";
import { Names, paragraphs, pascalCase, propertyName } from "./identifier.ts";
import type { Module, Unit } from "./module.ts";
import { calleeFor, typesOf } from "./module.ts";
import { FILE_NAMES, familyOf } from "./naming.ts";
import type { Arithmetic } from "./number.ts";
import type { Parameter, ResultGroup } from "./signature.ts";
import { returnName } from "./signature.ts";
import type { Line } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { shapeKey, union, widenAt } from "./struct.ts";
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

const COMMENT_WIDTH = 97;

export function writeFunctions(options: FunctionsOptions): Functions {
  const { module } = options;
  const functionNames = new Names([...FILE_NAMES, ...module.units.map(module.name)]);
  const names = functionNames.inner();
  const types = new TypeRegistry(names);
  const arithmetic = new Set<Arithmetic>();
  const shapes = structShapes(module);
  const texts = module.units.map((unit): FunctionText => {
    const name = module.name(unit);
    const prefix = unit.main ? "" : pascalCase([familyOf(name, unit.written)]);
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
      { name: "g", type: "Builder" },
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

// ---------------------------------------------------------------- types

/** Parameters that hold tensors by address have one type in all variants of a function. */
function isAddressed(group: string): boolean {
  return group === "own" || group === "inputs" || group.startsWith("struct ");
}

/** Key of a struct parameter's shape: shared by the variants of a function, or its own. */
function structKey(module: Module, unit: Unit, group: string): string {
  return `${familyOf(module.name(unit), unit.written)} ${group}`;
}

/**
 * Shapes of addressed parameters: what any variant of the function reads, and what the functions that get a part of
 * it read. A struct that is put together for a call holds just what that function reads, so its type is that.
 */
function structShapes(module: Module): ReadonlyMap<string, Shape> {
  const exact = exactParameters(module);
  const shapes = new Map<string, Shape>();
  for (const unit of module.units) {
    for (const { group, shape } of unit.signature.parameters) {
      const key = structKey(module, unit, group);
      if (!isAddressed(group) || exact.has(key)) continue;
      const known = shapes.get(key);
      shapes.set(key, known === undefined ? shape : union(known, shape));
    }
  }
  // Callers take over what their callees read; callees come first, so few rounds are needed.
  for (let changed = true; changed; ) {
    changed = false;
    for (const unit of module.units) {
      for (const { callee, group, from } of unit.draft.handings) {
        if (from?.root.parameter === undefined) continue;
        const target = structKey(module, unit, from.root.parameter.group);
        const before = shapes.get(target);
        const needed = shapes.get(structKey(module, module.unit(callee), group));
        if (before === undefined || needed === undefined) continue;
        const after = widenAt(before, [...from.root.parameter.path, ...from.path], needed);
        if (shapeKey(after) === shapeKey(before)) continue;
        shapes.set(target, after);
        changed = true;
      }
    }
  }
  return shapes;
}

/** Parameters that are somewhere given a struct put together for the call, and those that get parts of these. */
function exactParameters(module: Module): ReadonlySet<string> {
  const exact = new Set<string>();
  for (const unit of [...module.units].reverse()) {
    for (const { callee, group, from } of unit.draft.handings) {
      const parameter = from?.root.parameter;
      const whole = parameter !== undefined && isAddressed(parameter.group);
      if (whole && !exact.has(structKey(module, unit, parameter.group))) continue;
      exact.add(structKey(module, module.unit(callee), group));
    }
  }
  return exact;
}

/** Struct of the instance that a method belongs to. */
const SELF = "self";

function parameterType(
  parameter: Parameter,
  shape: Shape,
  unit: Unit,
  prefix: string,
  model: string,
  types: TypeRegistry,
): string {
  const { group } = parameter;
  const { title } = unit.written;
  if (group === "own") {
    const wanted = unit.main ? pascalCase([model]) : prefix;
    return types.declare(shape, wanted, `${rolesOf(parameter, unit)} of ${title}.`);
  }
  if (group === "inputs") {
    const doc =
      "Inputs of a segment, with `valid` [batch, T] and `fresh` [batch] where they matter.";
    return types.declare(shape, "Inputs", doc);
  }
  if (group.startsWith("struct ")) {
    const struct = group.slice("struct ".length);
    const words = title.split(".");
    const isSelf = struct === SELF && words.length > 1;
    const owner = isSelf ? words.slice(0, -1).join(".") : struct;
    const user = isSelf ? `its ${words.at(-1)}` : title;
    const doc = `${rolesOf(parameter, unit)} of ${owner} that ${user} uses.`;
    const wanted = pascalCase(owner.split("."));
    return types.declare(shape, [wanted, prefix + pascalCase([struct])], doc);
  }
  if (group === "residuals") {
    const doc = `What the forward of ${title} keeps for its backward.`;
    return types.declare(shape, `${prefix}Residuals`, doc, "residual");
  }
  if (group.startsWith("cotangents ")) {
    const role = pascalCase([group.slice("cotangents ".length)]);
    const doc = `Gradients of the loss with respect to results of ${title}.`;
    return types.declare(shape, `${prefix}${role}Gradients`, doc);
  }
  return types.text(shape);
}

const ROLES = [
  ["parameter", "parameters"],
  ["state", "states"],
  ["draw", "draws"],
] as const;

function rolesOf(parameter: Parameter, unit: Unit): string {
  const roles = new Set(parameter.ports.map(({ position }) => unit.written.inputs[position]?.role));
  const words = ROLES.filter(([role]) => roles.has(role)).map(([, word]) => word);
  const last = words.at(-1) ?? "tensors";
  const list = words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${last}` : last;
  return list.charAt(0).toUpperCase() + list.slice(1);
}

const LONGEST_RETURN_TYPE = 76;

function returnTypeOf(unit: Unit, prefix: string, types: TypeRegistry): string {
  const { signature, written } = unit;
  if (signature.sole) return "Tensor";
  const fields = signature.groups.map((group) => {
    return `readonly ${propertyName(group.key)}: ${groupType(group, unit, prefix, types)}`;
  });
  const inline = `{ ${fields.join("; ")} }`;
  if (inline.length <= LONGEST_RETURN_TYPE) return inline;
  const text = ["{", ...fields.map((field) => `  ${field};`), "}"].join("\n");
  const wanted = unit.main
    ? `${pascalCase([written.kind])}Result`
    : `${prefix}${pascalCase([written.kind])}`;
  return types.declareText(wanted, `What ${titleOf(written)} gives.`, text);
}

function groupType(group: ResultGroup, unit: Unit, prefix: string, types: TypeRegistry): string {
  const { title } = unit.written;
  const category = group.role === "residual" ? "residual" : "address";
  const name = pascalCase([group.key]);
  switch (group.role) {
    case "next":
      return types.declare(group.shape, prefix + name, `States after ${title}.`, category);
    case "loss":
      return types.declare(group.shape, prefix + name, `Loss terms of ${title}.`, category);
    case "residual": {
      const doc = `What the forward of ${title} keeps for its backward.`;
      return types.declare(group.shape, prefix + name, doc, category);
    }
    case "gradient": {
      const doc = `Gradients that the backward of ${title} gives.`;
      return types.declare(group.shape, `${prefix}${name}Gradients`, doc, category);
    }
    case "return":
      return types.declare(group.shape, prefix + name, `Outputs of ${title}.`, category);
    case "argument":
    case "parameter":
    case "state":
    case "draw":
    case "cotangent":
      throw new Error(`A result of ${title} has the role of an input.`);
    default:
      return group.role satisfies never;
  }
}

// ---------------------------------------------------------------- doc comments

function titleOf(written: GraphFunction): string {
  switch (written.kind) {
    case "block":
      return written.title;
    case "forward":
      return `the forward of ${written.title}`;
    case "backward":
      return `the backward of ${written.title}`;
    case "critical":
      return `the critical path of ${written.title}`;
    default:
      return written.kind satisfies never;
  }
}

function docOf(unit: Unit): readonly string[] {
  const { written } = unit;
  const { title } = written;
  const from = written.file === undefined ? "" : ` (${withoutFolders(written.file)})`;
  const lines: string[] = [];
  switch (written.kind) {
    case "block":
      lines.push(ended(written.doc ?? (unit.iterated ? `One ${title}` : title), from));
      break;
    case "forward":
      lines.push(`${title}${from}, keeping what its backward needs.`);
      break;
    case "backward":
      lines.push(`Gradients of ${title}${from}.`);
      break;
    case "critical":
      lines.push(`${title}${from}, only what the next states need.`);
      break;
    default:
      written.kind satisfies never;
  }
  lines.push(...shapesLine(unit));
  return lines
    .flatMap((line) => paragraphs(line, COMMENT_WIDTH))
    .map((line) => line.replaceAll(TOGETHER, " "));
}

/** A space where no line is broken. */
const TOGETHER = "\u00a0";

/** The doc comment with the file it is from before its last full stop. */
function ended(doc: string, from: string): string {
  return `${doc.trim().replace(/\.$/, "")}${from}.`;
}

/** A file as the documentation names it: relative to the project, never a place on this machine. */
function withoutFolders(file: string): string {
  const absolute = /^([A-Za-z]:)?[\\/]/.test(file) || file.includes("..");
  return absolute ? (file.split(/[\\/]/).at(-1) ?? file) : file;
}

/** `x: [batch, T, D], context: [batch, S, D] -> [batch, T, D]` */
function shapesLine(unit: Unit): readonly string[] {
  const { inputs, results } = unit.written;
  const types = typesOf(unit);
  const type = (port: Port) => shapeText(types(port.value)).replaceAll(" ", TOGETHER);
  const shown = (port: Port, name: string) => `${name}:${TOGETHER}${type(port)}`;
  const given = inputs
    .filter((port) => port.role === "argument" || port.path[0] === "return")
    .map((port) => {
      const name = port.path.at(-1) ?? port.value.name;
      return shown(port, port.role === "argument" ? name : `d${pascalCase([returnName(name)])}`);
    });
  const returned = results.filter(
    (port) => port.role === "return" || (port.role === "gradient" && port.struct === "argument"),
  );
  const [only] = returned;
  const out =
    unit.signature.sole && only !== undefined
      ? type(only)
      : returned
          .map((port) => shown(port, returnName(port.path.at(-1) ?? port.value.name)))
          .join(", ");
  if (given.length === 0 && out === "") return [];
  if (out === "") return [given.join(", ")];
  return [`${given.join(", ")}${given.length === 0 ? "" : " "}-> ${out}`];
}
