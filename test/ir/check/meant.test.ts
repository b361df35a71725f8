/** What an error proposes instead: the name, the option, the way to write it. */
import { describe, expect, test } from "vitest";
import { codesOf, shownOf } from "./kit.ts";

const model = (body: string, before = ""): string => `${before}\nmodel M {\n${body}\n}`;

const helpOf = (text: string): readonly string[] =>
  [...shownOf(text).matchAll(/^help: (.*)$/gm)].map(([, help = ""]) => help);

describe("an option that does not exist: the nearest, else all there are", () => {
  const choice = `block f(x[...], kind: choice(plain, sticky(bins: int = 2, width: int = 3)) = plain) -> [...] {
  return when kind is sticky { x * kind.bins * kind.width } else { x }
}`;
  test.for([
    ["of a memory", "memory p = fifo(size = 3, width = 1)", "It has length, width, empty."],
    ["of a memory, misspelt", "memory p = fifo(lenght = 3, width = 1)", "Did you mean length?"],
    ["of a block that is called", "x = f(x, other = 3)", "It has kind."],
    ["of a choice", "x = f(x, kind = sticky(n = 3))", "It has bins, width."],
    ["of a choice, misspelt", "x = f(x, kind = sticky(bin = 3))", "Did you mean bins?"],
  ])("%s", ([, statement = "", help = ""]) => {
    const text = model(`input x[T]\n${statement}\noutput y = x`, choice);
    expect(codesOf(text), shownOf(text)).toContain("MEM0171");
    expect(helpOf(text)).toContain(help);
  });
});

test("an axis is its own size", () => {
  const text = model("dim D = 2; input x[T, D]\noutput y = x * size(D) + size(T)");
  expect(codesOf(text)).toEqual(["MEM0147"]);
  expect(helpOf(text)).toEqual(["An axis is its own size: write D."]);
  expect(helpOf(model("input x[T]\noutput y = x * size(3)"))).toEqual([]);
});

test("the batch may be what an axis was meant to be", () => {
  const text = model(
    "input x[T]\ny = when training { mean(x over Batch) } else { x }\nz = mean(x over Tt)\noutput o = x + y",
  ).replace("when training", "when not training");
  expect(helpOf(text)).toEqual(["Did you mean batch?", "Did you mean T?"]);
});

test("a state that was meant to be written", () => {
  const memory = (write: string) => `memory m() {
  state rows starts 0, gradient through
  state count starts 0
  step(x[T]) -> [T] { ${write}; return x + rows + count }
}`;
  const text = (write: string) =>
    model("input x[T]\nmemory k = m()\noutput y = k.step(x)", memory(write));
  expect(helpOf(text("row <- sum(x over T where valid(T))"))).toContain(
    "Did you mean rows? A local is assigned with `=`.",
  );
  expect(helpOf(text("local <- sum(x over T where valid(T))"))).toContain(
    "`<-` writes a state inside a method of its memory; a local is assigned with `=`.",
  );
});

test.for([
  ["integer", "integer takes one argument."],
  ["normal(0, 1)", "normal takes no arguments."],
])("the numbers of a distribution: %s", ([distribution = "", message = ""]) => {
  const text = model(`input x[T]\noutput y = x * draw u[T] ~ ${distribution}`);
  expect(shownOf(text)).toContain(`error[MEM0162]: ${message}`);
});

test("two declarations of one name need no call", () => {
  const text = model("input x[T]\noutput y = x + draw h[T] ~ normal + draw h[] ~ normal");
  expect(codesOf(text)).toEqual(["MEM0160"]);
  expect(helpOf(text)).toEqual(["Give one of them another name."]);
});

test.for([
  ["x[0]", "x at T = 0"],
  ["x[n]", "x at T = n"],
  ["x[w]", "x at T = w"],
  ["(2 * x)[0]", "(…) at T = 0"],
])("an entry of a tensor: %s", ([expression = "", entry = ""]) => {
  const text = model(
    `dim D = 2, n = 1; input x[T, D]\nw = argmax(x over T)\noutput y = x + ${expression}`,
  );
  expect(codesOf(text), shownOf(text)).toEqual(["MEM0147"]);
  expect(helpOf(text)).toEqual([`An entry along an axis is \`${entry}\`.`]);
});

test("a tensor to carry through a loop, that starts as a number", () => {
  const block = "block total(x[D]) -> [] { return sum(x over D) }";
  const text = (start: string, argument = "m") =>
    model(
      `dim D = 2; input x[T, D]\ny = scan over T from m = ${start} yield m { m = m + x * total(${argument}) }\noutput o = y`,
      block,
    );
  const help = "m starts as a number here; start it as a tensor, such as 0 * x.";
  expect(codesOf(text("0")), shownOf(text("0"))).toEqual(["MEM0216"]);
  expect(helpOf(text("0"))).toEqual([help]);
  expect(helpOf(text("0", "2 * 3"))).toEqual([]);
  expect(codesOf(text("0 * real(index(D))"))).toEqual([]);
  const repeat =
    "dim D = 2; input x[T, D]\nm = 0\nrepeat 2 as i { m = m + x * total(m) }\noutput o = m";
  expect(helpOf(model(repeat, block))).toEqual([help]);
});

test("a second axis of the same size has a name that is free", () => {
  expect(helpOf(model("dim N = 2; input x[T]\nparam w[N, N] starts 1\noutput y = x"))).toEqual([
    "A second axis of the same size has a name of its own: [N, J: N].",
  ]);
  expect(
    helpOf(model("dim J = 2, K = 3; input x[T]\nparam w[J, J] starts 1\noutput y = x")),
  ).toEqual(["A second axis of the same size has a name of its own: [J, L: J]."]);
});

test("a note is shown once, whatever led there twice", () => {
  const memory = `memory m() {
  param a ~ gaussian(0, 1)
  state s starts a, gradient through
  step(x[T]) -> [T] { s <- sum(x over T where valid(T)); return x + s }
}`;
  const shown = shownOf(model("input x[T]\nmemory k = m()\noutput y = k.step(x)", memory));
  expect(shown.match(/note:/g), shown).toHaveLength(1);
});

test("what is wrong with training is said once, not again of programs that begin with it", () => {
  const spec = (entries: string) =>
    `model M { input x[T]; param w starts 1; output y = w * x; loss main = y }
train { rollout 4 segments; ${entries} }
evaluate { segment 8 tokens }
generate { segment 1 tokens }`;
  expect(codesOf(spec("segment_weights [1, 2]"))).toEqual(["MEM0308"]);
  expect(codesOf(spec("cut after 3"))).toEqual(["MEM0315"]);
});
