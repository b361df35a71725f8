/** One program of a model: train, evaluate or generate as a graph with its declarations and schedule. */
import type { Diagnostic, SourceFile } from "../../parser/diagnostic.ts";
import type { InputStatement, ModelDefinition, Option, Statement } from "../../parser/tree.ts";
import type { Graph, GraphFunction, NumberExpression } from "../graph.ts";
import type { Dim, InputInfo, Program, SizedAxis } from "../program.ts";
import { bindNew } from "./assign.ts";
import { declaredAxes, matchAxes } from "./axes.ts";
import { Checker } from "./checker.ts";
import { dimEntity } from "./compile-time.ts";
import type { Declaration } from "./declaration.ts";
import type { Program as Resolved } from "./definitions.ts";
import { asTensor, type Place } from "./emit.ts";
import { evaluateNumber, evaluateTensor } from "./expression.ts";
import { type CheckedAxis, Frame, implicitKey, Scope } from "./frame.ts";
import { insideBlock, numberFormals, optionValue } from "./option.ts";
import { overrideAt } from "./override.ts";
import { addProbes } from "./probe.ts";
import { problem, Report } from "./problem.ts";
import { toValue } from "./results.ts";
import type { CheckedSchedule } from "./schedule.ts";
import { finishInstances } from "./segment-end.ts";
import { poison, runStatements } from "./statement.ts";
import { namedNumber } from "./static.ts";

interface Making {
  readonly kind: Program["kind"];
  readonly resolved: Resolved;
  readonly model: ModelDefinition;
  readonly schedule: CheckedSchedule;
  readonly report: Report;
  readonly sources: readonly SourceFile[];
  readonly settings: ReadonlyMap<string, string>;
  readonly probes: ReadonlySet<string>;
  readonly used: Set<string>;
}

export interface MadeProgram {
  readonly program: Program;
  /** Addresses that can be set. */
  readonly addresses: readonly string[];
}

/**
 * Checks one program; once more, where it fails, with the axes of states that the first attempt saw methods bind (rule R3): a
 * method may use such a state before another one binds its axes.
 */
export function checkProgram(making: Making): MadeProgram | undefined {
  const stateAxes: StateAxes = new Map();
  const attempt = (): {
    readonly report: Report;
    readonly made: MadeProgram | undefined;
    readonly end?: unknown;
  } => {
    const report = new Report();
    try {
      return { report, made: attemptProgram({ ...making, report }, stateAxes) };
    } catch (end) {
      return { report, made: undefined, end };
    }
  };
  const first = attempt();
  const { report, made, end } =
    first.report.failed && first.end === undefined && stateAxes.size > 0 ? attempt() : first;
  for (const diagnostic of report.list()) making.report.add(diagnostic);
  if (end !== undefined) throw end;
  return made;
}

type StateAxes = Map<string, Map<string, CheckedAxis>>;

function attemptProgram(making: Making, stateAxes: StateAxes): MadeProgram | undefined {
  const { kind, resolved, model, schedule, report, sources, settings, probes, used } = making;
  const inputs = model.body.filter((each): each is InputStatement => each.kind === "input");
  const { axis, unsized } = segmentAxis(model, inputs, report);
  const overrides = new Map([...schedule.settings, ...settings]);
  const checker = new Checker({
    report,
    training: kind === "train",
    segmentAxis: axis,
    probes,
    overrides,
    sources,
    stateAxes,
  });
  const dims: Dim[] = [];
  const formalValues = new Map<string, number>();
  const frame = new Frame(
    checker.functionName("segment"),
    model.name.text,
    undefined,
    formalValues,
    {
      isMain: true,
      address: [],
    },
  );
  const scope = new Scope({ frame, definitions: resolved.definitions });
  const place: Place = { checker, scope };
  const outputs: { name: string; doc?: string }[] = [];
  const declared: InputInfo[] = [];
  const addDim = (name: string, value: number, text: NumberExpression) => {
    formalValues.set(name, value);
    dims.push({ name, value, size: { value, text } });
  };
  const { tokens } = schedule.schedule.segment;
  report.attempt(() => {
    addDim(axis, tokens, { kind: "literal", value: tokens });
    for (const name of unsized) scope.names.set(name, { kind: "poison" });
    const T: CheckedAxis = {
      name: axis,
      size: tokens,
      declared: { kind: "formal", name: axis },
      data: true,
    };
    scope.fixAxes([T]);
    modelOptions(place, model.options, formalValues);
    const fresh = frame.input("fresh", { number: "flag", axes: [], batch: true }, "argument", [
      "fresh",
    ]);
    const valid = frame.input("valid", { number: "flag", axes: [T], batch: true }, "argument", [
      "valid",
    ]);
    frame.globals.set("fresh", fresh);
    frame.globals.set(implicitKey({ kind: "valid", axis }), valid);
    for (const statement of model.body) {
      runModelStatement(place, statement, { addDim, declared, outputs, axis: T });
    }
    finishInstances(place, frame);
  });
  for (const name of checker.usedOverrides) used.add(name);
  if (frame.losses.length === 0 && kind === "train" && !report.failed) {
    report.add(
      problem("MEM0322", model.name.span, `${model.name.text} is trained but has no loss.`, {
        help: "loss main = cross_entropy(logits, labels)",
      }).diagnostic,
    );
  }
  if (report.failed) return undefined;
  const graph = finishMain(place, model, outputs);
  const parts = { kind, graph, dims, declared, outputs, frame, schedule, axis };
  return { program: assemble(parts), addresses: addressesOf(frame, model) };
}

/** The axis that a segment's tokens run along: the inputs' axis that is no dim. */
function segmentAxis(
  model: ModelDefinition,
  inputs: readonly InputStatement[],
  report: Report,
): { readonly axis: string; readonly unsized: readonly string[] } {
  const dims = new Set<string>();
  const walk = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.kind === "dim") for (const dim of statement.dims) dims.add(dim.name.text);
      if (statement.kind === "when") {
        walk(statement.then);
        walk(statement.otherwise ?? []);
      }
    }
  };
  walk(model.body);
  for (const option of model.options) dims.add(option.name.text);
  const open = inputs.flatMap((input) =>
    input.axes.filter((axis) => axis.size === undefined && !dims.has(axis.name.text)),
  );
  const names = [...new Set(open.map((axis) => axis.name.text))];
  const second = open.find((axis) => axis.name.text !== names[0]);
  if (second !== undefined) {
    report.add(
      problem(
        "MEM0323",
        second.name.span,
        `Only one axis of the inputs runs along the segment; ${second.name.text} needs a size.`,
        { help: `dim ${second.name.text} = …` },
      ).diagnostic,
    );
  }
  return { axis: names[0] ?? "T", unsized: names.slice(1) };
}

function modelOptions(
  place: Place,
  options: readonly Option[],
  formalValues: Map<string, number>,
): void {
  const { scope } = place;
  for (const option of options) {
    const went = place.checker.report.attempt(() => {
      const name = option.name.text;
      const override = overrideAt(place, name, option.type, option);
      if (override === undefined && option.default === undefined) {
        throw problem("MEM0324", option.name.span, `The model's option ${name} needs a default.`, {
          help: `${name}: … = VALUE`,
        });
      }
      const value =
        override ?? (option.default && optionValue(place, option.type, option.default, name));
      if (value === undefined) return;
      for (const formal of numberFormals(name, value))
        formalValues.set(formal.name, formal.value.value);
      scope.names.set(name, insideBlock(name, value));
    });
    if (!went) scope.names.set(option.name.text, { kind: "poison" });
  }
}

interface ModelParts {
  readonly addDim: (name: string, value: number, text: NumberExpression) => void;
  readonly declared: InputInfo[];
  readonly outputs: { name: string; doc?: string }[];
  readonly axis: CheckedAxis;
}

function runModelStatement(place: Place, statement: Statement, parts: ModelParts): void {
  const { scope, checker } = place;
  switch (statement.kind) {
    case "dim":
      for (const { name, value } of statement.dims) {
        const went = checker.report.attempt(() => {
          const number = dimEntity(place, name.text, value);
          const type = { kind: "number", number: "int", span: name.span } as const;
          const override = overrideAt(place, name.text, type, { name });
          const entity = override ?? number;
          if (entity.kind !== "number") return;
          const text =
            override === undefined && number.kind === "number"
              ? number.declared.text
              : ({ kind: "literal", value: entity.value } as const);
          parts.addDim(name.text, entity.value, text);
          const formal: NumberExpression = { kind: "formal", name: name.text };
          bindNew(place, name, {
            ...namedNumber({ value: entity.value, integer: true }, formal, formal, name.text),
            from: value.span,
          });
        });
        if (!went && !scope.names.has(name.text)) scope.names.set(name.text, { kind: "poison" });
      }
      return;
    case "input":
      if (!checker.report.attempt(() => declareInput(place, statement, parts)))
        poison(place, statement);
      return;
    case "output":
      checker.report.attempt(() => {
        const tensor = evaluateTensor(place, statement.value, statement.name.text);
        const named =
          statement.axes === undefined
            ? tensor
            : matchAxes(place, tensor, declaredAxes(place, statement.axes), statement.name);
        const { operand } = toValue(place, named, statement.span);
        if ("name" in operand) scope.frame.builder.suggestName(operand, statement.name.text);
        scope.names.set(statement.name.text, named);
        parts.outputs.push({
          name: statement.name.text,
          ...(statement.doc === undefined ? {} : { doc: statement.doc }),
        });
      });
      return;
    case "return":
      checker.report.add(
        problem("MEM0325", statement.span, "A model has outputs, not a return.", {
          help: "output logits = …",
        }).diagnostic,
      );
      return;
    default:
      runStatements(place, [statement]);
      return;
  }
}

function declareInput(place: Place, statement: InputStatement, parts: ModelParts): void {
  const { name, role, doc } = statement;
  if (name.text === "fresh" || name.text === "valid") {
    throw problem("MEM0233", name.span, `${name.text} is already taken here.`, {
      help: `Every segment comes with ${name.text}; give the ${role} another name.`,
    });
  }
  const axes = statement.axes.flatMap((axis) =>
    axis.name.text === parts.axis.name && axis.size === undefined
      ? [parts.axis]
      : declaredAxes(place, [axis]),
  );
  const membership = statement.in;
  const number =
    membership === undefined || membership.kind === "real"
      ? "real"
      : membership.kind === "flag"
        ? "flag"
        : "int";
  const range =
    membership?.kind === "below"
      ? evaluateNumber(place, membership.bound)
      : membership?.kind === "range"
        ? evaluateNumber(place, {
            kind: "binary",
            operator: "+",
            left: membership.high,
            right: { kind: "number", value: 1, integer: true, span: membership.span },
            span: membership.span,
          })
        : undefined;
  bindNew(
    place,
    name,
    place.scope.frame.input(name.text, { number, axes, batch: true }, "argument", [name.text]),
  );
  place.scope.seeAxes(axes);
  parts.declared.push({
    name: name.text,
    role,
    kind: number,
    axes: axes.map(sized),
    ...(range === undefined ? {} : { range: range.declared }),
    ...(doc === undefined ? {} : { doc }),
  });
}

const sized = (axis: CheckedAxis): SizedAxis => ({
  name: axis.name,
  size: { value: axis.size, text: axis.declared },
});

function finishMain(
  place: Place,
  model: ModelDefinition,
  outputs: readonly { readonly name: string }[],
): Graph {
  const { scope, checker } = place;
  const { frame } = scope;
  const { builder } = frame;
  for (const { name } of outputs) {
    const entity = scope.names.get(name);
    if (entity === undefined) continue;
    const { operand } = toValue(place, asTensor(scope, entity, model.name.span), model.name.span);
    if ("name" in operand) builder.result(operand, { role: "return", path: [name] });
  }
  for (const { path, value } of frame.next) builder.result(value, { role: "next", path });
  for (const { path, value } of frame.losses) {
    const { operand } = toValue(place, value, model.name.span);
    if ("name" in operand) builder.result(operand, { role: "loss", path });
  }
  addProbes(place);
  const main = {
    ...builder.finish(),
    numbers: frame.formals,
    file: model.span.file,
    ...(model.doc === undefined ? {} : { doc: model.doc }),
  };
  const functions = reachable(new Map([...checker.functions, [main.name, main]]), main.name);
  return { functions, main: main.name };
}

/** The functions that main calls, however deep; one may be left over from a body that was checked again. */
function reachable(
  functions: ReadonlyMap<string, GraphFunction>,
  main: string,
): ReadonlyMap<string, GraphFunction> {
  const reached = new Set<string>();
  const waiting = [main];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const node of functions.get(name)?.nodes ?? [])
      if ("function" in node) waiting.push(node.function);
  }
  return new Map([...functions].filter(([name]) => reached.has(name)));
}

interface Parts {
  readonly kind: Program["kind"];
  readonly graph: Graph;
  readonly dims: readonly Dim[];
  readonly declared: readonly InputInfo[];
  readonly outputs: Program["outputs"];
  readonly frame: Frame;
  readonly schedule: CheckedSchedule;
  readonly axis: string;
}

function assemble({ kind, graph, dims, declared, outputs, frame, schedule, axis }: Parts): Program {
  const common = ({ path, copies, axes, doc, owner }: Declaration) => ({
    path,
    copies,
    axes: axes.map(sized),
    owner,
    ...(doc === undefined ? {} : { doc }),
  });
  return {
    kind,
    graph,
    dims,
    inputs: declared,
    outputs,
    losses: frame.losses.map(({ path }) => path),
    parameters: frame.declarations.flatMap((each) =>
      each.role === "parameter"
        ? [
            {
              ...common(each),
              start: each.start,
              ...(each.inAxes === undefined ? {} : { inAxes: each.inAxes }),
            },
          ]
        : [],
    ),
    states: frame.declarations.flatMap((each) =>
      each.role === "state"
        ? [{ ...common(each), kind: each.number, gradient: each.gradient }]
        : [],
    ),
    draws: frame.declarations.flatMap((each) =>
      each.role === "draw"
        ? [{ ...common(each), distribution: each.distribution, shared: each.shared }]
        : [],
    ),
    schedule: { ...schedule.schedule, segment: { axis, tokens: schedule.schedule.segment.tokens } },
  };
}

function addressesOf(frame: Frame, model: ModelDefinition): readonly string[] {
  return [
    ...model.options.map((option) => option.name.text),
    ...frame.formals.map(({ name }) => name),
    ...frame.instances.flatMap((instance) =>
      [...instance.options.keys()].map((option) => [...instance.path, option].join(".")),
    ),
  ];
}

/** Parameter shapes agree between programs (rule R11). */
export function compareParameters(
  one: Program,
  other: Program | undefined,
  model: ModelDefinition,
  report: Report,
): void {
  if (other === undefined) return;
  const shape = (info: Program["parameters"][number]) =>
    `[${info.copies.map((copy) => `${copy.value} x `).join("")}${info.axes.map((axis) => `${axis.name} = ${axis.size.value}`).join(", ")}]`;
  const shapes = new Map(one.parameters.map((info) => [info.path.join("."), shape(info)]));
  for (const info of other.parameters) {
    const path = info.path.join(".");
    const expected = shapes.get(path);
    if (expected === undefined || expected === shape(info)) continue;
    report.add(
      problem(
        "MEM0326",
        model.name.span,
        `The parameter ${path} is ${shape(info)} in ${other.kind} but ${expected} in ${one.kind}.`,
        { help: "Give both programs the same segment, or make the parameter's axes dims." },
      ).diagnostic,
    );
  }
}

export type { Diagnostic, SourceFile };
