/** Statements of models, blocks, methods and loops, in program order. */
import type {
  AssignStatement,
  Expression,
  LossStatement,
  Span,
  Statement,
  WriteStatement,
} from "../../parser/tree.ts";
import type { ReturnedValue } from "./body.ts";
import { asTensor, broadcastTo, emit, type Place, renameAxes, typeOf } from "./emit.ts";
import { evaluate, evaluateTensor, holds } from "./expression.ts";
import type { Entity, Scope, TensorEntity } from "./frame.ts";
import { declareInstance } from "./instance.ts";
import {
  constEntity,
  declaredAxes,
  dimEntity,
  globalTensor,
  matchAxes,
  memberItems,
  validOf,
} from "./names.ts";
import { declareTensor, parameterDeclaration } from "./parameter.ts";
import { problem, Silenced } from "./problem.ts";
import { repeatStatement } from "./repeat.ts";
import { scanStatement } from "./scan.ts";

/** Runs statements; gives what `return` returned. */
export function runStatements(
  place: Place,
  statements: readonly Statement[],
): readonly ReturnedValue[] | undefined {
  for (const statement of statements) {
    let returned: readonly ReturnedValue[] | undefined;
    const went = place.checker.report.attempt(() => {
      returned = runStatement(place, statement);
    });
    if (!went) poison(place, statement);
    if (returned !== undefined) return returned;
  }
  return undefined;
}

/** Names that a failed statement would have bound are not complained about again. */
export function poison(place: Place, statement: Statement): void {
  const { names } = place.scope;
  const failed = (name: string) => {
    if (!names.has(name)) names.set(name, { kind: "poison" });
  };
  switch (statement.kind) {
    case "assign":
      for (const target of statement.targets) names.set(target.name.text, { kind: "poison" });
      return;
    case "use":
    case "memory":
    case "output":
    case "input":
      failed(statement.name.text);
      return;
    case "dim":
      for (const dim of statement.dims) failed(dim.name.text);
      return;
    case "const":
      for (const constant of statement.constants) failed(constant.name.text);
      return;
    case "param":
      for (const parameter of statement.parameters) failed(parameter.name.text);
      return;
    case "repeat":
    case "scan":
      for (const name of statement.yields) failed(name.text);
      return;
    case "write":
      failed(statement.state.text);
      return;
    default:
      return;
  }
}

function runStatement(place: Place, statement: Statement): readonly ReturnedValue[] | undefined {
  const { scope } = place;
  switch (statement.kind) {
    case "dim":
      if (isMember(place, statement.dims[0]?.name.text)) return undefined;
      for (const { name, value } of statement.dims)
        bindNew(place, name, dimEntity(place, name.text, value));
      return undefined;
    case "param":
      if (isMember(place, statement.parameters[0]?.name.text)) return undefined;
      for (const item of statement.parameters) {
        const axes = declaredAxes(place, item.axes);
        const path = [...scope.prefix, item.name.text];
        const owner = scope.frame.builder.name;
        bindNew(
          place,
          item.name,
          declareTensor(place, parameterDeclaration(place, item, path, axes, owner, statement.doc)),
        );
      }
      return undefined;
    case "const":
      if (isMember(place, statement.constants[0]?.name.text)) return undefined;
      for (const { name, axes, value } of statement.constants)
        bindNew(place, name, constEntity(place, name, axes, value));
      return undefined;
    case "state":
      throw problem("MEM0230", statement.span, "A state belongs to a memory.", {
        help: "memory name(options) { state M[S, D] starts 0, gradient through … }",
      });
    case "input":
    case "output":
      throw problem("MEM0231", statement.span, `${statement.kind} stands in the model itself.`);
    case "use":
      bindNew(place, statement.name, {
        kind: "instance",
        instance: declareInstance(place, statement.name, statement.value, "use", undefined),
      });
      return undefined;
    case "memory": {
      if (
        scope.names.get(statement.name.text)?.kind === "instance" &&
        scope.frame.siblings.has(statement.name.text)
      )
        return undefined;
      const instance = declareInstance(
        place,
        statement.name,
        statement.value,
        "memory",
        statement.reset,
      );
      bindNew(place, statement.name, { kind: "instance", instance });
      return undefined;
    }
    case "method":
      return undefined;
    case "assign":
      assign(place, statement);
      return undefined;
    case "write":
      write(place, statement);
      return undefined;
    case "call-statement":
      evaluate(place, statement.value);
      return undefined;
    case "when": {
      const branch = holds(place, statement.condition)
        ? statement.then
        : (statement.otherwise ?? []);
      return runStatements(place, branch);
    }
    case "repeat":
      repeatStatement(place, statement);
      return undefined;
    case "scan":
      scanStatement(place, statement);
      return undefined;
    case "return":
      return statement.values.map((value) => ({
        entity: evaluate(place, value),
        span: value.span,
      }));
    case "yield":
      throw problem(
        "MEM0232",
        statement.span,
        "`yield` is written in the header: `repeat depth as layer yield y { … }`.",
      );
    case "loss":
      loss(place, statement);
      return undefined;
    default:
      return statement satisfies never;
  }
}

/** Declarations of a memory are read when a method needs them. */
function isMember(place: Place, name: string | undefined): boolean {
  const member = place.scope.member;
  if (member === undefined || name === undefined || place.scope.frame.address !== undefined)
    return false;
  return (
    memberItems(member.definition).some((item) => item.name === name) &&
    place.scope.names === member.known
  );
}

export function bindNew(
  place: Place,
  name: { readonly text: string; readonly span: Expression["span"] },
  entity: Entity,
): void {
  const before = place.scope.names.get(name.text);
  if (before !== undefined && before.kind !== "poison") {
    throw problem("MEM0233", name.span, `${name.text} is already taken here.`);
  }
  place.scope.names.set(name.text, entity);
}

// ---------------------------------------------------------------- equations

function assign(place: Place, statement: AssignStatement): void {
  const [first] = statement.targets;
  const single = statement.targets.length === 1 && first !== undefined;
  const value = evaluate(place, statement.value, single ? first.name.text : undefined);
  if (single) {
    bind(place, first, value, statement.value.span);
    return;
  }
  if (value.kind !== "tuple" || value.items.length !== statement.targets.length) {
    const count = value.kind === "tuple" ? value.items.length : 1;
    throw problem(
      "MEM0234",
      statement.span,
      `There are ${statement.targets.length} names on the left and ${count} values on the right.`,
      {
        help: "`_` leaves one out: a, _ = …",
      },
    );
  }
  statement.targets.forEach((target, position) => {
    const item = value.items[position];
    if (item !== undefined && target.name.text !== "_")
      bind(place, target, item.value, statement.value.span);
  });
}

function bind(
  place: Place,
  { name, axes }: AssignStatement["targets"][number],
  value: Entity,
  span: Expression["span"],
): void {
  const { scope } = place;
  const before = scope.names.get(name.text);
  if (
    before !== undefined &&
    !["tensor", "number", "flag", "poison", "tuple", "choice", "list"].includes(before.kind)
  ) {
    throw problem("MEM0233", name.span, `${name.text} is already a ${before.kind} here.`);
  }
  if (value.kind === "poison") throw new Silenced();
  if (value.kind === "instance" || value.kind === "definition") {
    throw problem("MEM0235", span, "An instance is made by `use` or `memory`, not by `=`.");
  }
  if (value.kind !== "tensor") {
    if (axes !== undefined) bind(place, { name, axes }, asTensor(scope, value, span), span);
    else scope.names.set(name.text, value);
    return;
  }
  const named = axes === undefined ? value : renamedByOrder(place, value, axes, name);
  if ("name" in named.operand) scope.frame.builder.suggestName(named.operand, name.text);
  scope.names.set(name.text, named);
}

/** `h[T, F] = e`: the left side names the axes in order. */
function renamedByOrder(
  place: Place,
  value: TensorEntity,
  axes: NonNullable<AssignStatement["targets"][number]["axes"]>,
  name: AssignStatement["targets"][number]["name"],
): TensorEntity {
  const same = axes.every((axis) => value.axes.some((own) => own.name === axis.name.text));
  if (axes.length !== value.axes.length) {
    throw problem(
      "MEM0116",
      name.span,
      `${name.text} has ${axes.length} axes on the left, its value is ${typeOf(value)}.`,
    );
  }
  const sized = axes.filter((axis) => axis.size !== undefined);
  if (same)
    return matchAxes(
      place,
      value,
      declaredAxes(
        place,
        axes.map((axis) => ({ ...axis })),
      ),
      name,
    );
  const names = new Map(
    value.axes.map((own, position) => [own.name, axes[position]?.name.text ?? own.name]),
  );
  const renamed = renameAxes(place, value, names, name.span);
  if (sized.length > 0) return matchAxes(place, renamed, declaredAxes(place, sized), name);
  return renamed;
}

/** The state of that name of the method that a loop stands in. */
function outerState(scope: Scope, name: string): Span | undefined {
  const { outer } = scope.frame;
  if (outer === undefined) return undefined;
  const item = memberItems(outer.member?.definition).find((each) => each.name === name);
  return item?.statement.kind === "state" ? item.statement.span : outerState(outer, name);
}

function write(place: Place, { state, value, span }: WriteStatement): void {
  const { member } = place.scope;
  const outside = outerState(place.scope, state.text);
  if (member === undefined && outside !== undefined) {
    throw problem(
      "MEM0220",
      span,
      `${state.text} is written inside a loop, so more than once a segment.`,
      {
        notes: [{ message: "The state is declared here.", span: outside }],
        help: "Carry a local through the loop and write it once afterwards.",
      },
    );
  }
  const item = memberItems(member?.definition).find((each) => each.name === state.text);
  if (member?.write === undefined || item?.statement.kind !== "state") {
    throw problem(
      "MEM0236",
      state.span,
      `${state.text} is not a state of the memory this method belongs to.`,
      {
        help: "`<-` writes a state inside a method of its memory; a local is assigned with `=`.",
      },
    );
  }
  const entity = evaluate(place, { kind: "reference", name: state, span: state.span });
  const target = asTensor(place.scope, entity, state.span);
  const given = evaluateTensor(place, value);
  const tensor =
    given.number === "int" && target.number === "real"
      ? emit(place, "real", [given], {}, { span })
      : given;
  if (tensor.number !== target.number) {
    throw problem(
      "MEM0182",
      value.span,
      `The state ${state.text} is ${target.number}, it cannot get ${typeOf(tensor)}.`,
    );
  }
  const stray = tensor.axes.find(
    (axis) => !target.axes.some((own) => own.name === axis.name && own.size === axis.size),
  );
  if (stray !== undefined) {
    throw problem(
      "MEM0183",
      value.span,
      `The state ${state.text} is ${typeOf(target)}, it cannot get ${typeOf(tensor)}.`,
    );
  }
  member.write(state.text, broadcastTo(place, tensor, target.axes, span), span);
}

/** One term: sum(w * e) / sum(w) over the batch and all axes; 0 where there is nothing to count (rule R14). */
function loss(place: Place, statement: LossStatement): void {
  const { frame, prefix } = place.scope;
  const inLoss: Place = { ...place, scope: place.scope.forLoss() };
  const { span } = statement;
  const given = evaluateTensor(inLoss, statement.value);
  const value = given.number === "real" ? given : emit(inLoss, "real", [given], {}, { span });
  const weight = lossWeight(inLoss, statement, value);
  const total =
    weight === undefined
      ? plainMean(inLoss, value, span)
      : weightedMean(inLoss, value, weight, span);
  if ("name" in total.operand) frame.builder.suggestName(total.operand, statement.name.text);
  if (
    frame.losses.some((each) => each.path.join(".") === [...prefix, statement.name.text].join("."))
  ) {
    throw problem("MEM0160", statement.name.span, `Two losses are called ${statement.name.text}.`);
  }
  frame.losses.push({ path: [...prefix, statement.name.text], value: total });
}

function lossWeight(
  place: Place,
  statement: LossStatement,
  value: TensorEntity,
): TensorEntity | undefined {
  const { span } = statement;
  const given =
    statement.weight === undefined ? undefined : evaluateTensor(place, statement.weight);
  const data = value.axes.find((axis) => axis.data);
  const valid = data === undefined ? undefined : validOf(place, data, span);
  const real = (tensor: TensorEntity) =>
    tensor.number === "real" ? tensor : emit(place, "real", [tensor], {}, { span });
  if (given !== undefined) {
    const stray = given.axes.find((axis) => !value.axes.some((own) => own.name === axis.name));
    if (stray !== undefined) {
      throw problem(
        "MEM0237",
        statement.weight?.span ?? span,
        `The weight has axis ${stray.name}, which the loss has not.`,
      );
    }
    if (valid?.kind !== "tensor") return real(given);
    if (given.number === "flag") return real(emit(place, "and", [given, valid], {}, { span }));
    return emit(place, "mul", [real(given), real(valid)], {}, { span });
  }
  if (valid?.kind === "tensor") return real(valid);
  return undefined;
}

function plainMean(place: Place, value: TensorEntity, span: Expression["span"]): TensorEntity {
  const over = [...(value.batch ? ["batch"] : []), ...value.axes.map((axis) => axis.name)];
  if (over.length === 0) return emit(place, "real", [value], {}, { span });
  return emit(place, "mean", [value], { over }, { span });
}

function weightedMean(
  place: Place,
  value: TensorEntity,
  weight: TensorEntity,
  span: Expression["span"],
): TensorEntity {
  const making = { span };
  const product = emit(place, "mul", [value, weight], {}, making);
  const over = [...(product.batch ? ["batch"] : []), ...product.axes.map((axis) => axis.name)];
  const total = emit(place, "sum", [product], { over }, making);
  const counted = [...(weight.batch ? ["batch"] : []), ...weight.axes.map((axis) => axis.name)];
  const partial =
    counted.length === 0 ? weight : emit(place, "sum", [weight], { over: counted }, making);
  const count = others(place, product, weight, partial, span);
  const zero = asTensor(
    place.scope,
    { kind: "number", value: 0, integer: false, written: zeroNumber, declared: zeroNumber },
    span,
  );
  const one = asTensor(
    place.scope,
    { kind: "number", value: 1, integer: false, written: oneNumber, declared: oneNumber },
    span,
  );
  const something = emit(place, "greater", [count, zero], {}, making);
  const divisor = emit(place, "where", [something, count, one], {}, making);
  return emit(place, "div", [total, divisor], {}, making);
}

const zeroNumber = { value: 0, text: { kind: "literal", value: 0 } } as const;
const oneNumber = { value: 1, text: { kind: "literal", value: 1 } } as const;

/** The weights' sum counts every entry of the axes that only the value has. */
function others(
  place: Place,
  product: TensorEntity,
  weight: TensorEntity,
  partial: TensorEntity,
  span: Expression["span"],
): TensorEntity {
  const missing = product.axes.filter((axis) => !weight.axes.some((own) => own.name === axis.name));
  const factor = missing.reduce((size, axis) => size * axis.size, 1);
  const scaled =
    factor === 1
      ? partial
      : emit(
          place,
          "mul",
          [
            partial,
            asTensor(
              place.scope,
              {
                kind: "number",
                value: factor,
                integer: false,
                written: { value: factor, text: { kind: "literal", value: factor } },
                declared: { value: factor, text: { kind: "literal", value: factor } },
              },
              span,
            ),
          ],
          {},
          { span },
        );
  if (!product.batch || weight.batch) return scaled;
  const fresh = globalTensor(place, { kind: "fresh" }, span);
  const all = emit(place, "or", [fresh, emit(place, "not", [fresh], {}, { span })], {}, { span });
  const examples = emit(
    place,
    "real",
    [emit(place, "sum", [all], { over: ["batch"] }, { span })],
    {},
    { span },
  );
  return emit(place, "mul", [scaled, examples], {}, { span });
}
