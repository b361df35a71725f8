/** The flag of a declaration's `reset when` (rule R9). */
import type { Place } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import { problem } from "../problem.ts";
import { Scope } from "../scope.ts";
import type { Instance } from "./instance.ts";
import { resetScope } from "./tensors.ts";

/** The flag of a declaration's `reset when`: of the whole segment, or of its steps. */
export function declaredReset(place: Place, instance: Instance): TensorEntity | undefined {
  const { reset } = instance;
  if (reset === undefined || instance.declaredReset !== undefined) return instance.declaredReset;
  const { owner, scope } = instance;
  const inReset =
    owner === undefined
      ? new Scope({ ...instance.declared, names: namesAt(instance), inReset: true })
      : resetScope(place, owner, scope);
  const tensor = evaluateTensor({ ...place, scope: inReset }, reset);
  if (tensor.number !== "flag") {
    throw problem("MEM0124", reset.span, "`reset when` needs a flag.", {
      help: "input document in flag",
    });
  }
  const [axis, ...more] = tensor.axes;
  if (axis !== undefined && (more.length > 0 || !axis.data)) {
    const names = tensor.axes.map(({ name }) => name).join(", ");
    throw problem(
      "MEM0186",
      reset.span,
      `A reset is one flag, or one for each step of the segment; this one has ${names}.`,
      {
        help: "any(flag over AXIS) makes one flag of many.",
      },
    );
  }
  if (axis !== undefined && owner !== undefined) {
    throw problem(
      "MEM0186",
      reset.span,
      `${instance.name} stands in the body of ${owner.definition.name.text}, where a reset is one flag of the segment.`,
      {
        help: `The reset of a declaration of ${owner.definition.name.text} may be one for each step, which reaches ${instance.name}, too.`,
      },
    );
  }
  instance.declaredReset = tensor;
  return tensor;
}

/** Names as they were at the declaration, and instances declared there and later, whose carried states resets may read. */
function namesAt({ declared, scope }: Instance): Map<string, Entity> {
  const instances = [...scope.names].filter(([, { kind }]) => kind === "instance");
  return new Map([...instances, ...declared.names]);
}
