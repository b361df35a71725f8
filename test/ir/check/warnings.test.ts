/** What is allowed but has no effect: memories and states never written, what is never used, horizons beyond the rollout. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { check } from "../../../src/ir/check/check.ts";
import { checkText, codesOf, library, shownOf } from "./kit.ts";

const model = (body: string, before = ""): string => `${before}\nmodel M {\n${body}\n}`;

describe("an entry where it says nothing", () => {
  const spec = (entries: string) =>
    `model M { input x[T]; target z[T]; param w starts 1; output y = w * x; loss main = y - z }\n${entries}`;

  test.for([
    "rollout 2 segments",
    "through_time detach",
    "cut after 0",
    "segment_weights last",
    "average tokens",
    "optimizer adamw(rate = 1)",
    "group w { rate 0 }",
    "freeze w",
    "update every 2",
    "steps 3",
  ])("%s", (entry) => {
    const train = "train { rollout 2 segments }";
    for (const kind of ["evaluate", "generate"]) {
      expect(codesOf(spec(`${train}\n${kind} { ${entry} }`)), kind).toEqual(["MEM0327"]);
      expect(
        codesOf(
          spec(`train { rollout 2 segments${entry.startsWith("rollout") ? "" : `; ${entry}`} }`),
        ),
      ).not.toContain("MEM0327");
    }
  });

  test("from the command line", () => {
    const settings = { "evaluate.steps": "3" };
    expect(codesOf(spec("train { steps 1 }"), { settings })).toEqual(["MEM0327"]);
  });

  test("stride beside examples", () => {
    const entries = "rollout 2 segments; stride 1";
    expect(codesOf(spec(`train { ${entries}; batch 2 examples }`))).toEqual(["MEM0327"]);
    expect(codesOf(spec(`train { ${entries} }`))).toEqual([]);
  });
});

test("fixed draws are for reading, not for training", () => {
  const spec = "model M { input x[T]; output y = dropout(x); loss main = y }\n";
  expect(codesOf(`${spec}train { draws fixed }`)).toContain("MEM0328");
  expect(codesOf(`${spec}train { draws fresh }\nevaluate { draws fixed }`)).not.toContain(
    "MEM0328",
  );
  expect(codesOf(`${spec}train { steps 1 }`, { settings: { "train.draws": "fixed" } })).toContain(
    "MEM0173",
  );
});

test("how segments are weighed is said once", () => {
  const spec = (entries: string) =>
    `model M { input x[T]; param w starts 1; output y = w * x; loss main = y }\ntrain { ${entries} }`;
  expect(codesOf(spec("segment_weights last; average tokens"))).toEqual(["MEM0300"]);
  expect(codesOf(spec("average tokens; segment_weights last"))).toEqual(["MEM0300"]);
});

test("a schedule gives a name one value, in one entry or several", () => {
  const spec = (entries: string) =>
    `model M { dim D = 2; input x[T]; target z[T]; target v[T]; param w starts 1; output y = D * w * x; loss main = y - z + v }
train { ${entries} }`;
  const train = (entries: string) => checkText(spec(entries)).model?.programs.train?.schedule.data;
  const both = ["z", "v"].map((name) => ({ name, source: "x", ahead: 1 }));
  expect(train("data { z = x ahead 1; v = x ahead 1 }")).toEqual(both);
  expect(train("data { z = x ahead 1 }; data { v = x ahead 1 }")).toEqual(both);
  expect(codesOf(spec("set D = 3"))).toEqual([]);
  expect(codesOf(spec("set D = 3; set D = 4"))).toEqual(["MEM0300"]);
  expect(codesOf(spec("data { z = x ahead 1; z = x ahead 2 }"))).toEqual(["MEM0300"]);
  expect(codesOf(spec("data { z = x ahead 1 }; data { z = x ahead 2 }"))).toEqual(["MEM0300"]);
});

test("a group says each of its numbers once", () => {
  const spec = (entries: string) =>
    `model M { input x[T]; param w starts 1; output y = w * x; loss main = y }\ntrain { group w { ${entries} } }`;
  expect(codesOf(spec("rate 1e-3; weight_decay 0"))).toEqual([]);
  expect(codesOf(spec("rate 1e-3; rate 0"))).toEqual(["MEM0300"]);
});

describe("a memory that is read", () => {
  const read =
    "dim D = 4\ninput x[T, D]\nmemory mem = slots(count = 2, width = D)\noutput y = mem.read(x, heads = 1)";

  test("and never written", () => {
    expect(
      shownOf(model(read)),
    ).toBe(`warning[MEM0193]: The memory mem is read but never written, so it stays as it starts.
 --> spec.mem:5:8
  |
5 | memory mem = slots(count = 2, width = D)
  |        ^^^
help: Write it: mem.write(…).
`);
  });

  test("and written, be it where an option says so", () => {
    expect(codesOf(model(`${read}\nmem.write(x)`))).toEqual([]);
    expect(codesOf(model(`${read}\nwhen training { mem.write(x) }`))).toEqual([]);
  });

  test("and written in a repeat, through its index", () => {
    const body =
      "dim D = 4\ninput x[T, D]\nrepeat 2 as i { memory past = fifo(length = 2, width = D); x = x + past.span(x) at S = 0; past.write(x) }\noutput y = x";
    expect(codesOf(model(body))).toEqual([]);
  });
});

describe("a state that no method writes", () => {
  const memory = (body: string) =>
    `memory total() { state s starts 0, gradient stop; state n in int starts 0\n${body} }`;
  const text = (body: string) =>
    model("input x[T]\nmemory m = total()\noutput y = x + m.step(x)", memory(body));

  test("is not mistaken for one that is", () => {
    const whole =
      "step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); n <- n + 1; return s / n }";
    expect(codesOf(text(whole))).toEqual([]);
    const forgotten = "step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); return s / n }";
    expect(codesOf(text(forgotten))).toEqual(["MEM0194"]);
  });

  test("because `=` stands for `<-`: there is a local of its name", () => {
    const shown = shownOf(
      text("step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); n = n + 1; return s / n }"),
    );
    expect(shown).toContain("warning[MEM0194]: The state n is never written: this is a local.");
    expect(shown).toContain("help: `<-` writes a state: n <- …");
  });
});

describe("a state that is written what it enters as", () => {
  const codes = (body: string) =>
    codesOf(
      model(
        "input x[T]\nmemory m = total()\noutput y = x + m.step(x)",
        `memory total() { state s starts 0, gradient stop\nstep(x[T]) -> [T] {\n${body}\n} }`,
      ),
    );
  test.for([
    ["by its own name", "s <- s; return x", ["MEM0194"]],
    ["by another", "m = s; s <- m; return x", ["MEM0194"]],
    [
      "by a name that a scan's `from` hides",
      "m = s; y = scan over T from m = m yield m { m = m + where(valid(T), x, 0) }; s <- m; return y",
      ["MEM0194"],
    ],
    [
      "not where a scan goes on from the name",
      "m = s; y = scan over T yield m { m = m + where(valid(T), x, 0) }; s <- m; return y",
      [],
    ],
    [
      "not in one branch of several",
      "m = s; when training { m = m + sum(x over T where valid(T)) }; s <- m; return x",
      [],
    ],
  ] as const)("%s", ([, body, wanted]) => {
    expect(codes(body)).toEqual(wanted);
  });

  test("not where a formal has the state's name", () => {
    const memory =
      "memory keep() { state s starts 0, gradient stop; set(s[]) { s <- s }; get() -> [] { return s } }";
    const body =
      "input x[T]\nmemory m = keep()\noutput y = x + m.get()\nm.set(sum(x over T where valid(T)))";
    expect(codesOf(model(body, memory))).toEqual([]);
  });
});

describe("a value that nothing uses", () => {
  test.for([
    ["a local", "y = 2 * x\noutput z = x", ["MEM0195"]],
    [
      "one that only goes into itself",
      "n = 0\nrepeat 3 as i { n = n + 1 }\noutput z = x",
      ["MEM0195", "MEM0195"],
    ],
    ["one of several", "a, b = top(x over T, 2 as K)\noutput z = a", ["MEM0195"]],
    ["one left out", "a, _ = top(x over T, 2 as K)\noutput z = a", []],
    ["one that is meant so", "_y = 2 * x\noutput z = x", []],
    ["an output, a loss, what they need", "y = 2 * x\nv = y * y\noutput z = y\nloss main = v", []],
    [
      "what a branch that is not taken uses",
      "y = 2 * x\noutput z = when training { y } else { x }",
      [],
    ],
    ["what a loop yields", "repeat 2 as i yield h { h = x * i }\noutput z = h", []],
    ["the size of an axis", "n = 3\nparam w[K: n] starts 1\noutput z = x * sum(w over K)", []],
  ] as const)("%s", ([, body, codes]) => {
    expect(codesOf(model(`input x[T]\n${body}`))).toEqual(codes);
  });

  test("in a block: results have names, methods have locals of their own", () => {
    const block = "block f(x[T]) -> a[T], b[T] { a = x; b = 2 * x; c = 3 * x }";
    expect(codesOf(model("input x[T]\na, b = f(x)\noutput y = a + b", block))).toEqual(["MEM0195"]);
    const memory = `memory m() {
  state s starts 0, gradient stop
  read() -> [] { y = 2 * s; return y }
  write(x[T]) { y = sum(x over T where valid(T)); s <- s + 1 }
}`;
    const text = model("input x[T]\nmemory a = m()\noutput y = x + a.read()\na.write(x)", memory);
    expect(codesOf(text)).toEqual(["MEM0195"]);
  });

  test("is not said beside an error, which may be why", () => {
    expect(codesOf(model("input x[T]\ny = 2 * x\noutput z = tanhh(x)"))).toEqual(["MEM0110"]);
  });
});

describe("what a definition declares and nothing uses", () => {
  test("options, dims, inputs and parameters of a model", () => {
    const text = `model M(carry: flag = on, ghost: int = 3) {
  dim D = 4, spare = 7
  input x[T, D]
  input document in flag
  target labels[T] in 256
  param idle[D] starts 1
  output y = when carry { x } else { 2 * x }
}`;
    const { diagnostics } = check([...library, { path: "spec.mem", text }], "spec.mem");
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "MEM0195 The option ghost is never used.",
      "MEM0195 The dim spare is never used.",
      "MEM0195 The input document is never used.", // a `reset when document` was forgotten
      "MEM0195 The target labels is never used.",
      "MEM0195 The parameter idle is never used.",
    ]);
  });

  test("and of blocks and memories, with their methods", () => {
    const memory = `memory m(width: int, other: int = 2) {
  dim D = width
  state s[D] starts 0, gradient stop
  read() -> [D] { param w[D] starts 1; return s }
  write(x[T, D]) { s <- sum(x over T where valid(T)) }
}`;
    const body =
      "dim D = 4\ninput x[T, D]\nmemory a = m(width = D)\noutput y = x + a.read()\na.write(x)";
    expect(codesOf(model(body, memory))).toEqual(["MEM0195", "MEM0195"]);
  });

  test("the name of an option that a call gives is no use of it", () => {
    const text =
      "model M(bias: flag = on) { dim D = 4; input x[T, D]; output y = linear(x, out = D, bias = off) }";
    expect(codesOf(text)).toEqual(["MEM0195"]);
  });

  test.for([
    [
      "used by another's default",
      "model M(a: int = 2, b: int = a) { input x[T]; output y = b * x }",
    ],
    [
      "set by a schedule",
      "model M(a: int = 2) { input x[T]; output y = x }\nevaluate { set a = 3 }",
    ],
    ["used as an axis alone", "model M { dim D = 4; input x[T, D]; output y = x }"],
    [
      "read from outside",
      "block f(n: int) { param w starts 1; same(x[T]) -> [T] { return x } }\nmodel M { input x[T]; use g = f(n = 3); output y = g.same(x) * g.n * g.w }",
    ],
    [
      "used where an option does not lead",
      "model M(a: flag = off) { dim n = 2; input x[T]; output y = when a { n * x } else { x } }",
    ],
    [
      "called so that it is not meant",
      "model M(_a: int = 2) { dim _b = 4; input x[T]; output y = x }",
    ],
  ] as const)("but not one %s", ([, text]) => {
    expect(codesOf(text), shownOf(text)).toEqual([]);
  });
});

test("a horizon beyond the rollout", () => {
  const text = (entries: string) =>
    `model M { input x[T]; param w starts 1; output y = w * x; loss main = y }\ntrain { ${entries} }`;
  expect(codesOf(text("through_time mrbp(horizon = 4)"))).toEqual(["MEM0318"]);
  expect(codesOf(text("through_time bptt(horizon = 4); rollout 2 segments"))).toEqual(["MEM0318"]);
  expect(codesOf(text("through_time bptt(horizon = 4); rollout 4 segments"))).toEqual([]);
  expect(codesOf(text("rollout 4 segments"))).toEqual([]);
});

describe("nothing of the project gives any", () => {
  test("the models", () => {
    for (const name of readdirSync("specs").filter((each) => each.endsWith(".mem"))) {
      const source = { path: name, text: readFileSync(`specs/${name}`, "utf8") };
      const { diagnostics } = check([...library, source], name);
      expect(diagnostics, name).toEqual([]);
    }
  });

  test("the library, read as a project's own file", () => {
    const use = "model M { input x[T]; output y = x }";
    for (const { path, text } of library) {
      const others = library.filter((each) => each.path !== path);
      const { diagnostics } = check(
        [...others, { path: "own.mem", text: `${text}\n${use}` }],
        "own.mem",
      );
      const codes = new Set(diagnostics.map(({ code }) => code));
      expect(
        [...codes].filter((code) => code !== "MEM0106"),
        path,
      ).toEqual([]);
    }
  });
});
