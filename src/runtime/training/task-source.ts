/** Episodes of a synthetic task as a source of segments. */
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
import type { Episode, Task } from "./tasks.ts";

export interface TaskOptions {
  readonly seed: number;
  /** Training and evaluation never see the same episodes. */
  readonly split: "train" | "evaluation";
  /** How many episodes there are in all; without it the source never ends. */
  readonly episodes?: number;
}

/** Episodes of a task, one after another in each of `batch` streams. Targets get labels, other token inputs tokens. */
export class TaskSource implements SegmentSource {
  readonly #task: Task;
  readonly #program: SourceProgram;
  readonly #options: TaskOptions;
  readonly #feeds: readonly InputFeed[];
  /** Episodes that the latest segment came from, by number. */
  #episodes = new Map<number, Episode>();
  #segments = 0;

  constructor(task: Task, program: SourceProgram, options: TaskOptions) {
    this.#task = task;
    this.#program = program;
    this.#options = options;
    this.#feeds = inputFeeds(program, "a task");
    const rollout = program.schedule.rollout;
    const segments = this.#episodeSegments();
    if (program.schedule.batching === "examples" && (rollout ?? segments) !== segments) {
      throw new SourceError(
        `An episode of ${task.name} has ${segments} segments, a rollout of examples ${rollout}; make them equal.`,
      );
    }
  }

  next(): readonly HostSegment[] {
    const { rollout, stride } = rolloutOf(this.#program);
    const segments: HostSegment[] = [];
    for (let i = 0; i < rollout; i++) {
      const segment = this.#segment(this.#segments + i);
      if (segment === undefined) break;
      segments.push(segment);
    }
    this.#segments += Math.min(stride, segments.length);
    return segments;
  }

  position(): Position {
    return { task: this.#task.name, segments: this.#segments };
  }

  restore(position: Position): void {
    if (position.task !== this.#task.name) {
      throw new SourceError(`The data position is not one of ${this.#task.name}.`);
    }
    this.#segments = positionNumber(position, "segments");
  }

  #episodeSegments(): number {
    return Math.ceil(this.#task.length / this.#program.schedule.segment.tokens);
  }

  #segment(index: number): HostSegment | undefined {
    const { batch, segment } = this.#program.schedule;
    const round = Math.floor(index / this.#episodeSegments());
    const within = index % this.#episodeSegments();
    const last = this.#options.episodes ?? Number.POSITIVE_INFINITY;
    if (round * batch >= last) return undefined;
    const current = new Map<number, Episode>();
    const rows = Array.from({ length: batch }, (_, stream): SegmentRow => {
      const number = round * batch + stream;
      if (number >= last) return emptyRow(within === 0);
      const episode = this.#episodes.get(number) ?? this.#episode(number);
      current.set(number, episode);
      return this.#row(episode, within * segment.tokens);
    });
    this.#episodes = current;
    return segmentOf(this.#program, this.#feeds, rows);
  }

  #episode(number: number): Episode {
    const { seed, split } = this.#options;
    const address = `${this.#task.name}.${split}`;
    return this.#task.episode(new RandomWords(seed, { step: 0, segment: 0, address }, number));
  }

  #row(episode: Episode, start: number): SegmentRow {
    const { inputs, schedule } = this.#program;
    return {
      valid: Math.min(schedule.segment.tokens, this.#task.length - start),
      token: ({ name }, i) => {
        const numbers = inputs[name]?.role === "target" ? episode.labels : episode.tokens;
        return numbers[start + i] ?? 0;
      },
      answer: (i) => episode.answer[start + i] === 1,
      document: start === 0,
      fresh: start === 0,
    };
  }
}
