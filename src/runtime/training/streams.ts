/**
 * Text as segments. A document is a list of bytes, each one a token.
 *
 * A position of a document is an input where its token exists and every target that the schedule's `data` declares for it exists: with
 * `labels = tokens ahead 1` the last token of a document is never an input. Segments never reach over the end of a document; what is
 * left of its last one is padded, with `valid` off.
 */
import { createHash } from "node:crypto";
import { RandomWords } from "./random.ts";
import {
  emptyRow,
  type HostSegment,
  type InputFeed,
  inputFeeds,
  type Position,
  positionNumber,
  rolloutOf,
  type SegmentRow,
  type SegmentSource,
  SourceError,
  type SourceProgram,
  segmentOf,
} from "./source.ts";

export interface TextOptions {
  /**
   * `endless` (training): streams start over after their last document, and where there are fewer documents than streams the
   * longest ones are halved until there are enough; examples are drawn in an order of their own. `once` (evaluation): every document
   * from its start to its end, one time, whatever a rollout is.
   */
  readonly passes: "endless" | "once";
  /** Seed of the order of examples (`batching examples`); streams do not use it. */
  readonly seed: number;
}

/** Segments of text in the way the schedule's `batching` says. Throws SourceError where the text does not suit the inputs. */
export function textSource(
  documents: readonly Uint8Array[],
  program: SourceProgram,
  options: TextOptions,
): SegmentSource {
  const feeds = inputFeeds(program);
  const span = Math.max(0, ...feeds.map((feed) => (feed.kind === "tokens" ? feed.ahead : 0)));
  const usable = documents.filter((document) => document.length > span);
  if (usable.length === 0) {
    throw new SourceError(
      `No document has more than ${span} token${span === 1 ? "" : "s"}, so there is nothing to learn from.`,
    );
  }
  checkRange(usable, feeds);
  const text = { program, feeds, span, documents: usable, digest: digestOf(usable) };
  switch (program.schedule.batching) {
    case "streams":
      return new TextStreams(text, options.passes);
    case "examples":
      return options.passes === "once"
        ? new TextStreams(text, "once")
        : new TextExamples(text, options.seed);
    default:
      return program.schedule.batching satisfies never;
  }
}

interface Text {
  readonly program: SourceProgram;
  readonly feeds: readonly InputFeed[];
  /** Tokens at a document's end that are targets only. */
  readonly span: number;
  readonly documents: readonly Uint8Array[];
  readonly digest: string;
}

function checkRange(documents: readonly Uint8Array[], feeds: readonly InputFeed[]): void {
  const largest = documents.reduce(
    (most, bytes) => bytes.reduce((a, b) => Math.max(a, b), most),
    0,
  );
  for (const feed of feeds) {
    if (feed.kind === "tokens" && largest >= feed.below) {
      throw new SourceError(
        `The text has byte ${largest}, but input ${feed.name} goes from 0 to ${feed.below - 1}.`,
      );
    }
  }
}

function digestOf(documents: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const document of documents) hash.update(`${document.length}:`).update(document);
  return hash.digest("hex");
}

/** The row that starts at a position of a document. */
function rowAt(text: Text, document: Uint8Array, start: number, fresh: boolean): SegmentRow {
  const length = text.program.schedule.segment.tokens;
  return {
    valid: Math.max(0, Math.min(length, document.length - text.span - start)),
    token: ({ ahead }, i) => document[start + i + ahead] ?? 0,
    answer: () => true,
    document: start === 0,
    fresh,
  };
}

function checkDigest(text: Text, position: Position): void {
  if (position.text !== text.digest) {
    throw new SourceError("The text is not the one that the data position belongs to.");
  }
}

/** Next place of a stream: document of its list, and first token. */
type Cursor = readonly [document: number, start: number];

/**
 * Streams side by side: document i goes to stream i mod batch, and each stream walks through its documents from segment to
 * segment. `fresh` is on at a stream's very first segment alone, or where documents are examples at each one's first, as `document` is.
 */
class TextStreams implements SegmentSource {
  readonly #text: Text;
  readonly #passes: TextOptions["passes"];
  readonly #streams: readonly (readonly Uint8Array[])[];
  #cursors: readonly Cursor[];
  #segments = 0;

  constructor(text: Text, passes: TextOptions["passes"]) {
    const { batch } = text.program.schedule;
    const dealt = passes === "endless" ? halved(text.documents, batch, text.span) : text.documents;
    this.#text = text;
    this.#passes = passes;
    this.#streams = Array.from({ length: batch }, (_, stream) =>
      dealt.filter((_document, i) => i % batch === stream),
    );
    this.#cursors = this.#streams.map(() => [0, 0]);
  }

  next(): readonly HostSegment[] {
    const { rollout, stride } = rolloutOf(this.#text.program);
    const segments: HostSegment[] = [];
    let cursors = this.#cursors;
    let following = cursors;
    for (let i = 0; i < rollout && this.#running(cursors); i++) {
      segments.push(this.#segment(cursors, this.#segments + i === 0));
      cursors = cursors.map((cursor, stream) => this.#advance(cursor, stream));
      if (i < stride) following = cursors;
    }
    this.#cursors = following;
    this.#segments += Math.min(stride, segments.length);
    return segments;
  }

  position(): Position {
    return { text: this.#text.digest, segments: this.#segments, cursors: this.#cursors };
  }

  restore(position: Position): void {
    checkDigest(this.#text, position);
    const segments = positionNumber(position, "segments");
    const { cursors } = position;
    if (!Array.isArray(cursors) || cursors.length !== this.#streams.length) {
      throw new SourceError(`The data position is not one of ${this.#streams.length} streams.`);
    }
    this.#cursors = cursors.map((cursor: readonly number[], stream): Cursor => {
      const [document = -1, start = -1] = cursor;
      const documents = this.#streams[stream] as readonly Uint8Array[];
      const inside = document >= 0 && document <= documents.length;
      if (!inside || start < 0 || start > (documents[document]?.length ?? 0)) {
        throw new SourceError(`The data position of stream ${stream} lies outside its documents.`);
      }
      return [document, start];
    });
    this.#segments = segments;
  }

  #running(cursors: readonly Cursor[]): boolean {
    return cursors.some(([document], stream) => document < (this.#streams[stream]?.length ?? 0));
  }

  #segment(cursors: readonly Cursor[], first: boolean): HostSegment {
    const examples = this.#text.program.schedule.batching === "examples";
    const rows = cursors.map(([index, start], stream) => {
      const documents = this.#streams[stream] ?? [];
      const document = documents[index];
      if (document === undefined) return emptyRow(documents.length === 0);
      return rowAt(this.#text, document, start, first || (examples && start === 0));
    });
    return segmentOf(this.#text.program, this.#text.feeds, rows);
  }

  #advance([index, start]: Cursor, stream: number): Cursor {
    const documents = this.#streams[stream] ?? [];
    const document = documents[index];
    if (document === undefined) return [index, start];
    const next = start + this.#text.program.schedule.segment.tokens;
    if (next < document.length - this.#text.span) return [index, next];
    const over = index + 1 === documents.length;
    return [over && this.#passes === "endless" ? 0 : index + 1, 0];
  }
}

/** Halves the longest document until there are `count`, or none can be halved. */
function halved(
  documents: readonly Uint8Array[],
  count: number,
  span: number,
): readonly Uint8Array[] {
  const parts = [...documents];
  while (parts.length < count) {
    const longest = parts.reduce((best, part, i) => {
      return part.length > (parts[best]?.length ?? 0) ? i : best;
    }, 0);
    const whole = parts[longest] as Uint8Array;
    const half = Math.ceil(whole.length / 2);
    if (whole.length - half <= span) break;
    parts.splice(longest, 1, whole.subarray(0, half), whole.subarray(half));
  }
  return parts;
}

/** A stretch of a document. */
interface Example {
  readonly document: Uint8Array;
  readonly start: number;
}

/**
 * Examples without end: every rollout takes `batch` stretches of text, each as long as a rollout and within one document, in an order
 * drawn anew for each pass. All states start afresh with every rollout, in the middle of a document too.
 */
class TextExamples implements SegmentSource {
  readonly #text: Text;
  readonly #seed: number;
  readonly #examples: readonly Example[];
  #taken = 0;
  #order: { readonly pass: number; readonly indices: Int32Array } | undefined;

  constructor(text: Text, seed: number) {
    const { rollout } = rolloutOf(text.program);
    this.#text = text;
    this.#seed = seed;
    this.#examples = text.documents.flatMap((document) => {
      const length = text.program.schedule.segment.tokens * rollout;
      const count = Math.ceil((document.length - text.span) / length);
      return Array.from({ length: count }, (_, i) => ({ document, start: i * length }));
    });
  }

  next(): readonly HostSegment[] {
    const { batch, segment } = this.#text.program.schedule;
    const { rollout } = rolloutOf(this.#text.program);
    const chosen = Array.from({ length: batch }, (_, i) => this.#example(this.#taken + i));
    this.#taken += batch;
    return Array.from({ length: rollout }, (_, i) => {
      const rows = chosen.map(({ document, start }) =>
        rowAt(this.#text, document, start + i * segment.tokens, i === 0),
      );
      return segmentOf(this.#text.program, this.#text.feeds, rows);
    });
  }

  position(): Position {
    return { text: this.#text.digest, taken: this.#taken };
  }

  restore(position: Position): void {
    checkDigest(this.#text, position);
    this.#taken = positionNumber(position, "taken");
  }

  #example(index: number): Example {
    const pass = Math.floor(index / this.#examples.length);
    if (this.#order?.pass !== pass) {
      const place = { step: pass, segment: 0, address: "text.examples" };
      const words = new RandomWords(this.#seed, place, 0);
      this.#order = { pass, indices: words.permutation(this.#examples.length) };
    }
    return this.#examples[this.#order.indices[index % this.#examples.length] as number] as Example;
  }
}
