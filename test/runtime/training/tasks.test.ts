import { describe, expect, it } from "vitest";
import { RandomWords } from "../../../src/runtime/training/random.ts";
import { SourceError, type SourceProgram } from "../../../src/runtime/training/source.ts";
import { TaskSource } from "../../../src/runtime/training/task-source.ts";
import { byCount, parseTask, recallTask, sortTask } from "../../../src/runtime/training/tasks.ts";

const T = 3;
const program: SourceProgram = {
  inputs: {
    tokens: { axes: { T }, kind: "int", range: 10, role: "input" },
    answer: { axes: { T }, kind: "flag", role: "input" },
    labels: { axes: { T }, kind: "int", range: 10, role: "target" },
  },
  schedule: {
    segment: { axis: "T", tokens: T },
    batch: 2,
    batching: "streams",
    rollout: 4,
    stride: 4,
    data: { labels: { source: "tokens", ahead: 1 } },
  },
};
const train = { seed: 5, split: "train" } as const;
const words = () => new RandomWords(5, { step: 0, segment: 0, address: "test" }, 0);

describe("task:recall", () => {
  it("asks in the last segment for what the first one showed", () => {
    const { tokens, labels, answer } = recallTask(3, { shown: 2, symbols: 5, segments: 4 }).episode(
      words(),
    );
    const [a, b] = tokens;
    expect([...tokens]).toEqual([a, b, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
    expect([...labels]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, 0]);
    expect([...answer]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
    expect(Math.min(a ?? 0, b ?? 0)).toBeGreaterThanOrEqual(2);
  });

  it("starts each episode afresh, marks the answers and scores only them", () => {
    const source = new TaskSource(parseTask("task:recall(shown = 3)", program), program, train);
    const segments = [...source.next(), ...source.next()];
    expect(segments.map((s) => [...(s.inputs.fresh?.data ?? [])].join(""))).toEqual([
      ...["11", "00", "00", "00"],
      ...["11", "00", "00", "00"],
    ]);
    expect(segments.map((s) => s.scored.reduce((a, b) => a + b, 0))).toEqual([
      0, 0, 0, 6, 0, 0, 0, 6,
    ]);
    expect(segments[3]?.inputs.answer?.data).toEqual(segments[3]?.scored);
    expect(segments[3]?.inputs.labels?.data).toEqual(segments[0]?.inputs.tokens?.data);
    expect(segments[4]?.inputs.tokens?.data).not.toEqual(segments[0]?.inputs.tokens?.data);
  });

  it("makes the labels itself, so that a spec need not say in `data` what they are", () => {
    const without = { ...program, schedule: { ...program.schedule, data: {} } };
    const [labels, others] = [program, without].map((each) => {
      return new TaskSource(parseTask("task:recall", each), each, train).next();
    });
    expect(others).toEqual(labels);
  });

  it("keeps training and evaluation apart, and ends after the episodes asked for", () => {
    const task = parseTask("task:recall", program);
    const evaluation = new TaskSource(task, program, { seed: 5, split: "evaluation", episodes: 3 });
    const [first] = evaluation.next();
    const [other] = new TaskSource(task, program, train).next();
    expect(first?.inputs.tokens?.data).not.toEqual(other?.inputs.tokens?.data);
    expect(evaluation.next().map(({ tokens }) => tokens)).toEqual([3, 3, 3, 3]);
    expect(evaluation.next()).toEqual([]);
  });
});

describe("task:sort", () => {
  it("orders by decreasing count, then first appearance, then the absent ones", () => {
    expect(byCount([3, 1, 1, 3, 4], 6)).toEqual([3, 1, 4, 0, 2, 5]);
    expect(byCount([], 3)).toEqual([0, 1, 2]);
  });

  it("is the sequence, a separator and the answer, each of whose tokens is the label of the one before", () => {
    const { tokens, labels, answer } = sortTask({ length: 9, alphabet: 4 }).episode(words());
    expect(tokens.length).toBe(13);
    expect(tokens[9]).toBe(4);
    expect([...labels.slice(0, 9)]).toEqual(Array(9).fill(5));
    expect([...labels.slice(9, -1)]).toEqual([...tokens.slice(10)]);
    expect([...labels.slice(9)]).toEqual(byCount([...tokens.slice(0, 9)], 4));
    expect([...answer]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it("drifts from one distribution to another", () => {
    const { tokens } = sortTask({ length: 20_000, alphabet: 2 }).episode(words());
    const share = (part: Int32Array) => part.reduce((a, b) => a + b, 0) / part.length;
    const early = share(tokens.slice(0, 2000));
    const late = share(tokens.slice(18_000, 20_000));
    const middle = share(tokens.slice(9000, 11_000));
    expect(Math.abs(early - late)).toBeGreaterThan(0.05);
    expect(middle).toBeCloseTo((early + late) / 2, 1);
  });

  it("fills a rollout of the training, also where it is read without rollouts", () => {
    const { rollout = 0, stride: _, ...reading } = program.schedule;
    const evaluation = { ...program, schedule: reading };
    expect(parseTask("task:sort(alphabet = 4)", program).length).toBe(rollout * T);
    expect(parseTask("task:sort(alphabet = 4)", evaluation, program).length).toBe(rollout * T);
  });

  it("pads the last segment of an episode", () => {
    const source = new TaskSource(
      parseTask("task:sort(length = 5, alphabet = 5)", program),
      program,
      train,
    );
    const segments = source.next();
    expect(segments.map(({ tokens }) => tokens)).toEqual([6, 6, 6, 2]);
    expect([...(segments[3]?.inputs.valid?.data ?? [])]).toEqual([1, 0, 0, 1, 0, 0]);
  });
});

describe("tasks", () => {
  it("continue exactly from a position", () => {
    const task = parseTask("task:sort(length = 5)", program);
    const walked = new TaskSource(task, program, train);
    for (let i = 0; i < 3; i++) walked.next();
    const restored = new TaskSource(task, program, train);
    restored.restore(JSON.parse(JSON.stringify(walked.position())));
    expect(restored.next()).toEqual(walked.next());
    const other = new TaskSource(parseTask("task:recall", program), program, train);
    expect(() => other.restore(walked.position())).toThrow(SourceError);
  });

  it.each([
    ["task:reverse", /no task/],
    ["recall", /no task/],
    ["task:recall(shown = 4)", /shows 4 symbols/],
    ["task:recall(symbols = 9)", /needs 11 different tokens, but tokens goes from 0 to 9/],
    ["task:recall(length = 9)", /no setting `length`/],
    ["task:recall(shown)", /not one setting/],
    ["task:sort(alphabet = 10)", /needs 12 different tokens/],
  ])("%s is refused", (text, message) => {
    expect(() => parseTask(text, program)).toThrow(SourceError);
    expect(() => parseTask(text, program)).toThrow(message);
  });
});
