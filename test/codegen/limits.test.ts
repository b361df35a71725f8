/** What checking lets through builds: passes, gradients and text of specs as long and as deep as the limits allow. */
import { expect, it } from "vitest";
import { compile } from "../../src/codegen/compile.ts";

const train = "train { segment 4 tokens; batch 2 streams }";

async function build(text: string): Promise<readonly string[]> {
  const options = { version: "0.1.0", hash: "0".repeat(64) };
  const { diagnostics, files } = await compile([{ path: "model.mem", text }], "model.mem", options);
  expect(diagnostics.map(({ code, message }) => `${code}: ${message}`)).toEqual([]);
  return (files ?? []).map(({ path }) => path).filter((path) => path.endsWith(".ts"));
}

const model = (body: string, after = "") => `mem 1
${after}
model M {
  dim D = 4
  input x[T, D]
  param w[D] starts 1
  y = x * w
${body}
  output o = y
  loss main = (y - x) ^ 2
}
${train}
`;

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n");

it.each([
  ["terms added up", lines(5000, (i) => `y = y + ${i}`)],
  ["iterations written out, as they read their index", "repeat 5000 as i { y = y + i }"],
  ["iterations of one body", "repeat 10000 as i { y = tanh(y * w) }"],
  ["names changed and changed back", lines(1500, () => "y = (y rename D as E) rename E as D")],
  ["constants made of constants", `c = index(T)\n${lines(3000, () => "c = c + 1")}\ny = y * c`],
  ["parts of parts", `v = w\n${lines(3000, () => "v = reverse(v over D)")}\ny = y * v`],
  ["values held", `v = w\n${lines(3000, () => "v = stop(v)")}\ny = y * v`],
  [
    "loops inside each other",
    `${lines(50, (i) => `repeat 2 as i${i} {`)} y = tanh(y * w) ${"}".repeat(50)}`,
  ],
])(
  "builds a training of many %s",
  async (_, body) => {
    expect(await build(model(body))).toEqual(["model.ts", "model.train.ts"]);
  },
  120_000,
);

it("builds a training of blocks that call blocks, 60 deep", async () => {
  const blocks = lines(60, (i) =>
    i === 59
      ? `block b${i}(x[..., D]) -> [..., D] { param v[D] starts 1; return tanh(v * x) }`
      : `block b${i}(x[..., D]) -> [..., D] { return b${i + 1}(x) }`,
  );
  const text = model("y = y + b0(x)", blocks);
  expect(await build(text)).toEqual(["model.ts", "model.train.ts"]);
});
