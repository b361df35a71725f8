/** `repeat` and `scan`: folds whose body is a function of its own. */
import type { RepeatStatement, ScanStatement, Span, Statement } from "../../parser/tree.ts";
import type { LoopInput } from "../function-builder.ts";
import type { GraphFunction, Operand, RepeatNode, Value } from "../graph.ts";
import { literal } from "../symbolic.ts";
import { toValue } from "./call.ts";
import { lifted } from "./declaration.ts";
import { asTensor, axisNumber, broadcastTo, emit, type Place, typeOf, writable } from "./emit.ts";
import { evaluateNumber, evaluateTensor } from "./expression.ts";
import { type CheckedAxis, type Entity, Frame, Scope, type TensorEntity } from "./frame.ts";
import { declareInstance, finishInstances } from "./instance.ts";
import { capture, findName, globalTensor, requireAxis } from "./names.ts";
import { declareTensor } from "./parameter.ts";
import { addProbes, probeNames } from "./probe.ts";
import { problem, Silenced } from "./problem.ts";
import { runStatements } from "./statement.ts";
import { plainNumber, type StaticNumber } from "./static.ts";

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
  if (mentionsName(statement.body, statement.index.text)) unrolled(place, statement, count.value);
  else loop(place, statement, count);
}

/** Whether the index is used, so that iterations may differ. */
function mentionsName(part: unknown, name: string): boolean {
  if (Array.isArray(part)) return part.some((each) => mentionsName(each, name));
  if (typeof part !== "object" || part === null) return false;
  if ("kind" in part && part.kind === "reference" && "name" in part) {
    const { name: found } = part;
    return typeof found === "object" && found !== null && "text" in found && found.text === name;
  }
  return Object.entries(part).some(([key, each]) => key !== "span" && mentionsName(each, name));
}

/** Iterations one after the other in the same function, each with its own number. */
function unrolled(place: Place, statement: RepeatStatement, count: number): void {
  const { scope } = place;
  const yields = new Map<string, TensorEntity[]>(statement.yields.map((name) => [name.text, []]));
  const before = new Set(scope.names.keys());
  const scopes = Array.from({ length: count }, (_, iteration) => {
    const names = new Map<string, Entity>();
    names.set(statement.index.text, plainNumber(iteration, true));
    return new Scope({
      ...scope,
      names,
      prefix: [...scope.prefix, statement.index.text, String(iteration)],
    });
  });
  const memories = statement.body.filter((each) => each.kind === "memory");
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
  for (const inner of scopes) {
    for (const name of before) {
      const current = scope.names.get(name);
      if (current !== undefined && name !== statement.index.text) inner.names.set(name, current);
    }
    const entering = new Map(inner.names);
    runStatements({ ...place, scope: inner }, statement.body);
    const bound = [...inner.names].filter(([name, entity]) => entering.get(name) !== entity);
    probeNames({ ...place, scope: inner }, new Map(bound));
    for (const name of before) {
      const after = inner.names.get(name);
      if (after !== undefined && name !== statement.index.text) scope.names.set(name, after);
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

// ---------------------------------------------------------------- a loop over a body function

/** What a carried name must enter as so that it leaves each iteration as it came: an int that becomes real, one value for all examples that becomes one for each. */
interface Promotion {
  readonly real: boolean;
  readonly batch: boolean;
  /** Axes of what a number is carried as. */
  readonly axes: readonly CheckedAxis[];
}

type Promotions = ReadonlyMap<string, Promotion>;

interface LoopParts {
  readonly place: Place;
  readonly frame: Frame;
  readonly inner: Place;
  readonly carried: readonly {
    readonly name: string;
    readonly outer: TensorEntity;
    readonly port: TensorEntity;
    readonly span: Span;
  }[];
}

function startLoop(
  place: Place,
  title: string,
  body: readonly Statement[],
  address: readonly string[] | undefined,
  from: readonly { readonly name: string; readonly value: TensorEntity; readonly span: Span }[],
  span: Span,
  promotions: Promotions,
): LoopParts {
  const { checker, scope } = place;
  const frame = new Frame(checker.functionName(title), title, scope, scope.frame.formalValues, {
    address,
  });
  const inner: Place = {
    checker,
    scope: new Scope({ frame, definitions: scope.definitions, inLoss: false }),
  };
  const assigned = [...assignedNames(body)].flatMap((name) => {
    if (from.some((each) => each.name === name)) return [];
    const entity = findName(place, name);
    if (entity === undefined || !["tensor", "number", "flag"].includes(entity.kind)) return [];
    return [{ name, value: asTensor(scope, entity, span), span }];
  });
  const carried = [...from, ...assigned].map(({ name, value, span: at }) => {
    const outer = promoted(place, toValue(place, value, at), promotions.get(name), at);
    const port = frame.input(name, outer, "argument", [name]);
    inner.scope.names.set(name, port);
    inner.scope.seeAxes(port.axes);
    return { name, outer, port, span: at };
  });
  return { place, frame, inner, carried };
}

function promoted(
  place: Place,
  tensor: TensorEntity,
  promotion: Promotion | undefined,
  span: Span,
): TensorEntity {
  const real =
    promotion?.real && tensor.number === "int"
      ? emit(place, "real", [tensor], {}, { span })
      : tensor;
  const spread = broadcastTo(place, real, promotion?.axes ?? [], span);
  if (!promotion?.batch || spread.batch) return spread;
  const fresh = globalTensor(place, { kind: "fresh" }, span);
  return emit(place, "where", [fresh, spread, spread], {}, { span });
}

/** Which carried names must enter otherwise than they do; undefined if none. */
function promotionsOf({ inner, carried }: LoopParts, before: Promotions): Promotions | undefined {
  const found = new Map(before);
  let changed = false;
  for (const { name, port, outer } of carried) {
    const entity = inner.scope.names.get(name);
    if (entity?.kind !== "tensor" && entity?.kind !== "number") continue;
    const real =
      port.number === "int" &&
      (entity.kind === "number" ? !entity.integer : entity.number === "real");
    const batch = entity.kind === "tensor" && entity.batch && !port.batch;
    const spreads =
      entity.kind === "tensor" &&
      outer.constant &&
      port.axes.length === 0 &&
      entity.axes.length > 0;
    if (!real && !batch && !spreads) continue;
    const known = found.get(name);
    found.set(name, {
      real: real || (known?.real ?? false),
      batch: batch || (known?.batch ?? false),
      axes: spreads ? entity.axes : (known?.axes ?? []),
    });
    changed = true;
  }
  return changed ? found : undefined;
}

/** Runs the body, again where a carried name has to enter as another type. */
function runLoop(
  place: Place,
  body: readonly Statement[],
  start: (promotions: Promotions) => LoopParts,
): LoopParts {
  const { checker } = place;
  let promotions: Promotions = new Map();
  for (;;) {
    const parts = start(promotions);
    const before = checker.report.failed;
    const span = parts.carried[0]?.span ?? body[0]?.span;
    const run = () => runStatements(parts.inner, body);
    if (span === undefined) run();
    else checker.nested(parts.frame.builder.name, span, run);
    if (!before && checker.report.failed) throw new Silenced();
    const again = promotionsOf(parts, promotions);
    if (again === undefined) return parts;
    promotions = again;
    checker.releaseName(parts.frame.builder.name);
  }
}

/** Names that statements bind, in order. */
function assignedNames(
  statements: readonly Statement[],
  into: Set<string> = new Set(),
): Set<string> {
  for (const statement of statements) {
    if (statement.kind === "assign")
      for (const target of statement.targets) into.add(target.name.text);
    if (statement.kind === "when") {
      assignedNames(statement.then, into);
      assignedNames(statement.otherwise ?? [], into);
    }
    if (statement.kind === "repeat" || statement.kind === "scan")
      assignedNames(statement.body, into);
  }
  return into;
}

/** What each carried name ends as, with unchanged type (rule R4). */
function carriedResults({ inner, carried }: LoopParts): readonly Value[] {
  return carried.map(({ name, port, span }) => {
    const entity = inner.scope.names.get(name);
    if (entity === undefined || entity.kind === "poison") throw new Silenced();
    const given = toValue(inner, asTensor(inner.scope, entity, span), span);
    const tensor =
      given.number === "int" && port.number === "real"
        ? emit(inner, "real", [given], {}, { span })
        : given;
    const sameAxes =
      tensor.axes.length === port.axes.length &&
      tensor.axes.every((axis) =>
        port.axes.some((own) => own.name === axis.name && own.size === axis.size),
      );
    if (!sameAxes || tensor.number !== port.number) {
      throw problem(
        "MEM0243",
        span,
        `${name} enters each iteration as ${typeOf(port)} but leaves it as ${typeOf(tensor)}.`,
        {
          help: "A name bound before a loop and rebound inside is carried with unchanged type.",
        },
      );
    }
    if (!("name" in tensor.operand)) throw new Error("A carried result is a value.");
    return tensor.operand;
  });
}

function yielded(
  { inner }: LoopParts,
  names: readonly { readonly text: string; readonly span: Span }[],
): readonly TensorEntity[] {
  return names.map((name) => {
    const entity = inner.scope.names.get(name.text);
    if (entity === undefined)
      throw problem("MEM0242", name.span, `The loop never gives ${name.text} a value.`);
    if (entity.kind === "poison") throw new Silenced();
    return toValue(inner, asTensor(inner.scope, entity, name.span), name.span);
  });
}

function valueOfTensor(tensor: TensorEntity): Value {
  if (!("name" in tensor.operand)) throw new Error("A result of a loop is a value.");
  return tensor.operand;
}

interface Collected {
  readonly graph: GraphFunction;
  readonly collecting: RepeatNode["collecting"];
}

function finishLoop(
  parts: LoopParts,
  yields: readonly { readonly name: string; readonly tensor: TensorEntity }[],
): Collected {
  const { frame, inner, place } = parts;
  const carried = carriedResults(parts);
  finishInstances(inner, frame);
  const { builder } = frame;
  const collecting: RepeatNode["collecting"][number][] = [];
  carried.forEach((value, position) => {
    builder.result(value, { role: "return", path: [parts.carried[position]?.name ?? value.name] });
    collecting.push("carried");
  });
  for (const { name, tensor } of yields) {
    builder.result(valueOfTensor(tensor), {
      role: "return",
      path: [carried.length > 0 ? `${name}Each` : name],
    });
    collecting.push("stacked");
  }
  for (const { path, value } of frame.next) {
    builder.result(value, { role: "next", path });
    collecting.push("stacked");
  }
  for (const { path, value } of frame.losses) {
    builder.result(valueOfTensor(value), { role: "loss", path });
    collecting.push("summed");
  }
  addProbes(inner);
  const graph: GraphFunction = { ...builder.finish(), numbers: frame.formals };
  place.checker.functions.set(graph.name, graph);
  return { graph, collecting };
}

const numbersOf = (place: Place, frame: Frame) =>
  frame.formals.map(({ name, value }) => {
    const number = { value: Number(value), text: { kind: "formal", name } } as const;
    place.scope.frame.mention(number.text);
    return { name, value: number };
  });

function captureInputs(frame: Frame): ReadonlyMap<string, Operand> {
  return new Map(
    [...frame.captured.values()].map(({ outer, port }) => [valueOfTensor(port).name, outer]),
  );
}

// ---------------------------------------------------------------- repeat

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
  const { graph, collecting } = finishLoop(parts, yields);
  const { frame } = parts;
  const captures = captureInputs(frame);
  const carriedValues = new Map(
    parts.carried.map(({ port, outer }) => [valueOfTensor(port).name, outer.operand]),
  );
  const inputs = graph.inputs.map((port): LoopInput => {
    const carried = carriedValues.get(port.value.name);
    if (carried !== undefined) return { value: carried, passing: "carried" };
    const captured = captures.get(port.value.name);
    if (captured !== undefined) return { value: captured, passing: "captured" };
    const declaration = frame.addressed.get(port.path.join("."))?.declaration;
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    const own = lifted(
      declaration,
      [...scope.prefix, index, "*"],
      [count.declared],
      () => undefined,
    );
    return { value: declareTensor(place, own).operand, passing: "stacked" };
  });
  const results = scope.frame.builder.repeat(graph, index, {
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
      scope.names.set(carried.name, { ...carried.outer, operand: value, constant: false });
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
    } else if (port.role === "loss") {
      const tensor: TensorEntity = {
        kind: "tensor",
        operand: value,
        number: "real",
        axes: [],
        batch: false,
        constant: false,
      };
      scope.frame.losses.push({ path: [...scope.prefix, index, ...port.path], value: tensor });
    }
  });
}

// ---------------------------------------------------------------- scan

export function scanStatement(place: Place, statement: ScanStatement): void {
  const results = scan(place, statement);
  for (const { name, tensor } of results.yields) place.scope.names.set(name, tensor);
  for (const { name, tensor } of results.carried) {
    if (!results.yields.some((each) => each.name === name)) place.scope.names.set(name, tensor);
  }
}

export function scanExpression(place: Place, statement: ScanStatement): Entity {
  const { yields } = scan(place, statement);
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
  const parts = runLoop(place, statement.body, (promotions) => {
    const started = startLoop(
      place,
      "step",
      statement.body,
      undefined,
      from,
      statement.span,
      promotions,
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
    started.frame.stepAxis = axis.name;
    for (const { name, value, span } of from) {
      const restart = value.restart?.(axis, span);
      const port = started.carried.find((each) => each.name === name)?.port;
      if (restart === undefined || port === undefined) continue;
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
  const { graph, collecting } = finishLoop(parts, yields);
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
    const declaration = frame.addressed.get(port.path.join("."))?.declaration;
    if (declaration === undefined) throw new Error(`${port.path.join(".")} is not declared.`);
    if (declaration.role === "draw") {
      throw problem(
        "MEM0246",
        declaration.span,
        "A draw inside a scan would be the same at every step.",
        {
          help: `Draw before the scan, with the axis ${axis.name}: draw u[${axis.name}, …] ~ uniform.`,
        },
      );
    }
    const own = lifted(declaration, scope.prefix, [], () => undefined);
    return { value: declareTensor(place, own).operand, passing: "captured" };
  });
  const results = scope.frame.builder.scan(graph, axis.name, {
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
        tensor: { ...carried.outer, operand: value, constant: false },
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
    } else if (port.role === "loss") {
      const tensor: TensorEntity = {
        kind: "tensor",
        operand: value,
        number: "real",
        axes: [],
        batch: false,
        constant: false,
      };
      scope.frame.losses.push({ path: [...scope.prefix, ...port.path], value: tensor });
    }
  });
  return collected;
}
