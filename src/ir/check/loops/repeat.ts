/** `repeat n as i { … }`: iterations written out where these may differ, else one loop. */

import type { RepeatStatement } from "../../../parser/tree.ts";
import type { LoopInput } from "../../function-builder.ts";
import { valueOfTensor } from "../calls/results.ts";
import { lifted } from "../declaration.ts";
import { type Place, writable } from "../emit.ts";
import type { CheckedAxis } from "../entities.ts";
import { evaluateNumber } from "../expressions/expression.ts";
import type { StaticNumber } from "../expressions/static.ts";
import { takeLoopLoss } from "../loss-terms.ts";
import { declareTensor } from "../parameter.ts";
import { problem } from "../problem.ts";
import { mentionsName } from "../syntax.ts";
import { captureInputs, finishLoop, numbersOf, runLoop, startLoop, yielded } from "./loop.ts";
import { declaredInstances, unrolledRepeat } from "./unrolled.ts";

const mostIterations = 10_000;

export function repeatStatement(place: Place, statement: RepeatStatement): void {
  const count = evaluateNumber(place, statement.count);
  if (!Number.isInteger(count.value) || count.value < 0 || count.value > mostIterations) {
    throw problem(
      "MEM0240",
      statement.count.span,
      `A repeat runs 0 to ${mostIterations} times, not ${count.value}.`,
    );
  }
  if (count.value === 0) {
    const [first] = statement.yields;
    if (first !== undefined)
      throw problem("MEM0241", first.span, "A repeat of 0 iterations has nothing to yield.");
    return;
  }
  place.scope.frame.ofBodies.set(statement.index.text, "index");
  if (isWrittenOut(place, statement)) unrolledRepeat(place, statement, count.value);
  else loop(place, statement, count);
}

/** Iterations whose body uses the index may differ; those whose instances are asked for one by one are told apart. */
function isWrittenOut({ scope }: Place, { body, index }: RepeatStatement): boolean {
  const makesOnly = body.every((each) => each.kind === "use");
  const told = declaredInstances(body).some(({ name }) => scope.frame.indexed.has(name.text));
  return makesOnly || told || mentionsName(body, index.text);
}

function loop(place: Place, statement: RepeatStatement, count: StaticNumber): void {
  const { scope, checker } = place;
  const index = statement.index.text;
  const address =
    scope.frame.address === undefined
      ? undefined
      : [...scope.frame.address, ...scope.prefix, index];
  const parts = runLoop(place, statement.body, (promotions) =>
    startLoop(place, index, statement.body, address, [], statement.span, promotions),
  );
  const yields = yielded(parts, statement.yields).map((tensor, i) => ({
    name: statement.yields[i]?.text ?? "",
    tensor,
  }));
  const { frame } = parts;
  if (scope.frame.inScan && frame.losses.some(({ weighed }) => weighed)) {
    const message = `The repeat is one term of the scan around it, and its iterations may weigh differently.`;
    throw problem("MEM0239", statement.span, message, {
      help: `Mention ${index} in the repeat: then every iteration is a term of its own.`,
    });
  }
  const { graph, collecting } = finishLoop(parts, yields);
  const captures = captureInputs(frame);
  const carriedValues = new Map(
    parts.carried.map(({ port, outer }) => [valueOfTensor(port).name, outer.operand]),
  );
  const inputs = graph.inputs.map((port): LoopInput => {
    const carried = carriedValues.get(port.value.name);
    if (carried !== undefined) return { value: carried, passing: "carried" };
    const captured = captures.get(port.value.name);
    if (captured !== undefined) return { value: captured, passing: "captured" };
    const declaration = frame.addressed.get(port.path.join("."));
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    const own = lifted(
      declaration,
      [...scope.prefix, index, "*"],
      [count.declared],
      () => undefined,
    );
    return { value: declareTensor(place, own, statement.span).operand, passing: "stacked" };
  });
  const iterations = scope.frame.loopScope(scope.prefix, index);
  const results = scope.frame.builder.repeat(graph, index, {
    scope: iterations.join(".") === index ? undefined : iterations,
    count: writable(scope, count),
    inputs,
    collecting,
    numbers: numbersOf(place, frame),
    hints: graph.results.map((port) => port.path.at(-1)),
    origin: checker.origin(statement.span),
  });
  graph.results.forEach((port, position) => {
    const value = results[position];
    if (value === undefined) return;
    const carried = parts.carried[position];
    if (carried !== undefined) {
      scope.names.set(carried.name, { ...carried.port, operand: value });
    } else if (port.role === "return") {
      const yielding = yields[position - parts.carried.length];
      if (yielding === undefined) return;
      const axis: CheckedAxis = {
        name: index,
        size: count.value,
        declared: count.declared.text,
        data: false,
      };
      const stacked = scope.frame.builder.stack(value, index, yielding.name);
      const { tensor } = yielding;
      scope.names.set(yielding.name, {
        ...tensor,
        operand: stacked,
        axes: [axis, ...tensor.axes],
        constant: false,
      });
      scope.seeAxes([axis]);
      scope.frame.visibleAxes.add(index);
    } else if (port.role === "next") {
      scope.frame.next.push({ path: [...scope.prefix, index, "*", ...port.path], value });
    } else {
      takeLoopLoss(scope.frame.losses, [...scope.prefix, index], port, value, frame.losses);
    }
  });
}
