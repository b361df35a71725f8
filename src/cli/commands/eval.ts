/** `memc eval SPEC`: what trained parameters achieve on held-out text or a task. */
import type { BuildResult } from "../build-result.ts";
import { type CommandModule, defineCommand } from "../command.ts";
import type { Compile } from "../compiler.ts";
import { comparisonText, evaluatedText, runEvaluation } from "../evaluation.ts";
import { exitCode } from "../exit.ts";
import {
  checkpointOption,
  engineOptions,
  seedOption,
  settingOption,
  specPositional,
  wholeNumber,
} from "../options.ts";
import { readRunCorpus } from "../run-data.ts";
import { createEngine, loadRuntime, withSentences } from "../runtime.ts";
import { parseSettings } from "../settings.ts";
import { loadTrained } from "../trained.ts";

/** The command, given the core. */
export function evalCommand(load: () => Promise<Compile<BuildResult>>): CommandModule {
  return defineCommand({
    positionals: specPositional,
    options: {
      ...checkpointOption,
      data: {
        type: "string",
        describe: "As for train: its end is held out, unless --valid; the training's if not given",
      },
      valid: {
        type: "string",
        describe: "The file or folder to evaluate on; the training's if not given",
      },
      format: { choices: ["text", "json"], default: "text", describe: "For people, or for tools" },
      ...engineOptions,
      ...seedOption,
      ...settingOption,
    },
    examples: [
      ["memc eval specs/memformer.mem", "the latest training, on what it held out"],
      ["memc eval model.mem --checkpoint runs/model-2 --valid new.txt", "on a text of your own"],
    ],
    run: async (values, terminal) => {
      const { spec, seed, threads, checkpoint } = values;
      wholeNumber("eval", "seed", seed, 0, 2 ** 32 - 1);
      if (threads !== undefined) wholeNumber("eval", "threads", threads, 1, 1024);
      const settings = parseSettings(values.set, "eval");
      const runtime = await loadRuntime();
      return withSentences(runtime, async () => {
        const trained = await loadTrained({ spec, checkpoint, settings }, load, runtime, terminal);
        if (trained === undefined) return exitCode.diagnostics;
        const corpus = await readRunCorpus(values, trained.run, terminal.folder);
        const model = trained.programs.evaluate;
        const parameters = trained.parameters(model);
        const engine = await createEngine(runtime, values.engine, threads);
        const comparison = await runEvaluation(
          { model, training: trained.programs.train, corpus, engine, parameters, seed },
          runtime,
          terminal,
        );
        terminal.out(
          values.format === "json"
            ? `${JSON.stringify({ data: evaluatedText(corpus), ...comparison.evaluation, baselines: comparison.baselines, guessing: comparison.guessing })}\n`
            : comparisonText(comparison, corpus),
        );
        return exitCode.fine;
      });
    },
  });
}
