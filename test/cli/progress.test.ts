import { expect, test } from "vitest";
import { createLiveLine } from "../../src/cli/live-line.ts";
import {
  bytes,
  createProgress,
  duration,
  perplexityText,
  progressFields,
} from "../../src/cli/progress.ts";
import { recordingTerminal } from "./kit.ts";

const report = {
  step: 120,
  steps: 600,
  loss: 2.3142,
  perplexity: Math.exp(2.3142),
  tokensPerSecond: 5321.4,
  peakResidentBytes: 512 * 1024 ** 2,
};

test("the line holds everything that is watched", () => {
  expect(progressFields(report, "ETA 1:23").join("  ")).toBe(
    "step 120/600  loss 2.3142  perplexity 10.12  5,321 tokens/s  ETA 1:23  peak 512 MiB",
  );
});

test.each([
  [1, "1.000"],
  [11.0069, "11.01"],
  [256, "256.0"],
  [4.8517e8, "4.85e+8"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NaN, "NaN"],
])("a perplexity of %d is shown as %s", (value, text) => expect(perplexityText(value)).toBe(text));

test("a model without a term called main has no perplexity to show", () => {
  const { perplexity: _, ...without } = report;
  expect(progressFields(without, undefined).join()).not.toContain("perplexity");
});

/** The losses that a person sees after each step. */
function lossesShown(
  losses: readonly number[],
  before: Parameters<typeof createProgress>[2] = [],
): readonly string[] {
  const terminal = recordingTerminal("/", true);
  const progress = createProgress(terminal, 0, before);
  losses.forEach((loss, i) => {
    progress.show({ ...report, step: i + 1, loss }, 1000 * i);
  });
  return [...terminal.written.err.matchAll(/loss (\S+)/g)].map(([, loss = ""]) => loss);
}

test("means weigh the first step no more than the others", () => {
  const second = (0.9 * 5.52 + 51.3) / 1.9;
  expect(lossesShown([5.52, 51.3])).toEqual(["5.5200", second.toFixed(4)]);
  expect(lossesShown(Array<number>(40).fill(2.5)).at(-1)).toBe("2.5000");
});

test("of a training that goes on the means go on, too", () => {
  const losses = [5, 3, 4, 2];
  const before = losses.slice(0, 2).map((loss) => ({ loss }));
  expect(lossesShown(losses.slice(2), before)).toEqual(lossesShown(losses).slice(2));
});

test("a step in which nothing counts leaves the running means as they are, and a dash before the first", () => {
  const terminal = recordingTerminal("/", true);
  const progress = createProgress(terminal, 0);
  const none = { ...report, loss: null, perplexity: null };
  progress.show({ ...none, step: 1 }, 1000);
  progress.show({ ...report, step: 2 }, 2000);
  progress.show({ ...none, step: 600 }, 3000);
  const means = [...terminal.written.err.matchAll(/loss (\S+) {2}perplexity (\S+)/g)];
  expect(means.map(([, loss, perplexity]) => [loss, perplexity])).toEqual([
    ["–", "–"],
    ["2.3142", "10.12"],
    ["2.3142", "10.12"],
  ]);
});

test.each([
  [0, "0:00"],
  [7_400, "0:07"],
  [83_000, "1:23"],
  [7_500_000, "2:05:00"],
  [Number.POSITIVE_INFINITY, "?"],
])("%d ms is %s", (milliseconds, text) => expect(duration(milliseconds)).toBe(text));

test.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [256 * 1024 ** 2, "256 MiB"],
  [2.1 * 1024 ** 3, "2.1 GiB"],
])("%d bytes are %s", (count, text) => expect(bytes(count)).toBe(text));

test("a person sees one line redrawn, at most ten times a second", () => {
  const terminal = recordingTerminal("/", true);
  const progress = createProgress(terminal, 0);
  for (let step = 1; step <= 30; step += 1) progress.show({ ...report, step }, step * 10);
  progress.finish();
  const drawn = terminal.written.err.split("\r").length - 1;
  expect(drawn).toBe(3);
  expect(terminal.written.err.endsWith("\n")).toBe(true);
});

/** What a log says of time, with the steps made at these seconds after the beginning. */
function timesOf(seconds: readonly number[], first = 1, steps = 100): readonly string[] {
  const terminal = recordingTerminal("/", false);
  const progress = createProgress(terminal, 0);
  seconds.forEach((second, i) => {
    progress.show({ ...report, step: first + i, steps }, second * 1000);
  });
  progress.finish();
  const lines = terminal.written.err.trimEnd().split("\n");
  return lines.map((line) => {
    const [, step = "", time = "no estimate"] =
      /^step +(\d+)\/.* tokens\/s {2}(?:(.*) {2})?peak/.exec(line) ?? [];
    return `${step}: ${time}`;
  });
}

test("the first step, which prepares the engine, counts neither as an estimate nor in later ones", () => {
  expect(timesOf([60, 70, 80])).toEqual(["1: no estimate", "2: ETA 16:20", "3: ETA 16:10"]);
});

test("of a training that goes on only the steps made since count", () => {
  expect(timesOf([60, 70, 80], 91)).toEqual(["91: no estimate", "92: ETA 1:20", "93: ETA 1:10"]);
});

test("what happens between steps, such as a checkpoint, is in the estimate", () => {
  const times = timesOf([5, 6, 7, 8, 17]);
  expect(times.at(-1)).toBe("5: ETA 4:45");
});

test("steps that are not shown count, too", () => {
  expect(timesOf([1, 2, 3, 4, 5, 6])).toEqual(["1: no estimate", "6: ETA 1:34"]);
});

test("the last step says how long all of it took", () => {
  expect(timesOf([60, 70, 80], 1, 3).at(-1)).toBe("3: in 1:20");
  expect(timesOf([60], 1, 1)).toEqual(["1: in 1:00"]);
});

test("a narrow terminal gets the fields that fit, and all of them at the end", () => {
  const terminal = { ...recordingTerminal("/", true), columns: 80 };
  const progress = createProgress(terminal, 0);
  progress.show({ ...report, step: 1 }, 1000);
  progress.show({ ...report, step: 599 }, 1200);
  progress.show({ ...report, step: 600 }, 1210);
  progress.finish();
  expect(terminal.written.err.split("\r\x1b[2K").slice(1)).toEqual([
    "step   1/600  loss 2.3142  perplexity 10.12  5,321 tokens/s  peak 512 MiB",
    "step 599/600  loss 2.3142  perplexity 10.12  5,321 tokens/s  ETA 0:00",
    "step 600/600  loss 2.3142  perplexity 10.12  5,321 tokens/s  in 0:01  peak 512 MiB\n",
  ]);
});

test("a line can be taken away, and what is not drawn needs no end", () => {
  const terminal = recordingTerminal("/", true);
  const live = createLiveLine(terminal);
  live.erase();
  live.leave();
  expect(terminal.written.err).toBe("");
  live.show(["evaluating", "segment 1"], 0);
  live.show(["evaluating", "segment 2"], 99);
  live.show(["evaluating", "segment 3"], 100);
  live.erase();
  expect(terminal.written.err).toBe(
    "\r\x1b[2Kevaluating  segment 1\r\x1b[2Kevaluating  segment 3\r\x1b[2K",
  );
});

test("a log gets a line every five seconds, and the last step's", () => {
  const terminal = recordingTerminal("/", false);
  const progress = createProgress(terminal, 0);
  for (let step = 1; step <= 12; step += 1)
    progress.show({ ...report, step, steps: 12 }, step * 1000);
  progress.finish();
  const lines = terminal.written.err.trimEnd().split("\n");
  expect(lines.map((line) => line.slice(0, 10))).toEqual([
    "step  1/12",
    "step  6/12",
    "step 11/12",
    "step 12/12",
  ]);
  expect(terminal.written.err).not.toContain("\r");
});
