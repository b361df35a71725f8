/**
 * The staged functions that a rollout calls: a segment forward, a segment backward, or both in one plan (`replay`).
 * They weigh the losses, take the gradient that later segments hand back, and give the one handed to the segment before.
 */
import type { Expression } from "./expression.ts";
import { call, object, text } from "./expression.ts";
import { commentLines, member } from "./identifier.ts";
import type { Leaf } from "./place.ts";
import { assemble } from "./place.ts";
import type { RolloutContext, SegmentText } from "./rollout.ts";
import type { Parameter } from "./signature.ts";
import type { Part } from "./source-file.ts";
import type { Statement } from "./statement.ts";
import { statementLines } from "./statement.ts";
import type { Shape } from "./struct.ts";
import { EACH } from "./struct.ts";

export interface Staged {
  readonly parts: readonly Part[];
  /** Forward and backward in one plan; undefined where the forward's residuals are kept. */
  readonly replay: string | undefined;
  /** Forward and backward alone, where residuals are kept. */
  readonly forward: string | undefined;
  readonly backward: string | undefined;
  /** Type of the residuals; undefined if the forward keeps none. */
  readonly residuals: string | undefined;
  /** Type of the gradient that is handed on. */
  readonly handedType: string | undefined;
  /** Arguments after the parameters' and states' tree: whether the backward reads the inputs. */
  readonly backwardReadsInputs: boolean;
}

export function stagedFunctions(context: RolloutContext): Staged {
  return context.replays ? replayFunction(context) : forwardAndBackward(context);
}

function replayFunction(context: RolloutContext): Staged {
  const { functions, forward, backward, handed, counts } = context;
  const name = functions.names.take("replay");
  const results = ["losses", ...(counts ? ["counts"] : []), "next", ...residualNames(forward)];
  const statements: Statement[] = [
    {
      kind: "declare",
      keyword: "const",
      target: `{ ${[...results, ...outputNames(backward)].join(", ")} }`,
      expression: call(forward.text.name, text("g"), ...forwardArguments(forward)),
    },
    {
      kind: "declare",
      keyword: "const",
      target: "back",
      expression: call(backward.text.name, text("g"), ...backwardArguments(context)),
    },
    {
      kind: "return",
      expression: object([
        ["losses", text("losses")],
        ...(counts ? [["counts", text("counts")] as const] : []),
        ["next", text("next")],
        ...gradientEntries(context),
      ]),
    },
  ];
  const handedType = handed === undefined ? undefined : typeOf(backward, "cotangents next");
  const doc =
    handed === undefined
      ? "A segment forward and back: its losses, the states after it, and the gradients of `weight` " +
        "times its losses. Nothing is handed on to the segment before."
      : "A segment forward and back: its losses, the states after it, the gradients of `weight` times " +
        "its losses plus `dNext` through the states after it, and what of them goes to the segment before.";
  const parameters = [
    { name: "g", type: "Builder" },
    { name: "own", type: typeOf(forward, "own") ?? "Record<string, never>" },
    { name: "inputs", type: typeOf(forward, "inputs") ?? "Record<string, Tensor>" },
    { name: "weight", type: "Tensor" },
    ...(handedType === undefined ? [] : [{ name: "dNext", type: handedType }]),
  ];
  return {
    parts: [...zerosPart(context), functionPart(name, doc, parameters, statements)],
    replay: name,
    forward: undefined,
    backward: undefined,
    residuals: undefined,
    handedType,
    backwardReadsInputs: true,
  };
}

function forwardAndBackward(context: RolloutContext): Staged {
  const { functions, forward, backward, counts } = context;
  const forwardName = functions.names.take("forward");
  const backwardName = functions.names.take("backward");
  const own = { name: "own", type: typeOf(forward, "own") ?? "Record<string, never>" };
  const inputs = { name: "inputs", type: typeOf(forward, "inputs") ?? "Record<string, Tensor>" };
  const residuals = typeOf(backward, "residuals");
  const handedType = typeOf(backward, "cotangents next") ?? "Record<string, never>";
  const results = [
    "losses",
    ...(counts ? ["counts"] : []),
    "next",
    ...(residuals === undefined ? [] : ["residuals"]),
  ];
  const taken = text(`{ ${results.join(", ")} }`);
  const forwardPart = functionPart(
    forwardName,
    "A segment forward: its losses, the states after it, and what its backward needs.",
    [{ name: "g", type: "Builder" }, own, inputs],
    [
      {
        kind: "declare",
        keyword: "const",
        target: taken.kind === "text" ? taken.text : "",
        expression: call(forward.text.name, text("g"), ...forwardArguments(forward)),
      },
      { kind: "return", expression: taken },
    ],
  );
  const readsInputs = groupsOf(backward).some((each) => each.group === "inputs");
  const outputs = outputNames(backward);
  const backwardPart = functionPart(
    backwardName,
    "A segment backward: the gradients of `weight` times its losses plus `dNext` through the states " +
      "after it, and what of them goes to the segment before.",
    [
      { name: "g", type: "Builder" },
      own,
      ...(readsInputs ? [inputs] : []),
      ...(residuals === undefined ? [] : [{ name: "residuals", type: residuals }]),
      { name: "weight", type: "Tensor" },
      { name: "dNext", type: handedType },
    ],
    [
      {
        kind: "declare",
        keyword: "const",
        target: "back",
        expression: call(backward.text.name, text("g"), ...backwardArguments(context)),
      },
      { kind: "return", expression: object(gradientEntries(context)) },
    ],
  );
  if (outputs.length > 0) throw new Error("Outputs carry no gradient in a rollout.");
  return {
    parts: [...zerosPart(context), forwardPart, backwardPart],
    replay: undefined,
    forward: forwardName,
    backward: backwardName,
    residuals,
    handedType,
    backwardReadsInputs: readsInputs,
  };
}

function functionPart(
  name: string,
  comment: string,
  parameters: readonly { readonly name: string; readonly type: string }[],
  statements: readonly Statement[],
): Part {
  const lines = statementLines(statements, 2);
  const doc = commentLines(comment, 97);
  const written = { name, doc, parameters, returnType: "", lines, types: [] };
  return { kind: "function", text: written };
}

// ---------------------------------------------------------------- arguments

function groupsOf({ unit }: SegmentText): readonly Parameter[] {
  return unit.signature.parameters;
}

/** Type of a parameter of a segment function; undefined if it has none of that group. */
function typeOf({ unit, text: written }: SegmentText, group: string): string | undefined {
  const position = unit.signature.parameters.findIndex((each) => each.group === group);
  return position === -1 ? undefined : written.parameters[position + 1]?.type;
}

function residualNames(forward: SegmentText): readonly string[] {
  return forward.unit.signature.groups.flatMap(({ role, key }) =>
    role === "residual" ? [key] : [],
  );
}

/** The forward's results that a backward wants zeros like. */
function outputNames(backward: SegmentText): readonly string[] {
  return groupsOf(backward).some(({ group }) => group === "cotangents return") ? ["outputs"] : [];
}

function forwardArguments(forward: SegmentText): readonly Expression[] {
  return groupsOf(forward).map(({ group }) => text(group));
}

function backwardArguments(context: RolloutContext): readonly Expression[] {
  return groupsOf(context.backward).map(({ group, shape }): Expression => {
    switch (group) {
      case "own":
      case "inputs":
      case "residuals":
        return text(group);
      case "cotangents loss":
        return mapShape(shape, "losses", () => text("weight"));
      case "cotangents next":
        return text("dNext");
      case "cotangents return":
        return mapShape(shape, "outputs", zerosLike);
      default:
        throw new Error(`The backward of a segment takes ${group}.`);
    }
  });
}

function zerosLike(access: string): Expression {
  return call("zeros", text("g"), text(access));
}

/** An expression for each tensor of a shape, nested as the shape is; `access` reads a struct of that shape. */
export function mapShape(
  shape: Shape,
  access: string,
  leaf: (access: string) => Expression,
  depth = 0,
): Expression {
  switch (shape.kind) {
    case "tensor":
      return leaf(access);
    case "struct":
      return object(
        Array.from(shape.fields, ([name, field]) => [
          name,
          mapShape(field, access + member(name), leaf, depth),
        ]),
      );
    case "array": {
      const each = depth === 0 ? "each" : `each${depth + 1}`;
      let read = false;
      const body = mapShape(
        shape.element,
        each,
        (inner) => {
          const written = leaf(inner);
          read ||= JSON.stringify(written).includes(JSON.stringify(inner).slice(1, -1));
          return written;
        },
        depth + 1,
      );
      const head = `${access}.map((${read ? each : ""}) => `;
      return body.kind === "object"
        ? { kind: "wrapped", head: `${head}(`, body, tail: "))" }
        : { kind: "wrapped", head, body, tail: ")" };
    }
    default:
      return shape satisfies never;
  }
}

// ---------------------------------------------------------------- results

/** `parameters: back.parameters`, and `entering`: the gradient handed to the segment before. */
function gradientEntries(context: RolloutContext): readonly (readonly [string, Expression])[] {
  const { backward, handed } = context;
  const { groups, resultShape } = backward.unit.signature;
  const parameters = groups.find((group) => group.key === "parameters");
  const entries: [string, Expression][] = [
    ["parameters", text(parameters === undefined ? "{}" : "back.parameters")],
  ];
  if (handed === undefined) return entries;
  const back = { text: "back", shape: resultShape };
  const leaves = pathsOf(handed).map((path): Leaf => {
    return { path, source: { kind: "place", root: back, path: ["states", ...path] } };
  });
  return [...entries, ["entering", assemble(leaves, true, context.functions.names).expression]];
}

export function pathsOf(shape: Shape): readonly (readonly string[])[] {
  switch (shape.kind) {
    case "tensor":
      return [[]];
    case "array":
      return pathsOf(shape.element).map((path) => [EACH, ...path]);
    case "struct":
      return Array.from(shape.fields).flatMap(([name, field]) =>
        pathsOf(field).map((path) => [name, ...path]),
      );
    default:
      return shape satisfies never;
  }
}

function zerosPart(context: RolloutContext): readonly Part[] {
  if (outputNames(context.backward).length === 0) return [];
  const text = {
    name: "zeros",
    doc: ["Zeros with the axes of x."],
    parameters: [
      { name: "g", type: "Builder" },
      { name: "x", type: "Tensor" },
    ],
    returnType: "Tensor",
    lines: [{ text: 'return g.fill({ value: 0, axes: x.type.axes, kind: "real" });' }],
    types: [],
  };
  return [{ kind: "function", text }];
}
