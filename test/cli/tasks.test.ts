/** What train says of a task that its schedule cannot teach. */
import { expect, test } from "vitest";
import { folderWith, memc } from "./kit.ts";

const spec = (schedule: string) => `mem 1
model Small {
  dim D = 4, vocab = 10
  input  tokens[T] in vocab
  target labels[T] in vocab
  memory mem = slots(count = 2, width = D)
  use table = embedding(vocab, width = D)
  x = table.look(tokens)
  x = x + mem.read(x, heads = 1)
  mem.write(x)
  output logits = table.score(x)
  loss main = cross_entropy(logits, labels)
}
train { segment 4 tokens;  batch 2 streams;  ${schedule} }
`;

async function said(schedule: string, task: string): Promise<readonly string[]> {
  const folder = await folderWith({ "small.mem": spec(schedule) });
  const words = ["--engine", "reference", "--no-evaluate", "--steps", "1", "--data", task];
  const { code, err } = await memc(folder, "train", "small.mem", ...words);
  expect(code, err).toBe(0);
  return err.split("\n").filter((line) => line.startsWith("note: an episode"));
}

test("a gradient that cannot go from an answer to what was shown is noted", async () => {
  expect(await said("rollout 3 segments; through_time mrbp(horizon = 3)", "task:recall")).toEqual([
    "note: an episode of task:recall has 4 segments, and gradient crosses 3 at most, so none goes from an answer to what was shown: task:recall(segments = 3), or a longer rollout and horizon, lets it",
  ]);
  expect(
    await said("rollout 4 segments; through_time bptt(horizon = 2)", "task:recall"),
  ).toHaveLength(1);
});

test.each([
  ["rollout 4 segments; through_time mrbp(horizon = 4)", "task:recall"],
  ["rollout 3 segments; through_time mrbp(horizon = 3)", "task:recall(segments = 3)"],
  ["rollout 3 segments", "task:recall"],
  ["rollout 3 segments; through_time mrbp(horizon = 3)", "task:sort(alphabet = 3)"],
])("%s with %s is not", async (schedule, task) => {
  expect(await said(schedule, task)).toEqual([]);
});
