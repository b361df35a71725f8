/** Warnings about what a definition's text shows to be without effect: what is never used, states never written. */
import type {
  AssignStatement,
  BlockDefinition,
  DimStatement,
  FileTree,
  InputStatement,
  MethodDefinition,
  ModelDefinition,
  Name,
  ParameterStatement,
  WriteStatement,
} from "../../../parser/tree.ts";
import { type Report, warning } from "../problem.ts";
import {
  hasMember,
  isAssignment,
  isName,
  isObject,
  isScanExpression,
  isWrite,
  nodesIn,
} from "../syntax.ts";
import { memberItems } from "./member.ts";

/** Warns of what definitions of these files declare and nothing needs. */
export function warnOfUnused(trees: readonly FileTree[], report: Report): void {
  const outside = namesFromOutside(trees);
  for (const item of trees.flatMap(({ items }) => items)) {
    if (item.kind !== "block" && item.kind !== "memory" && item.kind !== "model") continue;
    if (!item.span.file.startsWith("std/")) warnOfUnusedDeclarations(item, outside, report);
    warnOfUnusedValues(item, report);
    if (item.kind === "memory") {
      warnOfUnwrittenStates(item, report);
      warnOfUnchangedStates(item, report);
    }
  }
}

// ---------------------------------------------------------------- options, dims, inputs and parameters

/** Declared anywhere in a definition, be it in a method: one mention of the name anywhere in it is a use. */
function warnOfUnusedDeclarations(
  item: BlockDefinition | ModelDefinition,
  outside: ReadonlySet<string>,
  report: Report,
): void {
  const declared = [
    ...item.options.map(({ name }) => ({ what: "option", name })),
    ...declarationsIn(item.body),
  ];
  const all = new Map<string, number>();
  countNames(item, all);
  for (const { name } of declared) all.set(name.text, (all.get(name.text) ?? 0) - 1);
  for (const { what, name } of declared) {
    const { text, span } = name;
    if (text.startsWith("_") || (all.get(text) ?? 0) > 0 || outside.has(text)) continue;
    report.add(warning("MEM0195", span, `The ${what} ${text} is never used.`, { help: leaveOut }));
  }
}

interface DeclaredName {
  readonly what: string;
  readonly name: Name;
}

const declarationsIn = (part: unknown): readonly DeclaredName[] =>
  nodesIn(part, isStatement).flatMap((statement): readonly DeclaredName[] => {
    if (statement.kind === "input") return [{ what: statement.role, name: statement.name }];
    const [what, declared] =
      statement.kind === "dim" ? ["dim", statement.dims] : ["parameter", statement.parameters];
    return declared.map(({ name }) => ({ what, name }));
  });

const isStatement = (part: object): part is DimStatement | ParameterStatement | InputStatement =>
  "kind" in part && (part.kind === "dim" || part.kind === "param" || part.kind === "input");

/** Names by which definitions are reached into: `mem.count` in an equation, `set mem.count = 16` in a schedule. */
function namesFromOutside(trees: readonly FileTree[]): ReadonlySet<string> {
  const found = new Set(nodesIn(trees, hasMember).map(({ member }) => member.text));
  const set = trees
    .flatMap(({ items }) => items)
    .flatMap((item) => (item.kind === "program" ? item.entries : []))
    .filter(({ word }) => word.text === "set");
  const inSet = new Map<string, number>();
  countNames(set, inSet);
  for (const text of inSet.keys()) found.add(text);
  return found;
}

// ---------------------------------------------------------------- values

/** A definition's own statements and those of each method are read apart: a local of one is no name of another. */
function warnOfUnusedValues(item: BlockDefinition | ModelDefinition, report: Report): void {
  const methods = item.body.filter((each): each is MethodDefinition => each.kind === "method");
  const own = { ...item, body: item.body.filter((each) => each.kind !== "method") };
  for (const part of [own, ...methods]) {
    const assignments = assignmentsIn(part.body);
    const all = new Map<string, number>();
    // What the body names is seen by the methods.
    countNames(part === own ? item : part, all);
    const itself = usesForItself(assignments);
    for (const { targets } of assignments) {
      for (const { name } of targets) {
        const { text } = name;
        if (text.startsWith("_") || (all.get(text) ?? 0) > (itself.get(text) ?? 0)) continue;
        report.add(unusedValue(name, targets.length));
      }
    }
  }
}

const leaveOut = "Leave it out; a name that begins with `_` is never warned about.";

function unusedValue(name: Name, targets: number) {
  const help = targets > 1 ? "`_` in its place leaves a value out." : leaveOut;
  return warning("MEM0195", name.span, `The value ${name.text} is never used.`, { help });
}

/** How often each name occurs on the left side of its equations and in how it is worked out from itself. */
function usesForItself(assignments: readonly AssignStatement[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { targets, value } of assignments) {
    const inside = new Map<string, number>();
    countNames(value, inside);
    for (const text of new Set(targets.map(({ name }) => name.text))) {
      const left = targets.filter(({ name }) => name.text === text).length;
      found.set(text, (found.get(text) ?? 0) + left + (inside.get(text) ?? 0));
    }
  }
  return found;
}

const assignmentsIn = (part: unknown): readonly AssignStatement[] => nodesIn(part, isAssignment);

/**
 * Every name counts: a number may be the size of an axis, a result is named by the signature. Only the labels of arguments are names
 * of what is called.
 */
function countNames(part: unknown, into: Map<string, number>): void {
  if (Array.isArray(part)) {
    for (const each of part) countNames(each, into);
  } else if (isName(part)) into.set(part.text, (into.get(part.text) ?? 0) + 1);
  else if (isObject(part)) {
    const isArgument = !("kind" in part) && "value" in part && "span" in part;
    for (const [key, each] of Object.entries(part))
      if (key !== "span" && !(key === "name" && isArgument)) countNames(each, into);
  }
}

// ---------------------------------------------------------------- states

function warnOfUnwrittenStates(item: BlockDefinition, report: Report): void {
  const written = new Set(writesIn(item.body).map(({ state }) => state.text));
  const assignments = assignmentsIn(item.body);
  for (const { name, statement } of memberItems(item)) {
    if (statement.kind !== "state" || written.has(name)) continue;
    const state = statement.states.find((each) => each.name.text === name)?.name;
    const local = assignments
      .flatMap(({ targets }) => targets)
      .find((target) => target.name.text === name)?.name;
    if (state === undefined) continue;
    report.add(
      local === undefined
        ? warning("MEM0194", state.span, `The state ${name} is never written.`, {
            help: `A method writes it: ${name} <- …`,
          })
        : warning("MEM0194", local.span, `The state ${name} is never written: this is a local.`, {
            notes: [{ message: "The state is declared here.", span: state.span }],
            help: `\`<-\` writes a state: ${name} <- …`,
          }),
    );
  }
}

/** `M <- M`, or `M <- m` where m is never anything but M. */
function warnOfUnchangedStates(item: BlockDefinition, report: Report): void {
  for (const method of item.body) {
    if (method.kind !== "method") continue;
    const formals = [...method.formals, ...method.options].map(({ name }) => name.text);
    for (const { state, value } of writesIn(method.body)) {
      const { text } = state;
      if (value.kind !== "reference" || formals.includes(value.name.text)) continue;
      const local = value.name.text;
      const given = assignmentsOf(local, method.body);
      const unchanged =
        given.length === 0
          ? local === text
          : given.every(
              (each) =>
                each.targets.every(({ axes }) => axes === undefined) &&
                each.value.kind === "reference" &&
                each.value.name.text === text,
            );
      if (!unchanged) continue;
      const message = `The state ${text} is written what it enters as.`;
      const help =
        "Write its new value. Without a write a state stays as it is; names of a scan's `from` are the scan's own.";
      report.add(warning("MEM0194", value.span, message, { help }));
    }
  }
}

/** The equations that give a name a value where the statements stand: not those of a scan that carries one of its own. */
function assignmentsOf(name: string, part: unknown): readonly AssignStatement[] {
  if (Array.isArray(part)) return part.flatMap((each) => assignmentsOf(name, each));
  if (!isObject(part)) return [];
  if (isScanExpression(part) && part.scan.from.some((each) => each.name.text === name))
    return assignmentsOf(name, part.scan.from);
  const below = Object.entries(part).flatMap(([key, each]) =>
    key === "span" ? [] : assignmentsOf(name, each),
  );
  const binds = isAssignment(part) && part.targets.some((target) => target.name.text === name);
  return binds ? [part, ...below] : below;
}

const writesIn = (part: unknown): readonly WriteStatement[] => nodesIn(part, isWrite);

/** Names of the methods that write a state, for messages. */
export function writingMethods(definition: BlockDefinition): readonly string[] {
  return definition.body.flatMap((each) =>
    each.kind === "method" && writesIn(each.body).length > 0 ? [each.name.text] : [],
  );
}
