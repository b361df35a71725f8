/** `scan over T { … }`: a loop over the entries of an axis. */

import type { ScanStatement } from "../../../parser/tree.ts";
import type { LoopInput } from "../../function-builder.ts";
import { valueOfTensor } from "../calls/results.ts";
import { lifted } from "../declaration.ts";
import { axisNumber, emit, type Place, writable } from "../emit.ts";
import type { Entity, TensorEntity } from "../entities.ts";
import { evaluateTensor } from "../expressions/expression.ts";
import { requireAxis } from "../names/axes.ts";
import { capture } from "../names/capture.ts";
import { declareTensor } from "../parameter.ts";
import { problem } from "../problem.ts";
import { captureInputs, finishLoop, numbersOf, runLoop, startLoop, yielded } from "./loop.ts";
import { sumSteps, takeStepMeans } from "./step-means.ts";

export function scanStatement(place: Place, statement: ScanStatement): void {
  const results = scan(place, statement);
  for (const { name, tensor } of results.yields) place.scope.names.set(name, tensor);
  for (const { name, tensor } of results.carried) {
    if (!results.yields.some((each) => each.name === name)) place.scope.names.set(name, tensor);
  }
}

/** What it yields is its value; names bound before it end as they do after a statement, those of its `from` are its own. */
export function scanExpression(place: Place, statement: ScanStatement): Entity {
  const { scope } = place;
  const { yields, carried } = scan(place, statement);
  const own = new Set(statement.from.map(({ name }) => name.text));
  for (const { name, tensor } of carried) {
    if (own.has(name)) scope.frame.ofBodies.set(name, "carried");
    // A declaration that the methods share is no local to bind again.
    else if (scope.names !== scope.member?.known) scope.names.set(name, tensor);
  }
  const [first] = yields;
  if (first === undefined)
    throw problem(
      "MEM0244",
      statement.span,
      "A scan used as a value yields something: `scan over T from m = M yield m { … }`.",
    );
  if (yields.length === 1) return first.tensor;
  return { kind: "tuple", items: yields.map(({ name, tensor }) => ({ name, value: tensor })) };
}

interface NamedTensor {
  readonly name: string;
  readonly tensor: TensorEntity;
}

/** A loop over the entries of an axis; a value that has the axis is seen at the current step. */
function scan(
  place: Place,
  statement: ScanStatement,
): { readonly yields: readonly NamedTensor[]; readonly carried: readonly NamedTensor[] } {
  const { scope, checker } = place;
  const axis = requireAxis(place, statement.axis);
  const from = statement.from.map(({ name, value }) => ({
    name: name.text,
    value: evaluateTensor(place, value),
    span: name.span,
  }));
  if (axis.size === 0) {
    const [first] = statement.yields;
    if (first !== undefined)
      throw problem(
        "MEM0241",
        first.span,
        `A scan over 0 entries of ${axis.name} has nothing to yield.`,
      );
    return { yields: [], carried: from.map(({ name, value }) => ({ name, tensor: value })) };
  }
  const parts = runLoop(place, statement.body, (promotions) => {
    const started = startLoop(
      place,
      "step",
      statement.body,
      undefined,
      from,
      statement.span,
      promotions,
      axis,
    );
    for (const { port, span, name } of started.carried) {
      if (port.axes.some((own) => own.name === axis.name)) {
        throw problem(
          "MEM0245",
          span,
          `${name} is carried from step to step and cannot have the axis ${axis.name} itself.`,
        );
      }
    }
    for (const { name, port, span, restart: along } of started.carried) {
      const restart = along?.(axis, span);
      if (restart === undefined) continue;
      // Before each step: the start where the memory restarts there.
      const flag = capture(started.inner.scope, "restart", restart.flag);
      const start = capture(started.inner.scope, `${name}Start`, restart.start);
      started.inner.scope.names.set(
        name,
        emit(started.inner, "where", [flag, start, port], {}, { span, hints: [`${name}Before`] }),
      );
    }
    return started;
  });
  const { frame } = parts;
  const [memory] = frame.instances.filter((instance) => instance.definition.kind === "memory");
  if (memory !== undefined) {
    throw problem("MEM0247", memory.span, `The memory ${memory.name} stands inside a scan.`, {
      help: "Declare it before the scan; carry what changes at every step.",
    });
  }
  const yields = yielded(parts, statement.yields).map((tensor, i) => ({
    name: statement.yields[i]?.text ?? "",
    tensor,
  }));
  sumSteps(parts.inner, statement.span);
  const { graph, collecting } = finishLoop(parts, yields);
  const held = graph.results.find(({ role }) => role === "next");
  if (held !== undefined) {
    const message = `The memory at ${held.path.join(".")} stands inside a scan, in a block that is called there.`;
    throw problem("MEM0247", statement.span, message, {
      help: "Declare it before the scan; carry what changes at every step.",
    });
  }
  const captures = captureInputs(frame);
  const carriedValues = new Map(
    parts.carried.map(({ port, outer }) => [valueOfTensor(port).name, outer.operand]),
  );
  const inputs = graph.inputs.map((port): LoopInput => {
    const carried = carriedValues.get(port.value.name);
    if (carried !== undefined) return { value: carried, passing: "carried" };
    const captured = captures.get(port.value.name);
    if (captured !== undefined) {
      const along =
        "name" in captured ? captured.type.axes.find((own) => own.name === axis.name) : undefined;
      if (along !== undefined && along.size !== axis.size) {
        throw problem(
          "MEM0204",
          statement.axis.span,
          `The scan runs over ${axis.size} entries of ${axis.name}, but ${port.value.name} has ${along.size}.`,
          { help: `If these are two different axes, rename one: \`rename ${axis.name} as …\`.` },
        );
      }
      const sliced = along !== undefined;
      return { value: captured, passing: sliced ? "stacked" : "captured" };
    }
    const declaration = frame.addressed.get(port.path.join("."));
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    const own = lifted(declaration, scope.prefix, [], () => undefined);
    return { value: declareTensor(place, own, statement.span).operand, passing: "captured" };
  });
  const steps = scope.frame.loopScope(scope.prefix, axis.name);
  const results = scope.frame.builder.scan(graph, axis.name, {
    scope: steps.join(".") === axis.name ? undefined : steps,
    count: writable(scope, axisNumber(scope, axis)),
    inputs,
    collecting,
    numbers: numbersOf(place, frame),
    hints: graph.results.map((port) => port.path.at(-1)),
    origin: checker.origin(statement.span),
  });
  const collected = { yields: [] as NamedTensor[], carried: [] as NamedTensor[] };
  graph.results.forEach((port, position) => {
    const value = results[position];
    if (value === undefined) return;
    const carried = parts.carried[position];
    if (carried !== undefined) {
      collected.carried.push({
        name: carried.name,
        tensor: { ...carried.port, operand: value },
      });
    } else if (port.role === "return") {
      const yielding = yields[position - parts.carried.length];
      if (yielding === undefined) return;
      const { tensor } = yielding;
      const batch = tensor.batch;
      collected.yields.push({
        name: yielding.name,
        tensor: { ...tensor, batch, operand: value, axes: [axis, ...tensor.axes], constant: false },
      });
    }
  });
  takeStepMeans(place, frame.losses, graph.results, results, statement.span);
  return collected;
}
