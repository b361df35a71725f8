/** Declaring parameters and draws in the function at hand. */

import { suggest } from "../../parser/suggest.ts";
import type { Distribution, DrawExpression, ParameterStatement, Span } from "../../parser/tree.ts";
import type { GraphFunction, SymbolicNumber } from "../graph.ts";
import { InlineError, inlined } from "../inline.ts";
import type { DrawInfo } from "../program.ts";
import { resultsOf } from "../rewrite.ts";
import { agreeInCopies } from "./copies.ts";
import type { Declaration, ParameterDeclaration, StartKind } from "./declaration.ts";
import { broadcastTo, limitSize, type Place } from "./emit.ts";
import { type CheckedAxis, type TensorEntity, valueBehind } from "./entities.ts";
import { evaluateNumber, evaluateTensor } from "./expressions/expression.ts";
import { Frame } from "./frame.ts";
import { type Problem, problem } from "./problem.ts";
import { Scope } from "./scope.ts";

type ParameterItem = ParameterStatement["parameters"][number];

/** Adds a declaration to the function and gives its tensor; `at` is the call or statement that asks for it. */
export function declareTensor(
  place: Place,
  declaration: Declaration,
  at: Span = declaration.span,
): TensorEntity {
  const { frame } = place.scope;
  const copies = declaration.copies.map(({ value }) => value);
  frame.addresses.add({ path: declaration.path, at, declared: at === declaration.span });
  limitSize(
    [...declaration.axes, ...copies.map((size) => ({ name: "*", size }))],
    false,
    declaration.span,
  );
  agreeInCopies(frame, declaration, at);
  const name = declaration.path.at(-1) ?? "tensor";
  const number =
    declaration.role === "state"
      ? declaration.number
      : declaration.role === "draw"
        ? drawKind(declaration.distribution)
        : "real";
  const batch =
    declaration.role === "state" || (declaration.role === "draw" && !declaration.shared);
  const port = frame.input(
    name,
    { number, axes: declaration.axes, batch },
    declaration.role,
    declaration.path,
    "own",
    copies,
  );
  frame.declarations.push(declaration);
  frame.addressed.set(declaration.path.join("."), declaration);
  place.scope.seeAxes(port.axes);
  return port;
}

function drawKind(distribution: DrawInfo["distribution"]): TensorEntity["number"] {
  switch (distribution.kind) {
    case "bernoulli":
      return "flag";
    case "integer":
      return "int";
    case "uniform":
    case "normal":
      return "real";
    default:
      return distribution.kind satisfies never;
  }
}

/** What a parameter is: axes as declared, initial values (rule R21). */
export function parameterDeclaration(
  place: Place,
  item: ParameterItem,
  path: readonly string[],
  axes: readonly CheckedAxis[],
  owner: string,
  doc: string | undefined,
): ParameterDeclaration {
  const start =
    item.start.kind === "draw"
      ? initializer(place, item.start.distribution, item)
      : ({ kind: "computed", compute: computed(place, item, axes) } as const);
  const plain = start.kind === "computed" ? constantStart(start.compute) : undefined;
  return {
    role: "parameter",
    path,
    copies: [],
    axes,
    doc,
    owner,
    span: item.name.span,
    inAxes: item.inAxes,
    start: plain === undefined ? start : { kind: "constant", arguments: [plain] },
  };
}

const startArguments: Readonly<Record<StartKind, readonly string[]>> = {
  normal: ["mean", "deviation"],
  uniform: ["low", "high"],
  constant: ["value"],
  glorot: [],
  uniform_fan: [],
  normal_fan: [],
  orthogonal: [],
};

function initializer(place: Place, distribution: Distribution, item: ParameterItem) {
  const name = distribution.name.text;
  const isKnown = (candidate: string): candidate is StartKind =>
    Object.hasOwn(startArguments, candidate);
  if (!isKnown(name)) {
    const near = suggest(name, Object.keys(startArguments));
    throw problem("MEM0161", distribution.name.span, `There is no initialiser ${name}.`, {
      help:
        near === undefined
          ? `There are ${Object.keys(startArguments).join(", ")}.`
          : `Did you mean ${near}?`,
    });
  }
  const wanted = startArguments[name];
  if (distribution.arguments.length !== wanted.length) {
    throw problem(
      "MEM0162",
      distribution.span,
      `${name} takes ${wanted.length === 0 ? "no arguments" : wanted.join(", ")}.`,
    );
  }
  if (wanted.length === 0 && item.inAxes === undefined) {
    throw problem(
      "MEM0163",
      item.name.span,
      `${name} depends on which axes come in: write ${item.name.text}[IN -> OUT].`,
    );
  }
  const given = distribution.arguments.map((each) => declaredNumber(place, each));
  const [first = 0, second = 0] = given.map((each) => each.value);
  if (name === "normal" && second < 0)
    throw outOfRange(distribution, `a deviation is at least 0, not ${second}`);
  if (name === "uniform" && first > second)
    throw outOfRange(distribution, `${first} is greater than ${second}`);
  return { kind: name, arguments: given };
}

const outOfRange = (distribution: Distribution, why: string) =>
  problem("MEM0166", distribution.span, `${distribution.name.text}: ${why}.`);

function declaredNumber(
  place: Place,
  expression: Distribution["arguments"][number],
): SymbolicNumber {
  return evaluateNumber(place, expression).declared;
}

/** `starts expression`, as a function without inputs. */
function computed(place: Place, item: ParameterItem, axes: readonly CheckedAxis[]): GraphFunction {
  if (item.start.kind !== "starts") throw new Error("A computed start has an expression.");
  const { value } = item.start;
  const outer = place.scope.frame;
  const frame = new Frame(
    `${item.name.text}Start`,
    `${item.name.text} at the start`,
    undefined,
    outer.formalValues,
  );
  for (const { name } of outer.builder.nodes.flatMap(resultsOf)) frame.builder.fresh(name); // consts
  const scope = new Scope({ ...place.scope, frame, prefix: [] });
  const inside = { ...place, scope };
  const start = evaluateTensor(inside, value, "start");
  if (!start.constant) {
    throw problem(
      "MEM0115",
      value.span,
      `${item.name.text} can only start from numbers and other values known while compiling.`,
    );
  }
  const written = finishStart(frame, broadcastTo(inside, start, axes, value.span));
  try {
    return inlined(written, outer.builder.nodes, place.checker.functionCalled);
  } catch (error) {
    if (!(error instanceof InlineError)) throw error;
    throw problem("MEM0115", value.span, `${item.name.text} cannot start from a loop.`, {
      help: "Write the start with `index`, `cumsum` and other operations on whole tensors.",
    });
  }
}

function finishStart(frame: Frame, tensor: TensorEntity): GraphFunction {
  const value = valueBehind(tensor) ?? frame.builder.op("real", [tensor.operand], {}, "start");
  frame.builder.result(value, { role: "return", path: ["start"] });
  return { ...frame.builder.finish(), numbers: frame.formals };
}

/** The one number of a start that is the same everywhere: `starts 1`. */
function constantStart(compute: GraphFunction): SymbolicNumber | undefined {
  const [broadcast, ...more] = compute.nodes;
  if (broadcast?.kind !== "operation" || more.length > 0) return undefined;
  if (broadcast.op !== "broadcast" && broadcast.op !== "real") return undefined;
  const [operand] = broadcast.operands;
  return operand !== undefined && "constant" in operand ? operand.constant : undefined;
}

// ---------------------------------------------------------------- draws

const drawArguments: Readonly<Record<DrawInfo["distribution"]["kind"], 0 | 1>> = {
  uniform: 0,
  normal: 0,
  bernoulli: 1,
  integer: 1,
};

export function checkDistribution(
  place: Place,
  distribution: Distribution,
): DrawInfo["distribution"] {
  const name = distribution.name.text;
  const isKnown = (candidate: string): candidate is DrawInfo["distribution"]["kind"] =>
    Object.hasOwn(drawArguments, candidate);
  if (!isKnown(name)) {
    const near = suggest(name, Object.keys(drawArguments));
    throw problem(
      "MEM0165",
      distribution.name.span,
      `There is no distribution ${name} to draw from.`,
      {
        help:
          near === undefined
            ? `There are ${Object.keys(drawArguments).join(", ")}.`
            : `Did you mean ${near}?`,
      },
    );
  }
  if (distribution.arguments.length !== drawArguments[name]) {
    const takes = drawArguments[name] === 0 ? "no arguments" : "one argument";
    throw problem("MEM0162", distribution.span, `${name} takes ${takes}.`);
  }
  const given = distribution.arguments.map((each) => declaredNumber(place, each));
  const [first = 0] = given.map((each) => each.value);
  if (name === "bernoulli" && !(first >= 0 && first <= 1)) {
    throw outOfRange(distribution, `a probability is between 0 and 1, not ${first}`);
  }
  if (name === "integer" && !(Number.isInteger(first) && first >= 1 && first < 2 ** 31)) {
    throw outOfRange(
      distribution,
      `the number of values is a whole number from 1 to 2147483647, not ${first}`,
    );
  }
  return { kind: name, arguments: given };
}

/** It has one address, whose numbers no step makes anew; `frame` is one of a scan, or of a block called in one. */
export function drawInScan({ stepAxis, outer }: Frame, expression: DrawExpression): Problem {
  if (stepAxis === undefined && outer !== undefined) return drawInScan(outer.frame, expression);
  const { span } = expression.name;
  return problem("MEM0246", span, "A draw inside a scan would be the same at every step.", {
    help:
      stepAxis === undefined
        ? "Draw before the scan, with the axis that it runs over, and hand the numbers in."
        : `Draw before the scan, with the axis ${stepAxis.name}: draw u[${stepAxis.name}, …] ~ uniform.`,
  });
}

/** `draw u[P] ~ uniform`: a named input of numbers that are the same at every replay (rule R20). */
export function declareDraw(
  place: Place,
  expression: DrawExpression,
  axes: readonly CheckedAxis[],
  distribution: DrawInfo["distribution"],
): TensorEntity {
  return declareTensor(place, {
    role: "draw",
    path: [...place.scope.prefix, expression.name.text],
    copies: [],
    axes,
    doc: undefined,
    owner: place.scope.frame.builder.name,
    span: expression.name.span,
    distribution,
    shared: expression.shared,
  });
}
