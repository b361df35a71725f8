/** Makes named values visible in a build that asks for them (`--probe`). */
import type { Program } from "../program.ts";
import type { Place } from "./emit.ts";
import type { Entity } from "./frame.ts";

/** Adds a probe for every tensor among the names that is asked for, at the place's address. */
export function probeNames({ checker, scope }: Place, names: ReadonlyMap<string, Entity>): void {
  for (const [name, entity] of names) {
    if (!checker.probes.has(name) || entity.kind !== "tensor") continue;
    scope.frame.builder.probe([...scope.prefix, name].join("."), entity.operand);
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

/** Adds a probe for every tensor of the scope whose name is asked for. Runs once, at the end of a function. */
export function addProbes({ checker, scope }: Place): void {
  if (checker.probes.size === 0) return;
  const { frame } = scope;
  probeNames({ checker, scope }, scope.names);
  for (const [name, entity] of scope.member?.known ?? []) {
    if (!checker.probes.has(name) || entity.kind !== "tensor" || scope.names.has(name)) continue;
    frame.builder.probe([...scope.prefix, name].join("."), entity.operand);
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
}
