/**
 * Text to syntax trees, and diagnostics of every stage: their type, their codes, their rendering.
 */
export type { Diagnostic, Note, Severity, SourceFile } from "./diagnostic.ts";
export { edition } from "./files.ts";
export { longestFile, type Parsed, parse } from "./parse.ts";
export {
  type Code,
  type DiagnosticDetails,
  type DiagnosticEntry,
  diagnostic,
  diagnostics,
  type SyntaxCode,
} from "./registry.ts";
export {
  jsonVersion,
  LineIndex,
  type Position,
  type RenderOptions,
  renderJson,
  renderText,
} from "./render.ts";
export { suggest } from "./suggest.ts";
export type * from "./tree.ts";
