/** `memc build --dump-ir`, `--time-passes`, `--disable-pass`, `--explain-passes`, `--probe`, as a user types them. */
import { describe, expect, test } from "vitest";
import { contents, folderWith, memc } from "./kit.ts";

const spec = `mem 1
model Classifier {
  dim vocab = 5, D = 4, hidden = 6
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  x = ffn(norm(table.look(tokens)), hidden)
  output logits = table.score(x)
  loss main = cross_entropy(logits, labels)
}
train {
  data { labels = tokens ahead 1 }
  segment 4 tokens;  batch 2 streams;  rollout 1 segment
  steps 1
}
`;

describe("looking into the compiler", () => {
  test("--dump-ir prints the graph after a pass", async () => {
    const folder = await folderWith({ "model.mem": spec });
    const { code, out } = await memc(folder, "build", "model.mem", "--dump-ir", "after:linear");
    expect(code).toBe(0);
    expect(out).toContain("// evaluate after linear");
    expect(out).toContain("= linear ");
  });

  test("--disable-pass leaves a pass out of the generated code", async () => {
    const folder = await folderWith({ "model.mem": spec });
    await memc(folder, "build", "model.mem");
    const all = (await contents(folder))["generated/model.ts"];
    await memc(folder, "build", "model.mem", "--disable-pass", "linear");
    const without = (await contents(folder))["generated/model.ts"];
    expect(all).toContain("g.linear(");
    expect(without).not.toContain("g.linear(");
    await memc(folder, "build", "model.mem", "--disable-pass", "all");
    expect((await contents(folder))["generated/model.ts"]).not.toContain("g.layerNorm(");
  });

  test("a pass that does not exist is a usage error with a suggestion", async () => {
    const folder = await folderWith({ "model.mem": spec });
    const { code, err } = await memc(folder, "build", "model.mem", "--disable-pass", "lineer");
    expect(code).toBe(2);
    expect(err).toContain("there is no pass lineer");
    expect(err).toContain("did you mean linear?");
    expect((await memc(folder, "build", "model.mem", "--dump-ir", "linear")).code).toBe(2);
  });

  test("--time-passes prints a line a pass and program", async () => {
    const folder = await folderWith({ "model.mem": spec });
    const { out } = await memc(folder, "build", "model.mem", "--time-passes");
    expect(out).toMatch(/train\s+layer-norm\s+[\d.]+ ms/);
  });

  test("--probe makes a named value visible", async () => {
    const folder = await folderWith({ "model.mem": spec });
    await memc(folder, "build", "model.mem", "--probe", "ffn.a");
    expect((await contents(folder))["generated/model.ts"]).toContain('g.probe("a", "value"');
  });
});
