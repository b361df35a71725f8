import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { buildOptionsText, quoted } from "../../src/cli/shell.ts";
import { folderWith, memc } from "./kit.ts";

test.skipIf(process.platform === "win32")("a shell reads a quoted word as it was", () => {
  for (const word of ["D=16", "layer[*].p", "a b", "it's", '$HOME `x` "y"', "a;b", "~"]) {
    expect(execFileSync("sh", ["-c", `printf %s ${quoted(word)}`], { encoding: "utf8" })).toBe(
      word,
    );
  }
});

test("equal builds have equal texts, and a build of the spec as it is none", () => {
  const options = {
    settings: { b: "2", a: "1" },
    probes: ["layer[*].p"],
    disabled: ["z", "share"],
  };
  expect(buildOptionsText(options)).toBe(
    "--set a=1 --set b=2 --probe 'layer[*].p' --disable-pass share --disable-pass z",
  );
  expect(buildOptionsText({ settings: {}, probes: [], disabled: [] })).toBe("");
});

const spec = `mem 1
model M { dim D = 4; input x[T]; param w[D] starts 1; y = sum(x * w over D); output z = y; loss main = y * y }
train { segment 4 tokens }
`;

/** The second line of `m.ts`, built with options. */
async function head(...options: readonly string[]): Promise<string | undefined> {
  const folder = await folderWith({ "m.mem": spec });
  const { code, err } = await memc(folder, "build", "m.mem", "--out", ".", ...options);
  expect(code, err).toBe(0);
  return (await readFile(`${folder}/m.ts`, "utf8")).split("\n")[1];
}

test("the head of a generated file names the command that makes it again", async () => {
  expect(await head()).toBe("// Do not edit; run: memc build m.mem");
  const options = [
    "--set",
    "train.through_time=bptt(horizon = 1)",
    "--set",
    "D=8",
    "--probe",
    "y",
    "--disable-pass",
    "all",
  ];
  expect(await head(...options)).toBe(
    "// Do not edit; run: memc build m.mem --set D=8 --set 'train.through_time=bptt(horizon = 1)' --probe y --disable-pass all",
  );
});
