/** Parameters and draws of repeats inside blocks: one for each iteration, wherever the block is called (rule R4). */
import { expect, test } from "vitest";
import { verify } from "../../../src/ir/verify.ts";
import { codesOf, programOf, run } from "./kit.ts";

const block = `block f(x[T]) -> [T] {
  y = x
  repeat 3 as i { param b starts 1; y = y + b * (1 + draw u ~ uniform) }
  return y
}`;

/** `f.i.* 3`: each parameter and draw with its copies. */
function copiesOf(body: string): readonly string[] {
  const { graph, parameters, draws } = programOf(
    `${block}\nmodel M { input x[T]\n${body} }\nevaluate { segment 2 tokens }`,
  );
  expect(verify(graph)).toEqual([]);
  return [...parameters, ...draws].map(
    ({ path, copies }) => `${path.join(".")} ${copies.map(({ value }) => value).join(" ")}`,
  );
}

test("called in the model", () => {
  expect(copiesOf("output y = f(x)")).toEqual(["f.i.*.b 3", "f.i.*.u 3"]);
});

test("called in another repeat", () => {
  const body = "y = x\nrepeat 2 as j { y = f(y) }\noutput z = y";
  expect(copiesOf(body)).toEqual(["j.*.f.i.*.b 2 3", "j.*.f.i.*.u 2 3"]);
});

test("shared by the iterations of another repeat", () => {
  const body = "use g = f()\ny = x\nrepeat 2 as j { y = g(y) }\noutput z = g(y)";
  // Each call draws for itself.
  expect(copiesOf(body)).toEqual(["g.i.*.b 3", "j.*.g.i.*.u 2 3", "g.i.*.u 3"]);
});

test("each iteration has its own number", () => {
  const text = `${block.replace(" * (1 + draw u ~ uniform)", "")}
    model M { input x[T]; output y = f(x) }
    evaluate { segment 2 tokens }`;
  expect(run(programOf(text), { x: [1, 2], "f.i.*.b": [10, 20, 30] }).y).toEqual([61, 62]);
});

test("a draw in a repeat has the axes that pass through the block", () => {
  const text = `block noisy(x[..., D]) -> [..., D] {
    y = x
    repeat 3 as i { y = y * draw u[..., D] ~ uniform }
    return y
  }
  model M { dim D = 2; input x[T, D]; output y = noisy(x) }
  evaluate { segment 5 tokens }`;
  const { graph, draws } = programOf(text);
  expect(verify(graph)).toEqual([]);
  const axes = draws.flatMap((each) =>
    each.axes.map(({ name, size }) => `${name} = ${size.value}`),
  );
  expect(axes).toEqual(["T = 5", "D = 2"]);
});

/** The codes of a model with these lines, but for what it leaves unused. */
const codesIn = (...lines: readonly string[]): readonly string[] =>
  codesOf(`${block}
memory m() { state s starts 0, gradient stop
  step(x[T]) -> [T] { y = x + s
    s <- s + 1
    return y } }
model M { input x[T]; y = x
${lines.join("\n")}
output z = y }
evaluate { segment 2 tokens }`).filter((code) => code !== "MEM0106");

test.each([
  ["a parameter", "param b starts 1; y = y + b", "param c starts 1; y = y + c"],
  ["a state", "memory a = m(); y = a.step(y)", "memory b = m(); y = b.step(y)"],
  ["a draw", "y = y + (draw u ~ uniform)", "y = y + (draw v ~ uniform)"],
  ["a repeat inside", "repeat 2 as i { param b starts 1; y = y + b }", "y = f(y)"],
])("are as many in two repeats of one name: %s", (_, first, second) => {
  expect(codesIn(`repeat 2 as k { ${first} }`, `repeat 3 as k { ${second} }`)).toEqual(["MEM0160"]);
  expect(codesIn(`repeat 3 as k { ${first} }`, `repeat 3 as k { ${second} }`)).toEqual([]);
  expect(codesIn(`repeat 2 as k { ${first} }`, `repeat 3 as k { y = tanh(y) }`)).toEqual([]);
});

test("are as many in repeats of one name inside others", () => {
  const inner = (count: number, name: string) =>
    `repeat 2 as k { repeat ${count} as i { param ${name} starts 1; y = y + ${name} } }`;
  expect(codesIn(inner(2, "b"), inner(3, "c"))).toEqual(["MEM0160"]);
  expect(codesIn(inner(3, "b"), inner(3, "c"))).toEqual([]);
});
