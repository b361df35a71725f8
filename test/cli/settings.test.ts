/** `--set`: what has an address, and what a run that was trained with settings asks of a command. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseSettings, settingsOfRun, settingsText } from "../../src/cli/settings.ts";
import { memc } from "./kit.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test.each([
  ["memformer.mem", "D=64"],
  ["memformer.mem", "temperature=0.5"],
  ["memformer.mem", "mem.count=8"],
  ["memformer.mem", "table.vocab=300"],
  ["memformer.mem", "train.batch=8"],
  ["memformer.mem", "train.through_time=bptt(horizon = 4)"],
  ["memformer.mem", "train.update=every 2"],
  ["memformer.mem", "train.optimizer.rate=1e-4"],
  ["memformer.mem", "evaluate.batch=1"],
  ["infinity-former.mem", "layer.ltm.ridge=0.5"],
  ["infinity-former.mem", "layer[*].ltm.ridge=0.5"],
  ["infinity-former.mem", "layer[*3].ltm.ridge=0.5"],
])("%s has %s", async (spec, setting) => {
  const { code, err } = await memc(root, "check", `specs/${spec}`, "--set", setting);
  expect([code, err]).toEqual([0, ""]);
});

test.each([
  ["nothing=1", "MEM0321"],
  ["mem.nothing=1", "MEM0321"],
  ["train.rate=1e-4", "MEM0173"],
  ["D=wide", "MEM0110"],
])("%s is refused", async (setting, code) => {
  const { err } = await memc(root, "check", "specs/memformer.mem", "--set", setting);
  expect(err).toContain(`error[${code}]`);
});

test("the address of a repeat may say that it is one", () => {
  expect(parseSettings(["layer[*3].ltm.ridge = 0.5"], "train")).toEqual({
    "layer.ltm.ridge": "0.5",
  });
  expect(() => parseSettings(["layer[*].a=1", "layer.a=1"], "train")).toThrow(
    /layer\.a is given twice/,
  );
});

test("what a run was trained with applies; what the command line adds does too", () => {
  const run = { shown: "runs/wide", settings: { D: "16", "evaluate.batch": "4" } };
  expect(settingsOfRun({}, run)).toEqual(run.settings);
  expect(settingsOfRun({ heads: "2" }, run)).toEqual({ ...run.settings, heads: "2" });
  expect(settingsOfRun({ D: "1.6e1" }, run)).toEqual(run.settings);
  expect(settingsOfRun({ "evaluate.batch": "1" }, run)).toEqual({ D: "16", "evaluate.batch": "1" });
  expect(() => settingsOfRun({ D: "32" }, run)).toThrow(
    "runs/wide was trained with D=16, which --set D=32 contradicts",
  );
  expect(settingsText(run.settings)).toBe(", --set D=16 --set evaluate.batch=4");
  expect(settingsText({ "train.through_time": "mrbp(horizon = 4)" })).toBe(
    ", --set 'train.through_time=mrbp(horizon = 4)'",
  );
});

test("a training goes on at another rate as often as one likes", () => {
  const settings = { D: "16", "train.optimizer.rate": "1e-3", "train.optimizer.clip": "1" };
  const run = { shown: "runs/wide", settings };
  expect(settingsOfRun({ "train.optimizer.rate": "1e-4" }, run)).toEqual({
    ...settings,
    "train.optimizer.rate": "1e-4",
  });
  // The whole of it takes the place of its parts.
  expect(settingsOfRun({ "train.optimizer": "adamw(rate=1e-4)" }, run)).toEqual({
    D: "16",
    "train.optimizer": "adamw(rate=1e-4)",
  });
  expect(() =>
    settingsOfRun({ "train.batch": "2" }, { ...run, settings: { "train.batch": "4" } }),
  ).toThrow("runs/wide was trained with train.batch=4");
});
