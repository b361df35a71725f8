/** All diagnostics of memc: of the parser, of the checker, about files, and about runs. */
import type { DiagnosticEntry } from "../parser/registry.ts";
import { fileDiagnostics } from "./codes.ts";
import { runDiagnostics } from "./run-codes.ts";

/** By code, in ascending order. */
export async function allDiagnostics(): Promise<ReadonlyMap<string, DiagnosticEntry>> {
  const { diagnostics } = await import("../parser/registry.ts");
  const { checkCodes } = await import("../ir/check/codes.ts");
  const entries = Object.entries<DiagnosticEntry>({
    ...diagnostics,
    ...checkCodes,
    ...fileDiagnostics,
    ...runDiagnostics,
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
