/** `memc sample SPEC`: lets a trained model go on from a prompt. */
import type { BuildResult } from "../build-result.ts";
import { type CommandModule, defineCommand } from "../command.ts";
import type { Compile } from "../compiler.ts";
import { exitCode, InputError, UsageError } from "../exit.ts";
import {
  checkpointOption,
  engineOptions,
  seedOption,
  settingOption,
  specPositional,
  wholeNumber,
} from "../options.ts";
import { taskOfRun } from "../run-data.ts";
import { createEngine, loadRuntime, withSentences } from "../runtime.ts";
import { sampleText } from "../sampling.ts";
import { parseSettings } from "../settings.ts";
import { loadTrained } from "../trained.ts";

/** The command, given the core. */
export function sampleCommand(load: () => Promise<Compile<BuildResult>>): CommandModule {
  return defineCommand({
    positionals: specPositional,
    options: {
      ...checkpointOption,
      prompt: { type: "string", default: "The ", describe: "The text to go on from" },
      length: { type: "number", default: 200, describe: "Tokens (bytes) to make" },
      temperature: {
        type: "number",
        default: 1,
        describe: "Below 1 safer, above 1 wilder; 0 takes the likeliest token",
      },
      "top-k": { type: "number", describe: "Choose among the k likeliest tokens" },
      "top-p": {
        type: "number",
        describe: "Choose among the likeliest that reach this probability",
      },
      ...engineOptions,
      ...seedOption,
      ...settingOption,
    },
    examples: [
      ['memc sample specs/memformer.mem --prompt "Call me "', "from the latest training"],
      ["memc sample model.mem --temperature 0.7 --top-p 0.9", "with less risk"],
    ],
    run: async (values, terminal) => {
      const { spec, prompt, temperature, threads, seed, checkpoint } = values;
      const whole = (option: string, value: number, low: number, high?: number) =>
        wholeNumber("sample", option, value, low, high);
      whole("seed", seed, 0, 2 ** 32 - 1);
      const length = whole("length", values.length, 0);
      if (threads !== undefined) whole("threads", threads, 1, 1024);
      const topK = values["top-k"];
      if (topK !== undefined) whole("top-k", topK, 1);
      const topP = values["top-p"];
      if (topP !== undefined && !(topP > 0 && topP <= 1)) {
        throw new UsageError(`--top-p ${topP}: a number above 0 and up to 1 is needed`, about);
      }
      if (temperature < 0) {
        throw new UsageError(`--temperature ${temperature}: a number from 0 is needed`, about);
      }
      const settings = parseSettings(values.set, "sample");
      const runtime = await loadRuntime();
      return withSentences(runtime, async () => {
        const trained = await loadTrained({ spec, checkpoint, settings }, load, runtime, terminal);
        if (trained === undefined) return exitCode.diagnostics;
        const model = trained.programs.generate;
        const options = {
          model,
          parameters: trained.parameters(model),
          engine: await createEngine(runtime, values.engine, threads),
          seed,
          prompt,
          length,
          temperature,
          ...(topK === undefined ? {} : { topK }),
          ...(topP === undefined ? {} : { topP }),
        };
        const task = trained.run && taskOfRun(trained.run);
        try {
          // The first piece comes when the prompt has been read, so a prompt that cannot be read is not shown either.
          let shown = false;
          for await (const piece of sampleText(options, runtime)) {
            if (!shown && task !== undefined) terminal.err(`note: ${symbolsText(task)}\n`);
            terminal.out(shown ? piece : `${prompt}${piece}`);
            shown = true;
          }
        } catch (error) {
          if (!(error instanceof runtime.SourceError) || task === undefined) throw error;
          throw new InputError(
            `no text can be made: ${error.message}`,
            `${symbolsText(task)}; memc eval shows what it learnt`,
            "MEM0911",
          );
        }
        terminal.out("\n");
        return exitCode.fine;
      });
    },
  });
}

function symbolsText(task: string): string {
  return `the model was trained on ${task}, on symbols rather than text`;
}

const about = { command: "sample" };
