/** Which files of the library a spec can mean: parsing the others would take longer than checking the spec. */
import type { SourceFile } from "../../../parser/diagnostic.ts";

const isLibrary = ({ path }: SourceFile): boolean => path.startsWith("std/");

/**
 * The project's files, with those of the library that define a name which they mention, directly or through the library.
 * A name that merely looks mentioned costs one file; a name that is meant is never left out.
 */
export function mentionedFiles(sources: readonly SourceFile[]): readonly SourceFile[] {
  const words = new Set<string>();
  const mention = ({ text }: SourceFile): void => {
    for (const [word] of text.matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  };
  const chosen = new Set(sources.filter((source) => !isLibrary(source)));
  for (const source of chosen) mention(source);
  const rest = new Map(sources.filter(isLibrary).map((source) => [source, namesDefined(source)]));
  for (let found = true; found; ) {
    found = false;
    for (const [source, names] of rest) {
      if (!names.some((name) => words.has(name))) continue;
      chosen.add(source);
      mention(source);
      rest.delete(source);
      found = true;
    }
  }
  return sources.filter((source) => chosen.has(source));
}

function namesDefined({ text }: SourceFile): readonly string[] {
  return [...text.matchAll(/^\s*(?:block|memory)\s+([A-Za-z_]\w*)/gm)].map(([, name = ""]) => name);
}
