/** A training as the user sees it: progress, metrics, checkpoints, and at the end what was learnt. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../runtime/engine.ts";
import type { CheckpointRecord, LoadedCheckpoint } from "../runtime/training/checkpoint.ts";
import type { TrainingState } from "../runtime/training/trainer.ts";
import type { TrainingDefinition } from "../runtime/training.ts";
import { trainingSource } from "./corpus-source.ts";
import type { Corpus } from "./documents.ts";
import { exitCode, InputError } from "./exit.ts";
import { version } from "./package.ts";
import { withSpecPlaces } from "./places.ts";
import { type Programs, parameterCount } from "./programs.ts";
import { createProgress } from "./progress.ts";
import { metricsPath, type RunFolder } from "./run-folder.ts";
import type { Runtime } from "./runtime.ts";
import type { Terminal } from "./terminal.ts";

export interface TrainingRequest {
  readonly programs: Programs;
  readonly definition: TrainingDefinition;
  readonly corpus: Corpus;
  readonly engine: Engine;
  readonly seed: number;
  /** The checkpoint's or the schedule's if undefined. */
  readonly steps: number | undefined;
  readonly folder: RunFolder;
  readonly resume: boolean;
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
  const { definition, engine, folder, seed } = request;
  const source = trainingSource(runtime, request.corpus, definition, seed);
  const resumed = request.resume ? loadResumed(request, runtime, terminal) : undefined;
  const steps = request.steps ?? resumed?.record.steps ?? definition.schedule.steps;
  const record: CheckpointRecord = {
    memc: version,
    specHash: request.programs.hash,
    model: definition.name,
    schedule: definition.schedule,
    steps,
  };
  terminal.err(`${headline(request, steps, resumed?.state.step ?? 0)}\n`);

  const save = (state: TrainingState) => {
    runtime.saveCheckpoint(folder.path, state, { record, realBytes: engine.realBytes });
  };
  const stop = new AbortController();
  const stopListening = terminal.onInterrupt(() => {
    if (stop.signal.aborted) process.exit(exitCode.interrupted);
    stop.abort();
    terminal.err("\nfinishing the step; Ctrl-C again ends at once, without a checkpoint\n");
  });
  const metrics = new runtime.MetricsLog(metricsPath(folder), resumed?.state.step ?? 0);
  const progress = createProgress(terminal, performance.now());
  try {
    const { state, stopped } = await runtime.train({
      definition,
      engine,
      source,
      seed,
      steps,
      signal: stop.signal,
      ...(resumed === undefined ? {} : { resume: resumed.state }),
      onStep(report, current) {
        metrics.write(report);
        progress.show({ ...report, steps }, performance.now());
        if (report.step % request.checkpointEvery === 0 && report.step < steps) save(current());
      },
    });
    progress.finish();
    save(state);
    if (stopped !== "aborted") return { code: exitCode.fine, state };
    terminal.err(`stopped after step ${state.step}; go on with:\n  ${request.resumeCommand}\n`);
    return { code: exitCode.interrupted, state };
  } catch (error) {
    if (!(error instanceof runtime.NonFiniteError)) throw error;
    const sentence = await withSpecPlaces(error.message, request.programs.generated);
    throw new InputError(sentence, brokenHelp(error.step, folder), "MEM0914");
  } finally {
    progress.finish();
    metrics.close();
    stopListening();
  }
}

/** What a run that broke down leaves. */
function brokenHelp(step: number, { path, shown }: RunFolder): string {
  return existsSync(join(path, "latest"))
    ? `all was well up to step ${step}; the last checkpoint in ${shown} is of that step, or before it`
    : "there is no checkpoint yet; a lower rate or a longer warm-up may help";
}

function loadResumed(
  { definition, folder, programs, seed, steps }: TrainingRequest,
  runtime: Runtime,
  terminal: Terminal,
): LoadedCheckpoint {
  if (!existsSync(join(folder.path, "latest"))) {
    throw new InputError(
      `${folder.shown} holds no checkpoint yet: the training stopped before its first one`,
      "train anew with another --out",
      "MEM0913",
    );
  }
  const loaded = runtime.loadCheckpoint(folder.path, definition);
  const { state, record } = loaded;
  if (state.seed !== seed) {
    throw new InputError(
      `the training in ${folder.shown} has seed ${state.seed}, not ${seed}`,
      `add --seed ${state.seed}, or train anew with another --out`,
      "MEM0917",
    );
  }
  if (steps !== undefined && steps < state.step) {
    throw new InputError(
      `the training in ${folder.shown} has done ${state.step} steps, more than --steps ${steps}`,
      undefined,
      "MEM0917",
    );
  }
  if (record.specHash !== programs.hash) {
    terminal.err("note: the generated code is not what it was when the checkpoint was written\n");
  }
  return loaded;
}

function headline(request: TrainingRequest, steps: number, from: number): string {
  const { corpus, definition, engine, folder } = request;
  const count = parameterCount(definition).toLocaleString("en-US");
  const text = corpus.kind === "task" ? corpus.name : described(corpus);
  const range = from === 0 ? `${steps} steps` : `steps ${from + 1} to ${steps}`;
  return (
    `${definition.name}: ${count} parameters, ${definition.schedule.throughTime}, engine ${engine.name}\n` +
    `${text}; ${range}; checkpoints in ${folder.shown}`
  );
}

function described({ name, training, heldOut }: Corpus & { readonly kind: "documents" }): string {
  const bytes = training.reduce((sum, { length }) => sum + length, 0).toLocaleString("en-US");
  return `${name}: ${training.length} documents of ${bytes} bytes, ${heldOut.length} held out`;
}
