/** Which blocks and memories a file sees: its own, its imports, the library (rule R7). */

import { suggest } from "../../../parser/suggest.ts";
import type {
  BlockDefinition,
  FileTree,
  Import,
  ModelDefinition,
  Name,
  ProgramDefinition,
} from "../../../parser/tree.ts";
import { problem, type Report, warning } from "../problem.ts";

export interface Definitions {
  readonly own: ReadonlyMap<string, Found>;
  readonly library: ReadonlyMap<string, Found>;
}

export interface Found {
  readonly definition: BlockDefinition;
  readonly definitions: Definitions;
}

/** The parsed files of one check. Paths are those of the sources; `import … from "a.mem"` is relative to the importing file. */
export interface Files {
  readonly library: readonly FileTree[];
  readonly trees: ReadonlyMap<string, FileTree>;
  /** Path that an import in a file refers to. */
  readonly resolve: (from: string, target: string) => string;
}

export interface Program {
  readonly definitions: Definitions;
  /** By path: what every file that the main one reaches sees. */
  readonly files: ReadonlyMap<string, Definitions>;
  readonly model: ModelDefinition | undefined;
  readonly programs: readonly ProgramDefinition[];
}

const importsOf = (tree: FileTree): readonly Import[] =>
  tree.items.filter((item): item is Import => item.kind === "import");

const blocksOf = (tree: FileTree): readonly BlockDefinition[] =>
  tree.items.filter(
    (item): item is BlockDefinition => item.kind === "block" || item.kind === "memory",
  );

/** Resolves names of the main file and of every file it imports. */
export function resolveDefinitions(project: Files, main: string, report: Report): Program {
  const library = new Map<string, Found>();
  const std: Definitions = { own: library, library };
  for (const tree of project.library) {
    for (const definition of blocksOf(tree)) {
      library.set(definition.name.text, { definition, definitions: std });
    }
  }
  const defined = new Map<string, Map<string, Found>>();
  const files = (path: string): readonly string[] => {
    const tree = project.trees.get(path);
    if (tree === undefined || defined.has(path)) return [];
    const own = new Map<string, Found>();
    const definitions: Definitions = { own, library };
    defined.set(path, own);
    for (const definition of blocksOf(tree)) {
      declare(
        own,
        library,
        definition.name.text,
        { definition, definitions },
        definition.name.span,
        report,
      );
    }
    return importsOf(tree).map((item) => project.resolve(path, item.from.text));
  };
  const waiting = [main];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop())
    waiting.push(...files(path));
  // Imports come after, so that files may import each other, and give only what a file itself defines.
  const exported = new Map([...defined].map(([path, own]) => [path, new Map(own)]));
  for (const [path, own] of defined) {
    const tree = project.trees.get(path);
    for (const item of tree === undefined ? [] : importsOf(tree)) {
      const theirs = exported.get(project.resolve(path, item.from.text));
      if (theirs === undefined) {
        report.add(
          problem("MEM0105", item.from.span, `There is no file ${item.from.text} here.`).diagnostic,
        );
        continue;
      }
      for (const name of item.names) importName(own, library, name, theirs, item.from.text, report);
    }
  }
  const definitions: Definitions = { own: defined.get(main) ?? new Map(), library };
  const tree = project.trees.get(main);
  const models = (tree?.items ?? []).filter(
    (item): item is ModelDefinition => item.kind === "model",
  );
  for (const extra of models.slice(1)) {
    report.add(
      problem(
        "MEM0103",
        extra.name.span,
        `A file has one model; ${extra.name.text} is a second one.`,
        {
          notes: [
            {
              message: "The first one is here.",
              ...(models[0] ? { span: models[0].name.span } : {}),
            },
          ],
        },
      ).diagnostic,
    );
  }
  const programs = (tree?.items ?? []).filter(
    (item): item is ProgramDefinition => item.kind === "program",
  );
  const seen = new Map([...defined].map(([path, own]) => [path, { own, library }]));
  return { definitions, files: seen, model: models[0], programs };
}

function importName(
  own: Map<string, Found>,
  library: ReadonlyMap<string, Found>,
  name: Name,
  theirs: ReadonlyMap<string, Found>,
  file: string,
  report: Report,
): void {
  const found = theirs.get(name.text);
  if (found !== undefined) {
    declare(own, library, name.text, found, name.span, report);
    return;
  }
  if (report.unread.words.has(name.text)) return;
  const near = suggest(name.text, theirs.keys());
  const help = near === undefined ? undefined : `Did you mean ${near}?`;
  report.add(
    problem("MEM0101", name.span, `${file} has no block or memory ${name.text}.`, { help })
      .diagnostic,
  );
}

function declare(
  own: Map<string, Found>,
  library: ReadonlyMap<string, Found>,
  name: string,
  found: Found,
  span: BlockDefinition["span"],
  report: Report,
): void {
  const before = own.get(name);
  if (before !== undefined) {
    report.add(
      problem("MEM0102", span, `${name} is defined twice.`, {
        notes: [{ message: "The first definition is here.", span: before.definition.name.span }],
        help: "Rename one of them.",
      }).diagnostic,
    );
    return;
  }
  const replaced = library.get(name);
  if (replaced !== undefined && replaced.definition !== found.definition) {
    report.add(warning("MEM0104", span, `This ${name} replaces the library's in this file.`));
  }
  own.set(name, found);
}

export function findDefinition(definitions: Definitions, name: string): Found | undefined {
  return definitions.own.get(name) ?? definitions.library.get(name);
}
