/** The statements of each kind of node. */
import type { Node, OperationNode, StackNode } from "../ir/graph.ts";
import type { BodyWriter } from "./body.ts";
import { writeCall } from "./calls.ts";
import { call, flat, object, text } from "./expression.ts";
import { stringLiteral } from "./identifier.ts";
import { writeLoop } from "./loop.ts";
import { needsTypedConstants, operationCall } from "./operation.ts";
import { placeText, sourceExpression } from "./place.ts";
import type { Statement } from "./statement.ts";
import { joinCopies, sliceAttributes } from "./wording.ts";

/** Writes a node of the graph as statements of the body, or as an expression that waits. */
export function writeNode(body: BodyWriter, node: Node): void {
  switch (node.kind) {
    case "operation":
      writeOperation(body, node);
      return;
    case "call":
      writeCall(body, node);
      return;
    case "repeat":
    case "scan":
      writeLoop(body, node);
      return;
    case "stack":
    case "unstack":
      writeStack(body, node);
      return;
    case "probe": {
      const written = () =>
        call(
          "g.probe",
          text(stringLiteral(node.name)),
          text(stringLiteral(node.of)),
          body.operand(node.input),
        );
      body.fit([node.input], () => ({ kind: "run", expression: written() }));
      body.add({ kind: "run", expression: written() });
      body.consume([node.input]);
      return;
    }
    default:
      node satisfies never;
  }
}

function writeOperation(body: BodyWriter, node: OperationNode): void {
  const typed = needsTypedConstants(node);
  const build = () =>
    operationCall(
      node,
      node.operands.map((operand) =>
        typed && "constant" in operand && operand.kind !== "flag"
          ? sourceExpression(body.source(operand))
          : body.operand(operand),
      ),
      (number) => body.scope.number(number, node.operands),
    );
  const [only] = node.results;
  if (node.results.length === 1 && only !== undefined) {
    body.finish(only, node.operands, build, node.origin);
    return;
  }
  const used = node.results.map((result) => body.uses(result) > 0);
  const last = used.lastIndexOf(true);
  const names = node.results
    .slice(0, last + 1)
    .map((result, i) => (used[i] ? body.scope.names.take(body.wantedName(result)) : ""));
  const target = `[${names.join(", ")}]`.replace(/, (?=,)/g, ",");
  const statement = (): Statement => ({
    kind: "declare",
    keyword: "const",
    target,
    expression: build(),
    origin: node.origin,
  });
  body.fit(node.operands, statement);
  body.add(statement());
  body.consume(node.operands);
  node.results.forEach((result, i) => {
    const name = names[i];
    if (name !== undefined && name !== "") body.scope.defineVariable(result, name);
  });
}

function writeStack(body: BodyWriter, node: StackNode): void {
  const axis = text(stringLiteral(node.axis));
  if (node.kind === "stack") {
    const source = body.scope.source(node.input);
    const copies = source.kind === "place" ? placeText(source) : flat(source.expression);
    body.finish(node.result, [], () => joinCopies(copies, axis), undefined);
    return;
  }
  body.flush(node.input);
  const inner = body.scope.names.inner();
  const [unused, index] = [inner.take("_"), inner.take("i")];
  const entry = call(
    "g.slice",
    sourceExpression(body.scope.source(node.input)),
    sliceAttributes(node.axis, index),
  );
  const count = node.input.type.axes.find((candidate) => candidate.name === node.axis)?.size ?? 0;
  const size = { value: count, text: { kind: "axis", name: node.axis } } as const;
  const length = object([["length", body.scope.number(size, [node.input])]]);
  const target = body.scope.names.take(body.wantedName(node.result));
  const expression = call("Array.from", length, text(`(${unused}, ${index}) => ${flat(entry)}`));
  body.add({ kind: "declare", keyword: "const", target, expression });
  body.defineArray(node.result, target);
}
