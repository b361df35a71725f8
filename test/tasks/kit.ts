/** Specs of the repository as loaded programs. */
import { fileURLToPath } from "node:url";
import { loadBuild } from "../../src/cli/core.ts";
import { readSources } from "../../src/cli/sources.ts";
import type { ModelDefinition, TrainingDefinition } from "../../src/runtime/index.ts";
import { load } from "../codegen/load.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface SpecPrograms {
  readonly evaluate: ModelDefinition;
  readonly train: TrainingDefinition;
}

/** Compiles a spec of the repository (or of another folder) with settings by address, and loads what is generated. */
export async function specPrograms(
  spec: string,
  settings: Readonly<Record<string, string>> = {},
  folder: string = root,
): Promise<SpecPrograms> {
  const { main, files } = await readSources(spec, folder);
  const { diagnostics, generated } = await (await loadBuild())(files, main, { settings });
  if (generated === undefined) throw new Error(diagnostics.map(({ message }) => message).join());
  const found = generated.map(({ path, text }) => ({ path, values: Object.values(load(text)) }));
  const values = (training: boolean) =>
    found.flatMap((file) => (file.path.endsWith(".train.ts") === training ? file.values : []));
  const evaluate = values(false).find(isModel);
  const train = values(true).find(isTraining);
  if (evaluate === undefined || train === undefined) throw new Error(`${spec} lacks a program`);
  return { evaluate, train };
}

function isModel(value: unknown): value is ModelDefinition {
  return typeof value === "object" && value !== null && "segment" in value && "schedule" in value;
}

function isTraining(value: unknown): value is TrainingDefinition {
  return typeof value === "object" && value !== null && "rollout" in value && "schedule" in value;
}
