/** A training as the user sees it: progress, metrics, checkpoints, and at the end what was learnt. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { Engine } from "../runtime/engine.ts";
import type { TrainingData } from "../runtime/training/checkpoint-record.ts";
import type { NonFiniteError } from "../runtime/training/finite.ts";
import type { SegmentSource } from "../runtime/training/source.ts";
import type { TrainingState } from "../runtime/training/state.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import type { BuildResult } from "./build-result.ts";
import type { Compile } from "./compiler.ts";
import type { Corpus } from "./documents.ts";
import { exitCode, InputError } from "./exit.ts";
import { version } from "./package.ts";
import { withSpecPlaces } from "./places.ts";
import { noteChangedCode, type Programs, parameterCount } from "./programs.ts";
import { createProgress } from "./progress.ts";
import type { Resumption } from "./resumption.ts";
import { metricsPath, type RunFolder } from "./run-folder.ts";
import { readingSizes } from "./run-sizes.ts";
import type { Runtime } from "./runtime.ts";
import { type Settings, settingsText } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface TrainingRequest {
  readonly spec: string;
  readonly programs: Programs;
  /** What the programs were compiled by. */
  readonly compile: Compile<BuildResult>;
  /** What the programs were compiled with. */
  readonly settings: Settings;
  readonly definition: TrainingDefinition;
  readonly corpus: Corpus;
  /** Of the corpus, at its start. */
  readonly source: SegmentSource;
  /** The names of the corpus, for its checkpoints. */
  readonly trainedOn: TrainingData;
  readonly engine: Engine;
  readonly seed: number;
  /** Of the command line; the run's or the schedule's if undefined. */
  readonly steps: number | undefined;
  readonly folder: RunFolder;
  /** The run that goes on; undefined for a new one. */
  readonly resumption: Resumption | undefined;
  /** Optimiser steps between two checkpoints. */
  readonly checkpointEvery: number;
  /** The command line that continues this run. */
  readonly resumeCommand: string;
}

export interface TrainingOutcome {
  readonly code: number;
  readonly state: TrainingState;
}

/**
 * Trains, with a checkpoint every so many steps and at the end. Ctrl-C finishes the step, writes a checkpoint and says how to go
 * on; a second one ends the process at once.
 */
export async function runTraining(
  request: TrainingRequest,
  runtime: Runtime,
  terminal: Terminal,
): Promise<TrainingOutcome> {
  const { definition, engine, folder, seed, resumption, source } = request;
  const resumed =
    resumption === undefined
      ? undefined
      : await loadResumed(resumption, request, runtime, terminal);
  if (resumption !== undefined && resumed !== undefined) {
    restoreSource(source, resumed, resumption, request.trainedOn, runtime);
  }
  const steps = resumption?.steps ?? request.steps ?? definition.schedule.steps;
  const origin = {
    memc: version,
    spec: basename(request.spec),
    specHash: request.programs.hash,
    settings: request.settings,
    dims: request.programs.evaluate.dims,
    trainedOn: request.trainedOn,
  };
  terminal.err(`${headline(request, steps)}\n`);

  const metrics = new runtime.MetricsLog(metricsPath(folder), resumed?.step ?? 0);
  const progress = createProgress(terminal, performance.now(), metrics.before);
  const stop = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    if (stop.signal.aborted) process.exit(exitCode.interrupted);
    stop.abort();
    progress.finish();
    terminal.err("finishing the step; Ctrl-C again ends at once, without a checkpoint\n");
  });
  try {
    const { state, stopped } = await runtime.train({
      definition,
      engine,
      source,
      seed,
      steps,
      signal: stop.signal,
      ...(resumed === undefined ? {} : { resume: resumed }),
      checkpoint: { folder: folder.path, every: request.checkpointEvery, origin },
      onStep(report) {
        metrics.write(report);
        progress.show({ ...report, steps }, performance.now());
      },
    });
    progress.finish();
    if (stopped !== "aborted") return { code: exitCode.fine, state };
    terminal.err(`stopped after step ${state.step}; go on with:\n  ${request.resumeCommand}\n`);
    return { code: exitCode.interrupted, state };
  } catch (error) {
    if (!(error instanceof runtime.NonFiniteError)) throw error;
    const sentence = await withSpecPlaces(error.message, request.programs.generated);
    throw new InputError(sentence, brokenHelp(error, folder), "MEM0914");
  } finally {
    progress.finish();
    metrics.close();
    stopListening();
  }
}

/** How to mend what made a run break down, or what the run leaves. */
function brokenHelp(
  { step = 0, state }: Pick<NonFiniteError, "step" | "state">,
  { path, shown }: RunFolder,
): string {
  if (state !== undefined)
    return `bound ${state} where it is written, by a decay below 1, a gate or a norm, or reset it more often`;
  if (step === 0)
    return "no step has been made: initial values and data alone lead to it, so no rate will mend it";
  return existsSync(join(path, "latest"))
    ? `all was well up to step ${step}; the last checkpoint in ${shown} is of that step, or before it`
    : "there is no checkpoint yet; a lower rate or a longer warm-up may help";
}

async function loadResumed(
  resumption: Resumption,
  { spec, programs, settings, definition, compile }: TrainingRequest,
  runtime: Runtime,
  terminal: Terminal,
): Promise<TrainingState> {
  const state = readResumed(resumption, programs, definition, runtime);
  const { record } = resumption.checkpoint;
  await noteChangedCode({ spec, programs, settings, record }, compile, terminal);
  return state;
}

/** What a training goes on from. Throws InputError where it had other sizes, CheckpointError where it is no training of this model. */
export function readResumed(
  { folder: { shown }, checkpoint: { path, record }, given }: Resumption,
  programs: Programs,
  definition: TrainingDefinition,
  runtime: Runtime,
): TrainingState {
  return readingSizes(
    () => runtime.loadCheckpoint(path, definition).state,
    { programs, run: { shown, record }, given, states: true },
    runtime,
  );
}

/** Brings the data to where the run stopped; says so where it is not the run's data. */
function restoreSource(
  source: SegmentSource,
  { position }: TrainingState,
  { folder, checkpoint }: Resumption,
  given: TrainingData,
  runtime: Runtime,
): void {
  try {
    source.restore(position);
  } catch (error) {
    if (!(error instanceof runtime.SourceError)) throw error;
    throw new InputError(
      `the training in ${folder.shown} goes on with the data it was started with: ${error.message}`,
      otherDataHelp(checkpoint.record.trainedOn, given),
      "MEM0911",
    );
  }
}

function otherDataHelp(started: TrainingData | undefined, given: TrainingData): string {
  if (started === undefined) return "go on with the --data that the run was started with";
  const named = started.data === undefined ? "without --data" : `with --data ${started.data}`;
  return started.data === given.data
    ? `it was started ${named}, as now: what that holds is not what it was`
    : `it was started ${named}, which applies by itself: leave --data out`;
}

function headline(request: TrainingRequest, steps: number): string {
  const { corpus, definition, engine, folder } = request;
  const count = parameterCount(definition).toLocaleString("en-US");
  const text = corpus.kind === "task" ? corpus.name : described(corpus);
  return (
    `${definition.name}: ${count} parameters, ${definition.schedule.throughTime}, engine ${engine.name}` +
    `${settingsText(request.settings)}\n` +
    `${text}; ${stepsText(request, steps)}; checkpoints in ${folder.shown}`
  );
}

/** `600 steps`, and of a run that goes on also where the total comes from. */
function stepsText({ resumption, steps: given }: TrainingRequest, steps: number): string {
  if (resumption === undefined) return `${steps} steps`;
  const { step, record } = resumption.checkpoint;
  const range = `steps ${step + 1} to ${steps}`;
  if (given === undefined) return `${range} (the run's total)`;
  return given === record.steps ? range : `${range} (--steps; the run's total was ${record.steps})`;
}

/** What is trained on: of documents whose ends are held out, how much that is. */
function described({
  name,
  training,
  heldOut,
  ends,
}: Corpus & { readonly kind: "documents" }): string {
  const bytesOf = (documents: readonly Uint8Array[]) =>
    documents.reduce((sum, { length }) => sum + length, 0);
  const shown = (count: number) => count.toLocaleString("en-US");
  const [read, rest] = [bytesOf(training), bytesOf(heldOut)];
  const single = training.length === 1;
  const documents = `${name}: ${training.length} ${single ? "document" : "documents"} of`;
  if (!ends) return `${documents} ${shown(read)} bytes, ${heldOut.length} held out`;
  const held = single ? `its last ${shown(rest)}` : `${shown(rest)} at their ends`;
  return `${documents} ${shown(read + rest)} bytes, ${held} held out`;
}
