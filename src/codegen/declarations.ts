/** What a generated file declares: dims, parameters, states, draws, inputs, the schedule. */
import type { SymbolicNumber } from "../ir/graph.ts";
import type {
  Dim,
  DrawInfo,
  InputInfo,
  ParameterInfo,
  Program,
  Schedule,
  SizedAxis,
  StateInfo,
} from "../ir/program.ts";
import type { Entry, Expression } from "./expression.ts";
import { array, flat, object, text } from "./expression.ts";
import type { Names } from "./identifier.ts";
import { commentLines, propertyName, stringLiteral, templateText } from "./identifier.ts";
import type { Arithmetic } from "./number.ts";
import { literalText, writeNumber } from "./number.ts";
import { dimText } from "./scope.ts";
import type { Part } from "./source-file.ts";
import { EACH } from "./struct.ts";

/** Writes numbers outside functions, where dims are all there is to name. */
export class DimNumbers {
  readonly arithmetic = new Set<Arithmetic>();
  readonly #dims: ReadonlyMap<string, number>;

  constructor(dims: readonly Dim[]) {
    this.#dims = new Map(dims.map(({ name, value }) => [name, value]));
  }

  write(number: SymbolicNumber, nameOf: (dim: string) => string | undefined = dimText): Expression {
    const named = (name: string) => {
      const value = this.#dims.get(name);
      const written = nameOf(name);
      return value === undefined || written === undefined ? undefined : { text: written, value };
    };
    const written = writeNumber(number, { axis: named, formal: named });
    for (const each of written?.arithmetic ?? []) this.arithmetic.add(each);
    return text(written?.text ?? literalText(number.value));
  }
}

/** `export const dims = …`; dims that others are made of are variables before it. */
export function dimsParts(
  dims: readonly Dim[],
  numbers: DimNumbers,
  names: Names,
): readonly Part[] {
  const used = new Set<string>();
  const known = new Set<string>();
  const sizes = dims.map((dim) => {
    const size = numbers.write(dim.size, (name) => {
      if (!known.has(name)) return undefined;
      used.add(name);
      return name;
    });
    known.add(dim.name);
    return { dim, size };
  });
  const variables = new Map<string, string>();
  const parts: Part[] = [];
  const entries: Entry[] = [];
  for (const { dim, size } of sizes) {
    const own = used.size === 0 ? size : numbers.write(dim.size, (name) => variables.get(name));
    if (!used.has(dim.name)) {
      entries.push({ key: propertyName(dim.name), value: own });
      continue;
    }
    const variable = names.take(dim.name);
    variables.set(dim.name, variable);
    parts.push({ kind: "const", name: variable, doc: "", exported: false, value: own });
    entries.push({ key: propertyName(dim.name), value: text(variable) });
  }
  const doc = "Sizes of the model.";
  const value: Expression = { kind: "object", entries };
  parts.push({ kind: "const", name: "dims", doc, exported: true, value, suffix: " as const" });
  return parts;
}

/** The key of an address: `"layer[*4].Wq"`, or a template where the count is a dim. */
function addressKey(
  path: readonly string[],
  copies: readonly SymbolicNumber[],
  numbers: DimNumbers,
): string {
  let copy = 0;
  let computed = false;
  let plain = "";
  let template = "";
  path.forEach((segment, i) => {
    if (segment === EACH) {
      const count = copies[copy++];
      if (count === undefined) throw new Error(`${path.join(".")} has more copies than counts.`);
      const written = flat(numbers.write(count));
      computed ||= written !== literalText(count.value);
      plain += `[*${count.value}]`;
      template += written === literalText(count.value) ? `[*${written}]` : `[*\${${written}}]`;
    } else {
      plain += (i === 0 ? "" : ".") + segment;
      template += (i === 0 ? "" : ".") + templateText(segment);
    }
  });
  return computed ? `[\`${template}\`]` : propertyName(plain);
}

/** Writes `parameters`, `states`, `draws` and `inputs`. `start` names the function of a computed start. */
export function declarationEntries(
  program: Program,
  numbers: DimNumbers,
  start: (parameter: ParameterInfo) => string,
): readonly (readonly [string, Expression])[] {
  const keyed = <Info extends { path: readonly string[]; copies: readonly SymbolicNumber[] }>(
    infos: readonly Info[],
    write: (info: Info) => Expression,
  ): Expression => ({
    kind: "object",
    entries: infos.map((info) => ({
      key: addressKey(info.path, info.copies, numbers),
      value: write(info),
    })),
  });
  const inputs = object(
    program.inputs.map((input) => [input.name, inputDeclaration(input, numbers)]),
  );
  return [
    ["parameters", keyed(program.parameters, (info) => parameter(info, numbers, start))],
    ["states", keyed(program.states, (info) => state(info, numbers))],
    ["draws", keyed(program.draws, (info) => draw(info, numbers))],
    ["inputs", inputs],
  ];
}

function axes(list: readonly SizedAxis[], numbers: DimNumbers): Expression {
  return object(list.map(({ name, size }) => [name, numbers.write(size)]));
}

function parameter(
  info: ParameterInfo,
  numbers: DimNumbers,
  start: (parameter: ParameterInfo) => string,
): Expression {
  const entries: [string, Expression][] = [["axes", axes(info.axes, numbers)]];
  if (info.inAxes !== undefined) entries.push(["inAxes", text(String(info.inAxes))]);
  entries.push(["start", initializer(info, numbers, start)]);
  if (info.doc !== undefined) entries.push(["doc", text(stringLiteral(oneLine(info.doc)))]);
  return object(entries);
}

function oneLine(doc: string): string {
  return commentLines(doc, Number.POSITIVE_INFINITY).join(" ").trim();
}

function initializer(
  info: ParameterInfo,
  numbers: DimNumbers,
  start: (parameter: ParameterInfo) => string,
): Expression {
  const { start: from } = info;
  const kind = (written: string, ...rest: [string, Expression][]) =>
    object([["kind", text(stringLiteral(written))], ...rest]);
  const given = (position: number, otherwise: number): Expression => {
    const number = from.kind === "computed" ? undefined : from.arguments[position];
    return number === undefined ? text(literalText(otherwise)) : numbers.write(number);
  };
  switch (from.kind) {
    case "normal":
      return kind("normal", ["mean", given(0, 0)], ["deviation", given(1, 1)]);
    case "uniform":
      return kind("uniform", ["low", given(0, 0)], ["high", given(1, 1)]);
    case "constant":
      return kind("constant", ["value", given(0, 0)]);
    case "glorot":
    case "uniform_fan":
    case "normal_fan":
    case "orthogonal":
      return kind(from.kind);
    case "computed":
      return kind("computed", ["compute", text(start(info))]);
    default:
      return from satisfies never;
  }
}

function state(info: StateInfo, numbers: DimNumbers): Expression {
  return object([
    ["axes", axes(info.axes, numbers)],
    ["kind", text(stringLiteral(info.kind))],
    ["gradient", text(stringLiteral(info.gradient))],
  ]);
}

function draw(info: DrawInfo, numbers: DimNumbers): Expression {
  const { kind, arguments: given } = info.distribution;
  const [first] = given;
  const entries: [string, Expression][] = [["kind", text(stringLiteral(kind))]];
  if (first !== undefined && kind === "bernoulli")
    entries.push(["probability", numbers.write(first)]);
  if (first !== undefined && kind === "integer") entries.push(["below", numbers.write(first)]);
  return object([
    ["axes", axes(info.axes, numbers)],
    ["distribution", object(entries)],
    ["shared", text(String(info.shared))],
  ]);
}

function inputDeclaration(info: InputInfo, numbers: DimNumbers): Expression {
  const entries: [string, Expression][] = [
    ["axes", axes(info.axes, numbers)],
    ["kind", text(stringLiteral(info.kind))],
  ];
  if (info.range !== undefined) entries.push(["range", numbers.write(info.range)]);
  entries.push(["role", text(stringLiteral(info.role))]);
  return object(entries);
}

// ---------------------------------------------------------------- schedules

/** A plain value of a schedule as an expression. */
function literal(value: unknown): Expression {
  if (typeof value === "string") return text(stringLiteral(value));
  if (typeof value === "number") return text(literalText(value));
  if (Array.isArray(value)) return array(value.map(literal));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, part]) => part !== undefined);
    return object(entries.map(([name, part]) => [name, literal(part)]));
  }
  return text(String(value));
}

/** How `evaluate` and `generate` walk through their data. */
export function readingSchedule(schedule: Schedule): Expression {
  const { segment, batch, batching, draws } = schedule;
  return literal({ segment, batch, batching, data: dataOf(schedule), draws });
}

/** The schedule of `train`. */
export function trainingSchedule(schedule: Schedule): Expression {
  const { segment, batch, batching, rollout, stride, optimizer } = schedule;
  const { groups, freeze, updateEvery, steps } = schedule;
  return literal({
    segment,
    batch,
    batching,
    rollout,
    stride,
    throughTime: throughTimeText(schedule),
    optimizer,
    groups,
    freeze,
    updateEvery,
    data: dataOf(schedule),
    steps,
  });
}

function dataOf(schedule: Schedule): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    schedule.data.map(({ name, source, ahead }) => [name, { source, ahead }]),
  );
}

/** `mrbp(horizon = 8)` */
export function throughTimeText({ throughTime }: Schedule): string {
  switch (throughTime.kind) {
    case "detach":
      return "detach";
    case "bptt":
    case "mrbp":
      return `${throughTime.kind}(horizon = ${throughTime.horizon})`;
    case "checkpoint":
      return `checkpoint(horizon = ${throughTime.horizon}, every = ${throughTime.every})`;
    default:
      return throughTime satisfies never;
  }
}
