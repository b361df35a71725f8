/** What train and eval say of a loss that the spec weighs: in the line, in the log, and beside what counting bytes achieves. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { folderWith, memc } from "./kit.ts";

/** A model with a loss `main` that ends in `weighted`. */
const spec = (weighted: string, tokens: number, loss = "main") => `mem 1
model Small {
  dim D = 4, vocab = 128
  input  tokens[T] in vocab
  input  answer[T] in flag
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  output logits = 10 * table.score(table.look(tokens))
  loss ${loss} = cross_entropy(logits, labels) ${weighted}
}
train {
  data { labels = tokens ahead 1 }
  segment ${tokens} tokens;  batch 2 streams
  steps 4
}
`;

const book = "to be or not to be, that is the question. ".repeat(20);

/** The first lines of what an evaluation says after a training of four steps. */
async function figures(weighted: string, options = "--data book.txt"): Promise<readonly string[]> {
  const folder = await folderWith({ "small.mem": spec(weighted, 4), "book.txt": book });
  const { out } = await memc(folder, ...`train small.mem --engine reference ${options}`.split(" "));
  return out.split("\n");
}

describe("an evaluation", () => {
  test.each([
    ["", "every token counts once"],
    ["weighted by answer", "every token of a text is an answer"],
    ["weighted by 0.001", "a common factor changes nothing"],
  ])("%s: %s, so counting bytes is comparable", async (weighted) => {
    const [perplexity, baseline] = await figures(weighted);
    expect(perplexity).toMatch(/^held-out perplexity +[\d.]+$/);
    expect(baseline).toContain("byte bigram");
  });

  test("weights that differ, though they sum to the number of tokens", async () => {
    const [perplexity, next] = await figures("weighted by 2 * (index(T) mod 2)");
    expect(perplexity).toMatch(/^held-out perplexity +[\d.]+ \(weighted: \d+ in all\)$/);
    expect(next).toContain("accuracy");
  });

  test("small weights are told with their digits", async () => {
    const [perplexity] = await figures("weighted by 0.001 * real(index(T) mod 2)");
    expect(perplexity).toMatch(/\(weighted: 0\.0\d+ in all\)$/);
  });
});

test("steps in which nothing counts have no loss, and do not enter the line's mean", async () => {
  const folder = await folderWith({ "small.mem": spec("weighted by answer", 4) });
  const words = "train small.mem --data task:recall --engine reference --no-evaluate --steps 8";
  const { code, err } = await memc(folder, ...words.split(" "));
  expect(code).toBe(0);
  expect(err).toMatch(/step 1\/8 {2}loss – {2}perplexity – /);
  const log = await readFile(join(folder, "runs/small/metrics.jsonl"), "utf8");
  const steps = log
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  // An episode has four segments, and only the last asks.
  expect(steps.map(({ loss }) => loss === null)).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(steps[0]).toMatchObject({ loss: null, losses: { main: null }, perplexity: null });
  expect(err).toContain(`loss ${((0.9 * steps[3].loss + steps[7].loss) / 1.9).toFixed(4)}`);
});
