/** Probes: named values made visible in a build that asks for them. */
import { expect, test } from "vitest";
import { codesOf, programOf, shownOf } from "./kit.ts";

/** Names of all probes of a spec, in the order of its functions. */
function probesOf(text: string, ...probes: readonly string[]): readonly string[] {
  const { graph } = programOf(text, { probes });
  return [...graph.functions.values()].flatMap(({ nodes }) =>
    nodes.flatMap((node) => (node.kind === "probe" ? [node.name] : [])),
  );
}

const model = (factor: string): string =>
  `model M { input x[T]; y = x; repeat 3 as i { h = y * ${factor}; y = h + 1 }; output z = y }`;

test("in a repeat that is a loop: one for all iterations", () => {
  expect(probesOf(model("2"), "h")).toEqual(["h"]);
});

test("in a repeat whose iterations differ: one for each", () => {
  expect(probesOf(model("i"), "h")).toEqual(["i.0.h", "i.1.h", "i.2.h"]);
  expect(probesOf(model("i"), "y")).toEqual(["i.0.y", "i.1.y", "i.2.y", "y"]);
});

test("a loss: its mean over the batch, in every block that has one", () => {
  const text = `block f(x[T]) -> [T] { loss small = x ^ 2; return 2 * x }
model M {
  input x[T]
  target z[T]
  y = f(x) as once
  repeat 2 as i { y = f(y) * (i + 1) }
  output o = y
  loss main = (y - z) ^ 2
}
evaluate { segment 2 tokens }`;
  expect(probesOf(text, "main")).toEqual(["main"]);
  expect(probesOf(text, "once.small")).toEqual(["small"]);
  expect(codesOf(text, { probes: ["main", "i.f.small"] })).toEqual([]);
});

test("a value hides the loss of its name, wherever it gets it", () => {
  const text = (...body: readonly string[]) =>
    `model M { input x[T]; y = 2 * x; ${body.join("; ")}; output o = y }`;
  const loss = "loss main = y";
  const value = "main = 3 * y; y = main";
  expect(probesOf(text(loss, value), "main")).toEqual(["main"]);
  expect(probesOf(text(value, loss), "main")).toEqual(["main"]);
  const unrolled = text(`repeat 2 as i { ${loss}; main = i * y; y = main }`);
  expect(probesOf(unrolled, "main")).toEqual(["i.0.main", "i.1.main"]);
  const { graph } = programOf(text(loss, value), { probes: ["main"] });
  const [probe] = [...graph.functions.values()]
    .flatMap(({ nodes }) => nodes)
    .flatMap((node) => (node.kind === "probe" ? [node.input] : []));
  expect(probe).toHaveProperty("type.axes.length", 2);
});

test("a loss in a repeat, of one function or one for each iteration", () => {
  const text = (factor: string) =>
    `model M { input x[T]; y = x; repeat 2 as i { loss main = y; y = y * ${factor} }; output o = y }`;
  expect(probesOf(text("2"), "main")).toEqual(["main"]);
  expect(probesOf(text("i"), "main")).toEqual(["i.0.main", "i.1.main"]);
});

test("a name that nothing has is warned about", () => {
  expect(codesOf(model("2"), { probes: ["heads"] })).toEqual(["MEM0110"]);
});

test("what is no tensor has nothing to show", () => {
  const text = `block f(x[T], wide: flag = off) -> [T] { return when wide { x } else { 2 * x } }
memory m(count: int = 4) {
  dim rows = count
  state s[rows] starts 0, gradient through
  step() -> [rows] { s <- s + 1; return s }
}
model M(scale: real = 0.5) {
  dim k = 3
  input x[T]
  memory a = m()
  use g = f()
  output y = g(x) * k * scale + sum(a.step() over rows)
}`;
  const said = (probe: string) => {
    expect(codesOf(text, { probes: [probe] })).toEqual(["MEM0201"]);
    return /error\[MEM0201\]: (.*)/.exec(shownOf(text, { probes: [probe] }))?.[1];
  };
  expect(said("k")).toBe(
    "k is 3, known while compiling: there is no tensor of that name to probe.",
  );
  expect(said("scale")).toContain("scale is 0.5, known while compiling");
  expect(said("g.wide")).toContain("wide is off, known while compiling");
  expect(said("a.count")).toContain("count is 4, known while compiling");
  expect(said("a.rows")).toContain("rows is 4, known while compiling");
  expect(said("T")).toContain("T is an axis");
  expect(said("a")).toContain("a is a memory");
});

test("a loss in a method is the instance's, as it is printed", () => {
  const text = (call: string, counts = "") => `memory m() {
  state s starts 0, gradient through
  step(x[T]) -> [T] {
    loss rebuilt = (x - s) ^ 2${counts}
    s <- sum(x over T where valid(T))
    return x + s
  }
}
model M { input x[T]; y = x; ${call}; output o = y }`;
  const probed = (call: string) => probesOf(text(call), "rebuilt");
  expect(probed("memory past = m(); y = past.step(y)")).toEqual(["past.rebuilt"]);
  const loop = (factor: string) =>
    `repeat 2 as layer { memory past = m(); y = ${factor} * past.step(y) }`;
  expect(probed(loop("2"))).toEqual(["past.rebuilt"]);
  expect(probed(loop("layer"))).toEqual(["layer.0.past.rebuilt", "layer.1.past.rebuilt"]);
  const weighted = text("memory past = m(); y = past.step(y)", " weighted by x > 0");
  expect(probesOf(weighted, "rebuilt")).toEqual(["past.rebuilt"]);
});
