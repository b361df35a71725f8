import { describe, expect, it } from "vitest";
import {
  type HostSegment,
  type SegmentSource,
  SourceError,
  type SourceProgram,
} from "../../../src/runtime/training/source.ts";
import { textSource } from "../../../src/runtime/training/streams.ts";

const text = (...documents: string[]) => documents.map((one) => new TextEncoder().encode(one));

/** tokens[T], document and labels = tokens ahead 1, unless said otherwise. */
function program(
  T: number,
  schedule: Partial<SourceProgram["schedule"]> = {},
  inputs: SourceProgram["inputs"] = {
    tokens: { axes: { T }, kind: "int", range: 256, role: "input" },
    document: { axes: {}, kind: "flag", role: "input" },
    labels: { axes: { T }, kind: "int", range: 256, role: "target" },
  },
): SourceProgram {
  return {
    inputs,
    schedule: {
      segment: { axis: "T", tokens: T },
      batch: 2,
      batching: "streams",
      rollout: 1,
      stride: 1,
      data: { labels: { source: "tokens", ahead: 1 } },
      ...schedule,
    },
  };
}

const endless = { passes: "endless", seed: 1 } as const;
const once = { passes: "once", seed: 1 } as const;

/** Rows of an input: characters, `.` where not valid, after `*` a fresh stream and `^` a document's start. */
function rows(segment: HostSegment, input = "tokens"): string[] {
  const { fresh, valid, document } = segment.inputs;
  const tokens = segment.inputs[input];
  const T = valid?.type.axes[1]?.size ?? 0;
  return Array.from(fresh?.data ?? [], (isFresh, example) => {
    let row = (isFresh ? "*" : "") + (document?.data[example] ? "^" : "");
    for (let i = example * T; i < (example + 1) * T; i++) {
      row += valid?.data[i] ? String.fromCharCode(tokens?.data[i] ?? 0) : ".";
    }
    return row;
  });
}

const take = (source: SegmentSource, rollouts: number) =>
  Array.from({ length: rollouts }, () => source.next().map((segment) => rows(segment)));

describe("streams", () => {
  it("deals documents out in order and walks each stream from segment to segment", () => {
    const source = textSource(text("abcdefg", "ABCDE", "xy"), program(3), endless);
    // "abcdefg" and "xy" to stream 0, "ABCDE" to stream 1; a document's last token is only a label.
    expect(take(source, 5)).toEqual([
      [["*^abc", "*^ABC"]],
      [["def", "D.."]],
      [["^x..", "^ABC"]],
      [["^abc", "D.."]],
      [["def", "^ABC"]],
    ]);
  });

  it("gives each token the next one as its label", () => {
    const [segment] = textSource(text("abcdefg", "ABCDE"), program(3), endless).next();
    expect(segment && rows(segment, "labels")).toEqual(["*^bcd", "*^BCD"]);
    expect(segment?.tokens).toBe(6);
    expect(segment?.inputs.labels?.type).toEqual({
      kind: "int",
      axes: [
        { name: "batch", size: 2 },
        { name: "T", size: 3 },
      ],
    });
  });

  it("takes the following segment as a target: its tokens must exist", () => {
    const source = textSource(
      text("abcdefgh"),
      program(3, { batch: 1, data: { labels: { source: "tokens", ahead: "segment" } } }),
      once,
    );
    const segments = [source.next(), source.next(), source.next()].flat();
    expect(segments.map((segment) => rows(segment)[0])).toEqual(["*^abc", "de."]);
    expect(segments.map((segment) => rows(segment, "labels")[0])).toEqual(["*^def", "gh."]);
  });

  it("adds displacements up along a chain", () => {
    const T = 2;
    const int = { axes: { T }, kind: "int", range: 256 } as const;
    const inputs = {
      tokens: { ...int, role: "input" },
      next: { ...int, role: "input" },
      labels: { ...int, role: "target" },
    } as const;
    const data = {
      next: { source: "tokens", ahead: "segment" },
      labels: { source: "next", ahead: 1 },
    } as const;
    const source = textSource(text("abcdefg"), program(T, { batch: 1, data }, inputs), once);
    const [segment] = source.next();
    expect(segment && rows(segment, "labels")).toEqual(["*de"]);
  });

  it("marks a document's first token for a reset flag with the segment's axis", () => {
    const inputs = {
      tokens: { axes: { T: 3 }, kind: "int", range: 256, role: "input" },
      document: { axes: { T: 3 }, kind: "flag", role: "input" },
    } as const;
    const source = textSource(text("abcd"), program(3, { batch: 1, data: {} }, inputs), once);
    const flags = [...source.next(), ...source.next()].map((s) => [
      ...(s.inputs.document?.data ?? []),
    ]);
    expect(flags).toEqual([
      [1, 0, 0],
      [0, 0, 0],
    ]);
  });

  it("gives rollouts of several segments, and overlapping ones with a smaller stride", () => {
    const source = textSource(
      text("abcdefgh"),
      program(2, { batch: 1, rollout: 3, stride: 1 }),
      once,
    );
    expect(take(source, 5)).toEqual([
      [["*^ab"], ["cd"], ["ef"]],
      [["cd"], ["ef"], ["g."]],
      [["ef"], ["g."]],
      [["g."]],
      [],
    ]);
  });

  it("halves the longest documents when there are fewer than streams, in training only", () => {
    const documents = text("abcdefgh", "xyz");
    expect(
      textSource(documents, program(3, { batch: 3 }), endless)
        .next()
        .map((s) => rows(s)),
    ).toEqual([["*^abc", "*^efg", "*^xy."]]);
    expect(
      textSource(documents, program(3, { batch: 3 }), once)
        .next()
        .map((s) => rows(s)),
    ).toEqual([["*^abc", "*^xy.", "*..."]]);
  });

  it("in one pass gives every document's tokens once, then nothing", () => {
    const source = textSource(text("abcdefg", "ABCDE", "x", "12"), program(3), once);
    expect(take(source, 4)).toEqual([
      [["*^abc", "*^ABC"]],
      [["def", "D.."]],
      // "x" has no token with a label, so "12" is the third document.
      [["^1..", "..."]],
      [],
    ]);
  });

  it.each([1, 2, 3, 7, 12])("continues exactly from its position after %i rollouts", (rollouts) => {
    const documents = text("abcdefghijk", "ABCDE", "xyz", "12345678");
    const make = () => textSource(documents, program(3, { rollout: 3, stride: 2 }), endless);
    const walked = make();
    take(walked, rollouts);
    const restored = make();
    restored.restore(JSON.parse(JSON.stringify(walked.position())));
    expect(take(restored, 4)).toEqual(take(walked, 4));
  });

  it("refuses a position of another text or another batch", () => {
    const position = textSource(text("abcdef"), program(3), endless).position();
    expect(() => textSource(text("abcdeg"), program(3), endless).restore(position)).toThrow(
      /not the one/,
    );
    expect(() =>
      textSource(text("abcdef"), program(3, { batch: 1 }), endless).restore(position),
    ).toThrow(/not one of 1 streams/);
    const moved = {
      ...position,
      cursors: [
        [0, 99],
        [0, 0],
      ],
    };
    expect(() => textSource(text("abcdef"), program(3), endless).restore(moved)).toThrow(/outside/);
  });

  it.each([
    ["no text", [""], program(3), /nothing to learn/],
    [
      "bytes outside the range",
      ["é"],
      {
        ...program(1),
        inputs: { tokens: { axes: { T: 1 }, kind: "int", range: 128, role: "input" } },
      },
      /byte 195, but input tokens goes from 0 to 127/,
    ],
    ["a target without data", ["ab"], program(1, { data: {} }), /labels has no entry/],
    ["a stride beyond the rollout", ["ab"], program(1, { stride: 2 }), /stride is 2/],
    [
      "data from nowhere",
      ["ab"],
      program(1, { data: { labels: { source: "words", ahead: 1 } } }),
      /no input/,
    ],
    [
      "data in a circle",
      ["ab"],
      program(1, { data: { labels: { source: "labels", ahead: 1 } } }),
      /itself/,
    ],
    [
      "a real input",
      ["ab"],
      program(1, {}, { x: { axes: { T: 1 }, kind: "real", role: "input" } }),
      /Input x is real/,
    ],
  ] as const)("refuses %s", (_, documents, wrong, message) => {
    const make = () => textSource(text(...documents), wrong, endless);
    expect(make).toThrow(SourceError);
    expect(make).toThrow(message);
  });
});

describe("examples", () => {
  const schedule = { batching: "examples", rollout: 2, stride: 2 } as const;

  it("takes stretches as long as a rollout, each starting afresh, every one once a pass", () => {
    const source = textSource(text("abcdefghi", "ABCDE"), program(2, schedule), endless);
    const seen = [source.next(), source.next()].map((rollout) => rollout.map((s) => rows(s)));
    const starts = seen.flatMap((rollout) => rollout[0]).sort();
    // Three stretches and the first of the next pass.
    expect(new Set(starts)).toEqual(new Set(["*^AB", "*^ab", "*ef"]));
    expect(seen.flatMap((rollout) => rollout[1])).not.toContain("*");
  });

  // As an evaluation reads them: its program has no rollout.
  it("in one pass walks each document from its start to its end, fresh at its start alone", () => {
    const reading = program(2, { batching: "examples" });
    const source = textSource(text("abcdefg", "ABC", "12"), reading, once);
    expect(take(source, 5)).toEqual([
      [["*^ab", "*^AB"]],
      [["cd", ".."]],
      [["ef", ".."]],
      // The third document is the first stream's second one.
      [["*^1.", ".."]],
      [],
    ]);
  });

  it("in one pass reads no document in stretches, whatever the rollout is", () => {
    const source = textSource(text("abcdefghi", "ABCDE"), program(2, schedule), once);
    expect(take(source, 3)).toEqual([
      [
        ["*^ab", "*^AB"],
        ["cd", "CD"],
      ],
      [
        ["ef", ".."],
        ["gh", ".."],
      ],
      [],
    ]);
  });

  it("continues exactly from its position", () => {
    const make = () => textSource(text("abcdefghi", "ABCDE"), program(2, schedule), endless);
    const walked = make();
    take(walked, 5);
    const restored = make();
    restored.restore(walked.position());
    expect(take(restored, 5)).toEqual(take(walked, 5));
  });
});
