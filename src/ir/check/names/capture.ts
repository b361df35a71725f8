/** Values around a loop that its body uses: each becomes an input of the body. */
import { unwritable } from "../calls/hygiene.ts";
import { type TensorEntity, valueBehind } from "../entities.ts";
import type { Scope } from "../scope.ts";

/** Makes a tensor of the function around a loop's body an input of the body. */
export function capture(scope: Scope, name: string, entity: TensorEntity): TensorEntity {
  const value = valueBehind(entity);
  if (value === undefined) return entity;
  const known = scope.frame.captured.get(value.name);
  if (known !== undefined) return known.port;
  const { stepAxis } = scope.frame;
  const axes = entity.axes.filter((axis) => axis.name !== stepAxis?.name);
  const free = freeArgument(scope, name);
  const port = scope.frame.input(free, { ...entity, axes }, "argument", [free]);
  return keepCapture(scope, value.name, entity, { ...port, constant: entity.constant });
}

/** The name, or one like it: what several instances have under one name enters as arguments of their own. */
export function freeArgument({ frame }: Scope, name: string): string {
  const taken = new Set(frame.builder.inputs.map(({ path }) => path.join(".")));
  return taken.has(name) ? unwritable(name, taken) : name;
}

/** Notes what became an input of the body; what an entering state restarts as is captured, too, where it is asked for. */
export function keepCapture(
  scope: Scope,
  key: string,
  outer: TensorEntity,
  port: TensorEntity,
): TensorEntity {
  const { restart } = outer;
  const kept: TensorEntity =
    restart === undefined
      ? port
      : {
          ...port,
          restart: (axis, span) => {
            const { flag, start } = restart(axis, span);
            return { flag: capture(scope, "restart", flag), start: capture(scope, "start", start) };
          },
        };
  scope.frame.captured.set(key, { outer: outer.operand, port: kept });
  scope.seeAxes(kept.axes);
  return kept;
}
