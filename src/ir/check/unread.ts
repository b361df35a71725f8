/** Lines that the parser could not read: what a check finds missing because of them is no fault of its own. */
import type { SourceFile } from "../../parser/diagnostic.ts";
import type { Span } from "../../parser/tree.ts";

export interface Unread {
  /** Whether something starts on such a line. */
  readonly holds: (span: Span) => boolean;
  /** Whether a part of it is on such a line. */
  readonly touches: (span: Span) => boolean;
  /** Words on such lines. */
  readonly words: ReadonlySet<string>;
}

export const nothingUnread: Unread = {
  holds: () => false,
  touches: () => false,
  words: new Set(),
};

/** The lines of errors of syntax, and of the statements that were skipped because of them. */
export function unreadLines(sources: readonly SourceFile[], spans: readonly Span[]): Unread {
  const lines: Span[] = [];
  const words = new Set<string>();
  for (const { file, start, end: last } of spans) {
    const text = sources.find(({ path }) => path === file)?.text ?? "";
    const from = text.lastIndexOf("\n", start - 1) + 1;
    const next = text.indexOf("\n", last);
    const end = next < 0 ? text.length : next;
    lines.push({ file, start: from, end });
    for (const [word] of text.slice(from, end).matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  }
  const touches = ({ file, start, end }: Span) =>
    lines.some((line) => line.file === file && line.start <= end && start <= line.end);
  const holds = ({ file, start }: Span) => touches({ file, start, end: start });
  return { holds, touches, words };
}
