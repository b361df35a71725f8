/** `memc train SPEC`: trains a model, says what it learnt, and shows a sample. */
import type { BuildResult } from "../build-result.ts";
import { type CommandModule, defineCommand } from "../command.ts";
import { type Compile, specExists } from "../compiler.ts";
import { evaluationSource, reachNote, trainingSource } from "../corpus-source.ts";
import type { Corpus } from "../documents.ts";
import { comparisonText, runEvaluation } from "../evaluation.ts";
import { exitCode, InputError } from "../exit.ts";
import { engineOptions, settingOption, specPositional, wholeNumber } from "../options.ts";
import { printable } from "../printable.ts";
import { type CompiledFor, loadPrograms, type Programs } from "../programs.ts";
import { findResumption, type Resumption } from "../resumption.ts";
import { type DataOfRun, dataNames, keptData, readRunCorpus } from "../run-data.ts";
import { newRunFolder } from "../run-folder.ts";
import { createEngine, loadRuntime, type Runtime, withSentences } from "../runtime.ts";
import { sampleText } from "../sampling.ts";
import { parseSettings } from "../settings.ts";
import { quoted } from "../shell.ts";
import type { Terminal } from "../terminal.ts";
import { readResumed, runTraining } from "../training.ts";

/** Bytes of the first held-out document that a sample goes on from (with a last word), and of the sample. */
const showcase = { prompt: 60, word: 16, length: 240, temperature: 0.8 };

/** The command, given the core. */
export function trainCommand(load: () => Promise<Compile<BuildResult>>): CommandModule {
  return defineCommand({
    positionals: specPositional,
    options: {
      data: {
        type: "string",
        describe: "A text file, a folder of them, task:recall or task:sort; a novel if not given",
      },
      valid: {
        type: "string",
        describe: "Held-out file or folder; the last tenth of the data if not given",
      },
      steps: {
        type: "number",
        describe: "Optimiser steps in all; the spec's, or with --resume the run's, if not given",
      },
      out: {
        type: "string",
        describe: "Folder for checkpoints and metrics; the first free runs/<spec> if not given",
      },
      resume: {
        type: "boolean",
        default: false,
        describe: "Go on from the latest checkpoint in --out, with the run's seed and settings",
      },
      "checkpoint-every": { type: "number", default: 100, describe: "Steps between checkpoints" },
      evaluate: {
        type: "boolean",
        default: true,
        describe: "At the end, evaluate and show a sample; --no-evaluate leaves it out",
      },
      seed: {
        type: "number",
        describe: "Seed of every random number; 0, or with --resume the run's, if not given",
      },
      ...engineOptions,
      ...settingOption,
    },
    examples: [
      ["memc train specs/memformer.mem", "train on the demo novel"],
      ["memc train model.mem --data books/ --steps 2000", "on the documents of a folder"],
      ["memc train model.mem --set mem.count=16", "with fewer memory slots"],
      ["memc train model.mem --resume", "go on where the last training stopped"],
      ["memc train model.mem --resume --steps 4000", "go on for longer than was planned"],
    ],
    run: async (values, terminal) => {
      const { spec, threads, resume } = values;
      const whole = (option: string, value: number, low: number, high?: number) =>
        wholeNumber("train", option, value, low, high);
      if (values.seed !== undefined) whole("seed", values.seed, 0, 2 ** 32 - 1);
      const every = whole("checkpoint-every", values["checkpoint-every"], 1);
      const steps = values.steps === undefined ? undefined : whole("steps", values.steps, 1);
      if (threads !== undefined) whole("threads", threads, 1, 1024);
      const given = parseSettings(values.set, "train");
      const runtime = await loadRuntime();
      return withSentences(runtime, async () => {
        if (!(await specExists(spec, terminal))) return exitCode.diagnostics;
        const request = { spec, out: values.out, seed: values.seed, steps, settings: given };
        const resumption = resume
          ? await findResumption(request, terminal.folder, runtime)
          : undefined;
        const { settings, seed } = resumption ?? { settings: given, seed: values.seed ?? 0 };
        const run = resumption && runOf(resumption);
        const compile = await load();
        const programs = await loadPrograms(spec, { settings }, compile, terminal, run);
        if (programs === undefined) return exitCode.diagnostics;
        const { train: definition, evaluate: model, generate } = programs;
        if (definition === undefined) {
          throw new InputError(
            `${spec} says nothing about training`,
            "add a train { … } section",
            "MEM0920",
          );
        }
        if (resumption !== undefined && resumption.checkpoint.step >= resumption.steps) {
          // What is suggested must work: with these settings the model must still be the one that was trained.
          readResumed(resumption, programs, definition, runtime);
          terminal.err(finishedText(resumption, values));
          return exitCode.fine;
        }
        const corpus = await readRunCorpus(values, run, terminal.folder);
        const folder =
          resumption?.folder ?? (await newRunFolder(spec, values.out, terminal.folder));
        const source = trainingSource(runtime, corpus, definition, seed);
        if (values.evaluate)
          requireHeldOut(runtime, corpus, programs, { seed, valid: values.valid });
        const note = reachNote(runtime, corpus, definition);
        if (note !== undefined) terminal.err(`note: ${note}\n`);
        const engine = await createEngine(runtime, values.engine, threads);
        const { code, state } = await runTraining(
          {
            spec,
            programs,
            compile,
            settings,
            definition,
            corpus,
            source,
            trainedOn: keptData(dataNames(values, run)),
            engine,
            seed,
            steps,
            folder,
            resumption,
            checkpointEvery: every,
            resumeCommand: resumeCommand(values, folder.shown),
          },
          runtime,
          terminal,
        );
        if (code !== exitCode.fine || !values.evaluate) return code;
        const { parameters } = state;
        const shown = { model, corpus, engine, parameters, seed };
        const evaluated = await runEvaluation(
          { ...shown, training: definition },
          runtime,
          terminal,
        );
        terminal.out(comparisonText(evaluated));
        await showSample({ ...shown, model: generate }, runtime, terminal);
        return code;
      });
    },
  });
}

function runOf({ folder: { shown }, checkpoint: { record } }: Resumption): DataOfRun & CompiledFor {
  return { shown, data: record.trainedOn, record };
}

/** Says before the training, rather than after it, that there is nothing to evaluate on. */
function requireHeldOut(
  runtime: Runtime,
  corpus: Corpus,
  { evaluate: model, train }: Programs,
  { seed, valid }: { readonly seed: number; readonly valid: string | undefined },
) {
  try {
    evaluationSource(runtime, corpus, model, seed, train);
  } catch (error) {
    if (!(error instanceof runtime.SourceError)) throw error;
    throw new InputError(
      `the held-out data cannot be used: ${error.message}`,
      `${heldOutHelp(corpus, valid)}leave the evaluation out with --no-evaluate`,
      "MEM0911",
    );
  }
}

function heldOutHelp({ kind }: Corpus, valid: string | undefined): string {
  if (kind === "task") return "";
  return valid === undefined
    ? "it is the last tenth of --data: give more, or "
    : "name other data with --valid, or ";
}

interface ResumableValues {
  readonly spec: string;
  readonly data: string | undefined;
  readonly valid: string | undefined;
  readonly steps: number | undefined;
  readonly seed: number | undefined;
  readonly engine: string;
  readonly threads: number | undefined;
  readonly set: readonly string[];
}

/** What to type to continue a run: everything that was asked for, and where it stands. */
function resumeCommand(values: ResumableValues, out: string): string {
  const { spec, data, valid, steps, seed, engine, threads, set } = values;
  const words = [
    ...["memc", "train", positional(spec)],
    ...given("--data", data),
    ...given("--valid", valid),
    ...given("--steps", steps),
    ...given("--seed", seed),
    ...given("--engine", engine === engineOptions.engine.default ? undefined : engine),
    ...given("--threads", threads),
    ...set.flatMap((pair) => given("--set", pair)),
    ...given("--out", out),
  ];
  return [...words, "--resume"].map(quoted).join(" ");
}

/** An option with its value, in one word where the value looks like an option. */
function given(option: string, value: string | number | undefined): readonly string[] {
  if (value === undefined) return [];
  const text = String(value);
  return text.startsWith("-") ? [`${option}=${text}`] : [option, text];
}

/** A path that does not look like an option. */
function positional(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/** What is said of a training that has made all of its steps, and how to go on all the same. */
function finishedText(
  { folder: { shown }, checkpoint: { step } }: Resumption,
  values: ResumableValues,
): string {
  const { spec, data, valid } = values;
  const more = resumeCommand({ ...values, steps: 2 * step }, shown);
  const look = [
    ...["memc", "eval", positional(spec)],
    ...given("--data", data),
    ...given("--valid", valid),
    ...given("--checkpoint", shown),
  ];
  return (
    `the training in ${shown} is finished: it has made all of its ${step} steps\n` +
    `to go on, give a larger total:\n  ${more}\n` +
    `to see what it learnt:\n  ${look.map(quoted).join(" ")}\n`
  );
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
      if (first) terminal.out(`\nsample, going on from "${printable(prompt)}":\n`);
      first = false;
      terminal.out(piece);
    }
    terminal.out("\n");
  } catch (error) {
    if (!(error instanceof runtime.SourceError)) throw error;
    terminal.err(`no sample: ${error.message}\n`);
  }
}
