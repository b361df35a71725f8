/** Resets of memories (rule R9): of the declaration and of states, for whole segments and for steps. */
import { describe, expect, test } from "vitest";
import { codesOf, programOf, type Rows, run, shownOf } from "./kit.ts";

const model = (body: string, before = "") =>
  `${before}\nmodel M {\n${body}\n}\nevaluate { segment 3 tokens }`;
const values = (text: string, inputs: Readonly<Record<string, Rows>>) =>
  run(programOf(text), inputs);

describe("a reset at steps of the segment", () => {
  const counted = (mark = "") => `memory decay() {
  state s starts 0, gradient through
  state n in int starts 0${mark}
  step(x[T]) -> [T] {
    y = linear_scan(0.5, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    n <- n + sum(valid(T) over T)
    return y * n
  }
}`;
  const body =
    "input x[T]; input restart[T] in flag\nmemory m = decay() reset when restart\noutput y = m.step(x)";

  test("is reported for a state that no recurrence starts from", () => {
    expect(shownOf(model(body, counted()))).toMatchInlineSnapshot(`
      "error[MEM0186]: m is to restart at steps of the segment, but no scan or linear_scan starts from its state n.
        --> spec.mem:13:31
         |
      13 | memory m = decay() reset when restart
         |                               ^^^^^^^
      note: n is declared here.
       --> spec.mem:3:9
        |
      3 |   state n in int starts 0
        |         ^
      help: Start a scan from n, or mark it \`kept\`: then no reset of the declaration restarts it.
      "
    `);
  });

  test("passes a state by that is `kept`", () => {
    const result = values(model(body, counted(", kept")), {
      x: [1, 1, 1],
      restart: [0, 1, 0],
      fresh: 0,
      "m.s": 4,
      "m.n": 2,
    });
    expect(result).toMatchObject({ y: [6, 2, 3], "next m.s": 1.5, "next m.n": 5 });
  });

  test("asks no state of a branch that is not taken", () => {
    const memory = `memory decay(counted: flag = off) {
  state s starts 0, gradient through
  when counted { state n in int starts 0 }
  step(x[T]) -> [T] {
    y = linear_scan(0.5, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    when counted { n <- n + sum(valid(T) over T) }
    return y
  }
}`;
    expect(codesOf(model(body, memory))).toEqual([]);
    expect(codesOf(model(body.replace("decay()", "decay(counted = on)"), memory))).toEqual([
      "MEM0186",
    ]);
  });

  test("acts where an equation of the model starts from the state", () => {
    const memory = `memory total() {
  state s starts 10, gradient through
  write(x[T]) { s <- sum(x over T where valid(T)) }
}`;
    const text = (around: (equation: string) => string) =>
      model(
        `input x[T]; input restart[T] in flag
memory m = total() reset when restart
y = x
${around("y = y + linear_scan(0.5, 0 * x over T, from = m.s)")}
m.write(x)
output z = y`,
        memory,
      );
    const inputs = { x: [0, 0, 0], restart: [0, 1, 0], fresh: 0, "m.s": 8 };
    expect(
      values(
        text((equation) => equation),
        inputs,
      ).z,
    ).toEqual([4, 5, 2.5]);
    const repeated = text((equation) => `repeat 2 as layer { ${equation} }`);
    expect(values(repeated, inputs).z).toEqual([8, 10, 5]);
  });
});

describe("resets on states read what was carried from the segment before", () => {
  const counter = (own: string) => `memory counter(limit: int = 3) {
  state c in int starts 10, reset when ${own}
  state d in int starts 20
  tick() -> [] { c <- c + 1; d <- d + 1; return 100 * c + d }
  full() -> [] { return c >= limit }
}`;
  const one = (own: string, reset = "") =>
    model(`input _x[T]\nmemory a = counter()${reset}\noutput y = a.tick()`, counter(own));
  const entering = (c: number, d = 5) => ({ _x: [1, 1, 1], fresh: 0, "a.c": c, "a.d": d });

  test("a state's own, of itself", () => {
    const text = one("c >= limit");
    expect(values(text, entering(2))).toMatchObject({ y: 205, "next a.c": 3, "next a.d": 6 });
    expect(values(text, entering(3))).toMatchObject({ y: 1005, "next a.c": 11, "next a.d": 6 });
    expect(values(text, { ...entering(3), fresh: 1 })).toMatchObject({ y: 1020, "next a.c": 11 });
  });

  test("an option may choose whether a state has one", () => {
    const memory = `memory counter(limited: flag = off) {
  when limited { state c in int starts 0, reset when c >= 3 } else { state c in int starts 5 }
  tick() -> [] { c <- c + 1; return c }
}`;
    const at = (limited: string, fresh: number) => {
      const text = `input _x[T]\nmemory a = counter(limited = ${limited})\noutput y = a.tick()`;
      const result = values(model(text, memory), { _x: [1, 1, 1], fresh, "a.c": 4 });
      return [result.y, result["next a.c"]];
    };
    expect([at("off", 0), at("on", 0), at("off", 1), at("on", 1)]).toEqual([
      [4, 5],
      [0, 1],
      [5, 6],
      [0, 1],
    ]);
  });

  test("two states, of each other", () => {
    const memory = `memory pair() {
  state a in int starts 10, reset when b >= 3
  state b in int starts 20, reset when a >= 3
  tick() -> [] { a <- a + 1; b <- b + 1; return 100 * a + b }
}`;
    const text = model("input _x[T]\nmemory m = pair()\noutput y = m.tick()", memory);
    const at = (a: number, b: number) =>
      values(text, { _x: [1, 1, 1], fresh: 0, "m.a": a, "m.b": b }).y;
    expect([at(1, 2), at(1, 4), at(4, 1), at(4, 5)]).toEqual([102, 1004, 420, 1020]);
  });

  test.for([
    ["a state of the memory", "a.c >= 3"],
    ["a method of the memory", "a.full()"],
  ])("the declaration's, of %s itself", ([, reset]) => {
    const text = one("off", ` reset when ${reset}`);
    expect(values(text, entering(2))).toMatchObject({ y: 205, "next a.c": 3, "next a.d": 6 });
    expect(values(text, entering(3))).toMatchObject({ y: 1020, "next a.c": 11, "next a.d": 21 });
  });

  test("two memories, of each other", () => {
    const text = model(
      `input _x[T]
memory a = counter() reset when b.c >= 3
memory b = counter() reset when a.c >= 3
output y = a.tick()
output z = b.tick()`,
      counter("off"),
    );
    const at = (a: number, b: number) => {
      const { y, z } = values(text, { _x: [1, 1, 1], fresh: 0, "a.c": a, "b.c": b });
      return [y, z];
    };
    expect([at(1, 2), at(1, 4), at(4, 5)]).toEqual([
      [100, 200],
      [1020, 400],
      [1020, 1020],
    ]);
  });

  test("a memory that nothing else asks is carried on", () => {
    const text = model(
      `input _x[T]
memory b = counter() reset when a.c >= 3
memory a = counter()
output y = b.tick()
_ = a.tick()`,
      counter("off"),
    );
    const result = values(text, { _x: [1, 1, 1], fresh: 0, "a.c": 3, "b.c": 1 });
    expect(result).toMatchObject({ y: 1020, "next a.c": 4, "next b.c": 11 });
  });

  test("a memory in a repeat, of one outside of it", () => {
    const text = model(
      `input _x[T]
memory a = counter()
y = 0
repeat 2 as layer {
  memory b = counter() reset when a.c >= 3
  y = y + b.tick()
}
output z = y + 0 * a.tick()`,
      counter("c >= limit"),
    );
    const at = (a: number) =>
      values(text, { _x: [1, 1, 1], fresh: 0, "a.c": a, "layer.*.b.c": [1, 3] }).z;
    expect([at(2), at(3)]).toEqual([1100, 2040]);
  });

  test("before a step, of the state that restarts", () => {
    const memory = `memory decay() {
  state s starts 10, gradient through
  state n in int starts 0, kept
  step(x[T]) -> [T] {
    y = linear_scan(0.5, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    n <- (n + sum(valid(T) over T)) mod 4
    return y
  }
}`;
    const text = model(
      "input x[T]\nmemory m = decay() reset when (index(T) + m.n) mod 4 == 0 and m.s > 0\noutput y = m.step(x)",
      memory,
    );
    const at = (s: number, n: number) =>
      values(text, { x: [0, 0, 0], fresh: 0, "m.s": s, "m.n": n }).y;
    expect([at(8, 1), at(8, 3), at(-8, 3)]).toEqual([
      [4, 2, 1],
      [4, 5, 2.5],
      [-4, -2, -1],
    ]);
  });
});

describe("a reset comes before all writes", () => {
  const rounds = `memory rounds() {
  state n in int starts 0
  step() -> [] { n <- n + 1; return n }
  more() -> [] { return next n + n }
}
memory nested() { step() -> [] { memory inner = rounds(); return inner.step() } }`;
  const first = (reset: string, order: string) =>
    codesOf(
      model(
        `input x[T]; memory a = rounds(); memory c = nested()\nmemory b = rounds() reset when ${reset}\n${order}\noutput y = x * c.step()`,
        rounds,
      ),
    );

  test.for(["next a.n >= 2", "a.step() > 3", "a.more() > 2", "c.step() > 2"])(
    "so it has no %s, whichever memory is used first",
    (reset) => {
      expect(first(reset, "x = a.step() * x\nx = b.step() * x")).toEqual(["MEM0185"]);
      expect(first(reset, "x = b.step() * x\nx = a.step() * x")).toEqual(["MEM0185"]);
    },
  );

  test("and reads states as they were carried", () => {
    expect(first("a.n >= 2", "x = a.step() * x\nx = b.step() * x")).toEqual([]);
  });
});

describe("a reset reaches the memories in a memory", () => {
  const around = "block around(x[T]) -> [T] { memory inner = running(); return x * inner.step(x) }";
  const running = `memory running(mark: flag = off) {
  state s starts 0, gradient stop
  when mark { state kept_s starts 0, gradient stop, kept }
  step(x[T]) -> [] {
    s <- s + sum(x over T where valid(T))
    when mark { kept_s <- kept_s + sum(x over T where valid(T)) }
    return next s
  }
}`;
  const recurring = `memory recurring() {
  state s starts 0, gradient stop
  step(x[T]) -> [T] {
    y = linear_scan(1, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    return y
  }
}`;
  const definitions = (body: string): string => {
    const memory = `memory outer() { step(x[T]) -> [T] { ${body} } }`;
    const all = body.includes("around(") ? `${around}\n${memory}` : memory;
    return `${all.includes("running(") ? running : recurring}\n${all}`;
  };
  const inputs = { x: [1, 1, 1], document: true, restart: [0, 1, 0], fresh: 0 } as const;
  const outer = (body: string, reset = "document") =>
    model(
      `input x[T]; input document in flag; input restart[T] in flag\nmemory a = outer() reset when ${reset}\noutput y = a.step(x)\noutput _d = document; output _r = restart`,
      definitions(body),
    );

  test.for([
    [
      "declared in a method",
      "memory inner = running(); return x * inner.step(x)",
      "a.step.inner.s",
    ],
    ["in a block that a method calls", "return around(x)", "a.step.around.inner.s"],
    ["in a block that a method uses", "use g = around(); return g(x)", "a.step.g.inner.s"],
    [
      "in a loop",
      "y = x\nrepeat 1 as i { memory inner = running(); y = y * inner.step(x) }\nreturn y",
      "a.step.i.*.inner.s",
    ],
    [
      "in a repeat written out",
      "y = x\nrepeat 1 as i { memory inner = running(); y = (y + i) * inner.step(x) }\nreturn y",
      "a.step.i.0.inner.s",
    ],
  ] as const)("%s", ([, body, state]) => {
    const entering = { [state]: state.includes("*") ? [10] : 10 };
    const of = (document: boolean) => values(outer(body), { ...inputs, ...entering, document });
    const next = (sum: number) => ({ y: [sum, sum, sum] });
    expect(of(false)).toMatchObject(next(13));
    expect(of(true)).toMatchObject(next(3));
  });

  test("but for states that are `kept`", () => {
    const text = outer("memory inner = running(mark = on); return x * inner.step(x)");
    const entering = { "a.step.inner.s": 10, "a.step.inner.kept_s": 10 };
    expect(values(text, { ...inputs, ...entering })).toMatchObject({
      "next a.step.inner.s": 3,
      "next a.step.inner.kept_s": 13,
    });
  });

  test("which restart by their own resets, too", () => {
    const inner = "memory inner = running() reset when sum(x over T) > 2; return x * inner.step(x)";
    const of = (each: Readonly<Record<string, Rows>>) =>
      values(outer(inner), { ...inputs, "a.step.inner.s": 10, ...each });
    expect(of({ document: false, x: [0, 1, 1] })).toMatchObject({ "next a.step.inner.s": 12 });
    expect(of({ document: false, x: [1, 1, 1] })).toMatchObject({ "next a.step.inner.s": 3 });
    expect(of({ document: true, x: [0, 1, 1] })).toMatchObject({ "next a.step.inner.s": 2 });
  });

  test("at steps of the segment", () => {
    const text = outer("memory inner = recurring(); return inner.step(x)", "restart");
    expect(values(text, { ...inputs, "a.step.inner.s": 10 })).toMatchObject({
      y: [11, 1, 2],
      "next a.step.inner.s": 2,
    });
    const both = outer(
      "memory inner = recurring() reset when x > 1; return inner.step(x)",
      "restart",
    );
    expect(values(both, { ...inputs, x: [1, 1, 2], "a.step.inner.s": 10 })).toMatchObject({
      y: [11, 1, 2],
    });
    const mixed = outer(
      "memory inner = recurring() reset when sum(x over T) > 2; return inner.step(x)",
      "restart",
    );
    expect(values(mixed, { ...inputs, "a.step.inner.s": 10 })).toMatchObject({ y: [1, 1, 2] });
  });

  test("and is reported where none of their recurrences can take it in", () => {
    expect(codesOf(outer("memory inner = running(); return x * inner.step(x)", "restart"))).toEqual(
      ["MEM0186"],
    );
  });

  test("however deep they stand", () => {
    const text = model(
      "input x[T]; input document in flag\nmemory a = outer() reset when document\noutput y = a.step(x)",
      `${running}
memory middle() { step(x[T]) -> [] { memory inner = running(); return inner.step(x) } }
memory outer() { step(x[T]) -> [T] { memory m = middle(); return x * m.step(x) } }`,
    );
    const state = "a.step.m.step.inner.s";
    expect(values(text, { x: [1, 1, 1], document: true, fresh: 0, [state]: 10 })).toMatchObject({
      [`next ${state}`]: 3,
    });
  });

  test("of that memory only", () => {
    const text = model(
      "input x[T]; input document in flag\nmemory a = outer() reset when document\nmemory b = outer()\noutput y = a.step(x) + b.step(x)",
      `${running}\nmemory outer() { step(x[T]) -> [T] { memory inner = running(); return x * inner.step(x) } }`,
    );
    const entering = { "a.step.inner.s": 10, "b.step.inner.s": 10 };
    expect(values(text, { x: [1, 1, 1], document: true, fresh: 0, ...entering })).toMatchObject({
      "next a.step.inner.s": 3,
      "next b.step.inner.s": 13,
    });
  });
});
