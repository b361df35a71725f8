import { describe, expect, it } from "vitest";
import type { ScheduleEntry, ScheduleValue } from "../../src/parser/index.ts";
import { entriesOf, faultsOf, shown } from "./kit.ts";

/** A value with its kind where the text alone does not tell it. */
function value(given: ScheduleValue): string {
  switch (given.kind) {
    case "expression":
      return shown(given.value);
    case "path":
      return `path ${given.path}`;
    case "word":
      return `word ${given.word.text}`;
    case "assignment":
      return `${given.name.text} = {${given.values.map(value).join(", ")}}`;
    default:
      return given satisfies never;
  }
}

function entry({ word, values, entries }: ScheduleEntry): string {
  const inner = entries === undefined ? "" : ` { ${entries.map(entry).join("; ")} }`;
  return `${word.text}: ${values.map(value).join(", ")}${inner}`;
}

describe("entries", () => {
  it.each([
    ["segment 64 tokens", "segment: 64, word tokens"],
    ["batch 16 streams", "batch: 16, word streams"],
    ["rollout 8 segments stride 1", "rollout: 8, word segments, word stride, 1"],
    ["through_time mrbp(horizon = 8)", "through_time: mrbp(horizon = 8)"],
    ["through_time detach", "through_time: word detach"],
    ["segment_weights powers(2)", "segment_weights: powers(2)"],
    ["segment_weights [1, 2, 4]", "segment_weights: [1, 2, 4]"],
    ["cut after 1, 2", "cut: word after, 1, 2"],
    [
      "group **.bias, **.gain { weight_decay 0 }",
      "group: path **.bias, path **.gain { weight_decay: 0 }",
    ],
    ["freeze layer[*].ltm", "freeze: path layer[*].ltm"],
    ["freeze layer[3].attention.Wq", "freeze: path layer[3].attention.Wq"],
    ["freeze head.W, table", "freeze: path head.W, word table"],
    ["freeze **", "freeze: path **"],
    ["freeze *.ltm, layer[*], layer.*.M", "freeze: path *.ltm, path layer[*], path layer.*.M"],
    [
      "data { labels = tokens ahead 1 }",
      "data:  { labels: labels = {word tokens, word ahead, 1} }",
    ],
    ["next = tokens ahead segment", "next: next = {word tokens, word ahead, word segment}"],
    ["set dropout = 0.1, mem.count", "set: dropout = {0.1}, path mem.count"],
    ["set a = 1, b = 2", "set: a = {1}, b = {2}"],
    ["dropout = 0.1", "dropout: dropout = {0.1}"],
    ["rate 1e-3 * (1 - step / steps)", "rate: (0.001 * (1 - (step / steps)))"],
    ["rate base * 2", "rate: (base * 2)"],
    ["rate -1", "rate: (- 1)"],
    ["draws fixed", "draws: word fixed"],
    ["shuffle off", "shuffle: off"],
    ["step", "step: "],
    [
      "optimizer adamw(rate = 3e-4, warmup = 20 steps, decay = cosine)",
      "optimizer: adamw(rate = 0.0003, warmup = 20, decay = cosine)",
    ],
  ])("%s", (text, meaning) => expect(entriesOf(text).map(entry)).toEqual([meaning]));

  it("end with their line or a semicolon", () => {
    const text =
      "segment 64 tokens; batch 16 streams\nrollout 8 segments\ndata {\n labels = tokens\n next = tokens\n}";
    expect(entriesOf(text)).toHaveLength(4);
  });

  it("are all checked in one run", () => {
    expect(
      faultsOf("train {\n segment = ;batch 16 + \n data { 3; labels = }\n rollout 8\n 5 tokens\n}"),
    ).toEqual([
      "MEM0020 ⟨;⟩ expected a value, found `;`",
      "MEM0020 ⟨3⟩ expected a setting of the schedule, found `3`",
      "MEM0020 ⟨}⟩ expected a value, found `}`",
      "MEM0020 ⟨5⟩ expected a setting of the schedule, found `5`",
    ]);
  });
});
