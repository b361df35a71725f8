/**
 * Synthetic tasks: `task:recall` and `task:sort`. Every episode is made by the counter-based generator from
 * (seed, split, episode), so a task needs no files, never repeats, and continues exactly from a number.
 *
 * An episode starts a stream afresh (`fresh`, and `document` where the model has it). Where the model declares a flag input
 * `answer`, it marks the positions that ask for an answer; accuracy counts only these either way.
 */
import type { RandomWords } from "./random.ts";
import {
  type InputFeed,
  inputFeeds,
  rolloutOf,
  SourceError,
  type SourceProgram,
} from "./source.ts";

/** What one example sees in one episode; all three as long as the episode. */
export interface Episode {
  readonly tokens: Int32Array;
  readonly labels: Int32Array;
  /** 1 where an answer is asked for. */
  readonly answer: Uint8Array;
}

export interface Task {
  readonly name: string;
  /** Tokens of an episode. */
  readonly length: number;
  /** How many different tokens and labels there are: all lie in 0 .. vocabulary - 1. */
  readonly vocabulary: number;
  /** Share of answers that are right when any of the symbols is guessed. */
  readonly guessing: number;
  episode(words: RandomWords): Episode;
}

/** What follows `task:`. */
export const taskNames = ["recall", "sort"] as const;

export interface RecallOptions {
  /** Symbols shown at the start of the first segment. */
  readonly shown: number;
  /** How many different symbols there are. */
  readonly symbols: number;
  /** Segments of an episode; the last one asks. */
  readonly segments: number;
}

const BLANK = 0;
const ASK = 1;
const FIRST_SYMBOL = 2;

/**
 * Symbols shown at the start of the first segment are asked for in the last one, in the same order, where the input holds nothing but the
 * token that asks. Tokens: 0 blank, 1 asks, symbols from 2. Labels are the symbols there and 0 everywhere else.
 */
export function recallTask(segmentTokens: number, options: RecallOptions): Task {
  const { shown, symbols, segments } = options;
  if (shown < 1 || shown > segmentTokens) {
    throw new SourceError(
      `task:recall shows ${shown} symbols; a segment of ${segmentTokens} tokens holds 1 to ${segmentTokens}.`,
    );
  }
  if (symbols < 2) {
    throw new SourceError(`task:recall needs 2 or more different symbols, not ${symbols}.`);
  }
  if (segments < 2) {
    throw new SourceError(`task:recall needs 2 or more segments, not ${segments}.`);
  }
  const length = segments * segmentTokens;
  return {
    name: "task:recall",
    length,
    vocabulary: FIRST_SYMBOL + symbols,
    guessing: 1 / symbols,
    episode(words) {
      const tokens = new Int32Array(length).fill(BLANK);
      const labels = new Int32Array(length).fill(BLANK);
      const answer = new Uint8Array(length);
      const asked = length - segmentTokens;
      for (let i = 0; i < shown; i++) {
        const symbol = FIRST_SYMBOL + words.integer(symbols);
        tokens[i] = symbol;
        tokens[asked + i] = ASK;
        labels[asked + i] = symbol;
        answer[asked + i] = 1;
      }
      return { tokens, labels, answer };
    },
  };
}

export interface SortOptions {
  /** Symbols of the sequence, n. */
  readonly length: number;
  /** Different symbols, and length of the answer. */
  readonly alphabet: number;
}

/**
 * The sorting task of Martins, Marinho and Martins, "∞-former: Infinite Memory Transformer" (ACL 2022): n symbols whose distribution
 * drifts from one to another, a separator, then all symbols of the alphabet by decreasing count. Symbol j is drawn from
 * (1 - r) p0 + r p1 with r = (j + 1) / n; p0 and p1 are independent, with integer weights 1 .. 9. Ties go by first appearance; symbols that
 * do not appear follow in increasing order. The answer is part of the input (teacher forcing); its labels are the next tokens. The
 * others are one token that stands for none, alphabet + 1, as the drift makes nothing else predictable; the separator is the token
 * alphabet.
 */
export function sortTask({ length: n, alphabet }: SortOptions): Task {
  if (alphabet < 2) throw new SourceError(`task:sort needs 2 or more symbols, not ${alphabet}.`);
  if (n < 1) throw new SourceError(`task:sort needs a sequence of 1 or more symbols, not ${n}.`);
  const separator = alphabet;
  const none = alphabet + 1;
  const length = n + alphabet;
  return {
    name: "task:sort",
    length,
    vocabulary: alphabet + 2,
    guessing: 1 / alphabet,
    episode(words) {
      const early = Array.from({ length: alphabet }, () => 1 + words.integer(9));
      const late = Array.from({ length: alphabet }, () => 1 + words.integer(9));
      const sequence = Array.from({ length: n }, (_, j) => {
        const fromLate = words.uniform() < (j + 1) / n;
        return drawFrom(fromLate ? late : early, words);
      });
      const all = [...sequence, separator, ...byCount(sequence, alphabet)];
      return {
        tokens: Int32Array.from(all.slice(0, length)),
        labels: Int32Array.from({ length }, (_, i) => (i >= n ? (all[i + 1] ?? none) : none)),
        answer: Uint8Array.from({ length }, (_, i) => (i >= n ? 1 : 0)),
      };
    },
  };
}

/** An index with probability proportional to its integer weight. */
function drawFrom(weights: readonly number[], words: RandomWords): number {
  let left = words.integer(weights.reduce((sum, weight) => sum + weight, 0));
  let index = 0;
  for (const weight of weights) {
    if (left < weight) return index;
    left -= weight;
    index++;
  }
  return index - 1;
}

/** The alphabet by decreasing count in a sequence; ties by first appearance, absent symbols last in increasing order. */
export function byCount(sequence: readonly number[], alphabet: number): readonly number[] {
  const counts = new Map<number, number>();
  // A Map keeps the order of first appearance, and sorting is stable.
  for (const symbol of sequence) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const present = [...counts].sort(([, a], [, b]) => b - a).map(([symbol]) => symbol);
  const symbols = Array.from({ length: alphabet }, (_, symbol) => symbol);
  return [...present, ...symbols.filter((symbol) => !counts.has(symbol))];
}

/**
 * A task by what a user writes: `task:recall`, `task:sort(length = 4000, alphabet = 20)`. What is not given follows the model: recall
 * shows up to 4 of up to 8 symbols in an episode of 4 segments; sort fills a rollout of `training` (at least the alphabet) with up to 20
 * symbols, so that an evaluation, which has no rollouts, is about episodes of the same length.
 * Throws SourceError for a name or setting that does not exist, or sizes that do not suit the inputs.
 */
export function parseTask(
  text: string,
  program: SourceProgram,
  training: SourceProgram = program,
): Task {
  const match = /^task:([a-z]+)(?:\(([^()]*)\))?$/.exec(text.trim());
  const settings = new Map<string, number>();
  for (const part of (match?.[2] ?? "").split(",").filter((one) => one.trim() !== "")) {
    const setting = /^\s*([a-z]+)\s*=\s*(\d{1,9})\s*$/.exec(part);
    const [, key, value] = setting ?? [];
    if (key === undefined || settings.has(key)) {
      throw new SourceError(
        `\`${part.trim()}\` is not one setting of a task, as in length = 4000.`,
      );
    }
    settings.set(key, Number(value));
  }
  const take = (key: string, otherwise: number): number => {
    const value = settings.get(key) ?? otherwise;
    settings.delete(key);
    return value;
  };
  const feeds = tokenFeeds(inputFeeds(program, "a task"));
  const range = Math.min(...feeds.map(({ below }) => below));
  const tokens = program.schedule.segment.tokens;
  let task: Task;
  switch (match?.[1]) {
    case "recall":
      task = recallTask(tokens, {
        shown: take("shown", Math.min(4, tokens)),
        symbols: take("symbols", Math.min(8, range - FIRST_SYMBOL)),
        segments: take("segments", 4),
      });
      break;
    case "sort": {
      const alphabet = take("alphabet", Math.min(20, range - 2));
      const room = rolloutOf(training).rollout * training.schedule.segment.tokens - alphabet;
      task = sortTask({ alphabet, length: take("length", Math.max(alphabet, room)) });
      break;
    }
    default:
      throw new SourceError(`There is no task \`${text}\`; there are task:recall and task:sort.`);
  }
  for (const key of settings.keys()) {
    throw new SourceError(`${task.name} has no setting \`${key}\`.`);
  }
  for (const { name, below } of feeds) {
    if (task.vocabulary > below) {
      throw new SourceError(
        `${task.name} needs ${task.vocabulary} different tokens, but ${name} goes from 0 to ${below - 1}.`,
      );
    }
  }
  return task;
}

type TokenFeed = InputFeed & { readonly kind: "tokens" };

function tokenFeeds(feeds: readonly InputFeed[]): readonly TokenFeed[] {
  const tokens = feeds.filter((feed): feed is TokenFeed => feed.kind === "tokens");
  if (tokens.length === 0) throw new SourceError("The model has no input of tokens.");
  return tokens;
}
