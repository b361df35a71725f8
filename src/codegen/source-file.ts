/** A generated file, built by ts-morph from one whole-file structure, and its trace back to the spec. */
import type { StatementStructures } from "ts-morph";
import type { Expression } from "./expression.ts";
import { indent, layOut, WIDTH } from "./expression.ts";
import type { FunctionText } from "./functions.ts";
import { paragraphs } from "./identifier.ts";
import type { TypeAlias } from "./types.ts";

export interface Import {
  readonly module: string;
  readonly names: readonly { readonly name: string; readonly type: boolean }[];
}

/** A part of a file, in order. */
export type Part =
  | { readonly kind: "type"; readonly alias: TypeAlias }
  | {
      readonly kind: "const";
      readonly name: string;
      /** Empty for a constant that explains itself. */
      readonly doc: string;
      readonly exported: boolean;
      readonly value: Expression;
      readonly suffix?: string;
    }
  | { readonly kind: "function"; readonly text: FunctionText; readonly async?: boolean }
  | { readonly kind: "lines"; readonly lines: readonly string[] };

export interface FileParts {
  /** Lines before the imports, safe in a comment, without `// `. */
  readonly header: readonly string[];
  /** Imports that the rest of the file needs, given its text. */
  readonly imports: (rest: string) => readonly Import[];
  readonly parts: readonly Part[];
}

/** A generated line (from 1) and the line of the spec it comes from. */
export interface TraceEntry {
  readonly line: number;
  readonly file: string;
  readonly specLine: number;
  readonly specColumn: number;
}

export interface SourceText {
  readonly text: string;
  readonly trace: readonly TraceEntry[];
}

/** Prints a file. ts-morph is loaded at the first call only: its import costs more than a small build. */
export async function printFile(file: FileParts): Promise<SourceText> {
  const { IndentationText, Project, QuoteKind, StructureKind } = await import("ts-morph");
  const project = new Project({
    useInMemoryFileSystem: true,
    skipLoadingLibFiles: true,
    manipulationSettings: {
      indentationText: IndentationText.TwoSpaces,
      quoteKind: QuoteKind.Double,
      useTrailingCommas: true,
    },
  });
  const structure = (part: Part): string | StatementStructures => {
    switch (part.kind) {
      case "type":
        return `\n${comment(part.alias.doc)}type ${part.alias.name} = ${part.alias.text};`;
      case "const": {
        const start = `${part.exported ? "export " : ""}const ${part.name} = `;
        const lines = layOut(start, part.value, `${part.suffix ?? ""};`, 0);
        return `${part.doc === "" ? "" : `\n${comment(part.doc)}`}${lines.join("\n")}`;
      }
      case "function":
        return {
          kind: StructureKind.Function,
          name: part.text.name,
          isAsync: part.async ?? false,
          docs: docs(part.text.doc),
          parameters: part.text.parameters.map(({ name, type }) => ({ name, type })),
          ...(part.text.returnType === "" ? {} : { returnType: part.text.returnType }),
          statements: part.text.lines.map((line) => line.text),
        };
      case "lines":
        return `\n${part.lines.join("\n")}`;
      default:
        return part satisfies never;
    }
  };
  const body = project.createSourceFile("body.ts", { statements: file.parts.map(structure) });
  const imports = file.imports(body.getFullText());
  const header = project.createSourceFile("header.ts", {
    statements: [
      ...file.header.map((line) => `// ${line}`),
      ...imports.map(
        ({ module, names }): StatementStructures => ({
          kind: StructureKind.ImportDeclaration,
          moduleSpecifier: module,
          namedImports: names.map(({ name, type }) => ({ name, isTypeOnly: type })),
        }),
      ),
    ],
  });
  const functions = file.parts.flatMap((part) => (part.kind === "function" ? [part] : []));
  const written = `${header.getFullText()}\n${body.getFullText()}`
    .replace(/\n{3,}/g, "\n\n")
    .replace(/\n\n(?= *\})/g, "\n");
  const wrapped = wrapLongLines(written, functions, imports);
  return { text: wrapped, trace: traceOf(wrapped, functions) };
}

/** A doc comment, on one line if it fits. */
function comment(doc: string): string {
  const lines = paragraphs(doc, WIDTH - 3);
  const [only = ""] = lines;
  if (lines.length === 1 && only.length + 7 <= WIDTH) return `/** ${only} */\n`;
  return ["/**", ...lines.map((line) => ` * ${line}`), " */", ""].join("\n");
}

function docs(lines: readonly string[]): { description: string }[] {
  if (lines.length === 0) return [];
  return [{ description: lines.length === 1 ? lines.join("\n") : `\n${lines.join("\n")}` }];
}

type FunctionPart = Extract<Part, { kind: "function" }>;

/** Function headers and imports that are too long get a line for each parameter and name. */
function wrapLongLines(
  text: string,
  functions: readonly FunctionPart[],
  imports: readonly Import[],
): string {
  const replaced = new Map<string, readonly string[]>();
  for (const { text: written, async } of functions) {
    const before = `${async === true ? "async " : ""}function ${written.name}(`;
    const formals = written.parameters.map(({ name, type }) => `${name}: ${type}`);
    const after = written.returnType === "" ? ") {" : `): ${written.returnType} {`;
    const line = `${before}${formals.join(", ")}${after}`;
    if (line.length > WIDTH) {
      const lines = written.parameters.flatMap(({ name, type }) => parameterLines(name, type));
      replaced.set(line, [before, ...indent(lines), after]);
    }
  }
  for (const { module, names } of imports) {
    const written = names.map(({ name, type }) => (type ? `type ${name}` : name));
    const line = `import { ${written.join(", ")} } from "${module}";`;
    if (line.length > WIDTH) {
      const lines = indent(written.map((name) => `${name},`));
      replaced.set(line, ["import {", ...lines, `} from "${module}";`]);
    }
  }
  return text
    .split("\n")
    .flatMap((line) => replaced.get(line) ?? [line])
    .join("\n");
}

/** A parameter on a line of its own; the pattern of named numbers over several lines if it is long. */
function parameterLines(name: string, type: string): readonly string[] {
  const line = `${name}: ${type},`;
  if (line.length + 2 <= WIDTH || !name.startsWith("{ ")) return [line];
  const inner = (list: string, separator: string) =>
    list
      .slice(2, -2)
      .split(`${separator} `)
      .map((each) => `  ${each}${separator}`);
  const pattern = ["{", ...inner(name, ",")];
  const close = `}: ${type},`;
  if (close.length + 2 <= WIDTH) return [...pattern, close];
  return [...pattern, "}: {", ...inner(type, ";"), "},"];
}

/** Finds each line of each function again: ts-morph keeps lines and their order, and indents them. */
function traceOf(text: string, functions: readonly FunctionPart[]): readonly TraceEntry[] {
  const lines = text.split("\n").map((line) => line.trim());
  const entries: TraceEntry[] = [];
  let cursor = 0;
  for (const { text: written, async } of functions) {
    const start = `${async === true ? "async " : ""}function ${written.name}(`;
    cursor = lines.findIndex((line, i) => i >= cursor && line.startsWith(start));
    for (const { text: wanted, origin } of written.lines) {
      cursor = lines.indexOf(wanted.trim(), cursor) + 1;
      if (origin === undefined) continue;
      const { file, line, column } = origin;
      entries.push({ line: cursor, file, specLine: line, specColumn: column });
    }
  }
  return entries;
}
