/** `memc train SPEC`: trains a model, says what it learnt, and shows a sample. */

import type { ModelDefinition } from "../../runtime/model.ts";
import type { BuildResult } from "../build-result.ts";
import { type CommandModule, defineCommand } from "../command.ts";
import { type Compile, parseSettings } from "../compiler.ts";
import { evaluationSource } from "../corpus-source.ts";
import { type Corpus, readCorpus } from "../documents.ts";
import { comparisonText, runEvaluation } from "../evaluation.ts";
import { exitCode, InputError } from "../exit.ts";
import { engineOptions, settingOption, specPositional, wholeNumber } from "../options.ts";
import { loadPrograms } from "../programs.ts";
import { runFolder } from "../run-folder.ts";
import { createEngine, loadRuntime, type Runtime, withSentences } from "../runtime.ts";
import { sampleText } from "../sampling.ts";
import type { Terminal } from "../terminal.ts";
import { runTraining } from "../training.ts";

/** Bytes of the first held-out document that a sample goes on from (with a last word), and of the sample. */
const showcase = { prompt: 60, word: 16, length: 240, temperature: 0.8 };

/** The command, given the core. */
export function trainCommand(load: () => Promise<Compile<BuildResult>>): CommandModule {
  return defineCommand({
    positionals: specPositional,
    options: {
      data: {
        type: "string",
        describe: "A file, a folder of documents, or task:recall, task:sort",
      },
      valid: { type: "string", describe: "Held-out file or folder; without it the data's end" },
      steps: { type: "number", describe: "Optimiser steps; the spec's if not given" },
      out: { type: "string", describe: "Folder for checkpoints and metrics [runs/<spec>]" },
      resume: {
        type: "boolean",
        default: false,
        describe: "Go on from the folder's latest checkpoint",
      },
      "checkpoint-every": { type: "number", default: 100, describe: "Steps between checkpoints" },
      evaluate: {
        type: "boolean",
        default: true,
        describe: "Evaluate and sample at the end; --no-evaluate to leave it out",
      },
      ...engineOptions,
      ...settingOption,
    },
    examples: [
      ["memc train specs/memformer.mem", "train on the demo novel"],
      ["memc train model.mem --data books/ --steps 2000", "on the documents of a folder"],
      ["memc train model.mem --set mem.count=16", "with fewer memory slots"],
      ["memc train model.mem --resume", "go on where the last training stopped"],
    ],
    run: async (values, terminal) => {
      const { spec, seed, threads, resume } = values;
      const whole = (option: string, value: number, low: number, high?: number) =>
        wholeNumber("train", option, value, low, high);
      whole("seed", seed, 0, 2 ** 32 - 1);
      const every = whole("checkpoint-every", values["checkpoint-every"], 1);
      const steps = values.steps === undefined ? undefined : whole("steps", values.steps, 1);
      if (threads !== undefined) whole("threads", threads, 1, 1024);
      const settings = parseSettings(values.set, "train");

      const programs = await loadPrograms(spec, { settings }, await load(), terminal);
      if (programs === undefined) return exitCode.diagnostics;
      const { train: definition, evaluate: model, generate } = programs;
      if (definition === undefined) {
        throw new InputError(`${spec} says nothing about training`, "add a train { … } section");
      }
      const corpus = await readCorpus(values.data, values.valid, terminal.folder);
      const folder = await runFolder(spec, values.out, resume, terminal.folder);
      const runtime = await loadRuntime();
      return withSentences(runtime, async () => {
        if (values.evaluate) requireHeldOut(runtime, corpus, model, seed);
        const engine = await createEngine(runtime, values.engine, threads);
        const { code, state } = await runTraining(
          {
            programs,
            definition,
            corpus,
            engine,
            seed,
            steps,
            folder,
            resume,
            checkpointEvery: every,
            resumeCommand: resumeCommand(values, folder.shown),
          },
          runtime,
          terminal,
        );
        if (code !== exitCode.fine || !values.evaluate) return code;
        const { parameters } = state;
        const request = { model, corpus, engine, parameters, seed };
        terminal.out(comparisonText(await runEvaluation(request, runtime, terminal)));
        await showSample({ ...request, model: generate }, runtime, terminal);
        return code;
      });
    },
  });
}

/** Says before the training, rather than after it, that there is nothing to evaluate on. */
function requireHeldOut(runtime: Runtime, corpus: Corpus, model: ModelDefinition, seed: number) {
  try {
    evaluationSource(runtime, corpus, model, seed);
  } catch (error) {
    if (!(error instanceof runtime.SourceError)) throw error;
    throw new InputError(
      `the held-out data cannot be used: ${error.message}`,
      "name other data with --valid, or leave the evaluation out with --no-evaluate",
      "MEM0911",
    );
  }
}

interface ResumableValues {
  readonly spec: string;
  readonly data: string | undefined;
  readonly valid: string | undefined;
  readonly steps: number | undefined;
  readonly seed: number;
  readonly engine: string;
  readonly threads: number | undefined;
  readonly set: readonly string[];
}

/** What to type to continue a run: everything that was asked for, and where it stands. */
function resumeCommand(values: ResumableValues, out: string): string {
  const { spec, data, valid, steps, seed, engine, threads, set } = values;
  const words = ["memc", "train", spec];
  if (data !== undefined) words.push("--data", data);
  if (valid !== undefined) words.push("--valid", valid);
  if (steps !== undefined) words.push("--steps", String(steps));
  if (seed !== engineOptions.seed.default) words.push("--seed", String(seed));
  if (engine !== engineOptions.engine.default) words.push("--engine", engine);
  if (threads !== undefined) words.push("--threads", String(threads));
  for (const pair of set) words.push("--set", pair);
  return [...words, "--out", out, "--resume"].map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

interface SampleRequest {
  readonly corpus: Corpus;
}

/** Goes on from the first words of the first held-out document, if the model can and was trained on text. */
async function showSample(
  {
    corpus,
    ...request
  }: SampleRequest & Omit<Parameters<typeof sampleText>[0], "prompt" | "length">,
  runtime: Runtime,
  terminal: Terminal,
): Promise<void> {
  const document = corpus.kind === "documents" ? corpus.heldOut[0] : undefined;
  if (document === undefined) return;
  const { length, temperature } = showcase;
  try {
    // Enough for a model that predicts from a whole segment on, also without the last word, which may be cut.
    const least = runtime.shortestPrompt(request.model) + showcase.word;
    const opening = new TextDecoder().decode(
      document.subarray(0, Math.max(showcase.prompt, least)),
    );
    const prompt = opening.replace(/\s*\S*$/, "") || opening;
    let first = true;
    for await (const piece of sampleText({ ...request, prompt, length, temperature }, runtime)) {
      if (first) terminal.out(`\nsample, going on from "${prompt}":\n`);
      first = false;
      terminal.out(piece);
    }
    terminal.out("\n");
  } catch (error) {
    if (!(error instanceof runtime.SourceError)) throw error;
    terminal.err(`no sample: ${error.message}\n`);
  }
}
