/** How a state enters a segment: carried, or started anew (rule R9). */

import type { NumberKind } from "../../../ops/index.ts";
import type { Expression, Span, Statement } from "../../../parser/tree.ts";
import type { Declaration } from "../declaration.ts";
import { emit, type Place } from "../emit.ts";
import type { TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import { declaredAxes } from "../names/axes.ts";
import { forEachExample, globalTensor } from "../names/globals.ts";
import { stateKind } from "../names/member.ts";
import { declareTensor } from "../parameter.ts";
import { problem } from "../problem.ts";
import type { Instance } from "./instance.ts";
import { resetOf } from "./resets.ts";
import { restartAlong } from "./restart.ts";

type StateStatement = Extract<Statement, { kind: "state" }>;

/** What was carried from the segment before. */
export function declareState(
  place: Place,
  instance: Instance,
  statement: StateStatement,
  name: string,
): TensorEntity {
  const state = statement.states.find((each) => each.name.text === name);
  if (state === undefined) throw new Error("A state has a name.");
  const number = stateKind(statement);
  const gradient = stateGradient(statement, number);
  const declaration: Declaration = {
    role: "state",
    path: [...instance.path, name],
    copies: [],
    axes: declaredAxes(place, state.axes),
    doc: statement.doc,
    owner: instance.definition.name.text,
    span: state.name.span,
    number,
    gradient,
  };
  return declareTensor(place, declaration);
}

/** Declarations of states are read at `place`, their resets at `resets`, where states mean what was carried. */
export function enteringState(
  place: Place,
  instance: Instance,
  statement: StateStatement,
  {
    name,
    carried,
    resets,
  }: { readonly name: string; readonly carried: TensorEntity; readonly resets: Place },
): TensorEntity {
  const number = stateKind(statement);
  const { span } = statement.starts;
  const written = evaluateTensor(place, statement.starts);
  const starts =
    written.number === "int" && number === "real" ? asReal(place, written, span) : written;
  if (starts.number !== number) {
    throw problem(
      "MEM0182",
      span,
      `The state ${name} is ${number}, it cannot start as ${starts.number}.`,
    );
  }
  const stray = starts.axes.find((axis) => !carried.axes.some((own) => own.name === axis.name));
  if (stray !== undefined) {
    throw problem(
      "MEM0183",
      span,
      `The state ${name} has no axis ${stray.name}, which its start value has.`,
    );
  }
  const flag = resetFlag(place, resets, instance, statement, span);
  // Axes stay as the state declares them, whatever the order in which its start has some of them.
  const leading = starts.axes.every(({ name: own }, i) => carried.axes[i]?.name === own);
  const [on, operands] = leading
    ? [flag, [starts, carried]]
    : [emit(place, "not", [flag], {}, { span }), [carried, starts]];
  const entering = emit(place, "where", [on, ...operands], {}, { span, hints: [name] });
  if (statement.kept || resetOf(place, instance, "steps") === undefined) return entering;
  const start = forEachExample(place, starts, entering.axes, span, `${name}Start`);
  instance.starts.set(name, start);
  return {
    ...entering,
    restart: (axis, at) => {
      instance.restarted.add(name);
      return { flag: restartAlong(place, instance, axis, at), start };
    },
  };
}

/** The same numbers as reals; one written in place stays one. */
function asReal(place: Place, tensor: TensorEntity, span: Span): TensorEntity {
  const { operand } = tensor;
  if ("name" in operand) return emit(place, "real", [tensor], {}, { span });
  return { ...tensor, number: "real", operand: { ...operand, kind: "real" } };
}

function stateGradient(statement: StateStatement, number: NumberKind): "through" | "stop" {
  if (number !== "real") return "stop";
  if (statement.gradient !== undefined) return statement.gradient;
  throw problem(
    "MEM0184",
    statement.span,
    "A state says whether gradient crosses the edge between segments.",
    {
      help: "Add `, gradient through` or `, gradient stop`.",
    },
  );
}

/** Where an example starts anew: its stream's first segment, the flags of declarations, the state's own. */
function resetFlag(
  place: Place,
  resets: Place,
  instance: Instance,
  statement: StateStatement,
  span: Span,
): TensorEntity {
  const owner: Place = { ...place, scope: instance.scope };
  const declared = statement.kept ? undefined : resetOf(place, instance, "segment");
  const flags = [
    ...(declared === undefined ? [] : [declared]),
    ...(statement.reset === undefined ? [] : [ownReset(resets, statement.reset)]),
  ];
  const fresh = globalTensor(owner, { kind: "fresh" }, span);
  return flags.reduce((left, right) => emit(place, "or", [left, right], {}, { span }), fresh);
}

function ownReset(place: Place, expression: Expression): TensorEntity {
  const tensor = evaluateTensor(place, expression);
  if (tensor.number !== "flag") {
    throw problem("MEM0124", expression.span, "`reset when` needs a flag.", {
      help: "reset when count >= limit",
    });
  }
  if (tensor.axes.length > 0) {
    throw problem(
      "MEM0186",
      expression.span,
      `A state's own reset is one flag; this one has ${tensor.axes.map(({ name }) => name).join(", ")}.`,
      {
        help: "The reset of the memory's declaration may have the segment's axis.",
      },
    );
  }
  return tensor;
}
