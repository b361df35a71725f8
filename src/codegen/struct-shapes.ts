/** Shapes of struct parameters: what a function and all that get a part of the struct read of it. */
import type { Module, Unit } from "./module.ts";
import type { Shape } from "./struct.ts";
import { shapeKey, union, widenAt } from "./struct.ts";

/** Parameters that hold tensors by address have one type in all variants of a function. */
function isAddressed(group: string): boolean {
  return group === "own" || group === "inputs" || group.startsWith("struct ");
}

/** Key of a struct parameter's shape: shared by the variants of a function, or its own. */
export function structKey(module: Module, unit: Unit, group: string): string {
  return `${module.family(unit)} ${group}`;
}

/**
 * Shapes of addressed parameters: what any variant of the function reads, and what the functions that get a part of
 * it read. A struct that is put together for a call holds just what that function reads, so its type is that.
 */
export function structShapes(module: Module): ReadonlyMap<string, Shape> {
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
