/** Evaluating expressions: compile-time values stay values, everything else becomes operations of the function at hand. */

import { suggest } from "../../../parser/suggest.ts";
import type { DrawExpression, Expression, IndexedMember } from "../../../parser/tree.ts";
import { callBlock } from "../calls/call.ts";
import { asTensor, type Place, typeOf } from "../emit.ts";
import type { CheckedAxis, Entity, TensorEntity } from "../entities.ts";
import type { Frame } from "../frame.ts";
import { instanceMember, nextOf, noSiblings, siblingOf } from "../instances/members.ts";
import { scanExpression } from "../loops/scan.ts";
import { declaredAxes } from "../names/axes.ts";
import { findName, resolveName } from "../names/name.ts";
import { checkDistribution, declareDraw, drawInScan } from "../parameter.ts";
import { type Problem, problem, Silenced } from "../problem.ts";
import { chosenBranch } from "./branch.ts";
import { binary, contraction, is, unary } from "./operators.ts";
import { at, merge, rename, split } from "./reshape.ts";
import { flagValue, plainNumber, type Static, type StaticNumber, staticText } from "./static.ts";

export function evaluate(place: Place, expression: Expression, hint?: string): Entity {
  const { checker } = place;
  checker.step(expression.span);
  checker.depth += 1;
  try {
    return entityOf(place, expression, hint);
  } finally {
    checker.depth -= 1;
  }
}

function entityOf(place: Place, expression: Expression, hint: string | undefined): Entity {
  switch (expression.kind) {
    case "number":
      return plainNumber(expression.value, expression.integer);
    case "flag":
      return flagValue(expression.value);
    case "string":
      // The parser has refused it.
      throw new Silenced();
    case "reference":
      return resolveName(place, expression.name);
    case "member":
      return memberOf(place, expression.object, expression.member);
    case "indexed":
      return indexed(place, expression);
    case "next":
      return nextOf(place, expression);
    case "list":
      return { kind: "list", items: expression.items.map((item) => evaluateStatic(place, item)) };
    case "unary":
      return unary(place, expression, hint);
    case "binary":
      return binary(place, expression, hint);
    case "is":
      return is(place, expression);
    case "contraction":
      return contraction(place, expression, hint);
    case "call":
      return callBlock(place, expression, hint);
    case "draw":
      return draw(place, expression);
    case "at":
      return at(place, expression, hint);
    case "split":
      return split(place, expression, hint);
    case "merge":
      return merge(place, expression, hint);
    case "rename":
      return rename(place, expression);
    case "when-expression": {
      const { taken, inside } = chosenBranch(place, expression.condition);
      return evaluate(inside, taken ? expression.then : expression.otherwise, hint);
    }
    case "scan-expression":
      return scanExpression(place, expression.scan);
    default:
      return expression satisfies never;
  }
}

export function evaluateTensor(place: Place, expression: Expression, hint?: string): TensorEntity {
  return asTensor(place.scope, evaluate(place, expression, hint), expression.span);
}

/** A value known while compiling. */
export function evaluateStatic(place: Place, expression: Expression): Static {
  const entity = evaluate(place, expression);
  switch (entity.kind) {
    case "number":
    case "flag":
    case "choice":
    case "list":
      return entity;
    default:
      if (expression.kind === "reference") {
        // A dim of that name may stand in what could not be read.
        const { words } = place.checker.report.unread;
        if (words.has(expression.name.text)) throw new Silenced();
      }
      throw problem(
        "MEM0121",
        expression.span,
        "This must be known while compiling, but it is computed from tensors.",
        {
          help: "Options, dims, axis sizes and numbers are known; a choice on data is written where(c, a, b).",
        },
      );
  }
}

export function evaluateNumber(place: Place, expression: Expression): StaticNumber {
  const value = evaluateStatic(place, expression);
  if (value.kind === "number") return value;
  throw problem("MEM0122", expression.span, `A number is needed here, not ${staticText(value)}.`);
}

function memberOf(
  place: Place,
  object: Expression,
  member: { readonly text: string; readonly span: Expression["span"] },
): Entity {
  const entity = evaluate(place, object);
  if (entity.kind === "choice") {
    const option = entity.options.get(member.text);
    if (option !== undefined) return option;
    const near = suggest(member.text, [...entity.options.keys()]);
    throw problem(
      "MEM0125",
      member.span,
      `The choice ${entity.name} has no option ${member.text}.`,
      {
        help:
          near === undefined
            ? "Test the choice first: `when sampling is sticky { … }`."
            : `Did you mean ${near}?`,
      },
    );
  }
  if (entity.kind === "instance") return instanceMember(place, entity.instance, member);
  throw problem("MEM0126", member.span, "Only an instance or a choice has members.");
}

/** `cutoffs[k]`, `mem[layer - 1]`: an entry of a list, or the instance of another iteration. */
function indexed(place: Place, expression: IndexedMember): Entity {
  const { object } = expression;
  const known = object.kind === "reference" ? findName(place, object.name.text) : undefined;
  if (known?.kind === "tensor") throw tensorIndexed(expression, known);
  const { value: index } = evaluateNumber(place, expression.index);
  const sibling = siblingOf(place, expression, index);
  if (sibling !== undefined) return sibling;
  const list = known ?? evaluate(place, object);
  if (list.kind === "tensor") throw tensorIndexed(expression, list);
  if (list.kind !== "list") throw noSiblings(expression);
  const entry = list.items[index];
  if (entry !== undefined) return entry;
  const count = `${list.items.length} ${list.items.length === 1 ? "entry" : "entries"}`;
  const message = `The list has ${count}, counted from 0; none is entry ${index}.`;
  throw problem("MEM0148", expression.span, message);
}

/** An entry of a tensor is taken along an axis that is named. */
function tensorIndexed({ object, index, span }: IndexedMember, tensor: TensorEntity): Problem {
  const name = object.kind === "reference" ? object.name.text : "(…)";
  const at =
    index.kind === "number" ? index.value : index.kind === "reference" ? index.name.text : "i";
  const [axis] = tensor.axes;
  const help = axis && `An entry along an axis is \`${name} at ${axis.name} = ${at}\`.`;
  return problem("MEM0147", span, `A list is needed here, not ${typeOf(tensor)}.`, { help });
}

/** The axes that `...` stands for, inside loops too. */
function passingAxes({ outer, restAxes }: Frame): readonly CheckedAxis[] {
  return outer === undefined ? restAxes : passingAxes(outer.frame);
}

function draw(place: Place, expression: DrawExpression): Entity {
  if (place.scope.frame.inScan) throw drawInScan(place.scope.frame, expression);
  const axes = [
    ...(expression.rest ? passingAxes(place.scope.frame) : []),
    ...declaredAxes(place, expression.axes),
  ];
  return declareDraw(place, expression, axes, checkDistribution(place, expression.distribution));
}
