/** What stands in a model and nowhere else: its options, dims that can be set, inputs and outputs. */
import type {
  Expression,
  InputStatement,
  ModelDefinition,
  Option,
  Statement,
} from "../../parser/tree.ts";
import type { NumberExpression } from "../graph.ts";
import type { InputInfo } from "../program.ts";
import { sized } from "./assemble.ts";
import { toValue } from "./calls/results.ts";
import type { Place } from "./emit.ts";
import type { CheckedAxis } from "./entities.ts";
import { evaluateNumber, evaluateTensor } from "./expressions/expression.ts";
import { namedNumber } from "./expressions/static.ts";
import { declaredAxes, matchAxes } from "./names/axes.ts";
import { dimEntity } from "./names/compile-time.ts";
import { insideBlock, numberFormals, optionValue } from "./option.ts";
import { overrideAt } from "./override.ts";
import { problem, type Report } from "./problem.ts";
import { bindNew } from "./statements/assign.ts";
import { poison, runStatements } from "./statements/statement.ts";

/** The axis that a segment's tokens run along: the inputs' axis that is no dim. */
export function segmentAxis(
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
  // What could not be read may size the axes that it names.
  const { words } = report.unread;
  const all = [...new Set(open.map((axis) => axis.name.text))];
  const names = [
    ...all.filter((name) => !words.has(name)),
    ...all.filter((name) => words.has(name)),
  ];
  const second = open.find(({ name: { text } }) => text !== names[0] && !words.has(text));
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

export function modelOptions(
  place: Place,
  options: readonly Option[],
  formalValues: Map<string, number>,
): void {
  const { scope } = place;
  for (const option of options) {
    const went = place.checker.report.attempt(() => {
      const name = option.name.text;
      const read = (value: Expression) => optionValue(place, option.type, value, name);
      const override = overrideAt(place, name, option.name.span, read);
      if (override === undefined && option.default === undefined) {
        throw problem("MEM0324", option.name.span, `The model's option ${name} needs a default.`, {
          help: `${name}: … = VALUE`,
        });
      }
      const value = override ?? (option.default && read(option.default));
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

export function runModelStatement(place: Place, statement: Statement, parts: ModelParts): void {
  const { scope, checker } = place;
  switch (statement.kind) {
    case "dim":
      for (const { name, value } of statement.dims) {
        const went = checker.report.attempt(() => {
          const read = (written: Expression) => dimEntity(place, name.text, written);
          const entity = overrideAt(place, name.text, name.span, read) ?? read(value);
          if (entity.kind !== "number") return;
          parts.addDim(name.text, entity.value, entity.declared.text);
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
    case "output": {
      const went = checker.report.attempt(() => {
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
      if (!went) poison(place, statement);
      return;
    }
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
