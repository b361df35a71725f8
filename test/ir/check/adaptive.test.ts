/** The library's adaptive embedding and softmax, as a model takes them: an instance of `word_cluster` for each cluster. */
import { expect, test } from "vitest";
import { codesOf, parametersOf, programOf, type Rows, run, shownOf } from "./kit.ts";

/** Six tokens in clusters of 3, 1 and 2, with the log-probabilities of all. */
const model = (options: string): string => `
model M {
  dim vocab = 6, D = 2
  input x[T, D]; input tokens[T] in vocab
  repeat 3 as cluster {
    use words = word_cluster(vocab, cutoffs = [3, 4], cluster, out = D, ${options})
  }
  rows = 0
  repeat 3 as k { rows = rows + words[k].widen(words[k].look(tokens)) }
  output embedded = rows
  scores, all = words[0].head(words[0].narrow(x))
  repeat 2 as tail {
    part = words[tail + 1].tail(words[tail + 1].narrow(x), all)
    scores = join(scores over V, part over V as V)
  }
  output logits = scores
  output nll = negative_log_likelihood(scores, tokens)
}
evaluate { segment 6 tokens }`;

const logOfSum = (values: readonly number[]) =>
  Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));

const entry = (rows: Rows | undefined, i: number): Rows | undefined =>
  typeof rows === "object" ? rows[i] : undefined;

const weights: Readonly<Record<string, Rows>> = {
  "cluster.0.words.weight": [
    [1, 0],
    [0, 1],
    [2, -1],
  ],
  "cluster.0.words.bias": [0.1, 0.2, 0.3],
  "cluster.0.words.entry_weight": [
    [1, 1],
    [0, 3],
  ],
  "cluster.0.words.entry_bias": [0.5, -0.5],
  "cluster.1.words.weight": [[5, 6]],
  "cluster.1.words.bias": [7],
  "cluster.2.words.weight": [
    [1, 2],
    [3, -4],
  ],
  "cluster.2.words.bias": [0, 1],
};
const inputs = { x: Array.from({ length: 6 }, () => [1, 2]), tokens: [0, 1, 2, 3, 4, 5] };

test("each token has its row, and a probability by its cluster's; entries of clusters count from the last", () => {
  const program = programOf(model("width = D"));
  const { embedded, logits, nll } = run(program, { ...inputs, ...weights });
  expect(embedded).toEqual([
    [1, 0],
    [0, 1],
    [2, -1],
    [5, 6],
    [1, 2],
    [3, -4],
  ]);
  const head = [1.1, 2.2, 0.3, 3.5, 5.5];
  const whole = logOfSum(head);
  const last = [5, -4];
  const expected = [
    ...head.slice(0, 3).map((score) => score - whole),
    5.5 - whole, // of the only token of cluster 1, whose entry is the last
    ...last.map((score) => 3.5 - whole + score - logOfSum(last)),
  ];
  expected.forEach((value, i) => {
    expect(entry(entry(logits, i), i)).toBeCloseTo(value, 12);
    expect(entry(nll, i)).toBeCloseTo(-value, 12);
  });
  expect(logOfSum(expected)).toBeCloseTo(0, 12);
});

test("parameters are those that are needed", () => {
  const ofCluster = (k: number, options: string) =>
    parametersOf(model(options)).flatMap((path) =>
      path.startsWith(`cluster.${k}.`) ? [path.split(".").slice(3).join(".")] : [],
    );
  expect(ofCluster(0, "width = D")).toEqual(["bias", "entry_bias", "entry_weight", "weight"]);
  expect(ofCluster(1, "width = D")).toEqual(["bias", "weight"]);
  expect(ofCluster(1, "width = D, tied = off")).toEqual(["bias", "out_weight", "weight"]);
  expect(ofCluster(1, "width = D, narrowing = 2")).toEqual(["bias", "map", "out_map", "weight"]);
});

test("cut-offs rise and lie below the number of tokens", () => {
  for (const cutoffs of ["[3, 3]", "[4, 3]", "[3, 6]", "[3, 9]"]) {
    const text = model("width = D").replace("[3, 4]", cutoffs);
    expect([...new Set(codesOf(text))]).toEqual(["MEM0172"]);
    expect(shownOf(text)).toContain("count must be at least 1, not ");
  }
});
