/**
 * Collecting results that nobody holds any more. Their entries lie outside V8's heap; the collector sees the small objects that
 * hold them and waits, so that gigabytes may pile up.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Bytes of results between two collections: a collection takes some milliseconds, making these results far longer. */
const BETWEEN = 64 * 2 ** 20;

let collect: (() => void) | undefined;
let made = 0;

/** Announces a run whose results have so many bytes; collects first if enough have been made since the last time. */
export function beforeResults(bytes: number): void {
  made += bytes;
  if (made < BETWEEN) return;
  made = bytes;
  collect ??= collector();
  collect();
}

function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("gc");
  return typeof found === "function" ? () => found() : () => {};
}
