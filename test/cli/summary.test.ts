import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { table } from "../../src/cli/commands/summary.ts";
import type { Summary } from "../../src/cli/summary.ts";
import { folderWith, memc } from "./kit.ts";

const memformer = new URL("../../specs/memformer.mem", import.meta.url);
const small = ["--set", "D=8", "--set", "hidden=8", "--set", "heads=2", "--set", "vocab=7"];

test("says what a model costs, for a tool", async () => {
  const folder = await folderWith({ "memformer.mem": await readFile(memformer, "utf8") });
  const slots = ["--set", "slots=3", "--set", "encoders=1", "--set", "decoders=1"];
  const asked = await memc(
    folder,
    "summary",
    "memformer.mem",
    "--format",
    "json",
    ...small,
    ...slots,
  );
  expect(asked.err).toBe("");
  expect(asked.code).toBe(0);
  const summary = JSON.parse(asked.out) as Summary;
  const { total, instances } = summary.parameters;
  expect(instances.reduce((sum, { count }) => sum + count, 0)).toBe(total);
  expect(instances).toContainEqual({ name: "table", count: 7 * 8 });
  expect(instances).toContainEqual({ name: "mem.write", count: 3 * 8 * 8 });
  expect(summary.stateBytes).toBe(3 * 8 * 4); // slots of this width, four bytes a number
  expect(summary.flopsPerToken).toBeGreaterThan(0);
  expect(summary.schedules.map(({ name, own }) => [name, own])).toEqual([
    ["detach", false],
    ["bptt(horizon = 4)", false],
    ["checkpoint(horizon = 4, every = 2)", false],
    ["mrbp(horizon = 4)", true],
  ]);
  const [detach, bptt, , mrbp] = summary.schedules;
  // Back-propagation takes about twice what going forward does; a replay adds a part of it.
  expect(detach?.flopsPerToken).toBeGreaterThan(2 * summary.flopsPerToken);
  expect(mrbp?.flopsPerToken).toBeGreaterThan(bptt?.flopsPerToken ?? Number.NaN);
  expect(mrbp?.peakBytes).toBeLessThan(bptt?.peakBytes ?? Number.NaN);
});

test("aligns its table for people", () => {
  const text = table({
    model: "Small",
    parameters: {
      total: 1234,
      instances: [
        { name: "", count: 4 },
        { name: "table", count: 1230 },
      ],
    },
    flopsPerToken: 5678.4,
    stateBytes: 96,
    schedules: [
      {
        name: "mrbp(horizon = 4)",
        own: true,
        peakBytes: 3 * 2 ** 20,
        peakIn: "replay",
        flopsPerToken: 9,
      },
    ],
  });
  expect(text).toBe(`Small
parameters              1,234
  (model)                   4
  table                 1,230
state of a stream        96 B
FLOPs a token, forward  5,678

training             planned peak  FLOPs a token  peak in
mrbp(horizon = 4) *       3.0 MiB              9  replay

* the spec's own
`);
});

test("an error of the spec is said as by check", async () => {
  const folder = await folderWith({ "wrong.mem": "mem 1\nmodel {\n}\n" });
  const { code, err } = await memc(folder, "summary", "wrong.mem");
  expect(code).toBe(1);
  expect(err).toContain("wrong.mem:2:7");
});
