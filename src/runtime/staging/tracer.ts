/**
 * Finds the functions of the generated code that lead to an operation, from the call stack of its
 * staging.
 */

interface Stacked {
  stack?: string;
}

/** A method of the builder, which the stack is cut at. */
export type Entry = (...operands: never[]) => unknown;

export class Tracer {
  /** The builder's method that is running. */
  entry: Entry | undefined;
  private readonly outer: number;

  /** Made where the staging starts: what is on the stack by then is left out of every trace. */
  constructor() {
    this.outer = frames(Tracer).length;
  }

  /**
   * Innermost first: `attention (memformer.ts:41) < layer (memformer.ts:77) < segment
   * (memformer.ts:120)`.
   */
  callers(): string {
    const all = frames(this.entry);
    return all
      .slice(0, Math.max(0, all.length - this.outer))
      .map(frameText)
      .join(" < ");
  }
}

/** Lines of the stack below the topmost call of `entry`, innermost first. */
function frames(entry: Entry | typeof Tracer | undefined): readonly string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const holder: Stacked = {};
  Error.captureStackTrace(holder, entry);
  Error.stackTraceLimit = limit;
  return (holder.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
}

/** `    at layer (file:///models/memformer.ts:77:13)` as `layer (memformer.ts:77)`. */
function frameText(line: string): string {
  const [, called, place = ""] = /^ {4}at (?:(.*) \()?(.*?)\)?$/.exec(line) ?? [];
  const position = (place.split(/[\\/]/).at(-1) ?? place).replace(/(:\d+):\d+$/, "$1");
  return called === undefined ? position : `${called} (${position})`;
}
