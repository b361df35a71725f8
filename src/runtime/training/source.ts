/** Where segments come from: the interface that text and synthetic tasks share, and how their rows become tensors. */
import { BATCH, type HostTensor } from "../../ops/index.ts";
import type { Declarations } from "../model.ts";
import type { TrainingSchedule } from "../training.ts";

/** Data that a model cannot take, or that is not what a checkpoint was made with. One sentence. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** One segment of every stream of the batch, on the host. */
export interface HostSegment {
  /** The model's inputs and targets by name, besides `fresh` [batch] and `valid` [batch, T]. */
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** How many tokens are valid. */
  readonly tokens: number;
  /** [batch, T], row-major: 1 where accuracy counts. Only valid positions; all of them for text. */
  readonly scored: Uint8Array;
}

/** What a checkpoint keeps of a source: plain JSON. */
export type Position = Readonly<Record<string, string | number | readonly (readonly number[])[]>>;

export interface SegmentSource {
  /** The segments of the next rollout, in order. Fewer, then none, when a source that ends is at its end. */
  next(): readonly HostSegment[];
  /** Where the next rollout starts. */
  position(): Position;
  /** Continues from a position of an equal source. Throws SourceError if it is another's. */
  restore(position: Position): void;
}

/** The part of a program that its data depends on; a TrainingDefinition and a ModelDefinition are one. */
export interface SourceProgram extends Pick<Declarations, "inputs"> {
  readonly schedule: Pick<TrainingSchedule, "segment" | "batch" | "batching" | "data"> &
    /** A program without training takes one segment at a time. */
    Partial<Pick<TrainingSchedule, "rollout" | "stride">>;
}

/** Segments that `next` gives, and how far the following rollout starts. */
export function rolloutOf({ schedule }: SourceProgram): {
  readonly rollout: number;
  readonly stride: number;
} {
  const rollout = schedule.rollout ?? 1;
  return { rollout, stride: schedule.stride ?? rollout };
}

/** What the rows of an input hold. */
export type InputFeed =
  /** The token `ahead` positions after each one. */
  | {
      readonly kind: "tokens";
      readonly name: string;
      readonly ahead: number;
      readonly below: number;
    }
  /** On where a document (an episode of a task) starts: [batch], or [batch, T] at its first token. */
  | { readonly kind: "document"; readonly name: string; readonly perToken: boolean }
  /** [batch, T]: on where the model is asked for an answer. */
  | { readonly kind: "answer"; readonly name: string };

/**
 * How each input of a program is fed. Int inputs along the segment's axis take tokens, displaced as the schedule's `data` says;
 * flag inputs called `document` and `answer` mark what their names say. A task makes the labels of every target, so that no entry in
 * `data` is needed for one. Throws SourceError for any other input.
 */
export function inputFeeds(
  program: SourceProgram,
  labels: "text" | "a task" = "text",
): readonly InputFeed[] {
  const { segment } = program.schedule;
  const { rollout, stride } = rolloutOf(program);
  if (stride < 1 || stride > rollout) {
    throw new SourceError(`The stride is ${stride}; it goes from 1 to the rollout, ${rollout}.`);
  }
  return Object.entries(program.inputs).map(([name, { axes, kind, range, role }]) => {
    const names = Object.keys(axes);
    const perToken = names.length === 1 && names[0] === segment.axis;
    if (perToken && axes[segment.axis] !== segment.tokens) {
      throw new SourceError(
        `Input ${name} has ${axes[segment.axis]} entries along ${segment.axis}, a segment ${segment.tokens}.`,
      );
    }
    if (kind === "flag" && name === "document" && (perToken || names.length === 0)) {
      return { kind: "document", name, perToken };
    }
    if (kind === "flag" && name === "answer" && perToken) return { kind: "answer", name };
    if (kind === "int" && perToken) {
      const ahead = aheadOf(program, name, []);
      if (labels === "text" && ahead === 0 && role === "target") {
        throw new SourceError(
          `Target ${name} has no entry in \`data\`: say what it is, as in ${name} = tokens ahead 1.`,
        );
      }
      return { kind: "tokens", name, ahead, below: range ?? 2 ** 31 };
    }
    throw new SourceError(
      `Input ${name} is ${kind} [${names.join(", ")}]; data can feed ints [${segment.axis}] ` +
        "and the flags document and answer.",
    );
  });
}

/** Sum of the displacements from an input to the tokens it comes from. A segment ahead is a segment's tokens ahead. */
function aheadOf(program: SourceProgram, name: string, seen: readonly string[]): number {
  const { data, segment } = program.schedule;
  const entry = Object.hasOwn(data, name) ? data[name] : undefined;
  if (entry === undefined) return 0;
  if (seen.includes(name)) throw new SourceError(`In \`data\`, ${name} comes from itself.`);
  if (!Object.hasOwn(program.inputs, entry.source)) {
    throw new SourceError(`In \`data\`, ${name} comes from ${entry.source}, which is no input.`);
  }
  const ahead = entry.ahead === "segment" ? segment.tokens : entry.ahead;
  if (!Number.isInteger(ahead) || ahead < 0) {
    throw new SourceError(`In \`data\`, ${name} is ahead ${ahead}; it takes 0 or more tokens.`);
  }
  return ahead + aheadOf(program, entry.source, [...seen, name]);
}

/** One example's part of a segment. */
export interface SegmentRow {
  /** How many positions, from the first, exist. */
  readonly valid: number;
  /** The token of an input at a valid position. */
  readonly token: (feed: InputFeed & { kind: "tokens" }, position: number) => number;
  /** Whether the model is asked for an answer at a valid position. */
  readonly answer: (position: number) => boolean;
  /** A document starts with this segment. */
  readonly document: boolean;
  /** The example's stream starts with this segment: every state takes its start value. */
  readonly fresh: boolean;
}

/** The row of an example that has nothing in a segment: its states stay as they are. */
export function emptyRow(fresh: boolean): SegmentRow {
  return { valid: 0, token: () => 0, answer: () => false, document: false, fresh };
}

/** Lays the rows of a batch into tensors; positions that do not exist hold token 0 and `valid` off. */
export function segmentOf(
  program: SourceProgram,
  feeds: readonly InputFeed[],
  rows: readonly SegmentRow[],
): HostSegment {
  const { axis, tokens: length } = program.schedule.segment;
  const batch = { name: BATCH, size: rows.length };
  const along = { name: axis, size: length };
  const each = <Numbers extends Int32Array | Uint8Array>(
    numbers: Numbers,
    at: (row: SegmentRow, position: number) => number,
  ): Numbers => {
    rows.forEach((row, example) => {
      for (let i = 0; i < row.valid; i++) numbers[example * length + i] = at(row, i);
    });
    return numbers;
  };
  const flags = (at: (row: SegmentRow, position: number) => boolean) =>
    each(new Uint8Array(rows.length * length), (row, i) => (at(row, i) ? 1 : 0));
  const perToken = (data: Uint8Array): HostTensor => ({
    type: { kind: "flag", axes: [batch, along] },
    data,
  });
  const perExample = (at: (row: SegmentRow) => boolean): HostTensor => ({
    type: { kind: "flag", axes: [batch] },
    data: Uint8Array.from(rows, (row) => (at(row) ? 1 : 0)),
  });
  const scored = flags((row, i) => row.answer(i));
  const inputs = feeds.map((feed): readonly [string, HostTensor] => {
    switch (feed.kind) {
      case "tokens": {
        const data = each(new Int32Array(rows.length * length), (row, i) => row.token(feed, i));
        return [feed.name, { type: { kind: "int", axes: [batch, along] }, data }];
      }
      case "document":
        return [
          feed.name,
          feed.perToken
            ? perToken(flags((row, i) => row.document && i === 0))
            : perExample((row) => row.document),
        ];
      case "answer":
        return [feed.name, perToken(scored)];
      default:
        return feed satisfies never;
    }
  });
  return {
    inputs: Object.fromEntries([
      ...inputs,
      ["fresh", perExample((row) => row.fresh)],
      ["valid", perToken(flags(() => true))],
    ]),
    tokens: rows.reduce((sum, row) => sum + row.valid, 0),
    scored,
  };
}

/** A whole number of a position. Throws SourceError. */
export function positionNumber(position: Position, name: string): number {
  const value = Object.hasOwn(position, name) ? position[name] : undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new SourceError(`The data position has no valid \`${name}\`.`);
  }
  return value;
}
