/** The end of a segment: what each state is handed on as (rule R9). */

import type { FileTree, Span } from "../../../parser/tree.ts";
import { asTensor, broadcastTo, emit, type Place } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import type { Frame } from "../frame.ts";
import { globalTensor } from "../names/globals.ts";
import { type MemberItem, memberItems } from "../names/member.ts";
import { writingMethods } from "../names/unused.ts";
import { type Report, warning } from "../problem.ts";
import { isName, mentionsName, someNode } from "../syntax.ts";
import { declaredReset } from "./declared-reset.ts";
import type { Instance } from "./instance.ts";
import { reportUnrestarted } from "./restart.ts";
import { hasMember, ownTensor } from "./tensors.ts";

/** Gives every state of the frame's instances its next value; an example without a valid token keeps its states (rule R12). */
export function finishInstances(place: Place, frame: Frame): void {
  const { memories, report } = place.checker;
  const { sound } = report;
  for (const instance of frame.instances) report.attempt(() => declaredReset(place, instance));
  enterStates(place, frame);
  for (const instance of frame.instances) {
    const owner: Place = { ...place, scope: instance.scope };
    for (const item of memberItems(instance.definition)) {
      const { statement, name } = item;
      if (statement.kind !== "state") continue;
      const written = instance.next.get(name);
      const before = instance.entering.get(name);
      // One of that name may stand in another branch of a `when`.
      if (before === undefined || !hasMember(owner, instance, item)) continue;
      const value =
        written === undefined ? before : kept(owner, before, written.value, name, written.span);
      const operand = asTensor(place.scope, value, instance.span).operand;
      if (!("name" in operand)) throw new Error("A state's next value is a tensor.");
      frame.next.push({ path: [...instance.path, name], value: operand });
    }
    if (sound) reportUnrestarted(owner, instance);
    if (instance.definition.kind !== "memory") continue;
    memories.set(`${instance.span.file}:${instance.span.start}`, instance);
    // One without states of its own may have memories in its body or its methods.
    const used =
      (instance.called || instance.owner !== undefined) &&
      !memberItems(instance.definition).some(isState);
    if (instance.entering.size === 0 && !used && report.sound) {
      report.add(
        warning("MEM0191", instance.span, `The memory ${instance.name} is never read or written.`),
      );
    }
  }
}

const isState = ({ statement }: MemberItem): boolean => statement.kind === "state";

/** Makes the states enter that something writes or resets read; that may make other resets read more of them. */
function enterStates(place: Place, frame: Frame): void {
  const missing = () =>
    frame.instances.flatMap((instance) =>
      [...instance.next.keys(), ...instance.carried.keys()].flatMap((name) =>
        instance.entering.has(name) ? [] : [{ instance, name }],
      ),
    );
  for (let some = missing(); some.length > 0; some = missing()) {
    for (const { instance, name } of some)
      ownTensor({ ...place, scope: instance.scope }, instance, name);
  }
}

/**
 * Warns of memories that are read where no line of the files calls a method that writes them. A write in a branch that is not
 * taken is left out on purpose.
 */
export function warnOfUnwritten(
  memories: Iterable<Instance>,
  trees: Iterable<FileTree>,
  report: Report,
): void {
  const files = [...trees];
  for (const { name, span, definition, entering } of memories) {
    const methods = writingMethods(definition);
    // A memory that nothing can write is warned about where its states are declared.
    if (entering.size === 0 || methods.length === 0) continue;
    if (files.some((tree) => methods.some((method) => callsMethod(tree, name, method)))) continue;
    const message = `The memory ${name} is read but never written, so it stays as it starts.`;
    const help = `Write it: ${methods.map((method) => `${name}.${method}(…)`).join(" or ")}.`;
    report.add(warning("MEM0193", span, message, { help }));
  }
}

/** `mem.write(…)`, `mem[i].write(…)` */
const callsMethod = (tree: FileTree, name: string, method: string): boolean =>
  someNode(
    tree,
    ({ kind, object, member }) =>
      kind === "member" && isName(member) && member.text === method && mentionsName(object, name),
  );

function kept(
  place: Place,
  before: TensorEntity,
  written: TensorEntity,
  name: string,
  span: Span,
): TensorEntity {
  const present = globalTensor(place, { kind: "present" }, span);
  const whole = broadcastTo(place, written, before.axes, span);
  // Axes stay as the state declares them, whatever the order of what was written (rule R1).
  if (before.axes.some((axis, position) => whole.axes[position]?.name !== axis.name)) {
    const absent = emit(place, "not", [present], {}, { span });
    return emit(place, "where", [absent, before, whole], {}, { span, hints: [`${name}Next`] });
  }
  return emit(place, "where", [present, whole, before], {}, { span, hints: [`${name}Next`] });
}
