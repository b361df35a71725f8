/** `memc build SPEC`: writes the generated TypeScript, or says what writing it would change. */
import { basename, join, relative, resolve } from "node:path";
import type { BuildResult, GeneratedFile } from "../build-result.ts";
import { type CommandModule, defineCommand } from "../command.ts";
import { type Compile, compileSpec, showDiagnostics } from "../compiler.ts";
import { optionsText } from "../core.ts";
import { exitCode } from "../exit.ts";
import { settingOption, specPositional } from "../options.ts";
import { explain, passOptions, passRequest } from "../pass-options.ts";
import { checkProbes } from "../probes.ts";
import { parseSettings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { type OutputFile, type OutputPlan, planOutput, writeOutput } from "../writer.ts";

/** The command, given the core (`load` is called when a spec is to be built). */
export function buildCommand(load: () => Promise<Compile<BuildResult>>): CommandModule {
  return defineCommand({
    positionals: specPositional,
    options: {
      out: { type: "string", default: "generated", describe: "Folder for the generated files" },
      check: {
        type: "boolean",
        default: false,
        describe: "Write nothing; exit code 1 if anything would change",
      },
      emit: {
        choices: ["ts", "js"],
        default: "ts",
        describe: "TypeScript, or JavaScript without types",
      },
      force: {
        type: "boolean",
        default: false,
        describe: "Write over files that were edited or that memc did not write",
      },
      probe: {
        type: "string",
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: "Make a named value visible, e.g. encoder[*].attention.p",
      },
      ...settingOption,
      ...passOptions,
    },
    examples: [
      ["memc build specs/memformer.mem --out src/generated", "write the model's code"],
      ["memc build specs/memformer.mem --out src/generated --check", "in CI: is it current?"],
    ],
    run: async ({ spec, out, check, emit, force, set, probe, ...given }, terminal) => {
      const settings = parseSettings(set, "build");
      if (given["explain-passes"]) return explain(spec, settings, terminal);
      const passes = await passRequest(given, terminal);
      const options = { settings, passes, probes: probe };
      const compiled = await compileSpec(spec, options, await load(), terminal);
      const generated = compiled.result?.generated;
      const notes =
        generated === undefined ? [] : await checkProbes(probe, compiled.files, generated);
      const failed = await showDiagnostics(compiled, "text", terminal);
      for (const note of notes) terminal.err(`${note}\n`);
      if (failed || generated === undefined) return exitCode.diagnostics;
      const files = await outputFiles(generated, emit === "js" ? "js" : "ts");
      const folder = resolve(terminal.folder, out);
      const plan = await planOutput(folder, basename(spec), files, optionsText(options));
      if (check) return reportDifferences(plan, terminal);
      await writeOutput(plan, force);
      reportWritten(plan, terminal);
      return exitCode.fine;
    },
  });
}

async function outputFiles(
  generated: readonly GeneratedFile[],
  emit: "ts" | "js",
): Promise<readonly OutputFile[]> {
  if (emit === "ts") {
    return generated.flatMap(({ path, text, trace }) => [
      { path, text },
      { path: path.replace(/\.ts$/, ".trace.json"), text: `${JSON.stringify(trace)}\n` },
    ]);
  }
  const { toJavaScript } = await import("../javascript.ts");
  return Promise.all(
    generated.map(async ({ path, text }) => ({
      path: path.replace(/\.ts$/, ".js"),
      text: await toJavaScript(text),
    })),
  );
}

function reportDifferences(plan: OutputPlan, terminal: Terminal): number {
  const folder = shownFolder(plan, terminal);
  const edited = plan.obstacles.map(({ path, reason }) => `${join(folder, path)}: ${reason}`);
  const differences = plan.differences
    .filter(({ path }) => !plan.obstacles.some((obstacle) => obstacle.path === path))
    .map(({ path, change }) => `${join(folder, path)}: would ${change}`);
  const lines = [...differences, ...edited].sort();
  for (const line of lines) terminal.out(`${line}\n`);
  if (lines.length > 0) return exitCode.diagnostics;
  terminal.out(currentText(folder));
  return exitCode.fine;
}

function reportWritten(plan: OutputPlan, terminal: Terminal): void {
  const folder = shownFolder(plan, terminal);
  const verbs = { create: "created", update: "updated", delete: "deleted" } as const;
  for (const { path, change } of plan.differences) {
    terminal.out(`${verbs[change]} ${join(folder, path)}\n`);
  }
  if (plan.differences.length === 0) terminal.out(currentText(folder));
}

/** From the shell's folder if it is below; empty for the shell's folder itself. */
function shownFolder({ folder }: OutputPlan, terminal: Terminal): string {
  const way = relative(terminal.folder, folder);
  return way.startsWith("..") ? folder : way;
}

function currentText(folder: string): string {
  return `${folder === "" ? "the folder" : folder} is current\n`;
}
