/** From a spec to its programs as loaded code: what train, eval and sample begin with. */
import { createHash } from "node:crypto";
import type { ModelDefinition } from "../runtime/model.ts";
import type { CheckpointRecord } from "../runtime/training/checkpoint-record.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import type { BuildResult, GeneratedFile } from "./build-result.ts";
import {
  type Compile,
  type Compiled,
  type CompileOptions,
  compileSpec,
  showDiagnostics,
} from "./compiler.ts";
import { InternalError } from "./crash.ts";
import { InputError } from "./exit.ts";
import { loadGenerated } from "./loader.ts";
import { printable } from "./printable.ts";
import { type Settings, settingsText } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface Programs {
  readonly evaluate: ModelDefinition;
  readonly train: TrainingDefinition | undefined;
  /** The program for sampling: the spec's `generate`, or without one `evaluate`. */
  readonly generate: ModelDefinition;
  /** The files that the programs were loaded from. */
  readonly generated: readonly GeneratedFile[];
  /** Hash of the generated code. */
  readonly hash: string;
}

/** The training whose settings a spec is compiled with. */
export interface CompiledFor {
  /** Its folder, as the user knows it. */
  readonly shown: string;
  readonly record: Pick<CheckpointRecord, "model" | "settings">;
}

/**
 * Compiles a spec and loads the very text that `memc build` writes. Undefined if the spec has errors, which are then on the
 * terminal. With the settings of a training of another model, an InputError says so in place of errors about settings.
 */
export async function loadPrograms(
  spec: string,
  options: CompileOptions,
  compile: Compile<BuildResult>,
  terminal: Terminal,
  run?: CompiledFor,
): Promise<Programs | undefined> {
  const compiled = await compileSpec(spec, options, compile, terminal);
  if (run !== undefined) requireSameModel(spec, compiled, run);
  const failed = await showDiagnostics(compiled, "text", terminal);
  const files = compiled.result?.generated;
  if (failed || files === undefined) return undefined;
  try {
    return { ...(await definitionsOf(files)), generated: files, hash: codeHash(files) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InternalError(error, compiled.files);
  }
}

/** Hash of what generated files compute: neither their names nor their comments, which name the spec and its hash, are in it. */
export function codeHash(files: readonly GeneratedFile[]): string {
  const hash = createHash("sha256");
  for (const { text } of files) {
    const code = text.split("\n").filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line));
    hash.update(`${code.join("\n")}\n`);
  }
  return hash.digest("hex");
}

/** What the code of a spec is held against: the training that it goes on with, and the settings that only this command gives. */
export interface ChangedCodeRequest {
  readonly spec: string;
  readonly programs: Programs;
  /** What the programs were compiled with. */
  readonly settings: Settings;
  readonly record: Pick<CheckpointRecord, "specHash" | "settings">;
}

/** Says so where the code, with the settings of the training, is not what a checkpoint was written with. */
export async function noteChangedCode(
  { spec, programs, settings, record }: ChangedCodeRequest,
  compile: Compile<BuildResult>,
  terminal: Terminal,
): Promise<void> {
  const { specHash, settings: stored = {} } = record;
  if (specHash === undefined || specHash === programs.hash) return;
  if (settingsText(settings) !== settingsText(stored)) {
    const { result } = await compileSpec(spec, { settings: stored }, compile, terminal);
    if (result?.generated !== undefined && codeHash(result.generated) === specHash) return;
  }
  terminal.err("note: the generated code is not what it was when the checkpoint was written\n");
}

/** A setting of another model's training is no mistake of the spec that it does not fit. */
function requireSameModel(
  spec: string,
  { diagnostics, main }: Compiled<BuildResult>,
  { shown, record }: CompiledFor,
): void {
  const settings = record.settings ?? {};
  if (Object.keys(settings).length === 0) return;
  if (!diagnostics.some(({ code }) => code === "MEM0321" || code === "MEM0173")) return;
  const [, model] = /^[ \t]*model\s+([A-Za-z_]\w*)/m.exec(main) ?? [];
  if (model === undefined || model === record.model) return;
  throw new InputError(
    `${shown} is a training of another model: of ${printable(record.model)}${settingsText(settings)}; ${spec} declares ${model}`,
    "name a training of this spec, or the spec that it is a training of",
    "MEM0912",
  );
}

/** Loads the programs of a spec's generated files. Throws where they declare no model. */
export async function definitionsOf(
  files: readonly GeneratedFile[],
): Promise<Pick<Programs, "evaluate" | "train" | "generate">> {
  const training = files.find(({ path }) => path.endsWith(".train.ts"));
  const generating = files.find(({ path }) => path.endsWith(".generate.ts"));
  const plain = files.find((file) => file !== training && file !== generating);
  const [evaluate] = (await exportsOf(files, plain)).filter(isModel);
  const [train] = (await exportsOf(files, training)).filter(isTraining);
  const [generate] = (await exportsOf(files, generating)).filter(isModel);
  if (evaluate === undefined) throw new Error("the generated code declares no model");
  return { evaluate, train, generate: generate ?? evaluate };
}

async function exportsOf(
  files: readonly GeneratedFile[],
  entry: GeneratedFile | undefined,
): Promise<readonly unknown[]> {
  return entry === undefined ? [] : Object.values(await loadGenerated(files, entry.path));
}

function isModel(value: unknown): value is ModelDefinition {
  return isDefinition(value) && "segment" in value && typeof value.segment === "function";
}

function isTraining(value: unknown): value is TrainingDefinition {
  return isDefinition(value) && "rollout" in value && typeof value.rollout === "function";
}

function isDefinition(value: unknown): value is object {
  return typeof value === "object" && value !== null && "parameters" in value && "name" in value;
}

/** Parameters of a model, counted as numbers: `layer[*4].Wq` of [8, 8] is 256. */
export function parameterCount({ parameters }: Pick<ModelDefinition, "parameters">): number {
  return Object.entries(parameters).reduce((total, [address, { axes }]) => {
    const copies = [...address.matchAll(/\[\*(\d+)\]/g)].map(([, count]) => Number(count));
    return total + [...copies, ...Object.values(axes)].reduce((product, n) => product * n, 1);
  }, 0);
}
