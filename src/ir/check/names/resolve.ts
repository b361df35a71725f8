/**
 * Names everywhere in a file, also where nothing is laid out: in blocks that nothing calls and in branches of `when` that are not
 * taken. Only the meaning of names is looked at; axes and sizes are known where a block is called.
 */
import { suggest } from "../../../parser/suggest.ts";
import type {
  BlockDefinition,
  FileTree,
  MethodDefinition,
  ModelDefinition,
  Name,
  Statement,
} from "../../../parser/tree.ts";
import { primitiveNames } from "../primitives/names.ts";
import { problem, type Report, warning } from "../problem.ts";
import { isName, isObject } from "../syntax.ts";
import type { Definitions } from "./definitions.ts";
import { bodyHelp } from "./member.ts";
import { checkReturns } from "./returns.ts";

export interface Elsewhere {
  /** Names of axes that signatures make. */
  readonly axes: ReadonlySet<string>;
  /** Names that files import. */
  readonly imported: ReadonlySet<string>;
}

/** Reports unknown names of a file's definitions and of its model, and definitions that the model never reaches. */
export function resolveNames(
  tree: FileTree,
  model: ModelDefinition | undefined,
  definitions: Definitions,
  { axes, imported }: Elsewhere,
  report: Report,
): void {
  const everywhere = [
    ...primitiveNames,
    "training",
    "batch",
    ...definitions.own.keys(),
    ...definitions.library.keys(),
  ];
  const blocks = tree.items.filter(
    (item): item is BlockDefinition => item.kind === "block" || item.kind === "memory",
  );
  const mentions = new Map<string, Mentions>();
  for (const item of [...blocks, ...(model === undefined ? [] : [model])]) {
    const found: Mentions = { references: [], names: new Set() };
    collect(item, found, false);
    checkSignatures(item, report);
    checkReturns(item, report);
    if (item.kind !== "model") checkBody(item, report);
    mentions.set(item.name.text, found);
    const known = new Set([...everywhere, ...found.names]);
    for (const { name, bare } of found.references) {
      if (bare || known.has(name.text) || axes.has(name.text)) continue;
      if (report.unread.words.has(name.text)) continue;
      const near = suggest(name.text, [...known].sort());
      const help = near === undefined ? undefined : `Did you mean ${near}?`;
      report.add(
        problem("MEM0110", name.span, `Nothing here is called ${name.text}.`, { help }).diagnostic,
      );
    }
  }
  // What could not be read may use them all.
  if (model === undefined || report.unread.words.size > 0) return;
  const reached = new Set<string>();
  const waiting = [model.name.text, ...imported];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    for (const { name: other } of mentions.get(name)?.references ?? []) waiting.push(other.text);
  }
  for (const block of blocks) {
    if (reached.has(block.name.text)) continue;
    report.add(
      warning(
        "MEM0106",
        block.name.span,
        `Nothing uses the ${block.kind} ${block.name.text}, so only its names are checked.`,
      ),
    );
  }
}

/** Names of axes that a file's signatures and declarations make: callers may mention those of results. */
export function axisNames(tree: FileTree, into: Set<string>): void {
  const walk = (part: unknown, key: string): void => {
    if (Array.isArray(part)) {
      for (const each of part) walk(each, key);
    } else if (isObject(part)) {
      if (key === "axes" && isName(part.name)) into.add(part.name.text);
      for (const [inner, each] of Object.entries(part)) if (inner !== "span") walk(each, inner);
    }
  };
  walk(tree.items, "");
}

const reserved: ReadonlySet<string> = new Set(["training"]);

/** Reports names that the language keeps for itself, and signatures that have a name twice. */
function checkSignatures(item: BlockDefinition | ModelDefinition, report: Report): void {
  const taken = ({ text, span }: Name) => {
    const message = `${text} is already taken here.`;
    const help = reserved.has(text) ? `${text} says which program this is.` : undefined;
    report.add(problem("MEM0233", span, message, { help }).diagnostic);
  };
  for (const name of namesBound(item)) if (reserved.has(name.text)) taken(name);
  const methods = item.body.filter((each): each is MethodDefinition => each.kind === "method");
  for (const signature of [item, ...methods]) {
    const formals = "formals" in signature ? signature.formals : [];
    const names = [...formals, ...signature.options].map(({ name }) => name);
    const outputs = "outputs" in signature ? signature.outputs : undefined;
    const results = outputs?.kind === "named" ? outputs.outputs.map(({ name }) => name) : [];
    for (const list of [names, results]) {
      list.forEach((name, position) => {
        if (list.findIndex(({ text }) => text === name.text) < position) taken(name);
      });
    }
  }
}

/** Reports statements in the body of a memory, or of a block with methods, that no method would see. */
function checkBody({ kind, body }: BlockDefinition, report: Report): void {
  if (kind !== "memory" && !body.some((each) => each.kind === "method")) return;
  const walk = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.kind === "when") {
        walk(statement.then);
        walk(statement.otherwise ?? []);
      } else if (!heldByBody.has(statement.kind)) {
        const message =
          "The methods share what stands here, and of this there is nothing to share.";
        report.add(problem("MEM0238", statement.span, message, { help: bodyHelp }).diagnostic);
      }
    }
  };
  walk(body);
}

const heldByBody: ReadonlySet<Statement["kind"]> = new Set([
  "dim",
  "const",
  "param",
  "state",
  "use",
  "memory",
  "method",
  "assign",
]);

/** Names that are not read but given a meaning, wherever they stand. */
export function namesBound(part: unknown): readonly Name[] {
  if (Array.isArray(part)) return part.flatMap(namesBound);
  if (isName(part)) return [part];
  if (!isObject(part) || part.kind === "reference") return [];
  return Object.entries(part).flatMap(([key, each]) => (key === "span" ? [] : namesBound(each)));
}

interface Mentions {
  /** Names that are read. `bare`: as the value of an option, where it may be an alternative of a choice. */
  readonly references: { readonly name: Name; readonly bare: boolean }[];
  /** All other names: what is declared, assigned, an axis, an option. */
  readonly names: Set<string>;
}

function collect(part: unknown, into: Mentions, bare: boolean): void {
  if (Array.isArray(part)) {
    for (const each of part) collect(each, into, false);
    return;
  }
  if (!isObject(part)) return;
  if (part.kind === "reference" && isName(part.name)) {
    into.references.push({ name: part.name, bare });
    return;
  }
  if (isName(part)) {
    into.names.add(part.text);
    return;
  }
  for (const [key, each] of Object.entries(part)) {
    if (key === "span" || (key === "member" && part.kind === "member")) continue;
    const option =
      (key === "value" && "name" in part && part.kind === undefined) || key === "default";
    const passed =
      bare && (key === "then" || key === "otherwise" || (key === "callee" && part.kind === "call"));
    collect(each, into, option || passed);
  }
}
