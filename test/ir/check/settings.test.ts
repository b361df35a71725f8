/** Values from outside: `--set ADDRESS=VALUE` reads a value as the spec would, and checks it as the spec's own. */
import { describe, expect, test } from "vitest";
import { codesOf, programOf, run, shownOf } from "./kit.ts";

const text = `block basis(x[...], kind: choice(flat, bumps(centers: list(real >= 0), width: real > 0 = 2 * 0.25)) = flat) -> [...] {
  y = when kind is bumps { x * kind.width * sum(values(kind.centers as N) over N) } else { x }
  return y
}
model M(scale: real > 0 = 2, wide: flag = off) {
  dim n = 3, m = 2 * n
  input x[T]
  use f = basis_of()
  output y = f(x) * scale * m + when wide { 1000 } else { 0 }
}
block basis_of(kind: choice(flat, bumps(centers: list(real >= 0), width: real > 0 = 2 * 0.25)) = flat, x[...]) -> [...] {
  return basis(x, kind = kind)
}
evaluate { segment 1 tokens }`;

const withSettings = (settings: Readonly<Record<string, string>>) =>
  run(programOf(text, { settings }), { x: [1] }).y;

const shown = (settings: Readonly<Record<string, string>>) => shownOf(text, { settings });

describe("a value from the command line", () => {
  test("is an expression of the names that stand before the declaration", () => {
    expect(withSettings({})).toEqual([12]);
    expect(withSettings({ scale: "2 * 0.25" })).toEqual([3]);
    expect(withSettings({ m: "n + 1" })).toEqual([8]);
    expect(withSettings({ n: "5" })).toEqual([20]);
    expect(withSettings({ wide: "on" })).toEqual([1012]);
  });

  test("is a choice with lists and with defaults that are expressions", () => {
    expect(withSettings({ "f.kind": "bumps(centers = [1, 2, 3])" })).toEqual([36]);
    expect(withSettings({ "f.kind": "bumps(centers = [1, n], width = 1)" })).toEqual([48]);
  });

  test.for([
    ["f.kind", "bumps", "MEM0170", "bumps needs its option centers."],
    ["f.kind", "bumps(centers = [1], wide = 3)", "MEM0171", "bumps has no option wide."],
    ["f.kind", "bumps(centers = [-1])", "MEM0172", "each of centers must be at least 0"],
    ["f.kind", "bump(centers = [1])", "MEM0131", "Did you mean bumps?"],
    ["scale", "0", "MEM0172", "scale must be greater than 0, not 0."],
    ["scale", "large", "MEM0110", "Nothing here is called large."],
    ["n", "2.5", "MEM0114", "dim n must be a whole number of at least 0, not 2.5."],
    ["n", "-1", "MEM0114", "dim n must be a whole number of at least 0, not -1."],
    ["n", "3; dim k = 4", "MEM0173", "n cannot be set to 3; dim k = 4."],
    ["n", "3)", "MEM0173", "n cannot be set to 3)."],
    ["n", "", "MEM0173", "n cannot be set to ."],
  ])("%s=%s is wrong as in a spec: %s", ([address = "", value = "", code = "", message = ""]) => {
    expect(codesOf(text, { settings: { [address]: value } })).toEqual([code]);
    expect(shown({ [address]: value })).toContain(message);
  });

  test("is complained about at the declaration", () => {
    expect(shown({ scale: "0" })).toBe(`error[MEM0172]: scale must be greater than 0, not 0.
 --> spec.mem:5:9
  |
5 | model M(scale: real > 0 = 2, wide: flag = off) {
  |         ^^^^^
note: The value is from the command line: --set scale=….
`);
  });
});

test("`set` in a schedule takes the same values, and is complained about where it stands", () => {
  const set = (entry: string) => text.replace("1 tokens", `1 tokens; ${entry}`);
  expect(run(programOf(set("set scale = 3; set m = n + 1")), { x: [1] }).y).toEqual([12]);
  expect(shownOf(set("set scale = -3"))).toContain("scale must be greater than 0, not -3.");
  expect(shownOf(set("set scale = -3"))).toContain("evaluate { segment 1 tokens; set scale = -3 }");
});

describe("a value in `set` has no units", () => {
  const spec = (value: string) =>
    `model M(width: real = 1, kind: choice(flat, bumps(width: real = 1)) = flat) {
  input x[T]
  output y = x * width * when kind is bumps { kind.width } else { 1 }
}
evaluate { set ${value} }`;

  test.for([
    "kind = bumps(width = 4 steps)",
    "width = min(2, 4 steps)",
    "width = 2 * root(2 * 8 steps)",
  ])("%s", (value) => {
    expect(codesOf(spec(value))).toEqual(["MEM0304"]);
    expect(shownOf(spec(value))).toContain("A value in `set` has no units.");
    expect(shownOf(spec(value))).toContain("help: Leave steps out.");
    expect(codesOf(spec(value.replace(" steps", "")))).toEqual([]);
  });

  test("nor do values of the command line", () => {
    const settings = { kind: "bumps(width = 4 steps)" };
    expect(codesOf(spec("width = 2"), { settings })).toEqual(["MEM0173"]);
  });
});

describe("entries of a schedule", () => {
  const trained = `model M { input x[T]; target z[T]; param w starts 1; output y = w * x; loss main = y - z }
train { segment 2 tokens; data { z = x ahead 1 } }`;
  const scheduleOf = (settings: Readonly<Record<string, string>>) =>
    programOf(trained, { settings, kind: "train" }).schedule;

  test.for([
    [{ "train.batch": "4 examples" }, { batch: 4, batching: "examples" }],
    [{ "train.steps": "7" }, { steps: 7 }],
    [
      { "train.rollout": "3", "train.segment_weights": "powers(3)" },
      { segmentWeights: { kind: "powers", base: 3 } },
    ],
    [
      { "train.segment_weights": "[1, 2]", "train.rollout": "2" },
      { segmentWeights: { kind: "list", weights: [1, 2] } },
    ],
    [{ "train.average": "tokens" }, { segmentWeights: { kind: "tokens" } }],
    [{ "train.cut": "after 0, 1", "train.rollout": "3" }, { cutAfter: [0, 1] }],
    [{ "train.update": "every 2" }, { updateEvery: 2 }],
    [{ "train.freeze": "w" }, { freeze: ["w"] }],
    [{ "train.group": "w { rate 0.1 }" }, { groups: [{ paths: ["w"], rate: 0.1 }] }],
    [
      { "train.group": "w { rate 0.5 * rate }", "train.optimizer.rate": "1 / 4" },
      { groups: [{ paths: ["w"], rate: 0.125 }] },
    ],
    [{ "train.segment": "4 * 2 tokens" }, { segment: { axis: "T", tokens: 8 } }],
    [
      { "train.optimizer.rate": "0.5", "train.optimizer.decay": "cosine" },
      { optimizer: { rate: 0.5, decay: "cosine" } },
    ],
    [{ "train.data": "{ z = x ahead segment }" }, { data: [{ name: "z", ahead: "segment" }] }],
    [{ "train.draws": "fresh" }, { draws: "fresh" }],
  ] as const)("%o", ([settings, schedule]) => {
    expect(scheduleOf(settings)).toMatchObject(schedule);
  });

  test("numbers are written with arithmetic, and a group's with those of the optimiser", () => {
    const groups = (entries: string, settings: Readonly<Record<string, string>> = {}) =>
      programOf(trained.replace("segment 2", `${entries}; segment 2`), { settings, kind: "train" })
        .schedule.groups;
    expect(groups("group w { rate 0.5 * 1e-3 }")).toEqual([{ paths: ["w"], rate: 0.0005 }]);
    const relative =
      "group w { rate (rate + 2) / 2 ^ 3; weight_decay weight_decay }; optimizer adamw(rate = 6, weight_decay = 0.25)";
    expect(groups(relative)).toEqual([{ paths: ["w"], rate: 1, weightDecay: 0.25 }]);
    expect(groups(relative, { "train.optimizer.rate": "14" })[0]?.rate).toBe(2);
    for (const wrong of ["1 / 0", "rate - 1", "x * 2", "0 / 0", "step / 2"]) {
      const text = trained.replace("segment 2", `group w { rate ${wrong} }; segment 2`);
      expect(codesOf(text), wrong).toEqual(["MEM0302"]);
    }
  });

  test("what they name in the model exists, as in the spec", () => {
    expect(
      shownOf(trained, { settings: { "train.freeze": "**.v" } }),
    ).toBe(`warning[MEM0316]: No parameter is called **.v.
 --> spec.mem:1:7
  |
1 | model M { input x[T]; target z[T]; param w starts 1; output y = w * x; loss main = y - z }
  |       ^
note: The value is from the command line: --set train.freeze=….
help: \`*\` is one step of a path, \`**\` any number: **.bias, layer[*].attention.Wq.
`);
    const both = { "train.freeze": "w, v", "train.group": "q { rate 0 }" };
    expect(shownOf(trained, { settings: both })).toContain("No parameter is called v or q.");
    const data = shownOf(trained, { settings: { "train.data": "{ z = tokens ahead 1 }" } });
    expect(data).toContain("error[MEM0317]: The model has no input tokens.\n --> spec.mem:1:7");
    expect(data).toContain("note: The value is from the command line: --set train.data=….");
  });

  test.for([
    ["eval.segment", "evaluate.segment"],
    ["evaluat.segment", "evaluate.segment"],
    ["trian.steps", "train.steps"],
    ["segment", "train.segment or evaluate.segment or generate.segment"],
  ])("%s is none: %s", ([address = "", near]) => {
    expect(shownOf(trained, { settings: { [address]: "3" } })).toContain(
      `error[MEM0321]: There is nothing to set at ${address}.`,
    );
    expect(shownOf(trained, { settings: { [address]: "3" } })).toContain(
      `help: Did you mean ${near}?\n`,
    );
  });

  test("an unknown one names the nearest", () => {
    expect(shownOf(trained, { settings: { "train.rate": "0.1" } })).toContain(
      "help: Did you mean train.optimizer.rate?",
    );
    expect(shownOf(trained, { settings: { "train.bacth": "4" } })).toContain(
      "help: Did you mean batch?",
    );
  });
});
