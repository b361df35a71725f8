/** What makes the nodes of a function legal: names, types, numbers, and calls that fit what they call. */
import type { OpName } from "../ops/index.ts";
import { inferTypes, OpError, sameType } from "../ops/index.ts";
import { withLoopAxis, withoutAxis } from "./function-builder.ts";
import type {
  CallNode,
  GraphFunction,
  Node,
  NumberBinding,
  Operand,
  OperationNode,
  Port,
  RepeatNode,
  ScanNode,
  StackNode,
  SymbolicNumber,
  Value,
  ValueType,
} from "./graph.ts";
import { valueTypeText } from "./graph-text.ts";
import { mapNodeNumbers, operandsOf, resultsOf } from "./rewrite.ts";
import { AxisScope } from "./scope.ts";
import {
  isConstant,
  isOpen,
  isSymbolic,
  mentions,
  operandType,
  plainAttributes,
} from "./symbolic.ts";
import type { Report } from "./verify-ports.ts";

/** Reports what is wrong with the nodes of a function; `before` has the functions it may call. */
export function verifyNodes(
  written: GraphFunction,
  before: ReadonlyMap<string, GraphFunction>,
  report: Report,
): void {
  const made = new Map<string, ValueType>();
  const scope = new AxisScope();
  const make = ({ name, type }: Value): void => {
    if (made.has(name)) report(`${name} is made twice.`);
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) report(`${JSON.stringify(name)} is no identifier.`);
    made.set(name, type);
    scope.add(type);
  };
  const read = (operand: Operand): void => {
    if (isConstant(operand)) return;
    const type = made.get(operand.name);
    if (type === undefined) report(`${operand.name} is read before it is made.`);
    else if (!identical(type, operand.type)) {
      report(`${operand.name} is read as ${valueTypeText(operand.type)}.`);
    }
  };
  for (const port of written.inputs) make(port.value);
  for (const node of written.nodes) {
    for (const operand of operandsOf(node)) {
      read(operand);
      if (isConstant(operand) && isOpen(operand.constant)) {
        report("the size of the batch, not known before staging, is an operand.");
      }
    }
    mapNodeNumbers(node, (number) => {
      verifyNumber(number, written, scope, report);
      return number;
    });
    verifyNode(node, before, report);
    resultsOf(node).forEach(make);
  }
  for (const port of written.results) read(port.value);
}

function verifyNumber(
  number: SymbolicNumber,
  written: GraphFunction,
  scope: AxisScope,
  report: Report,
): void {
  const found = { axes: new Set<string>(), formals: new Set<string>() };
  mentions(number.text, found);
  for (const name of found.formals) {
    if (!written.numbers.some((formal) => formal.name === name)) {
      report(`${name} is mentioned, but is no number formal.`);
    }
  }
  if (found.axes.size > 0 && !scope.says(number)) {
    report(`${[...found.axes].join(", ")} cannot be found in scope with the size meant.`);
  }
}

function verifyNode(node: Node, before: ReadonlyMap<string, GraphFunction>, report: Report): void {
  switch (node.kind) {
    case "operation":
      verifyOperation(node, report);
      return;
    case "call":
    case "repeat":
    case "scan": {
      const callee = before.get(node.function);
      if (callee === undefined) {
        report(`${node.function} is called, but does not stand before.`);
        return;
      }
      verifyCounts(node, callee, report);
      verifyBindings(node.numbers, callee, report);
      if (node.kind === "call") verifyCall(node, callee, report);
      else verifyLoop(node, callee, report);
      return;
    }
    case "stack":
    case "unstack":
      verifyStack(node, report);
      return;
    case "probe":
      if (node.name === "") report("a probe has no name.");
      return;
    default:
      node satisfies never;
  }
}

function verifyOperation(node: OperationNode, report: Report): void {
  const types = node.operands.map(operandType);
  if (types.some((type) => type.copies.length > 0)) report(`${node.op} was given copies.`);
  try {
    const attributes = plainAttributes<OpName>(node.attributes);
    const inferred = inferTypes<OpName>(node.op, types, attributes);
    for (const [position, type] of inferred.entries()) {
      const result = node.results[position];
      const written = result && valueTypeText(result.type);
      if (result === undefined || !sameType(type, result.type) || result.type.copies.length > 0) {
        const meant = valueTypeText({ ...type, copies: [] });
        report(`${node.op} gives ${meant}, not ${written ?? "nothing"}.`);
      }
    }
    if (node.results.length > inferred.length) report(`${node.op} has too many results.`);
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    report(`${node.op}: ${error.message}`);
  }
}

function verifyCounts(
  node: CallNode | RepeatNode | ScanNode,
  callee: GraphFunction,
  report: Report,
): void {
  const wanted = [callee.inputs.length, callee.results.length];
  const given = [node.inputs.length, node.results.length];
  if (wanted.join() !== given.join()) {
    report(
      `${callee.name} takes and gives ${wanted.join(" and ")} values, not ${given.join(" and ")}.`,
    );
  }
  if (node.kind === "call") return;
  if (node.passing.length !== node.inputs.length) report(`${callee.name}: passing does not fit.`);
  if (node.collecting.length !== node.results.length) {
    report(`${callee.name}: collecting does not fit.`);
  }
}

function verifyBindings(
  bindings: readonly NumberBinding[],
  callee: GraphFunction,
  report: Report,
): void {
  const names = bindings.map((binding) => binding.name).sort();
  const formals = callee.numbers.map((formal) => formal.name).sort();
  if (names.join() !== formals.join()) {
    report(`${callee.name} takes numbers [${formals.join(", ")}], not [${names.join(", ")}].`);
  }
  for (const { name, value } of bindings) {
    const formal = callee.numbers.find((each) => each.name === name)?.value;
    const given = isSymbolic(value) ? [value.value] : value.map((each) => each.value);
    const wanted = typeof formal === "number" ? [formal] : (formal ?? []);
    if (given.join() !== wanted.join()) {
      report(
        `${callee.name} was made for ${name} = ${wanted.join(", ")}, not ${given.join(", ")}.`,
      );
    }
  }
}

function verifyCall(node: CallNode, callee: GraphFunction, report: Report): void {
  for (const [position, port] of callee.inputs.entries()) {
    const operand = node.inputs[position];
    if (operand !== undefined)
      expectType(callee, port, operandType(operand), port.value.type, report);
  }
  for (const [position, port] of callee.results.entries()) {
    const result = node.results[position];
    if (result !== undefined) expectType(callee, port, result.type, port.value.type, report);
  }
}

function verifyLoop(node: RepeatNode | ScanNode, body: GraphFunction, report: Report): void {
  const count = node.count.value;
  if (!Number.isSafeInteger(count) || count < 0) report(`${body.name} runs ${count} times.`);
  const collected = (type: ValueType): ValueType =>
    node.kind === "scan"
      ? withLoopAxis(type, node.axis, count)
      : { ...type, copies: [count, ...type.copies] };
  for (const [position, port] of body.inputs.entries()) {
    const operand = node.inputs[position];
    if (operand === undefined) continue;
    const { type } = port.value;
    const wanted = node.passing[position] === "stacked" ? collected(type) : type;
    expectType(body, port, handed(node, operand, position), wanted, report);
    const axes = operandType(operand).axes;
    if (node.kind === "scan" && withoutAxis(type, node.axis).axes.length < type.axes.length) {
      if (node.passing[position] !== "captured" || axes.length === 0) {
        report(`${port.value.name} of ${body.name} has the axis ${node.axis} scanned over.`);
      }
    }
  }
  for (const [position, port] of body.results.entries()) {
    const result = node.results[position];
    if (result === undefined) continue;
    const stacked = node.collecting[position] === "stacked";
    expectType(
      body,
      port,
      result.type,
      stacked ? collected(port.value.type) : port.value.type,
      report,
    );
  }
  const entering = body.inputs.filter((_, position) => node.passing[position] === "carried");
  const leaving = body.results.filter((_, position) => node.collecting[position] === "carried");
  if (entering.length !== leaving.length) {
    report(`${body.name} carries ${entering.length} values in and ${leaving.length} out.`);
  }
  for (const [position, port] of entering.entries()) {
    const out = leaving[position];
    if (out !== undefined) expectType(body, out, out.value.type, port.value.type, report);
  }
}

/** The type of a loop's operand; one that a scan takes apart may have its axis anywhere. */
function handed(node: RepeatNode | ScanNode, operand: Operand, position: number): ValueType {
  const type = operandType(operand);
  const apart = node.kind === "scan" && node.passing[position] === "stacked";
  return apart ? withAxisFirst(type, node.axis) : type;
}

/** The type with one of its axes where `withLoopAxis` puts it. */
function withAxisFirst(type: ValueType, name: string): ValueType {
  const size = type.axes.find((axis) => axis.name === name)?.size;
  return size === undefined ? type : withLoopAxis(withoutAxis(type, name), name, size);
}

function verifyStack(node: StackNode, report: Report): void {
  const [copies, tensor] =
    node.kind === "stack" ? [node.input, node.result] : [node.result, node.input];
  const [count, ...inner] = copies.type.copies;
  const wanted =
    count === undefined
      ? undefined
      : withLoopAxis({ ...copies.type, copies: inner }, node.axis, count);
  const given = node.kind === "stack" ? tensor.type : withAxisFirst(tensor.type, node.axis);
  if (wanted === undefined || !identical(wanted, given)) {
    const types = `${valueTypeText(node.input.type)} and ${valueTypeText(node.result.type)}`;
    report(`${node.kind} over ${node.axis} does not relate ${types}.`);
  }
}

function expectType(
  callee: GraphFunction,
  port: Port,
  given: ValueType,
  wanted: ValueType,
  report: Report,
): void {
  if (identical(given, wanted)) return;
  const name = `${port.value.name} of ${callee.name}`;
  report(`${name} is ${valueTypeText(wanted)}, not ${valueTypeText(given)}.`);
}

/**
 * Equal down to the order of axes. It means nothing for what is computed, but types are what generated code says in its comments and
 * what parameters, states and gradients are handed out by: they are to be those that come out when it runs.
 */
function identical(left: ValueType, right: ValueType): boolean {
  return sameType(left, right) && left.copies.join() === right.copies.join();
}
