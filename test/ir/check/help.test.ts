/** What an error says besides what is wrong: which call led there, what was meant, and nothing that follows from another error. */
import { describe, expect, test } from "vitest";
import { codesOf, shownOf } from "./kit.ts";

const model = (body: string, before = ""): string => `${before}\nmodel M {\n${body}\n}`;

/** The lines that begin with `help:`. */
const helpOf = (text: string, settings: Readonly<Record<string, string>> = {}): readonly string[] =>
  shownOf(text, { settings })
    .split("\n")
    .flatMap((line) => (line.startsWith("help: ") ? [line.slice("help: ".length)] : []));

describe("an error inside a block says which call led there", () => {
  test("of the library", () => {
    expect(
      shownOf(
        "model M {\n  dim D = 32\n  input x[T, D]\n  output y = attention(x, x, heads = 3)\n}",
      ),
    ).toBe(`error[MEM0114]: dim K must be a whole number of at least 0, not 10.666666666666666: heads = 3 does not divide width = 32.
 --> std/attention.mem:7:22
  |
7 |   dim H = heads, K = width / heads
  |                      ^^^^^^^^^^^^^
note: Called from here.
 --> spec.mem:4:14
  |
4 |   output y = attention(x, x, heads = 3)
  |              ^^^^^^^^^^^^^^^^^^^^^^^^^^
`);
  });

  test("through the library: a method that calls attention", () => {
    const text = model(`dim D = 32
  input x[T, D]
  memory m = slots(count = 2, width = D)
  output y = m.read(x, heads = 3)
  m.write(x)`);
    const shown = shownOf(text);
    expect(codesOf(text)).toEqual(["MEM0114"]);
    expect(shown.match(/note: Called from here\.\n.*spec\.mem:6/g)).toHaveLength(1);
  });

  test("through blocks of one's own: every call, innermost first", () => {
    const blocks = `block inner(x[T], n: int) -> [T] { dim K = n / 2; return x * K }
block outer(x[T]) -> [T] { return inner(x, n = 3) }`;
    const places = shownOf(model("input x[T]\noutput y = outer(x)", blocks)).matchAll(
      /--> spec\.mem:(\d+)/g,
    );
    expect([...places].map(([, line]) => line)).toEqual(["1", "2", "5"]);
  });

  test("where a memory is declared, for what its states need", () => {
    const memory = `memory m(n: int) {
  state s[K: n / 2] starts 0, gradient through
  read() -> [] { return sum(s over K) }
}`;
    const shown = shownOf(
      model("input x[T]\nmemory a = m(n = 3)\noutput y = x + a.read()", memory),
    );
    expect(shown).toContain("error[MEM0113]");
    expect(shown).toContain("note: Called from here.");
  });
});

test("a repeat's index after the repeat: what an iteration makes is yielded", () => {
  const text = model("input x[T]\nrepeat 2 as layer { q = x * 2 }\noutput y = x * layer[0].q");
  expect(codesOf(text)).toEqual(["MEM0110"]);
  expect(helpOf(text)).toEqual([
    "What an iteration makes leaves the repeat by its `yield`: repeat … as layer yield s { …; s = … }",
  ]);
});

test("several things in a statement for one", () => {
  expect(helpOf(model("input x[T], z[T]\noutput y = x"))).toEqual([
    "Write a statement for each, in lines of their own or with `;` between them.",
  ]);
});

test("two calls of one name are shown where they stand", () => {
  const text = model("dim D = 4\ninput x[T, D]\nx = norm(x)\noutput y = norm(x)");
  const places = [...shownOf(text).matchAll(/--> spec\.mem:(\d+:\d+)/g)].map(([, place]) => place);
  expect(codesOf(text)).toEqual(["MEM0160"]);
  expect(places).toEqual(["6:12", "5:5"]);
});

describe("two losses of one address are shown where they come from, with what mends it", () => {
  const memory = `memory m() {
  state s starts 0, gradient through
  read(x[T]) -> [T] { loss kl = (x - s) ^ 2; return x + s }
  write(x[T]) -> [T] { loss kl = x ^ 2; s <- sum(where(valid(T), x, 0) over T); return x }
}
block f(x[T]) -> [T] { loss size = x * x; return 2 * x }`;
  const says = "Two losses are called";
  const once =
    "An instance gives one term of a name: call it once, name the losses of its methods apart, or state the loss where it is called.";
  const calls = "Give one call a name of its own: `f(x) as other`.";
  const other = "Give one of them another name.";
  const apart = "Rename what has one of these addresses, so that neither begins the other.";
  const below = "The loss main.kl is below the loss main, which is one number.";
  test.for([
    ["statements", "loss main = x\nloss main = 2 * x", "main", other, "10:6", "9:6"],
    ["calls of a block", "x = f(x)\nx = f(x)", "f.size", calls, "10:5", "9:5"],
    [
      "calls of a method",
      "memory a = m()\nx = a.read(x)\nx = a.read(x)",
      "a.kl",
      once,
      "11:5",
      "10:5",
    ],
    ["two methods", "memory a = m()\nx = a.read(x)\nx = a.write(x)", "a.kl", once, "11:5", "10:5"],
    [
      "an instance without methods",
      "use g = f()\nx = g(x)\nx = g(x)",
      "g.size",
      once,
      "11:5",
      "10:5",
    ],
    [
      "repeats of one name",
      "repeat 2 as i { x = f(x) }\nrepeat 3 as i { x = f(x) }",
      "i.f.size",
      calls,
      "10:21",
      "9:21",
    ],
    [
      "in a scan and after it",
      "scan over T from h = 0 yield h { loss main = x; h = h + x }\nloss main = x + h",
      "main",
      other,
      "10:6",
      "9:39",
    ],
  ])("%s", ([, body = "", address = "", help = "", ...places]) => {
    const text = model(`input x[T]\n${body}\noutput y = x`, memory);
    const [, shown = ""] = shownOf(text).split(/^(?=error)/m);
    expect(shown).toContain(`error[MEM0160]: ${says} ${address}.`);
    expect(helpOf(text), shown).toEqual([help]);
    const found = [...shown.matchAll(/--> spec\.mem:(\d+:\d+)/g)].map(([, place]) => place);
    expect(found, shown).toEqual(places);
  });

  test.for([
    ["before", "loss main = x\nmemory main = m()\nx = main.read(x)\nmain.write(x)"],
    ["after", "memory main = m()\nx = main.read(x)\nloss main = x"],
  ])("a loss called what an instance is, %s its loss", ([, body = ""]) => {
    const text = model(`input x[T]\n${body}\noutput y = x`, memory);
    expect(shownOf(text)).toContain(`error[MEM0160]: ${below}`);
    expect(helpOf(text)).toContain(apart);
  });
});

describe("one fault gives one error", () => {
  test.for([
    ["an output", "input x[T]\noutput y = x + zz\nq = 2 * y\noutput r = q"],
    ["an input", "dim D = 3\ninput x[T, D: zz]\noutput y = 2 * x"],
    ["a parameter", "input x[T]\nparam w starts zz\noutput y = w * x"],
    ["a dim", "dim D = zz\ninput x[T, D]\nparam w[D] starts 1\noutput y = w * x"],
    ["a const", "input x[T]\nconst c[T] = zz\noutput y = c * x"],
    ["a loss", "input x[T]\nloss main = x + zz\noutput y = main + x"],
    ["a memory", "input x[T]\nmemory m = slotz(zz = 1)\noutput y = x + m.read(x)\nm.write(x)"],
    ["a loop", "input x[T]\nrepeat 2 as i yield h { h = x + zz }\noutput y = h"],
    ["one of several names", "input x[T]\na, b = zz\noutput y = a + b"],
  ])("%s", ([, body = ""]) => {
    expect(codesOf(model(body)), shownOf(model(body))).toHaveLength(1);
  });

  test("in a block that two repeats call in different ways", () => {
    const text = model(`dim D = 6
input x[T, D]
repeat 2 as i { x = x + attention(x, x, heads = 4) }
repeat 2 as i { x = x + attention(x, x, heads = 4, mask = causal) }
output y = x`);
    expect(codesOf(text), shownOf(text)).toEqual(["MEM0114"]);
    expect(shownOf(text)).toContain("spec.mem:5");
  });

  test("in a block that gives its result by name", () => {
    const block = `block half(x[T], more: flag = off) -> out[T] {
  v = zz * x
  out = when more { v + 1 } else { v }
}`;
    const text = model(
      "input x[T]\noutput y = half(x)\noutput z = half(x, more = on) as other",
      block,
    );
    expect(codesOf(text), shownOf(text)).toEqual(["MEM0110"]);
  });

  test("in a method that writes: what it writes is not missed", () => {
    const memory = (body: string) => `memory m() {
  state s starts 0, gradient through
  write(x[T]) { ${body} }
  read() -> [] { return next s }
}`;
    const use = "input x[T]\nmemory a = m()\na.write(x)\noutput y = x + a.read() + next a.s";
    for (const body of ["v = zz\ns <- sum(x over T)", "s <- zz", "s <- zz\nw = 2 * next s"]) {
      expect(codesOf(model(use, memory(body))), body).toEqual(["MEM0110"]);
    }
    const call = use.replace("a.write(x)", "a.write(x + zz)");
    expect(codesOf(model(call, memory("s <- sum(x over T where valid(T))")))).toEqual(["MEM0110"]);
  });

  test("a line that cannot be read: its names are not missed, blocks it may call are not unused", () => {
    const block = "block twice(x[...]) -> [...] { return 2 * x }";
    expect(codesOf(model("input x[T]\ny = twice(x) +\nz = y\noutput w = z + y", block))).toEqual([
      "MEM0021",
    ]);
    expect(codesOf(model("input x[T]\nmemory m = [\noutput y = m.read(x)"))).toHaveLength(1);
  });
});

describe("one fault gives no error on a line that is right", () => {
  const carried = `memory carried(count: int) {
  dim S = count
  state M[S] starts 0, gradient through
  read() -> [S] { return M }
  write(x[S]) { M <- x }
}`;

  test("elsewhere in the model: the axes of a memory stay what its dims say", () => {
    const text = (fault: string) =>
      model(
        `dim rows = 3
input x[T]
memory m = carried(count = rows)
param tags[rows] starts 1
b[B] = m.read() + tags
${fault}
m.write(b)
output y = x + sum(b over B)`,
        carried,
      );
    expect(codesOf(text(""))).toEqual([]);
    expect(shownOf(text("q = sum(b over Q)"))).toContain("There is no axis Q in real [B = 3].");
    expect(codesOf(text("q = sum(b over Q)"))).toEqual(["MEM0133"]);
  });

  test("at a call that gives a memory the wrong size, before or after a right one", () => {
    for (const body of [
      "m.write(x)\nb[B] = m.read() + tags",
      "b[B] = m.read() + tags\nm.write(x)",
    ]) {
      const text = model(
        `dim rows = 3
input x[T]
memory m = carried(count = rows)
param tags[rows] starts 1
${body}
output y = x + sum(b over B)`,
        carried,
      );
      expect(codesOf(text), shownOf(text)).toEqual(["MEM0223"]);
    }
  });

  test("at a model's name: a loss may need what could not be read", () => {
    const text = `${model("input x[T]\ntarget z[T]\nparam w starts 1\ny = x * * w\noutput o = y\nloss main = (y - z) ^ 2")}
train { data { z = x ahead 1 } }`;
    expect(codesOf(text)).toEqual(["MEM0021"]);
  });
});

describe("axes that differ in size are named with what the spec calls their tensors", () => {
  const declared = "dim A = 2, B = 3\ninput x[T, A]\ninput y[T, B]\n";
  const shown = (body: string) => shownOf(model(`${declared}${body}`));

  test("names of the spec, as they stand there", () => {
    const text = shown("v = y rename B as A\nv = 2 * v\noutput z = x + v");
    expect(text).toContain("Axis A has 2 entries in x but 3 in v.");
  });

  test("what has no name is shown as what it is", () => {
    const text = shown("output z = x + (y rename B as A)");
    expect(text).toContain("Axis A has 2 entries in x but 3 in real [T = 64, A = 3].");
    expect(text).not.toContain("rename1");
    expect(text).toContain("note: A = 3 in real [T = 64, A = 3]");
  });
});

describe("what was meant", () => {
  test("options go by name", () => {
    const text = model("dim D = 4\ninput x[T, D]\noutput y = x + sinusoid(index(T), D)");
    expect(helpOf(text)).toEqual(["Options go by name: width = D."]);
  });

  test("an axis to reduce: the segment's, else the last", () => {
    expect(helpOf(model("dim D = 4\ninput x[T, D]\noutput y = x + mean(x)"))).toEqual([
      "Say along which axis: mean(x over T).",
    ]);
    expect(helpOf(model("dim D = 4\ninput x[D]\noutput y = x + softmax(2 * x)"))).toEqual([
      "Say along which axis: softmax(… over D).",
    ]);
  });

  test("`is` for choices, `when` for what is known, `where` for data", () => {
    const block = (condition: string) =>
      `block f(x[...], kind: choice(gru, lstm) = gru) -> [...] { return when ${condition} { x } else { 2 * x } }`;
    const text = (condition: string) => model("input x[T]\noutput y = f(x)", block(condition));
    expect(helpOf(text("kind == gru"))).toEqual([
      "Which one a choice has is asked with `is`: `when kind is gru { … }`.",
    ]);
    expect(helpOf(text("kind is gru"))).toEqual([]);
    expect(helpOf(model("input x[T]\noutput y = where x > 0 { x } else { 0 }"))).toEqual([
      "a choice while compiling is `when kind is gru { … } else { … }`, one on data `where(c, a, b)`",
    ]);
  });

  test("a comma before what a state says of gradient", () => {
    const memory =
      "memory m() {\nstate s starts 0 gradient through\nstep(x[T]) { s <- s + sum(x over T where valid(T)) } }";
    expect(helpOf(model("input x[T]\nmemory a = m()\na.step(x)\noutput y = x", memory))).toEqual([
      "a comma comes before `gradient`: `starts 0, gradient through`",
    ]);
  });

  test("addresses of settings, also without the steps before their last", () => {
    const text = `model M(scale: real = 1) {
  dim width = 4
  input x[T, width]
  memory mem = slots(count = 2, width)
  repeat 2 as layer { memory past = fifo(length = 2, width); past.write(x) }
  mem.write(x)
  output y = scale * x + mem.read(x, heads = 2)
}`;
    expect(helpOf(text, { "mem.cuont": "3" })).toEqual(["Did you mean mem.count?"]);
    expect(helpOf(text, { count: "3" })).toEqual(["Did you mean mem.count?"]);
    expect(helpOf(text, { "past.length": "3" })).toEqual(["Did you mean layer.past.length?"]);
    expect(helpOf(text, { scales: "3" })).toEqual(["Did you mean scale?"]);
    expect(helpOf(text, { batch: "3" })).toEqual([
      "Did you mean train.batch or evaluate.batch or generate.batch?",
    ]);
  });

  test("what a scan used as a value carries has its name within it", () => {
    const text = model(
      "input x[T]\ny = scan over T from m = 0 yield m { m = m + x }\noutput z = y + m",
    );
    expect(codesOf(text)).toEqual(["MEM0110"]);
    expect(helpOf(text)).toEqual([
      "The last one of what `yield m` gives is `last(y over T)`, where y is the scan's value over T.",
    ]);
  });

  test("a loss is no value", () => {
    expect(helpOf(model("input x[T]\nloss main = x\noutput y = main"))).toEqual([
      "Name its value first: v = …; loss main = v",
    ]);
  });
});

describe("a number of something else", () => {
  const text = (entries: string): string =>
    `model M { input x[T]; target z[T]; param w starts 1; output y = w * x; loss main = y - z }\ntrain { ${entries} }`;

  test.for([
    ["optimizer adamw(warmup = 10 tokens)", "warmup counts steps.", "warmup = 10 steps"],
    ["optimizer adamw(rate = 1e-3 steps)", "rate is a number without a unit.", "rate = 0.001"],
    [
      "rollout 2 segments; through_time bptt(horizon = 2 tokens)",
      "horizon counts segments.",
      "horizon = 2 segments",
    ],
    ["steps 10 tokens", "steps is a number without a unit.", "steps 10"],
    ["stride 1 tokens", "stride counts segments.", "stride 1 segments"],
    ["update every 2 tokens", "update counts rollouts.", "update every N rollouts"],
    ["group w { rate 1e-4 steps }", "rate is a number without a unit.", "rate 0.0001"],
  ] as const)("%s", ([entries, message, help]) => {
    expect(codesOf(text(entries))).toEqual(["MEM0304"]);
    expect(shownOf(text(entries))).toContain(`error[MEM0304]: ${message}`);
    expect(helpOf(text(entries))).toEqual([help]);
  });

  test.for([
    [
      "optimizer adamw(decay = cosine, 1e-3)",
      "In adamw what has no name stands before what has one.",
    ],
    ["optimizer adamw(decay = cosine, decay = none)", "adamw is given decay twice."],
    ["optimizer adamw(1e-3, rate = 1e-3)", "adamw is given rate twice."],
    [
      "rollout 4 segments; through_time checkpoint(every = 2, 4)",
      "In checkpoint what has no name stands before what has one.",
    ],
    [
      "rollout 4 segments; through_time checkpoint(horizon = 4, 2)",
      "In checkpoint what has no name stands before what has one.",
    ],
    ["through_time detach(4)", "detach has no options."],
    ["segment_weights uniform(2)", "uniform has no options."],
    ["segment_weights last(base = 2)", "last has no options."],
  ] as const)("options in parentheses: %s", ([entries, message]) => {
    expect(codesOf(text(entries))).toEqual(["MEM0171"]);
    expect(shownOf(text(entries))).toContain(`error[MEM0171]: ${message}`);
  });

  test("a name has its options in parentheses, and nothing after it", () => {
    expect(codesOf(text("optimizer adamw(rate = 1e-3) 5"))).toEqual(["MEM0304"]);
  });

  test("`ahead` counts tokens", () => {
    expect(codesOf(text("data { z = x ahead 1 segments }"))).toEqual(["MEM0312"]);
    expect(codesOf(text("data { z = x ahead 1 tokens }"))).toEqual([]);
  });
});

test("a result under another name than declared: how to rename it", () => {
  const block = "block f(x[T, D]) -> [T, D] { param W[D -> E: D] ~ glorot; return x . W over D }";
  const text = model("dim D = 4\ninput x[T, D]\noutput y = f(x)", block);
  expect(codesOf(text)).toEqual(["MEM0227"]);
  expect(helpOf(text)).toEqual(["Give it the declared name: (…) rename E as D."]);
});

test("arguments in the wrong order: the order that the block wants", () => {
  const text = model(
    "dim V = 4\ninput x[T, V]\ntarget z[T] in V\noutput y = x\nloss main = cross_entropy(z, x)",
  );
  expect(codesOf(text)).toEqual(["MEM0134"]);
  expect(helpOf(text)).toEqual([
    "The arguments stand in the order cross_entropy(logits, labels); int(x) truncates a real.",
  ]);
});

test("an axis of a parameter alone: where it is declared", () => {
  const memory = `memory m(width: int) {
  dim D = width
  param W[D -> E: D] ~ glorot
  state keys[E] starts 0, gradient through
  write(x[T, D]) { keys <- mean((x . W over D) over T where valid(T)) }
}`;
  const text = model(
    "dim D = 4\ninput x[T, D]\nmemory a = m(width = D)\na.write(x)\noutput y = x",
    memory,
  );
  expect(codesOf(text)).toEqual(["MEM0111"]);
  expect(shownOf(text)).toContain(`note: E is an axis of what is declared here only.
 --> spec.mem:3:16`);
  expect(codesOf(text.replace("keys[E]", "keys[E: D]"))).toEqual([]);
});

describe("a split of the other kind", () => {
  const split = (how: string) =>
    helpOf(model(`input x[T]\ndim L = 6\ninput z[L]\ny = z split L ${how}`));

  test("is shown where the sizes fit it", () => {
    expect(split("into (P: 3, R: 2)")).toEqual([
      "L as one tensor with these axes: `split L as (P: 3, R: 2)`.",
    ]);
    expect(split("as (P: 3, R: 1)")).toEqual([]);
    expect(split("as (P: 4, R: 2)")).toEqual([
      "L as pieces one after the other: `split L into (P: 4, R: 2)`.",
    ]);
    expect(split("into (P: 3, R: 1)")).toEqual([]);
  });
});

test("an option that is given a value of the command line says so", () => {
  const text = model(
    "input x[T]\ndim slots = 2, D = 3\nrepeat 2 as layer { use f = held(slots); x = f(x) }\noutput y = x * D",
    "block held(x[T], slots: int >= 1) -> [T] { return slots * x }",
  );
  const shown = shownOf(text, { settings: { slots: "0" } });
  expect(shown).toContain("error[MEM0172]: slots must be at least 1, not 0.");
  expect(shown).toContain("note: The value of slots is from the command line: --set slots=….");
  expect(shownOf(text, { settings: { D: "4" } })).toBe("");
});

describe("a dim that is made of a value of the command line says so", () => {
  const halves = `memory halves(n: int = 4) {
  dim K = n / 2
  state s[K] starts 0, gradient through
  read(x[T]) -> [T] { dim L = n / 2; return x * (L + sum(s over K)) }
}
block half(x[T], n: int = 4) -> [T] { dim L = n / 2; return x * L }`;
  const noteOf = (body: string, settings: Readonly<Record<string, string>>) =>
    shownOf(model(body, halves), { settings }).match(/note: The value.*/g);

  test.for([
    ["dim n = 4, L = n / 2\noutput y = x * L", "n"],
    ["use f = half()\noutput y = f(x)", "f.n"],
    ["memory m = halves()\noutput y = m.read(x)", "m.n"],
    ["repeat 2 as layer { memory m = halves(); x = m.read(x) }\noutput y = x", "layer.m.n"],
  ])("%s", ([body = "", address = ""]) => {
    const note = `note: The value of n is from the command line: --set ${address}=….`;
    const notes = noteOf(`input x[T]\n${body}`, { [address]: "3" });
    expect(new Set(notes)).toEqual(new Set([note]));
  });

  test("but not one of another name's in a block", () => {
    const body = "dim n = 2\ninput x[T]\nuse f = half(n = 3)\noutput y = f(x) * n";
    expect(codesOf(model(body, halves), { settings: { n: "6" } })).toContain("MEM0114");
    expect(noteOf(body, { n: "6" })).toBeNull();
  });
});

describe("what is wrong in some of the programs says in which", () => {
  const spec = (schedules: string) =>
    `model M(keep: int = 4) {
  input x[T]
  output y = sum(first(x over T, keep as J) over J) * x
  loss main = y
}
${schedules}`;
  const notesOf = (schedules: string, settings: Readonly<Record<string, string>> = {}) =>
    shownOf(spec(schedules), { settings })
      .split("\n")
      .filter((line) => /^(note|error)/.test(line));

  const error = "error[MEM0151]: Axis T has 3 entries; 4 cannot be taken.";

  test("by the length of a segment", () => {
    const programs = "train { segment 8 tokens }\nevaluate { segment 3 tokens }";
    expect(notesOf(programs)).toEqual([error, "note: In evaluate, where segment is 3."]);
    const settings = { "evaluate.segment": "3" };
    expect(notesOf("train { segment 8 tokens }", settings)).toEqual([
      error,
      "note: In evaluate, where segment is 3 (from the command line).",
    ]);
  });

  test("by what is set in one", () => {
    const programs = "train { segment 3 tokens; set keep = 2 }\nevaluate { }";
    expect(notesOf(programs)).toEqual([error, "note: In evaluate, where keep is not set."]);
    const other = "train { segment 3 tokens }\nevaluate { set keep = 2 }";
    expect(notesOf(other)).toEqual([error, "note: In train, where keep is not set."]);
  });

  test("by what is set otherwise, not by what is set alike", () => {
    const text = `model M(a: int = 1, b: int = 1) {
  input x[T]
  output z = x * a * b
  output q = when b == 2 { x at Q = 0 } else { x }
}
evaluate { set a = 2; set b = 2 }
generate { set a = 2 }`;
    expect(shownOf(text)).toContain("note: In evaluate, where b is set.");
  });

  test("unless all have it, or nothing sets them apart", () => {
    expect(notesOf("train { segment 3 tokens }\ngenerate { draws fixed }")).toEqual([error]);
    const lossless = spec("train { segment 8 tokens }").replace("loss main = y", "");
    expect(shownOf(lossless)).not.toContain("note:");
  });
});

test("an axis that a failed statement was to make is not missed", () => {
  const body = (take: number) => `dim M = 8
input x[T]
param w[M] starts 1
old = first(w over M, ${take} as L)
there = index(L) >= 2
output y = x * sum(where(there, old, 0) over L) / L`;
  expect(codesOf(model(body(8)))).toEqual([]);
  expect(codesOf(model(body(9)))).toEqual(["MEM0151"]);
});
