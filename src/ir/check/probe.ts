/** Makes named values visible in a build that asks for them (`--probe`). */
import type { Program } from "../program.ts";
import type { Checker } from "./checker.ts";
import type { Place } from "./emit.ts";
import type { Entity } from "./entities.ts";
import { staticText } from "./expressions/static.ts";
import type { Frame } from "./frame.ts";

/** Adds a probe for every tensor among the names that is asked for, at the place's address or another below the function's. */
export function probeNames(
  { checker, scope }: Place,
  names: ReadonlyMap<string, Entity>,
  prefix = scope.prefix,
): void {
  for (const [name, entity] of names) {
    if (!checker.probes.has(name)) continue;
    if (entity.kind === "tensor") {
      scope.frame.builder.probe([...prefix, name].join("."), entity.operand);
    } else noteOther(checker, name, entity);
  }
}

/** Notes what a name is that has no entries to show. */
function noteOther(checker: Checker, name: string, entity: Entity): void {
  switch (entity.kind) {
    case "number":
    case "flag":
    case "choice":
    case "list":
      checker.withoutProbe.set(name, `${staticText(entity)}, known while compiling`);
      return;
    case "instance":
      checker.withoutProbe.set(name, `a ${entity.instance.definition.kind}`);
      return;
    case "tensor":
    case "tuple":
    case "definition":
    case "poison":
      return;
    default:
      entity satisfies never;
  }
}

/** Whether the program has a probe of that name. */
export function isProbed({ graph }: Program, name: string): boolean {
  const address = name.replace(" ", ".");
  return [...graph.functions.values()].some(({ nodes }) =>
    nodes.some(
      (node) =>
        node.kind === "probe" && (node.name === address || node.name.endsWith(`.${address}`)),
    ),
  );
}

/**
 * Adds a probe for every tensor of the scope whose name is asked for. Runs once, at the end of a function; losses of a `method` are
 * probed where it is called, at the instance's address.
 */
export function addProbes({ checker, scope }: Place, of: "block" | "method" = "block"): void {
  if (checker.probes.size === 0) return;
  const { frame } = scope;
  probeNames({ checker, scope }, scope.names);
  const members = [...(scope.member?.options ?? []), ...(scope.member?.known ?? [])];
  probeNames(
    { checker, scope },
    new Map<string, Entity>(members.filter(([name]) => !scope.names.has(name))),
  );
  for (const name of scope.axes.keys()) {
    if (checker.probes.has(name) && !checker.withoutProbe.has(name))
      checker.withoutProbe.set(name, "an axis");
  }
  for (const instance of frame.instances) {
    for (const [name, entity] of instance.entering) {
      if (checker.probes.has(name))
        frame.builder.probe([...instance.path, name].join("."), entity.operand);
    }
    for (const [name, { value }] of instance.next) {
      if (checker.probes.has(`next ${name}`)) {
        frame.builder.probe([...instance.path, "next", name].join("."), value.operand);
      }
    }
  }
  if (of === "block") probeLosses(checker, frame);
}

/**
 * Adds a probe for every loss of the function that is asked for, unless a value at its address has one. What a scan's steps have are parts
 * of a mean, which is a loss of the function around it.
 */
function probeLosses(checker: Checker, { builder, losses, stepAxis }: Frame): void {
  if (stepAxis !== undefined) return;
  const taken = new Set(builder.nodes.map((node) => (node.kind === "probe" ? node.name : "")));
  for (const { path, value, own } of losses) {
    const address = path.join(".");
    if (!own || !checker.probes.has(path.at(-1) ?? "") || taken.has(address)) continue;
    builder.probe(address, value);
  }
}
