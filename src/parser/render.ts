/** Diagnostics as text for people, with code frames, and as JSON for tools. */
import type { Diagnostic, SourceFile } from "./diagnostic.ts";
import type { Span } from "./tree.ts";

export interface RenderOptions {
  /** Escape sequences for a terminal. Off if not said. */
  readonly color?: boolean;
}

/**
 * A place in a file: line and column from 1, the column in UTF-16 code units; the offset from 0.
 */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The version of the JSON form; it changes when a field changes its meaning or goes. */
export const jsonVersion = 1;

// ---------------------------------------------------------------- text

type Style = "error" | "warning" | "note" | "help" | "rule" | "strong";

const sequences: Readonly<Record<Style, string>> = {
  error: "\u001b[1;31m",
  warning: "\u001b[1;33m",
  note: "\u001b[1;36m",
  help: "\u001b[1;32m",
  rule: "\u001b[34m",
  strong: "\u001b[1m",
};
const plain = "\u001b[0m";

/** Longest part of a source line that a frame shows. */
const frameWidth = 120;

/**
 * One block for each diagnostic, separated by empty lines; "" for none. Control characters of the
 * spec are shown as pictures, so that a spec cannot steer the reader's terminal.
 */
export function renderText(
  diagnostics: readonly Diagnostic[],
  files: readonly SourceFile[],
  options: RenderOptions = {},
): string {
  const texts = indexed(files);
  const paint = (style: Style, text: string): string =>
    options.color === true ? `${sequences[style]}${text}${plain}` : text;
  return diagnostics.map((diagnostic) => block(diagnostic, texts, paint)).join("\n");
}

type Paint = (style: Style, text: string) => string;

function block(diagnostic: Diagnostic, texts: Texts, paint: Paint): string {
  const { severity, code, message, span, notes, help } = diagnostic;
  const lines = [
    `${paint(severity, `${severity}[${code}]`)}: ${paint("strong", visible(message))}`,
  ];
  lines.push(...frame(span, severity, texts, paint));
  for (const note of notes) {
    lines.push(`${paint("note", "note")}: ${visible(note.message)}`);
    if (note.span !== undefined) lines.push(...frame(note.span, "note", texts, paint));
  }
  if (help !== undefined) lines.push(`${paint("help", "help")}: ${visible(help)}`);
  return `${lines.join("\n")}\n`;
}

/**
 * `--> file:line:column`, the line, and a mark under the span; of several lines only the first is
 * shown.
 */
function frame(span: Span, style: Style, texts: Texts, paint: Paint): string[] {
  const text = texts.get(span.file);
  const name = visible(span.file);
  if (text === undefined) return [`  ${paint("rule", "-->")} ${name}`];
  const { line, column } = text.position(span.start);
  const number = String(line);
  const margin = " ".repeat(number.length);
  const bar = paint("rule", "|");

  const whole = text.line(line);
  const last = Math.min(span.end, span.start - (column - 1) + whole.length);
  const marked = Math.max(1, last - span.start);
  const { shown, before } = cut(whole, column - 1, marked);
  const indent = [...shown.slice(0, before)].map((sign) =>
    sign === "\t" ? "\t" : " ".repeat(cells(sign)),
  );
  const under = cells(shown.slice(before, before + marked));
  const goesOn = span.end > last + 1 ? " …" : "";
  const mark = paint(style, "^".repeat(Math.max(1, under)) + goesOn);
  return [
    `${margin}${paint("rule", "-->")} ${name}:${line}:${column}`,
    `${margin} ${bar}`,
    `${paint("rule", number)} ${bar} ${visible(shown)}`,
    `${margin} ${bar} ${indent.join("")}${mark}`,
  ];
}

/** The part of a long line around what is marked, with `…` for what is left out. */
function cut(line: string, start: number, length: number): { shown: string; before: number } {
  if (line.length <= frameWidth) return { shown: line, before: start };
  const room = Math.max(0, frameWidth - Math.min(length, frameWidth));
  const from = Math.max(0, Math.min(start - Math.floor(room / 2), line.length - frameWidth));
  const head = from > 0 ? "…" : "";
  const tail = from + frameWidth < line.length ? "…" : "";
  return {
    shown: head + line.slice(from, from + frameWidth) + tail,
    before: start - from + head.length,
  };
}

const wide =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation})$/u;

/** Columns of a terminal that a text takes. */
function cells(text: string): number {
  let count = 0;
  for (const sign of text) {
    if (/^\p{Mn}$/u.test(sign)) continue;
    count += wide.test(sign) ? 2 : 1;
  }
  return count;
}

/**
 * Control characters as the pictures of U+2400, others that would reorder or break the text as
 * U+FFFD; tabs stay.
 */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, (sign) => {
    const code = sign.codePointAt(0)!;
    if (sign === "\t") return sign;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "\u2421" : "\uFFFD";
  });
}

// ---------------------------------------------------------------- JSON

interface JsonPlace {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/**
 * `{ version, diagnostics: [{ code, severity, message, place: { file, start, end }, notes: [{
 * message, place? }], help? }] }` with `start` and `end` as { offset, line, column }; the end is
 * exclusive. Ends with a new line.
 */
export function renderJson(
  diagnostics: readonly Diagnostic[],
  files: readonly SourceFile[],
): string {
  const texts = indexed(files);
  const place = (span: Span): JsonPlace => {
    const text = texts.get(span.file) ?? new LineIndex("");
    return { file: span.file, start: text.position(span.start), end: text.position(span.end) };
  };
  const document = {
    version: jsonVersion,
    diagnostics: diagnostics.map(({ code, severity, message, span, notes, help }) => ({
      code,
      severity,
      message,
      place: place(span),
      notes: notes.map((note) => ({
        message: note.message,
        ...(note.span === undefined ? {} : { place: place(note.span) }),
      })),
      ...(help === undefined ? {} : { help }),
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

// ---------------------------------------------------------------- lines

type Texts = ReadonlyMap<string, LineIndex>;

function indexed(files: readonly SourceFile[]): Texts {
  return new Map(files.map(({ path, text }) => [path, new LineIndex(text)]));
}

/** Lines of a text, ended by `\n`, `\r\n` or `\r`. */
export class LineIndex {
  readonly #text: string;
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#text = text;
    const starts = [0];
    for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length);
    this.#starts = starts;
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { offset, line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  /** A line by its number from 1, without its end and without a byte order mark's width. */
  line(number: number): string {
    const start = this.#starts[number - 1] ?? this.#text.length;
    const end = this.#starts[number] ?? this.#text.length;
    return this.#text
      .slice(start, end)
      .replace(/[\r\n]+$/, "")
      .replace(/^\uFEFF/, " ");
  }
}
