/** `repeat n as i { … }`: iterations written out where the body uses the index, else one loop. */

import type { RepeatStatement } from "../../../parser/tree.ts";
import type { LoopInput } from "../../function-builder.ts";
import { literal } from "../../symbolic.ts";
import { valueOfTensor } from "../calls/results.ts";
import { lifted } from "../declaration.ts";
import { asTensor, emit, type Place, writable } from "../emit.ts";
import { evaluateNumber } from "../expressions/expression.ts";
import { plainNumber, type StaticNumber } from "../expressions/static.ts";
import { type CheckedAxis, type Entity, Scope, type TensorEntity } from "../frame.ts";
import { declareInstance } from "../instances/instance.ts";
import { takeLoopLoss } from "../loss-terms.ts";
import { declareTensor } from "../parameter.ts";
import { probeNames } from "../probe.ts";
import { problem } from "../problem.ts";
import { runStatements } from "../statements/statement.ts";
import { mentionsName } from "../syntax.ts";
import { captureInputs, finishLoop, numbersOf, runLoop, startLoop, yielded } from "./loop.ts";

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
  // Iterations whose body uses the index may differ. What does nothing but make instances is there for what comes after.
  const makes = statement.body.every((each) => each.kind === "use");
  if (makes || mentionsName(statement.body, statement.index.text))
    unrolled(place, statement, count.value);
  else loop(place, statement, count);
}

/** Iterations one after the other in the same function, each with its own number. */
function unrolled(place: Place, statement: RepeatStatement, count: number): void {
  const { scope } = place;
  const yields = new Map<string, TensorEntity[]>(statement.yields.map((name) => [name.text, []]));
  const before = new Set(scope.names.keys());
  const probed = scope.frame.loopScope(scope.prefix, statement.index.text);
  const scopes = Array.from({ length: count }, (_, iteration) => {
    const names = new Map<string, Entity>();
    names.set(statement.index.text, plainNumber(iteration, true));
    return new Scope({
      ...scope.apart(),
      names,
      prefix: [...scope.prefix, statement.index.text, String(iteration)],
    });
  });
  const memories = statement.body.filter((each) => each.kind === "memory");
  const used = statement.body.filter((each) => each.kind === "use");
  for (const { name } of used) scope.frame.siblings.set(name.text, []);
  for (const inner of scopes)
    for (const [name, entity] of scope.names)
      if (!inner.names.has(name)) inner.names.set(name, entity);
  for (const memory of memories) {
    const siblings = scopes.map((inner) => {
      const instance = declareInstance(
        { ...place, scope: inner },
        memory.name,
        memory.value,
        "memory",
        memory.reset,
      );
      inner.names.set(memory.name.text, { kind: "instance", instance });
      return instance;
    });
    scope.frame.siblings.set(memory.name.text, siblings);
  }
  for (const [iteration, inner] of scopes.entries()) {
    for (const name of before) {
      const current = scope.names.get(name);
      if (current !== undefined && name !== statement.index.text) inner.names.set(name, current);
    }
    const entering = new Map(inner.names);
    runStatements({ ...place, scope: inner }, statement.body);
    for (const { name } of used) {
      const entity = inner.names.get(name.text);
      const made = entity?.kind === "instance" ? entity.instance : undefined;
      scope.frame.siblings.get(name.text)?.push(made);
    }
    const bound = [...inner.names].filter(([name, entity]) => entering.get(name) !== entity);
    probeNames(place, new Map(bound), [...probed, String(iteration)]);
    for (const name of before) {
      const after = inner.names.get(name);
      if (after === undefined || name === statement.index.text) continue;
      scope.names.set(name, after);
      if (after.kind === "tensor") scope.seeAxes(after.axes);
    }
    for (const name of statement.yields) {
      const entity = inner.names.get(name.text);
      if (entity === undefined)
        throw problem("MEM0242", name.span, `The repeat never gives ${name.text} a value.`);
      yields.get(name.text)?.push(asTensor(scope, entity, name.span));
    }
  }
  for (const [name, tensors] of yields) {
    const into = statement.index.text;
    const axis: CheckedAxis = {
      name: into,
      size: count,
      declared: literal(count).text,
      data: false,
    };
    const attributes = { pieces: tensors.map(() => null), into };
    scope.names.set(
      name,
      emit(place, "join", tensors, attributes, {
        span: statement.span,
        hints: [name],
        axes: [axis],
      }),
    );
  }
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
