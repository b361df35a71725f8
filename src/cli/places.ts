/** Places of generated code, as the runtime names them, told as places of the spec that they were made from. */
import { SourceMap, type SourceMapPayload } from "node:module";
import type { GeneratedFile } from "./build-result.ts";
import { javaScriptName, strippedWithMap } from "./loader.ts";

/**
 * A sentence with each `(model.train.js:41)` of it replaced by the spec's `(model.mem:17)`, or where a line has no counterpart in the
 * spec by the generated TypeScript's `(model.train.ts:57)`.
 */
export async function withSpecPlaces(
  sentence: string,
  files: readonly GeneratedFile[],
): Promise<string> {
  const maps = new Map<string, (line: number) => string>();
  for (const file of files) {
    const name = javaScriptName(file.path);
    if (sentence.includes(`(${name}:`)) maps.set(name, await placesOf(file));
  }
  return sentence.replaceAll(/\(([^()\s]+\.js):(\d+)\)/g, (whole, name: string, line: string) => {
    const place = maps.get(name);
    return place === undefined ? whole : `(${place(Number(line))})`;
  });
}

/** From a line of a file's JavaScript to a place for the user. */
async function placesOf(file: GeneratedFile): Promise<(line: number) => string> {
  const map = new SourceMap(await mapOf(file));
  const traced = new Map(traceLines(file.trace).map((entry) => [entry.line, entry]));
  return (line) => {
    const found = map.findEntry(line - 1, Number.MAX_SAFE_INTEGER);
    if (!("originalLine" in found)) return `${javaScriptName(file.path)}:${line}`;
    const first = map.findEntry(line - 1, 0);
    const from = "originalLine" in first ? first.originalLine + 1 : found.originalLine + 1;
    // A statement's lines carry its place at their first; what is inside it follows.
    for (let at = found.originalLine + 1; at >= Math.min(from, found.originalLine + 1); at--) {
      const entry = traced.get(at);
      if (entry !== undefined) return `${entry.file}:${entry.specLine}`;
    }
    return `${file.path}:${found.originalLine + 1}`;
  };
}

async function mapOf(file: GeneratedFile): Promise<SourceMapPayload> {
  return JSON.parse(await strippedWithMap(file));
}

interface TraceLine {
  readonly line: number;
  readonly file: string;
  readonly specLine: number;
}

/** The lines of a generated file's trace; none where it has none. */
function traceLines(trace: unknown): readonly TraceLine[] {
  if (typeof trace !== "object" || trace === null || !("lines" in trace)) return [];
  return Array.isArray(trace.lines) ? trace.lines.filter(isTraceLine) : [];
}

function isTraceLine(entry: unknown): entry is TraceLine {
  return (
    typeof entry === "object" &&
    entry !== null &&
    "line" in entry &&
    "file" in entry &&
    "specLine" in entry
  );
}
