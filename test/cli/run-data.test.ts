/** What eval, sample and --resume say of a training that the command line does not go with. */
import { expect, test } from "vitest";
import { folderWith, memc } from "./kit.ts";

const model = (name: string, vocab: number) => `mem 1

model ${name} {
  dim vocab = ${vocab}, D = 4
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  x = table.look(tokens)
  ALTERNATIVE
  output logits = table.score(norm(x))
  loss main = cross_entropy(logits, labels)
}

train {
  data { labels = tokens ahead 1 }
  segment 4 tokens;  batch 2 streams;  rollout 2 segments
  optimizer adamw(rate = 1e-2)
  steps 1
}
`;

const spec = model("Gated(gated: flag = off)", 10).replace(
  "ALTERNATIVE",
  "when gated { x = 2 * x }",
);
const files = { "gated.mem": spec, "plain.mem": model("Plain", 10).replace("ALTERNATIVE", "") };

async function trained(): Promise<string> {
  const folder = await folderWith(files);
  const words = "train gated.mem --data task:recall --set gated=on --no-evaluate --threads 1";
  expect((await memc(folder, ...words.split(" "))).code).toBe(0);
  return folder;
}

test("a training of another model is no mistake of the spec", async () => {
  const folder = await trained();
  const { code, out, err } = await memc(folder, "eval", "plain.mem", "--checkpoint", "runs/gated");
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(
    "error[MEM0912]: runs/gated is a training of another model: of Gated, --set gated=on; plain.mem declares Plain\n",
  );
  expect(err).not.toContain("MEM0321");
});

test("a finished training is not said to go on with settings that it cannot go on with", async () => {
  const folder = await trained();
  const again = ["train", "gated.mem", "--resume"];
  const misspelt = await memc(folder, ...again, "--set", "gatd=on");
  expect(misspelt.code).toBe(1);
  expect(misspelt.err).toMatch(/error\[MEM0321\][\s\S]*Did you mean gated\?/);
  const wider = await memc(folder, ...again, "--set", "D=8");
  expect(wider.code).toBe(1);
  expect(wider.err).toContain("error[MEM0918]");
  for (const { err } of [misspelt, wider]) expect(err).not.toContain("is finished");
  expect((await memc(folder, ...again)).err).toContain("is finished");
});

test("a prompt that the model cannot read is not shown, and the sample says why", async () => {
  const folder = await trained();
  const { code, out, err } = await memc(folder, "sample", "gated.mem");
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(
    "error[MEM0911]: no text can be made: Token 84 lies outside the range of input tokens.\n" +
      "  the model was trained on task:recall, on symbols rather than text; memc eval shows what it learnt\n",
  );
});

test("of a spec that is not there it is not said that it has no training", async () => {
  const folder = await folderWith(files);
  for (const words of [["eval"], ["sample"], ["train", "--resume"]]) {
    const { code, err } = await memc(folder, ...words, "gatd.mem");
    expect(code).toBe(1);
    expect(err).toBe(
      "error[MEM0900]: gatd.mem does not exist\n  --> gatd.mem\nhelp: did you mean gated.mem?\n1 error\n",
    );
  }
});

test("what --set may name has no `set` in it", async () => {
  const folder = await folderWith(files);
  const { err } = await memc(folder, "check", "gated.mem", "--set", "train.gated=on");
  expect(err).toContain("There is no schedule entry gated.");
  expect(err).toMatch(/There are segment, .*, batching\.\n/);
});

test("the command that goes on can be typed as it is shown, whatever the files are called", async () => {
  const folder = await folderWith({
    "-plain.mem": files["plain.mem"],
    "--.txt": "\x01\x02".repeat(50),
  });
  const words = "train --data=--.txt --out=--run --no-evaluate --threads 1";
  expect((await memc(folder, ...words.split(" "), "--", "-plain.mem")).code).toBe(0);
  const finished = await memc(folder, "train", "--out=--run", "--resume", "--", "-plain.mem");
  const commands = [...finished.err.matchAll(/^ {2}memc (.*)$/gm)].map(([, line = ""]) => line);
  expect(commands).toEqual([
    "train ./-plain.mem --steps 2 --out=--run --resume",
    "eval ./-plain.mem --checkpoint=--run",
  ]);
  for (const line of commands) {
    expect((await memc(folder, ...line.split(" "))).code).toBe(0);
  }
});
