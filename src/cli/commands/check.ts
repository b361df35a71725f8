/** `memc check SPEC`: every error of a spec in one run; nothing is written. */

import { defineCommand } from "../command.ts";
import { compileSpec, showDiagnostics } from "../compiler.ts";
import { loadCheck } from "../core.ts";
import { exitCode } from "../exit.ts";
import { settingOption, specPositional } from "../options.ts";
import { parseSettings } from "../settings.ts";

export const command = defineCommand({
  positionals: specPositional,
  options: {
    format: {
      choices: ["text", "json"],
      default: "text",
      describe: "For people, or for tools",
    },
    ...settingOption,
  },
  examples: [
    ["memc check specs/memformer.mem", "say what is wrong with a spec"],
    ["memc check model.mem --format json", "the same for an editor"],
  ],
  run: async ({ spec, format, set }, terminal) => {
    const settings = parseSettings(set, "check");
    const compiled = await compileSpec(spec, { settings }, await loadCheck(), terminal);
    const failed = await showDiagnostics(compiled, format === "json" ? "json" : "text", terminal);
    if (failed) return exitCode.diagnostics;
    if (format !== "json") terminal.out(`${spec}: fine\n`);
    return exitCode.fine;
  },
});
