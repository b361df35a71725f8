/** A loss that is no finite number stops the training with the step, the operation and the line of the spec. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { folderWith } from "../cli/kit.ts";
import { latestCheckpoint, loggedSteps, memc } from "./kit.ts";

/** The optimiser pushes `shrinking` below 0, where its root is no number. */
const spec = `mem 1

model Shrinking {
  dim vocab = 128, D = 4

  input  tokens[T] in vocab
  target labels[T] in vocab
  use    table = embedding(vocab, width = D)
  param  shrinking[D] starts 0.1

  x = table.look(tokens) * sqrt(shrinking)
  output logits = table.score(norm(x))
  loss main = cross_entropy(logits, labels) + 1000 * sum(shrinking over D)
}

train {
  data { labels = tokens ahead 1 }
  segment 5 tokens;  batch 2 streams
  optimizer adamw(rate = 4e-2)
  steps 24
}
`;

test("names step, operation and line; what was written before it stays", async () => {
  const folder = await folderWith({ "shrinking.mem": spec, "book.txt": "abc ".repeat(20) });
  const options = [
    "--data",
    "book.txt",
    "--threads",
    "1",
    "--checkpoint-every",
    "2",
    "--out",
    "run",
  ];
  const { code, out, err } = await memc({ folder }, "train", "shrinking.mem", ...options);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain(
    "error[MEM0914]: Step 4: the loss is NaN. The first operation of replay that makes a NaN is sqrt, " +
      "called by segmentForward (shrinking.mem:11) < replay",
  );
  expect(err).toContain(
    "  all was well up to step 3; the last checkpoint in run is of that step, or",
  );
  expect(err).not.toMatch(/\n\s+at /);
  expect((await latestCheckpoint(join(folder, "run"))).name).toBe("checkpoint-000002");
  expect(await loggedSteps(join(folder, "run"))).toEqual([1, 2, 3]);
}, 60_000);
