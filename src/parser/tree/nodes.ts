/** What every node of a syntax tree has: where it stands. */

/** Offsets into the text of one file: start inclusive, end exclusive. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export interface Node {
  readonly span: Span;
}
