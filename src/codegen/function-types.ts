/** Types of the parameters and results of generated functions. */
import type { GraphFunction } from "../ir/graph.ts";
import { pascalCase, propertyName } from "./identifier.ts";
import type { Unit } from "./module.ts";
import type { Parameter, ResultGroup } from "./signature.ts";
import type { Shape } from "./struct.ts";
import type { TypeRegistry } from "./types.ts";

/** Struct of the instance that a method belongs to. */
const SELF = "self";

/** The type of a parameter; declares it if it is a struct. */
export function parameterType(
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
    const has = (name: string) => shape.kind === "struct" && shape.fields.has(name);
    const given = [
      ...(has("valid") ? ["`valid` says which tokens exist"] : []),
      ...(has("fresh") ? ["`fresh` which streams start here"] : []),
    ];
    const doc = ["Inputs of a segment", ...(given.length > 0 ? [given.join(", ")] : [])].join("; ");
    return types.declare(shape, "Inputs", `${doc}.`);
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

/** The type of what a function returns; declares its structs. */
export function returnTypeOf(unit: Unit, prefix: string, types: TypeRegistry): string {
  const { signature, written } = unit;
  if (signature.sole) return "Tensor";
  const fields = signature.groups.map((group) => {
    return `readonly ${propertyName(group.key)}: ${groupType(group, unit, prefix, types)}`;
  });
  const inline = `{ ${fields.join("; ")} }`;
  if (inline.length <= LONGEST_RETURN_TYPE) return inline;
  const text = ["{", ...fields.map((field) => `  ${field};`), "}"].join("\n");
  const wanted = unit.main
    ? pascalCase(written.kind === "block" ? ["result"] : [written.kind, "result"])
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
    case "count":
      return types.declare(
        group.shape,
        prefix + name,
        `Sums of the weights of ${title}'s loss terms.`,
        category,
      );
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
