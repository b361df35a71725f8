/** `memc summary SPEC`: what a model costs, as planned; nothing is run or written. */
import { type CommandModule, defineCommand } from "../command.ts";
import { type Compile, compileSpec, showDiagnostics } from "../compiler.ts";
import { InternalError } from "../crash.ts";
import { exitCode, InputError } from "../exit.ts";
import { settingOption, specPositional } from "../options.ts";
import { definitionsOf } from "../programs.ts";
import { loadRuntime } from "../runtime.ts";
import { parseSettings } from "../settings.ts";
import { type Summary, type SummaryResult, summarize, type TrainingVariant } from "../summary.ts";

export const summaryCommand = (load: () => Promise<Compile<SummaryResult>>): CommandModule =>
  defineCommand({
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
      ["memc summary specs/memformer.mem", "say what a model costs"],
      ["memc summary model.mem --set D=512 --format json", "the same of a wider one, for a tool"],
    ],
    run: async ({ spec, format, set }, terminal) => {
      const settings = parseSettings(set, "summary");
      const compiled = await compileSpec(spec, { settings }, await load(), terminal);
      const failed = await showDiagnostics(compiled, "text", terminal);
      const own = compiled.result?.own;
      if (failed || own === undefined) return exitCode.diagnostics;
      try {
        const { evaluate } = await definitionsOf(own);
        const variants: TrainingVariant[] = [];
        for (const each of compiled.result?.schedules ?? []) {
          const { train } = await definitionsOf(each.generated);
          if (train !== undefined) variants.push({ ...each, definition: train });
        }
        const summary = await summarize(await loadRuntime(), evaluate, variants);
        terminal.out(format === "json" ? `${JSON.stringify(summary, null, 2)}\n` : table(summary));
      } catch (error) {
        if (error instanceof InputError) throw error;
        throw new InternalError(error, compiled.files);
      }
      return exitCode.fine;
    },
  });

/** Rows of names and numbers, aligned. */
export function table(summary: Summary): string {
  const { parameters, flopsPerToken, stateBytes, schedules } = summary;
  const rows: (readonly string[])[] = [
    ["parameters", whole(parameters.total)],
    ...parameters.instances.map(({ name, count }) => [`  ${name || "(model)"}`, whole(count)]),
    ["state of a stream", bytes(stateBytes)],
    ["FLOPs a token, forward", whole(flopsPerToken)],
  ];
  const lines = [summary.model, ...aligned(rows)];
  if (schedules.length > 0) {
    const head = ["training", "planned peak", "FLOPs a token", "peak in"];
    const body = schedules.map(({ name, own, peakBytes, peakIn, flopsPerToken: flops }) => [
      own ? `${name} *` : name,
      bytes(peakBytes),
      whole(flops),
      peakIn,
    ]);
    lines.push("", ...aligned([head, ...body]), "", "* the spec's own");
  }
  return `${lines.join("\n")}\n`;
}

/** Names to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column > 2 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
}

function whole(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 2 ** 20) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 2 ** 20).toFixed(1)} MiB`;
}
