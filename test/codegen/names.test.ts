/** Names in generated code of what the spec does not name: readers know them, and changes elsewhere leave them alone. */
import { describe, expect, it } from "vitest";
import { compile } from "../../src/codegen/compile.ts";

/** The generated training file of a model with these blocks and statements. */
async function training(blocks: string, body: string, throughTime = "detach"): Promise<string> {
  const text = `mem 1
${blocks}
model M {
  dim D = 4
  input x[T, D]
${body}
  loss main = mean(y over (T, D))
}
train { segment 3 tokens; batch 2 streams; rollout 2 segments; through_time ${throughTime}; optimizer adamw(rate = 1e-3) }
`;
  const options = { version: "0.1.0", hash: "0123456789abcdef" };
  const { diagnostics, files } = await compile([{ path: "m.mem", text }], "m.mem", options);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return files?.find(({ path }) => path.endsWith(".train.ts"))?.text ?? "";
}

const functionNames = (text: string): readonly string[] =>
  [...text.matchAll(/^function (\w+)/gm)].flatMap(([, name]) => name ?? []);

const layers = `
block twice(x[T, D]) -> [T, D] { return 2 * tanh(x) }
block net(x[T, D], hidden: int) -> [T, D] {
  param W1[D -> F: hidden], W2[F: hidden -> D] ~ glorot
  return tanh(x . W1 over D) . W2 over F
}`;

const mix = `
block mix(x[T, D], context[S, D], mask: choice(none, causal) = none, scaled: flag = off) -> [T, D] {
  param W[D -> K: D], U[D -> K: D] ~ glorot
  scores = (x . U over D) . (context . W over D) over K
  seen = when mask is causal { index(S) <= index(T) } else { valid(S) }
  p = softmax(when scaled { scores / 2 } else { scores } over S where seen)
  return p . context over S
}`;

describe("a value", () => {
  it("that goes into a call is called after the call and its argument", async () => {
    const text = await training(
      layers,
      "  param w[D] starts 1\n  y = net(twice(x * w), hidden = 8)",
    );
    expect(text).toContain("const { out: netX, residuals: netXTwiceResiduals } = twiceForward(");
    expect(text).toContain("netBackward(g, own.net, residuals.netX, residuals.net, ");
  });

  it("that a function returns without a name is its out", async () => {
    const text = await training(layers, "  y = net(x, hidden = 8)");
    expect(text).toMatch(/const \{ out: y, residuals: netResiduals \} = netForward\(/);
    expect(text).toMatch(/ \* x: \[batch, T, D\], dOut: \[batch, T, D\]/);
  });

  it("that two short names make is called after both", async () => {
    const text = await training(mix, "  y = tanh(mix(x, x))");
    expect(text).toContain("readonly contextW: Tensor;");
  });

  it("keeps its name where another one of its kind comes before it", async () => {
    const body = "  a = exp(x) + 1\n  y = tanh(sigmoid(a) * sigmoid(x))";
    const [before, after] = [
      await training("", body),
      await training("", `  b = log(2 + x * x)\n${body} + b`),
    ];
    const kept = (text: string) =>
      /type Residuals = \{\n([^}]*)\}/.exec(text)?.[1]?.trim().split("\n") ?? [];
    expect(kept(after)).toEqual(expect.arrayContaining([...kept(before)]));
  });

  it("may be called like the memory in whose method it is made", async () => {
    const memory = `
memory m() {
  state a starts 0.1, gradient through
  step(x[T, D]) -> mem[T, D], r[T, D] {
    a <- tanh(mean(x over (T, D) where valid(T)) + a)
    mem = x + a
    r = x * 2
  }
}`;
    const text = await training(
      memory,
      "  param w starts 1\n  memory mem = m()\n  p, q = mem.step(x * w)\n  y = p * q",
      "bptt(horizon = 2)",
    );
    expect(text).toContain(
      "  readonly mem: Tensor;\n  readonly mem2: { readonly step: MStepResiduals };",
    );
  });
});

describe("functions of one block", () => {
  it("are told apart by the options that differ", async () => {
    const text = await training(
      mix,
      "  a = mix(x, x) as a\n  b = mix(a, x, mask = causal) as b\n  y = mix(b, x, mask = causal, scaled = on) as c",
    );
    expect(functionNames(text).filter((name) => name.startsWith("mix"))).toEqual([
      "mixForward",
      "mixCausalForward",
      "mixCausalScaledForward",
      "mixCausalScaledBackward",
      "mixCausalBackward",
      "mixBackward",
    ]);
  });

  it("need no options in their names where there is one", async () => {
    const text = await training(mix, "  y = mix(x, x, mask = causal)");
    expect(functionNames(text)).toContain("mixForward");
  });

  it("share their types with each other, and with no block that is called like one of them", async () => {
    const blocks = `
block n(x[T, D]) -> [T, D] { param a[D], b[D] starts 1; return x * a + b * b * a }
block n2(x[T, D]) -> [T, D] { param b[D] starts 1; y = n(x) as a; return tanh(y * b) }`;
    const text = await training(blocks, "  y = n(x)\n  y = n(y) as second\n  y = n2(y)");
    const structs = new Map(
      [...text.matchAll(/^type (\w+) = \{\n([^}]*)\}/gm)].map(([, name, fields = ""]) => [
        name,
        [...fields.matchAll(/readonly (\w+): (\w+)/g)].map(([, field, type]) => [field, type]),
      ]),
    );
    const own = [...text.matchAll(/^function (n\w*)\(\s+g: Builder,\s+own: (\w+)/gm)];
    const typeOf = new Map(own.map(([, name, type]) => [name, structs.get(type)]));
    const both = ["a", "b"].map((name) => [name, "Tensor"]);
    for (const name of ["nForward", "nBackward", "nBackward2"]) {
      expect(typeOf.get(name), name).toEqual(both);
    }
    const [weight, inner] = typeOf.get("n2Forward") ?? [];
    expect(structs.get(inner?.[1])).toEqual(both);
    expect(weight).toEqual(["b", "Tensor"]);
    expect(typeOf.get("n2Backward")).toEqual(typeOf.get("n2Forward"));
  });
});
