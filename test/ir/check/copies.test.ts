/** Parameters and draws of repeats inside blocks: one for each iteration, wherever the block is called (rule R4). */
import { expect, test } from "vitest";
import { verify } from "../../../src/ir/verify.ts";
import { programOf, run } from "./kit.ts";

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
