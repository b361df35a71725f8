/** All diagnostics of memc: of the parser, of the checker, and about files. */
import type { DiagnosticEntry } from "../parser/registry.ts";
import { fileDiagnostics } from "./codes.ts";

/** By code, in ascending order. */
export async function allDiagnostics(): Promise<ReadonlyMap<string, DiagnosticEntry>> {
  const { diagnostics } = await import("../parser/registry.ts");
  const entries = Object.entries<DiagnosticEntry>({ ...diagnostics, ...fileDiagnostics });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
