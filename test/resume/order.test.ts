/**
 * A state leaves a segment with its axes as it is declared, however it was computed: a training that goes on from a checkpoint, which
 * says the declared order, ends with the bytes of one that kept the states in memory.
 */
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith } from "../cli/kit.ts";
import { latestCheckpoint, memc } from "./kit.ts";

/** What a loop yields is written, under its axis, to a state; with D = 3 nothing but its numbers would tell it from a transposed one. */
const spec = (D: number) => `mem 1
memory layers() {
  dim L = 3, D = ${D}
  state S[L, D] starts 0, gradient through
  state R[D, L] starts 0, gradient through
  param w[D] ~ normal(0, 1)
  write(x[T, D]) -> [T, D] {
    repeat 3 as l yield h { x = tanh(x * w + 0.1); h = mean(x over T where valid(T)) }
    S <- (h rename l as L) + 0.5 * S
    R <- (h rename l as L) - 0.5 * R
    return x * sum((S + R) * (index(L) + 1) over L)
  }
}
model M {
  dim vocab = 128, D = ${D}
  input tokens[T] in vocab
  target labels[T] in vocab
  use t = embedding(vocab, width = D, deviation = 1)
  memory m = layers()
  x = t.look(tokens)
  output logits = t.score(m.write(x) + x)
  loss main = cross_entropy(logits, labels)
}
train {
  data { labels = tokens ahead 1 }
  segment 8 tokens; batch 2 streams; rollout 2 segments
  through_time mrbp(horizon = 2)
  optimizer adamw(rate = 1e-2)
  steps 6
}
`;
const text = "it was the best of times, it was the worst of times. ".repeat(8);

test.each([
  ["reference", 4],
  ["onnx", 3],
] as const)(
  "a state written in another order, %s, D = %i",
  { timeout: 120_000 },
  async (engine, D) => {
    const folder = await folderWith({ "layers.mem": spec(D), "book.txt": text });
    const training = [
      ...["train", "layers.mem", "--data", "book.txt", "--engine", engine, "--threads", "1"],
      ...["--seed", "5", "--checkpoint-every", "4", "--no-evaluate", "--out"],
    ];
    const whole = await memc({ folder }, ...training, "whole");
    expect(whole.code, whole.err).toBe(0);
    expect((await memc({ folder, kill: "step:6" }, ...training, "parts")).signal).toBe("SIGKILL");
    const resumed = await memc({ folder }, ...training, "parts", "--resume");
    expect(resumed.code, resumed.err).toBe(0);
    const [expected, found] = [
      await latestCheckpoint(join(folder, "whole")),
      await latestCheckpoint(join(folder, "parts")),
    ];
    expect(expected.name).toBe("checkpoint-000006");
    expect(found).toEqual(expected);
  },
);
