/** A line that is redrawn in place for a person who watches; nobody else gets it. */
import type { Terminal } from "./terminal.ts";

/** Milliseconds between two drawings. */
const interval = 100;
const erased = "\r\x1b[2K";

export interface LiveLine {
  /** Draws as many of the fields as fit, unless a drawing was just made. `now` is in milliseconds. */
  show(fields: readonly string[], now: number): void;
  /** Draws all of the fields, for the line to be left standing. */
  showLast(fields: readonly string[]): void;
  /** Leaves the line standing. */
  leave(): void;
  /** Takes the line away. */
  erase(): void;
}

export function createLiveLine(terminal: Terminal): LiveLine {
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const draw = (text: string) => {
    if (!terminal.interactive) return;
    terminal.err(`${erased}${text}`);
    drawn = true;
  };
  const end = (text: string) => {
    if (drawn) terminal.err(text);
    drawn = false;
  };
  return {
    show(fields, now) {
      if (now - last < interval) return;
      last = now;
      draw(fitting(fields, terminal.columns - 1));
    },
    showLast: (fields) => draw(fields.join("  ")),
    leave: () => end("\n"),
    erase: () => end(erased),
  };
}

/** As many of the fields as a line of this width holds; a line that wraps could not be redrawn. */
function fitting(fields: readonly string[], width: number): string {
  const [first = "", ...rest] = fields;
  let line = first.slice(0, Math.max(1, width));
  for (const field of rest) {
    if (line.length + 2 + field.length > width) break;
    line += `  ${field}`;
  }
  return line;
}
