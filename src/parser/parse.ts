/** From the text of a file to its syntax tree. */
import { deepestTree, tooDeep } from "./depth.ts";
import type { Diagnostic, SourceFile } from "./diagnostic.ts";
import { FileGrammar } from "./files.ts";
import { arrange } from "./layout.ts";
import { lex } from "./lexer.ts";
import { syntaxError } from "./registry.ts";
import type { FileTree, Span } from "./tree.ts";

export interface Parsed {
  /**
   * What could be read; undefined if nothing could. With an error among the diagnostics it is
   * partial.
   */
  readonly tree: FileTree | undefined;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** Statements, items and entries that are not in the tree, since they could not be read. */
  readonly skipped: readonly Span[];
}

/** Characters (UTF-16 code units) of a file beyond which it is not read. */
export const longestFile = 1_000_000;
/** Diagnostics of one file beyond which the rest is only counted. */
export const mostDiagnostics = 200;

let grammar: FileGrammar | undefined;

/** Reads one file. All its syntax errors are reported in one run; no input throws. */
export function parse(source: SourceFile): Parsed {
  const { path, text } = source;
  if (text.length > longestFile) {
    const message = `the file has ${text.length} characters; at most ${longestFile} are read`;
    const help = "split it, and import its parts";
    const start = { file: path, start: 0, end: 0 };
    return {
      tree: undefined,
      diagnostics: [syntaxError("MEM0007", start, message, { help })],
      skipped: [],
    };
  }
  const lexed = lex(source);
  const layout = arrange(path, lexed.tokens);
  const found = [...lexed.diagnostics, ...layout.diagnostics];
  if (layout.hopeless) return { tree: undefined, diagnostics: inOrder(found), skipped: [] };

  grammar ??= new FileGrammar({ validate: false });
  const docs = documentation(lexed.docs, layout.tokens);
  const { tree, diagnostics, skipped } = grammar.read({ path, text, layout, docs });
  // What is missing right after a character that could not be read was that character.
  const unread = lexed.diagnostics.filter(({ code }) => code === "MEM0001");
  const ends = new Set(unread.map(({ span }) => skipSpace(text, span.end)));
  found.push(...diagnostics.filter(({ span }) => !ends.has(skipSpace(text, span.start))));

  const deep = tooDeep(tree, deepestTree);
  if (deep !== undefined) {
    found.push(
      syntaxError("MEM0008", deep, `expressions are nested more than ${deepestTree} deep`, {
        help: "name parts of the expression; a long sum is `sum(join(…) over …)`",
      }),
    );
    return { tree: undefined, diagnostics: inOrder(found), skipped: [] };
  }
  return { tree, diagnostics: inOrder(found), skipped };
}

function skipSpace(text: string, offset: number): number {
  let end = offset;
  while (end < text.length && " \t\r\n".includes(text[end]!)) end++;
  return end;
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...diagnostics].sort((left, right) => left.span.start - right.span.start);
  if (sorted.length <= mostDiagnostics) return sorted;
  const shown = sorted.slice(0, mostDiagnostics);
  const span = shown.at(-1)!.span;
  const rest = sorted.length - mostDiagnostics;
  return [...shown, syntaxError("MEM0012", span, `${rest} more errors are not listed`)];
}

/**
 * Doc comments by the offset of the next token: lines joined, without slashes and one leading
 * space.
 */
function documentation(
  docs: readonly { readonly startOffset: number; readonly image: string }[],
  tokens: readonly { readonly startOffset: number; readonly image: string }[],
): ReadonlyMap<number, string> {
  const lines = new Map<number, string[]>();
  let next = 0;
  for (const doc of docs) {
    while (next < tokens.length && before(tokens[next]!, doc)) next++;
    const token = tokens[next];
    if (token === undefined) break;
    const line = doc.image.slice(3).replace(/^ /, "").trimEnd();
    const known = lines.get(token.startOffset);
    if (known === undefined) lines.set(token.startOffset, [line]);
    else known.push(line);
  }
  return new Map([...lines].map(([offset, text]) => [offset, text.join("\n").trim()]));
}

/** A separator made of a new line, and a bracket that is not in the text, document nothing. */
function before(
  token: { readonly startOffset: number; readonly image: string },
  doc: { readonly startOffset: number },
): boolean {
  return token.startOffset < doc.startOffset || token.image === "" || token.image === "\n";
}
