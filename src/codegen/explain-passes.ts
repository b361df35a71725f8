/** What each pass is worth on the plan of a training step: `memc build SPEC --explain-passes`. */
import { pipelines } from "../ir/passes/index.ts";
import type { Diagnostic, SourceFile } from "../parser/diagnostic.ts";
import type { CompileOptions } from "./compile.ts";
import { compile } from "./compile.ts";
import type { EmittedFile } from "./emit.ts";

/** Of the generated code as it would run. */
export interface PlanFigures {
  /** Operations of the plan. */
  readonly nodes: number;
  /** Planned peak bytes of a rollout: of its forwards and backwards, with all that is held meanwhile. */
  readonly bytes: number;
}

export interface PassEffect {
  readonly name: string;
  readonly doc: string;
  readonly before: PlanFigures;
  readonly after: PlanFigures;
}

export interface ExplainedPasses {
  readonly diagnostics: readonly Diagnostic[];
  /** In the order the passes run; each starts where the one before ended. Only without errors. */
  readonly effects?: readonly PassEffect[];
}

/** How generated code is measured. The pure core does not stage plans, so this is handed in. */
export interface PlanMeasure {
  /** What staging does to plans by itself, after all passes. */
  readonly simplifications: readonly { readonly name: string; readonly doc: string }[];
  /** Figures of a build's files, staged without some of the simplifications. */
  figures(files: readonly EmittedFile[], without: ReadonlySet<string>): Promise<PlanFigures>;
}

/**
 * Compiles the spec with one pass more each time, staged as it stands; then, with all passes, lets staging make one
 * simplification more each time.
 */
export async function explainPasses(
  sources: readonly SourceFile[],
  main: string,
  options: CompileOptions,
  measure: PlanMeasure,
): Promise<ExplainedPasses> {
  const effects: PassEffect[] = [];
  const names = measure.simplifications.map(({ name }) => name);
  let diagnostics: readonly Diagnostic[] = [];
  let files: readonly EmittedFile[] = [];
  let before: PlanFigures | undefined;
  for (const { pass, disabled } of pipelines()) {
    const compiled = await compile(sources, main, { ...options, passes: { disabled } });
    diagnostics = compiled.diagnostics;
    if (compiled.files === undefined) return { diagnostics };
    files = compiled.files;
    const after = await measure.figures(files, new Set(names));
    if (pass !== undefined && before !== undefined) {
      effects.push({ name: pass.name, doc: pass.doc, before, after });
    }
    before = after;
  }
  for (const [position, { name, doc }] of measure.simplifications.entries()) {
    const after = await measure.figures(files, new Set(names.slice(position + 1)));
    effects.push({ name: `staging: ${name}`, doc, before: before ?? after, after });
    before = after;
  }
  return { diagnostics, effects };
}

/** A table: a pass a line, operations and MiB before and after. */
export function passTable(effects: readonly PassEffect[]): string {
  const rows = effects.map(({ name, doc, before, after }) => [
    name,
    `${before.nodes} → ${after.nodes}`,
    `${mebibytes(before.bytes)} → ${mebibytes(after.bytes)}`,
    doc,
  ]);
  const table = [["pass", "operations", "planned rollout (MiB)", "what it does"], ...rows];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  const lines = table.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
  );
  return `${lines.join("\n")}\n`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2);
}
