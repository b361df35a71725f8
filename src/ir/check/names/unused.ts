/** Warnings about what a definition's text shows to be without effect: values never used, states never written. */
import type {
  AssignStatement,
  BlockDefinition,
  FileTree,
  MethodDefinition,
  ModelDefinition,
  Name,
} from "../../../parser/tree.ts";
import { type Report, warning } from "../problem.ts";
import { isName, isObject } from "../syntax.ts";
import { memberItems } from "./member.ts";

/** Warns of values and states of a file's definitions that nothing needs. */
export function warnOfUnused(tree: FileTree, report: Report): void {
  for (const item of tree.items) {
    if (item.kind !== "block" && item.kind !== "memory" && item.kind !== "model") continue;
    warnOfUnusedValues(item, report);
    if (item.kind === "memory") warnOfUnwrittenStates(item, report);
  }
}

// ---------------------------------------------------------------- values

/** A definition's own statements and those of each method are read apart: a local of one is no name of another. */
function warnOfUnusedValues(item: BlockDefinition | ModelDefinition, report: Report): void {
  const methods = item.body.filter((each): each is MethodDefinition => each.kind === "method");
  const own = { ...item, body: item.body.filter((each) => each.kind !== "method") };
  for (const part of [own, ...methods]) {
    const assignments = assignmentsIn(part.body);
    const uses = new Map<string, number>();
    countNames(part, uses);
    for (const assignment of assignments) {
      for (const { name } of assignment.targets) {
        if (name.text.startsWith("_") || usedElsewhere(name.text, assignments, uses)) continue;
        report.add(unusedValue(name, assignment));
      }
    }
  }
}

function unusedValue(name: Name, { targets }: AssignStatement) {
  const help =
    targets.length > 1
      ? "`_` in its place leaves a value out."
      : `Leave it out, or say what it is for: output ${name.text} = …`;
  return warning("MEM0195", name.span, `The value ${name.text} is never used.`, { help });
}

/** Whether a name occurs anywhere but on the left side of its equations and in how it is worked out from itself. */
function usedElsewhere(
  name: string,
  assignments: readonly AssignStatement[],
  uses: ReadonlyMap<string, number>,
): boolean {
  let own = 0;
  for (const { targets, value } of assignments) {
    const bound = targets.filter((target) => target.name.text === name).length;
    if (bound === 0) continue;
    const inside = new Map<string, number>();
    countNames(value, inside);
    own += bound + (inside.get(name) ?? 0);
  }
  return (uses.get(name) ?? 0) > own;
}

function assignmentsIn(part: unknown): readonly AssignStatement[] {
  if (Array.isArray(part)) return part.flatMap(assignmentsIn);
  if (!isObject(part)) return [];
  const below = Object.entries(part).flatMap(([key, each]) =>
    key === "span" ? [] : assignmentsIn(each),
  );
  return isAssignment(part) ? [part, ...below] : below;
}

const isAssignment = (part: object): part is AssignStatement =>
  "kind" in part && part.kind === "assign";

/** Every name counts: a number may be the size of an axis, a result is named by the signature. */
function countNames(part: unknown, into: Map<string, number>): void {
  if (Array.isArray(part)) {
    for (const each of part) countNames(each, into);
  } else if (isName(part)) into.set(part.text, (into.get(part.text) ?? 0) + 1);
  else if (isObject(part)) {
    for (const [key, each] of Object.entries(part)) if (key !== "span") countNames(each, into);
  }
}

// ---------------------------------------------------------------- states

function warnOfUnwrittenStates(item: BlockDefinition, report: Report): void {
  const written = new Set<string>();
  collectWrites(item.body, written);
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

function collectWrites(part: unknown, into: Set<string>): void {
  if (Array.isArray(part)) {
    for (const each of part) collectWrites(each, into);
  } else if (isObject(part)) {
    if (part.kind === "write" && isName(part.state)) into.add(part.state.text);
    for (const [key, each] of Object.entries(part)) if (key !== "span") collectWrites(each, into);
  }
}

/** Names of the methods that write a state, for messages. */
export function writingMethods(definition: BlockDefinition): readonly string[] {
  return definition.body.flatMap((each) => {
    if (each.kind !== "method") return [];
    const written = new Set<string>();
    collectWrites(each.body, written);
    return written.size === 0 ? [] : [each.name.text];
  });
}
