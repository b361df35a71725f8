/** For tests of generated code: the specs of this repository, built as the command line builds them. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadBuild } from "../../src/cli/core.ts";
import { loadGenerated } from "../../src/cli/loader.ts";
import { readSources } from "../../src/cli/sources.ts";
import type { OutputFile } from "../../src/cli/writer.ts";
import type { TrainingDefinition } from "../../src/runtime/training.ts";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Names of the specs in `specs/`, without `.mem`. */
export const specs: readonly string[] = readdirSync(`${root}specs`)
  .filter((name) => name.endsWith(".mem"))
  .map((name) => name.replace(/\.mem$/, ""))
  .sort();

/** The generated files of a spec of `specs/`, with values that replace the spec's, as `--set` does. */
export async function generate(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<readonly OutputFile[]> {
  const { main, files } = await readSources(`specs/${name}.mem`, root);
  const build = await loadBuild();
  const { diagnostics, generated } = await build(files, main, { settings });
  if (generated === undefined) {
    throw new Error(`${name}: ${diagnostics.map(({ message }) => message).join("\n")}`);
  }
  return generated.map(({ path, text }) => ({ path, text }));
}

/** What a generated training file declares, loaded as `memc train` loads it. */
export async function loadTraining(file: OutputFile): Promise<TrainingDefinition> {
  const { training } = await loadGenerated([file], file.path);
  return training as TrainingDefinition; // the one name that every training file exports
}

/** Number of lines that are in one text only, in order: what `diff` counts as removed and added. */
export function changedLines(
  before: string,
  after: string,
): { readonly removed: readonly string[]; readonly added: readonly string[] } {
  const [a, b] = [before.split("\n"), after.split("\n")];
  // Length of the longest common subsequence of a[i…] and b[j…].
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [here, below] = [common[i]!, common[i + 1]!];
      here[j] = a[i] === b[j] ? below[j + 1]! + 1 : Math.max(below[j]!, here[j + 1]!);
    }
  }
  const removed: string[] = [];
  const added: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (j === b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      removed.push(a[i++]!);
    } else added.push(b[j++]!);
  }
  return { removed, added };
}
