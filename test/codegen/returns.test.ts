/** What a generated function gives back, and how it is called there. */
import { expect, it } from "vitest";
import { compile } from "../../src/codegen/compile.ts";

const options = { version: "0.1.0", hash: "0123456789abcdef" };

/** The lines of the function `block` of the spec's evaluating program. */
async function linesOf(block: string, body: string): Promise<readonly string[]> {
  const text = `mem 1
block ${block}(x[..., D]) -> [..., D] {
  param gain[D] starts 1
  param bias[D] starts 0
${body}
}
model M() {
  dim D = 4
  input x[T, D] in real
  y = ${block}(x) as ${block}
  output z = y
}
evaluate { segment 3 tokens; batch 2 streams }
`;
  const { diagnostics, files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(diagnostics).toEqual([]);
  const lines = files?.[0]?.text.split("\n") ?? [];
  const start = lines.findIndex((line) => line.startsWith(`function ${block}(`));
  return lines.slice(start + 1, lines.indexOf("}", start)).map((line) => line.trim());
}

it("is the last expression itself, without a name of its own, also where its operand has to stand before it", async () => {
  const lines = await linesOf(
    "long",
    "  return (x * gain + bias * gain + x * bias + tanh(x * gain * bias)) rename D as Diagonal rename Diagonal as D",
  );
  expect(lines.at(-1)).toMatch(/^return g\./);
});

it("is called out where one of several results is given back", async () => {
  const lines = await linesOf(
    "norm",
    `  centred = x - mean(x over D)
  return centred * rsqrt(mean(centred * centred over D) + 1e-5) * gain + bias`,
  );
  expect(lines).toEqual([
    'const [normalized] = g.layerNorm(x, own.gain, own.bias, { over: "D", epsilon: 0.00001 });',
    "return normalized;",
  ]);
});

it("leaves out a loop that nothing reads, with its function", async () => {
  const text = `mem 1
model M() {
  input x[T]
  scan over T { _y = tanh(x) }
  output z = x
}
evaluate { segment 3 tokens }
`;
  const { files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(files?.[0]?.text.match(/function \w+/g)).toEqual(["function segment"]);
});

it("is repeated for each example without asking for more than an input that says how many there are", async () => {
  const text = `mem 1
block total(x[T]) -> [T] {
  m = 0
  scan over T { m = m + x }
  return x + m
}
model M() {
  input x[T]
  output z = total(x)
}
evaluate { segment 3 tokens }
`;
  const { files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(files?.[0]?.text).toMatch(/function total\w*\(g: Builder, x: Tensor\): Tensor/);
});
