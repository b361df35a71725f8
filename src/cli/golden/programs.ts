/** A spec of `specs/` compiled with a case's options, its generated text loaded like a user's program. */
import { join } from "node:path";
import type { ModelDefinition, TrainingDefinition } from "memc/runtime";
import type { PassOptions } from "../../ir/passes/index.ts";
import { InputError } from "../exit.ts";
import { loadGenerated } from "../loader.ts";
import { libraryFolder, version } from "../package.ts";
import { readSources } from "../sources.ts";
import type { SpecRun } from "./adapter.ts";

export interface LoadedPrograms {
  readonly evaluate: ModelDefinition;
  readonly train: TrainingDefinition;
}

/** Compiles and loads the run's spec with probes of what it expects. Throws InputError with the diagnostics. */
export async function loadSpec(
  run: SpecRun,
  passes: PassOptions | "none",
): Promise<LoadedPrograms> {
  const { compile } = await import("../../codegen/compile.ts");
  const folder = join(libraryFolder, "..");
  const { main, files } = await readSources(run.spec, folder);
  const { diagnostics, files: generated } = await compile(files, main, {
    version,
    hash: "0".repeat(64),
    settings: run.settings,
    probes: [
      ...probesOf(run, "value"),
      ...probesOf(run, "gradient").map((address) => `gradient.${address}`),
    ],
    passes,
  });
  if (generated === undefined) {
    const { renderText } = await import("../../parser/render.ts");
    const text = renderText(diagnostics, files, { color: false });
    throw new InputError(`${run.spec} with ${JSON.stringify(run.settings)}:\n${text}`);
  }
  const training = generated.find(({ path }) => path.endsWith(".train.ts"));
  const plain = generated.find(({ path }) => !/\.(train|generate)\.ts$/.test(path));
  if (training === undefined || plain === undefined) {
    throw new InputError(`${run.spec} has no train program`);
  }
  const evaluate = Object.values(await loadGenerated(generated, plain.path)).find(isModel);
  const train = Object.values(await loadGenerated(generated, training.path)).find(isTraining);
  if (evaluate === undefined || train === undefined) {
    throw new Error(`The generated code of ${run.spec} declares no model.`);
  }
  return { evaluate, train };
}

/** Addresses of the values, inputs and entering states that a run asks for. */
function probesOf({ expected }: SpecRun, kind: "value" | "gradient"): readonly string[] {
  const addresses = expected.flatMap(({ from }) =>
    from.flatMap((source) => (source.kind === kind ? [source.address] : [])),
  );
  return [...new Set(addresses)];
}

function isModel(value: unknown): value is ModelDefinition {
  return isDefinition(value) && "segment" in value;
}

function isTraining(value: unknown): value is TrainingDefinition {
  return isDefinition(value) && "rollout" in value;
}

function isDefinition(value: unknown): value is object {
  return typeof value === "object" && value !== null && "parameters" in value && "name" in value;
}
