/** Makes named values visible in a build that asks for them (`--probe`). */
import type { Place } from "./emit.ts";

/** Adds a probe for every tensor of the scope whose name is asked for. Runs once, at the end of a function. */
export function addProbes({ checker, scope }: Place): void {
  if (checker.probes.size === 0) return;
  const { frame } = scope;
  for (const [name, entity] of scope.names) {
    if (!checker.probes.has(name) || entity.kind !== "tensor") continue;
    frame.builder.probe([...scope.prefix, name].join("."), entity.operand);
  }
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
