/** `memc build --probe`: what an address may be, and what is said of one that matches nothing. */
import { expect, test } from "vitest";
import { contents, folderWith, memc } from "./kit.ts";

const spec = `mem 1

model Probed(extra: flag = off) {
  dim vocab = 16, D = 8, heads = 2
  input  tokens[T] in vocab
  target labels[T] in vocab
  use table = embedding(vocab, width = D)
  x = table.look(tokens)
  repeat 2 as layer {
    y = norm(x)
    x = x + attention(y, y, heads, mask = causal) as masked
    when extra {
      doubled = 2 * x
      x = doubled
    }
  }
  output logits = table.score(norm(x))
  loss main = cross_entropy(logits, labels)
}
`;

const train = "train { data { labels = tokens ahead 1 }; segment 4 tokens }\n";

async function build(...probes: readonly string[]) {
  const folder = await folderWith({ "probed.mem": spec });
  const words = probes.flatMap((probe) => ["--probe", probe]);
  const result = await memc(folder, "build", "probed.mem", ...words);
  return { ...result, files: Object.keys(await contents(folder)) };
}

test.each(["layer[*].masked.p", "layer[1].masked.p", "layer.masked.p", "masked.p", "p", "main"])(
  "%s is the address of a value",
  async (probe) => {
    const { code, err, files } = await build(probe);
    expect([code, err]).toEqual([0, ""]);
    expect(files).toContain("generated/probed.ts");
  },
);

test.each(["i[1].z", "i[*].z", "i.1.z", "i.z", "i[0].j[1].z", "i[*].j.z"])(
  "%s is the address of a value in a repeat that is written out",
  async (probe) => {
    const text = `model M {
  input x[T]
  y = x
  repeat 2 as i { z = y * (i + 1); repeat 2 as j { z = tanh(z) }; y = z }
  output o = y
}
evaluate { segment 4 tokens }`;
    const folder = await folderWith({ "written.mem": text });
    expect(await memc(folder, "build", "written.mem", "--probe", probe)).toMatchObject({
      code: 0,
      err: "",
    });
    const wrong = await memc(folder, "build", "written.mem", "--probe", "i[2].z");
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain("--probe i[2].z matches nothing");
  },
);

test.each([
  ["layer[7].masked.p", "there are layer[0].masked.p, layer[1].masked.p"],
  ["layer[*].maskd.p", "there are layer[0].masked.p, layer[1].masked.p"],
  ["layer[*].masked.qqqqqqqq", "nothing in the spec is called qqqqqqqq"],
  ["layer[*].doubld", "nothing in the spec is called doubld; did you mean doubled?"],
])("%s matches nothing, and nothing is written", async (probe, help) => {
  const { code, out, err, files } = await build("p", probe);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toBe(`memc: --probe ${probe} matches nothing\n  ${help}\nSee: memc build --help\n`);
  expect(files).toEqual(["probed.mem"]);
});

test("a number is known while compiling and has no probe, and nothing is written", async () => {
  const { code, err, files } = await build("p", "layer[*].masked.heads");
  expect(code).toBe(1);
  expect(err).toContain("error[MEM0201]: heads is 2, known while compiling");
  expect(files).toEqual(["probed.mem"]);
});

test("a value that exists under other options is a warning", async () => {
  const { code, err } = await build("layer[*].doubled");
  expect(code).toBe(0);
  expect(err).toContain("warning[MEM0110]");
  const other = await build("layer[*].doubled.p");
  expect(other.code).toBe(0);
  expect(other.err).toBe(
    "note: --probe layer[*].doubled.p matches nothing with these options; " +
      "there are layer[0].masked.p, layer[1].masked.p\n",
  );
});

test("integers have no gradient", async () => {
  const folder = await folderWith({ "probed.mem": spec + train });
  const { code, err } = await memc(folder, "build", "probed.mem", "--probe", "gradient.tokens");
  expect(code).toBe(2);
  expect(err).toContain("a loss has no gradient with respect to tokens\n");
});

test("`gradient.` asks for the gradient of a value too, in the training file", async () => {
  const folder = await folderWith({ "probed.mem": spec + train });
  const argv = ["build", "probed.mem", "--probe", "gradient.layer[*].y"];
  expect(await memc(folder, ...argv)).toMatchObject({ code: 0, err: "" });
  const { "generated/probed.ts": reads = "", "generated/probed.train.ts": trains = "" } =
    await contents(folder);
  expect(trains).toMatch(/\.probe\("[\w.]*y", "gradient", \w+\)/);
  expect(reads).toMatch(/\.probe\("[\w.]*y", "value", y\)/);
  expect(reads).not.toContain('"gradient"');
});

test.each([
  ["gradient.tokens", "gradients are of training, and the spec has no train program"],
  ["gradient.layer[*].yyyy", "nothing in the spec is called yyyy"],
])("%s is no gradient, and nothing is written", async (probe, help) => {
  const { code, err, files } = await build(probe);
  expect(code).toBe(2);
  expect(err).toBe(`memc: --probe ${probe} matches nothing\n  ${help}\nSee: memc build --help\n`);
  expect(files).toEqual(["probed.mem"]);
});

test("a loss in a scan is shown as metrics give it, the mean over all steps", async () => {
  const text = `mem 1
model Stepped {
  input x[T] in 16
  scan over T { loss main = x weighted by x > 1 }
  output y = x
}
`;
  const folder = await folderWith({ "stepped.mem": text });
  const built = await memc(folder, "build", "stepped.mem", "--probe", "main");
  expect(built).toMatchObject({ code: 0, err: "" });
  const { "generated/stepped.ts": reads = "" } = await contents(folder);
  const [, probed = "", ...more] = [...reads.matchAll(/\.probe\("main", "value", (\w+)\)/g)].flat();
  expect(more).toEqual([]);
  expect(reads).toMatch(new RegExp(`losses: \\{ main(: ${probed})? \\}`));
});
