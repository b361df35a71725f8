/** Parameters and results of a generated function, from the ports of a function of the graph. */
import type { GraphFunction, Port } from "../ir/graph.ts";
import { operations } from "../ops/index.ts";
import { BUILDER } from "./generated-names.ts";
import { camelCase, Names, pascalCase } from "./identifier.ts";
import type { Shape } from "./struct.ts";
import { portPath, shapeOf } from "./struct.ts";

/** A port at its path inside a parameter or a group of results. */
export interface PlacedPort {
  /** Position among the inputs, or the results, of the function. */
  readonly position: number;
  readonly path: readonly string[];
}

/** One parameter: a tensor, or a struct of tensors. */
export interface Parameter {
  readonly name: string;
  /** The same for parameters of one meaning in all variants of a function: `own`, `struct mem`, `argument x`. */
  readonly group: string;
  readonly ports: readonly PlacedPort[];
  readonly shape: Shape;
}

/** A property of the result. */
export interface ResultGroup {
  readonly key: string;
  readonly role: Port["role"];
  readonly ports: readonly PlacedPort[];
  readonly shape: Shape;
}

export interface Signature {
  /** After the builder, in order. */
  readonly parameters: readonly Parameter[];
  readonly groups: readonly ResultGroup[];
  /** The one result is a tensor and returned as such, not in an object. */
  readonly sole: boolean;
  readonly resultShape: Shape;
}

export interface SignatureOptions {
  /** A segment's function: arguments come in one struct `inputs`, returns go out in one struct `outputs`. */
  readonly main: boolean;
  /** Whether a gradient result belongs to a state (else to a parameter). */
  readonly isState: (port: Port) => boolean;
}

export const OWN = "own";

export function signatureOf(written: GraphFunction, options: SignatureOptions): Signature {
  const parameters = parametersOf(written, options);
  const groups = groupsOf(written, options);
  const [only] = groups;
  const sole =
    !options.main &&
    groups.length === 1 &&
    only !== undefined &&
    only.ports.length === 1 &&
    only.ports[0]?.path.length === 0 &&
    (only.role === "return" || only.role === "gradient");
  const resultShape: Shape = sole
    ? { kind: "tensor" }
    : { kind: "struct", fields: new Map(groups.map((group) => [group.key, group.shape])) };
  return { parameters, groups, sole, resultShape };
}

interface Draft {
  readonly wanted: string;
  readonly group: string;
  readonly ports: PlacedPort[];
}

function parametersOf(written: GraphFunction, options: SignatureOptions): readonly Parameter[] {
  const drafts = new Map<string, Draft>();
  const rank = new Map<string, number>();
  // Whoever runs a segment hands it both structs, be they empty.
  if (options.main && written.kind !== "backward") {
    drafts.set(OWN, { wanted: OWN, group: OWN, ports: [] });
    drafts.set("inputs", { wanted: "inputs", group: "inputs", ports: [] });
    rank.set(OWN, 0).set("inputs", 2);
  }
  written.inputs.forEach((port, position) => {
    const { order, group, wanted, path } = parameterOf(port, options);
    const draft = drafts.get(group) ?? { wanted, group, ports: [] };
    draft.ports.push({ position, path: portPath(port, path) });
    drafts.set(group, draft);
    rank.set(group, order);
  });
  const names = new Names([BUILDER]);
  const ordered = Array.from(drafts.values()).sort(
    (a, b) => (rank.get(a.group) ?? 0) - (rank.get(b.group) ?? 0),
  );
  return ordered.map(({ wanted, group, ports }) => ({
    name: names.take(wanted),
    group,
    ports,
    shape: shapeOf(ports.map((port) => port.path)),
  }));
}

interface PlacedParameter {
  readonly order: number;
  readonly group: string;
  readonly wanted: string;
  readonly path: readonly string[];
}

function parameterOf(port: Port, options: SignatureOptions): PlacedParameter {
  const name = port.path.at(-1) ?? port.value.name;
  switch (port.role) {
    case "parameter":
    case "state":
    case "draw": {
      const { struct, path } = port;
      if (struct === OWN) return { order: 0, group: OWN, wanted: OWN, path };
      return { order: 1, group: `struct ${struct}`, wanted: variable([struct]), path };
    }
    case "argument":
      return options.main
        ? { order: 2, group: "inputs", wanted: "inputs", path: [name] }
        : { order: 2, group: `argument ${name}`, wanted: variable([name]), path: [] };
    case "residual":
      return { order: 3, group: "residuals", wanted: "residuals", path: port.path };
    case "cotangent": {
      const [role = "", ...path] = port.path;
      if (role === "return" && !options.main) {
        const group = `cotangent ${path.join(".")}`;
        const [returned = "", ...rest] = path;
        const wanted = `d${pascalCase([returnName(returned), ...rest])}`;
        return { order: 4, group, wanted, path: [] };
      }
      const wanted = `d${pascalCase([role === "return" ? "outputs" : role])}`;
      return { order: 5, group: `cotangents ${role}`, wanted, path };
    }
    case "return":
    case "next":
    case "loss":
    case "count":
    case "gradient":
      throw new Error(`${port.value.name} is an input with the role of a result.`);
    default:
      return port.role satisfies never;
  }
}

/** A return that is called after the operation that made it, for want of a name in the spec, is just the `out`. */
export function returnName(name: string): string {
  const stem = name.replace(/[0-9]+$/, "");
  return stem !== name && Object.hasOwn(operations, stem) ? "out" : variable([name]);
}

/** A variable called as in the spec if that is one word, else in camel case. */
function variable(words: readonly string[]): string {
  const [only] = words;
  return words.length === 1 && only !== undefined ? only : camelCase(words);
}

/** What every segment gives, as `resultOf` groups it. */
const segmentResults = [
  { role: "return", wanted: "outputs", order: 1, group: "outputs" },
  { role: "next", wanted: "next", order: 2, group: `next ${OWN}` },
  { role: "loss", wanted: "losses", order: 3, group: `loss ${OWN}` },
] as const;

function groupsOf(written: GraphFunction, options: SignatureOptions): readonly ResultGroup[] {
  const drafts = new Map<string, Draft & { readonly role: Port["role"]; readonly order: number }>();
  // Whoever runs a segment wants all three, be they empty.
  if (options.main && (written.kind === "block" || written.kind === "forward")) {
    for (const { role, wanted, order, group } of segmentResults) {
      drafts.set(group, { wanted, group, ports: [], role, order });
    }
  }
  written.results.forEach((port, position) => {
    const { order, group, wanted, path } = resultOf(port, options);
    const draft = drafts.get(group) ?? { wanted, group, ports: [], role: port.role, order };
    draft.ports.push({ position, path: portPath(port, path) });
    drafts.set(group, draft);
  });
  const names = new Names();
  // Names of fixed groups are given first: a return called `next` makes room for them.
  const byClaim = Array.from(drafts.values()).sort((a, b) => b.order - a.order);
  const keys = new Map(byClaim.map((draft) => [draft.group, names.take(draft.wanted)]));
  const ordered = Array.from(drafts.values()).sort((a, b) => a.order - b.order);
  return ordered.map(({ group, ports, role, wanted }) => ({
    key: keys.get(group) ?? wanted,
    role,
    ports,
    shape: shapeOf(ports.map((port) => port.path)),
  }));
}

function resultOf(port: Port, options: SignatureOptions): PlacedParameter {
  const name = port.path.at(-1) ?? port.value.name;
  const { struct, path } = port;
  const prefix = struct === OWN ? [] : [struct];
  const key = (word: string) => variable([...prefix, word]);
  switch (port.role) {
    case "return":
      return options.main
        ? { order: 1, group: "outputs", wanted: "outputs", path: [name] }
        : { order: 0, group: `return ${name}`, wanted: returnName(name), path: [] };
    case "next":
      return { order: 2, group: `next ${struct}`, wanted: key("next"), path };
    case "loss":
      return { order: 3, group: `loss ${struct}`, wanted: key("losses"), path };
    case "count":
      return { order: 4, group: `count ${struct}`, wanted: key("counts"), path };
    case "residual":
      return { order: 5, group: "residual", wanted: "residuals", path };
    case "gradient": {
      if (struct === "argument") {
        return options.main
          ? { order: 1, group: "inputs", wanted: "inputs", path: [name] }
          : { order: 0, group: `argument ${name}`, wanted: variable([name]), path: [] };
      }
      const word = options.isState(port) ? "states" : "parameters";
      return {
        order: word === "parameters" ? 2 : 3,
        group: `${word} ${struct}`,
        wanted: key(word),
        path,
      };
    }
    case "argument":
    case "parameter":
    case "state":
    case "draw":
    case "cotangent":
      throw new Error(`${port.value.name} is a result with the role of an input.`);
    default:
      return port.role satisfies never;
  }
}
