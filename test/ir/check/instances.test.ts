/** Instances: what all their calls share, what each call has of its own, and what may be done with them once a segment. */
import { describe, expect, test } from "vitest";
import {
  checkText,
  codesOf,
  gradientsOf,
  parametersOf,
  programOf,
  type Rows,
  run,
  shownOf,
} from "./kit.ts";

const sum = `memory running() {
  state s starts 0, gradient stop
  step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); return s }
}`;

describe("a memory in a block that `use` makes an instance of", () => {
  const model = (body: string) => `${sum}
block shifted(x[T]) -> [T] { memory m = running(); return x + m.step(x) }
model M { input x[T]
${body} }`;

  test("is written by one call", () => {
    expect(codesOf(model("use g = shifted()\noutput y = g(x)"))).toEqual([]);
    expect(codesOf(model("repeat 2 as i { use g = shifted(); x = g(x) }\noutput y = x"))).toEqual(
      [],
    );
  });

  test("is not written by two", () => {
    expect(shownOf(model("use g = shifted()\noutput y = g(g(x))"))).toMatchInlineSnapshot(`
      "error[MEM0221]: The state m.s of g is written twice in a segment.
       --> spec.mem:8:12
        |
      8 | output y = g(g(x)) }
        |            ^^^^^^^
      note: The first write is here.
       --> spec.mem:8:14
        |
      8 | output y = g(g(x)) }
        |              ^^^^
      help: Each call writes it. An instance has states of its own: use other = shifted(…).
      "
    `);
    expect(codesOf(model("use g = shifted()\nrepeat 2 as i { x = g(x) + 0 * i }\noutput y = x")))
      // Written out: two calls in one place.
      .toEqual(["MEM0221"]);
  });

  test("is not written by a loop around it", () => {
    expect(
      shownOf(model("use g = shifted()\nrepeat 2 as i { x = g(x) }\noutput y = x")),
    ).toMatchInlineSnapshot(`
      "error[MEM0220]: g is written inside a repeat, so more than once a segment.
       --> spec.mem:8:21
        |
      8 | repeat 2 as i { x = g(x) }
        |                     ^^^^
      note: It is declared outside of the repeat.
       --> spec.mem:7:5
        |
      7 | use g = shifted()
        |     ^
      help: It holds the state m.s: declare it inside the repeat (one for each iteration), or call it after the repeat.
      "
    `);
  });
});

describe("a block with draws that `use` makes an instance of", () => {
  const model = (
    body: string,
  ) => `block noisy(x[...]) -> [...] { param w starts 1; return w * x * (draw u[...] ~ uniform) }
model M { input x[T]
use g = noisy()
${body} }
evaluate { segment 1 tokens }`;
  const drawsOf = (body: string) => programOf(model(body)).draws.map(({ path }) => path.join("."));

  test("draws for each call, at the address of the call", () => {
    const body = "output y = g(g(x)) + (g(x) as other)";
    expect(drawsOf(body)).toEqual(["g.x.g.u", "g.u", "other.u"]);
    expect(parametersOf(model(body))).toEqual(["g.w"]);
    expect(
      run(programOf(model(body)), {
        x: [1],
        "g.w": 10,
        "g.x.g.u": [2],
        "g.u": [3],
        "other.u": [4],
      }),
    ).toMatchObject({ y: [640] });
  });

  test("draws for each iteration of a loop", () => {
    expect(drawsOf("repeat 2 as i { x = g(x) }\noutput y = x")).toEqual(["i.*.g.u"]);
    expect(drawsOf("repeat 2 as i { x = g(x) + i }\noutput y = x")).toEqual(["i.0.g.u", "i.1.g.u"]);
  });

  test("asks for a name where two calls would share an address", () => {
    expect(codesOf(model("output y = g(x) + g(2 * x)"))).toEqual(["MEM0160"]);
  });

  test("draws in no scan", () => {
    expect(
      codesOf(model("y = scan over T from m = 0 yield m { m = m + g(x) }\noutput z = y")),
    ).toEqual(["MEM0246"]);
  });
});

describe("instances in the body of a memory", () => {
  const cells = `memory running() {
  state s starts 0, gradient through
  total() -> [] { return s }
  step(x[T]) { s <- s + sum(x over T where valid(T)) }
}
memory recurring() {
  state s starts 0, gradient through
  step(x[T]) -> [T] {
    y = linear_scan(1, where(valid(T), x, 0) over T, from = s)
    s <- last(y over T)
    return y
  }
}
block scaled(x[...]) -> [...] { param w starts 1; return w * x }`;
  /** The definitions of `cells` that a text uses stand before it. */
  const withCells = (text: string): string => {
    const parts = cells.split(/\n(?=memory|block)/);
    const used = parts.filter((part) => text.includes(`${part.match(/^\w+ (\w+)/)?.[1]}()`));
    return `${used.join("\n")}\n${text}\nevaluate { segment 2 tokens }`;
  };
  const valuesOf = (text: string, inputs: Readonly<Record<string, Rows>>) =>
    run(programOf(withCells(text)), { fresh: 0, x: [1, 2], ...inputs });

  const gated = `memory gated() {
  use gate = scaled()
  memory cache = running()
  state M starts 0, gradient through
  read(x[T]) -> [T] { return gate(x) * (M + cache.total()) }
  write(x[T]) { cache.step(gate(x)); M <- M + cache.s }
}
`;

  test("are shared by its methods, below its address", () => {
    const text = `${gated}model S { input x[T]; memory a = gated(); output y = a.read(x); a.write(x) }`;
    const { parameters, states } = programOf(withCells(text));
    expect(parameters.map(({ path }) => path.join("."))).toEqual(["a.gate.w"]);
    expect(states.map(({ path }) => path.join(".")).sort()).toEqual(["a.M", "a.cache.s"]);
    expect(valuesOf(text, { "a.gate.w": 10, "a.M": 3, "a.cache.s": 4 })).toEqual({
      y: [70, 140],
      "next a.M": 7,
      "next a.cache.s": 34,
    });
  });

  test("get gradient", () => {
    const text = `${gated}model S { input x[T]; memory a = gated(); output y = a.read(x); a.write(x) }`;
    const gradients = gradientsOf(
      programOf(withCells(text)),
      { fresh: 0, x: [1, 2], "a.gate.w": 10, "a.M": 3, "a.cache.s": 4 },
      "y",
    );
    expect(gradients).toMatchObject({ "a.gate.w": 21, "a.cache.s": 30, "a.M": 30 });
  });

  test("stand in the branch of a `when` that is taken", () => {
    const text = (how: string) => `memory outer(long: flag) {
  when long { memory cell = running(); dim n = 2 } else { use cell = scaled(); dim n = 1 }
  k = 10 * n
  step(x[T]) -> [T] { when long { cell.step(x); return k * x + cell.s } else { return k * cell(x) } }
}
model S { input x[T]; memory a = outer(long = ${how}); output y = a.step(x) }`;
    expect(valuesOf(text("on"), { "a.cell.s": 1 })).toEqual({ y: [21, 41], "next a.cell.s": 4 });
    expect(valuesOf(text("off"), { "a.cell.w": 3 })).toEqual({ y: [30, 60] });
    expect(codesOf(withCells(text("off").replace("a.step(x)", "a.step(x) + a.cell.s")))).toEqual([
      "MEM0188",
    ]);
  });

  test("are each owner's own", () => {
    const text = `${gated}model S { input x[T]; memory a = gated(); memory b = gated(); output y = a.read(x) + b.read(x); a.write(x); b.write(2 * x) }`;
    const entering = { "a.gate.w": 1, "b.gate.w": 10, "a.cache.s": 1, "b.cache.s": 2 };
    expect(valuesOf(text, entering)).toMatchObject({
      y: [21, 42],
      "next a.cache.s": 4,
      "next b.cache.s": 62,
    });
  });

  test("are one for each iteration of a repeat around their owner", () => {
    const text = `${gated}model S { input x[T]; repeat 2 as i { memory a = gated(); x = x + a.read(x); a.write(x) }
output y = x }`;
    expect(valuesOf(text, { "i.*.a.gate.w": [1, 1], "i.*.a.cache.s": [1, 2] })).toMatchObject({
      y: [6, 12],
      "next i.*.a.cache.s": [7, 20],
    });
  });

  test("are used in loops of methods, but for writes", () => {
    const looped = (body: string) => `memory outer() {
  use gate = scaled()
  memory cache = running()
  step(x[T]) -> [T] { ${body}; return x }
}
model S { input x[T]; memory a = outer(); output y = a.step(x) }`;
    const text = looped("repeat 2 as i { x = gate(x) + cache.s }; cache.step(x)");
    expect(valuesOf(text, { "a.gate.w": 2, "a.cache.s": 1 })).toMatchObject({
      y: [7, 11],
      "next a.cache.s": 19,
    });
    const written = looped("repeat 2 as i { x = gate(x); cache.step(x) }");
    expect(codesOf(withCells(written))).toEqual(["MEM0220"]);
  });

  test("are written once a segment, by whichever method", () => {
    const text = (calls: string) =>
      withCells(`memory outer() {
  memory cache = running()
  one(x[T]) { cache.step(x) }
  two(x[T]) { cache.step(x) }
}
model S { input x[T]; memory a = outer(); output y = x\n${calls} }`);
    expect(codesOf(text("a.one(x)"))).toEqual([]);
    expect(codesOf(text("a.one(x); a.two(x)"))).toEqual(["MEM0221"]);
    expect(codesOf(text("a.one(x); a.cache.step(x)"))).toEqual(["MEM0221"]);
  });

  test("are seen from outside", () => {
    const text = `${gated}model S { input x[T]; memory a = gated(); a.write(x); output y = a.gate(x) + a.cache.s + a.cache.total() + a.gate.w }`;
    expect(valuesOf(text, { "a.gate.w": 10, "a.cache.s": 4 })).toMatchObject({ y: [28, 38] });
  });

  test("stand in bodies of others", () => {
    const text = `memory middle() {
  memory cache = running()
  use gate = scaled()
  step(x[T]) -> [T] { cache.step(gate(x)); return gate(x) + cache.s }
}
memory outer() {
  memory m = middle()
  step(x[T]) -> [T] { return m.step(x) + m.cache.s }
}
model S { input x[T]; memory a = outer(); output y = a.step(x) }`;
    expect(valuesOf(text, { "a.m.gate.w": 10, "a.m.cache.s": 4 })).toEqual({
      y: [18, 28],
      "next a.m.cache.s": 34,
    });
  });

  test("may be blocks with memories in them", () => {
    const text = `block summed(x[T]) -> [T] { memory m = running(); m.step(x); return x + m.s }
memory outer() {
  use g = summed()
  step(x[T]) -> [T] { return g(x) }
}
model S { input x[T]; memory a = outer(); output y = a.step(x) }`;
    expect(valuesOf(text, { "a.g.m.s": 4 })).toEqual({ y: [5, 6], "next a.g.m.s": 7 });
    const twice = text.replace("return g(x)", "return g(g(x))");
    expect(codesOf(withCells(twice))).toEqual(["MEM0221"]);
  });

  test("stand in a block with methods, too", () => {
    const text = `block pair() {
  use g = scaled()
  once(x[T]) -> [T] { return g(x) }
  twice(x[T]) -> [T] { return g(g(x)) }
}
model S { input x[T]; use p = pair(); output y = p.once(x) + p.twice(x) }`;
    expect(valuesOf(text, { "p.g.w": 10 })).toEqual({ y: [110, 220] });
  });

  test("are no methods, which do not call each other", () => {
    const text = (body: string) => `memory outer() {
  state s starts 0, gradient stop
  gate(x[T]) -> [T] { return x * s }
  step(x[T]) -> [T] { s <- s + 1; ${body} }
}
model S { input x[T]; memory a = outer(); output y = a.step(x) + a.gate(x) }`;
    const help =
      "help: A method is called through an instance, from outside: make gate a block of the file and pass it what it needs.";
    expect(shownOf(text("return gate(x)"))).toContain(help);
    expect(shownOf(text("repeat 2 as i { x = gate(x) }; return x"))).toContain(help);
  });

  test("are not of the memory itself", () => {
    const text = `memory one() { memory b = two(); step(x[T]) -> [T] { return b.step(x) } }
memory two() { memory a = one(); step(x[T]) -> [T] { return a.step(x) } }
model S { input x[T]; memory m = one(); output y = m.step(x) }`;
    expect(codesOf(text)).toEqual(["MEM0218"]);
  });

  test("have axes that calls bind", () => {
    const text = (call: string) =>
      withCells(`memory rows() {
  state r[T] starts 0, gradient through
  see() -> [] { return sum(r over T) }
  step(x[T]) -> [T] { r <- x; return x + r }
}
memory outer() {
  memory cache = rows()
  first() -> [] { return cache.see() }
  step(x[T]) -> [T] { return cache.step(x) }
}
model S { input x[T]; input z[Z: 3]; memory a = outer(); output y = a.step(x) + a.first(); output v = ${call} }`);
    expect(
      run(programOf(text("z")), { fresh: 0, x: [1, 2], z: [0, 0, 0], "a.cache.r": [10, 20] }),
    ).toMatchObject({
      y: [41, 52],
      "next a.cache.r": [1, 2],
    });
    expect(codesOf(text("a.step(z) as other"))).toEqual(["MEM0187"]);
  });

  describe("restart by the resets of their owner", () => {
    const outer = (declaration: string, reset: string) => `memory outer() {
  ${declaration}
  step(x[T]) -> [T] { return cache.step(x) }
}
model S { input x[T]; input document in flag; input restart[T] in flag; memory a = outer() reset when ${reset}
output y = a.step(x); output d = document; output r = restart }`;
    const given = { document: true, restart: [0, 1], "a.cache.s": 10 } as const;

    test("of a whole segment", () => {
      const text = outer("memory cache = recurring()", "document");
      expect(valuesOf(text, given)).toMatchObject({ y: [1, 3], "next a.cache.s": 3 });
      expect(valuesOf(text, { ...given, document: false })).toMatchObject({ y: [11, 13] });
    });

    test("of steps", () => {
      const text = outer("memory cache = recurring()", "restart");
      expect(valuesOf(text, given)).toMatchObject({ y: [11, 2], "next a.cache.s": 2 });
      const held = text
        .replace(
          "memory outer() {",
          "memory held() { memory cache = recurring(); step(x[T]) -> [T] { return cache.step(x) } }\nmemory outer() {",
        )
        .replace("memory cache = recurring()\n", "memory cache = held()\n");
      expect(valuesOf(held, { ...given, "a.cache.cache.s": 10 })).toMatchObject({ y: [11, 2] });
    });

    test("and by one of their own, which reads what was carried", () => {
      const text = outer(
        "state n starts 0, gradient stop\n  memory cache = recurring() reset when n >= 1",
        "document",
      ).replace("return cache", "n <- n + 1; return cache");
      const of = (n: number) => valuesOf(text, { ...given, document: false, "a.n": n });
      expect(of(0)).toMatchObject({ y: [11, 13], "next a.n": 1 });
      expect(of(1)).toMatchObject({ y: [1, 3], "next a.n": 2 });
      expect(codesOf(withCells(text.replace("n >= 1", "next n >= 1")))).toEqual(["MEM0185"]);
      expect(
        valuesOf(
          text
            .replace("memory cache", "memory other = running()\n  memory cache")
            .replace("n >= 1", "other.s >= 1")
            .replace("n <- n", "other.step(x); n <- n"),
          { ...given, document: false, "a.other.s": 1 },
        ),
      ).toMatchObject({ y: [1, 3] });
    });
  });
});

describe("instances in the bodies of others, seen from loops", () => {
  const scaled = `block scaled() { param weight starts 1
  go(v[]) -> [] { return v * weight } }
block outer() { use part = scaled()
  go(v[]) -> [] { return part.go(v) } }`;
  const inScan = (second: string) => `${scaled}
model M {
  input x[T]
  use a = outer()
  use b = outer()
  scan over T yield y, z { y = a.part.go(x); z = ${second}.part.go(x) }
  output p = y
  output q = z
}
evaluate { segment 3 tokens }`;

  test("are told apart by what they stand in", () => {
    const inputs = { x: [1, 2, 3], "a.part.weight": 2, "b.part.weight": 5 };
    const twice = { p: [2, 4, 6], q: [2, 4, 6] };
    expect(run(programOf(inScan("a")), inputs)).toMatchObject(twice);
    expect(run(programOf(inScan("b")), inputs)).toMatchObject({ ...twice, q: [5, 10, 15] });
  });

  test("are told apart from one around the loop, and from those of other iterations", () => {
    const text = `${scaled}
model M {
  input x[T]
  use part = scaled()
  use a = outer()
  y = x
  repeat 2 as layer {
    use mine = scaled()
    y = y * (layer + 1)
    y = scan over T yield z {
      z = mine.go(part.go(a.part.go(y)))
      when layer > 0 { z = mine[layer - 1].go(z) }
    }
  }
  output p = y
}
evaluate { segment 3 tokens }`;
    const weights = { "part.weight": 2, "a.part.weight": 3 };
    const mine = { "layer.0.mine.weight": 5, "layer.1.mine.weight": 7 };
    expect(run(programOf(text), { x: [1, 2, 3], ...weights, ...mine })).toMatchObject({
      p: [1, 2, 3].map((x) => x * (2 * 3 * 5) * 2 * (2 * 3 * 7) * 5),
    });
  });

  test("a block that holds a memory is not called in a scan", () => {
    const text = `memory counter() {
  state c starts 0, gradient through
  add(v[]) -> [] { c <- c + v; return c }
}
block counts(v[]) -> [] { memory m = counter(); return m.add(v) }
model M { input x[T]; scan over T yield y { y = counts(x) }; output p = y }
evaluate { segment 3 tokens }`;
    expect(codesOf(text)).toEqual(["MEM0247"]);
  });

  test("a state may be called like what a reset hands down", () => {
    const total = (state: string) =>
      `last(linear_scan(1, where(valid(T), v, 0) over T, from = ${state}) over T)`;
    const text = `memory outer() {
  state s starts 2, gradient through
  state sStart starts 3, gradient through
  put(v[T]) { s <- ${total("s")}; sStart <- ${total("sStart")} }
  all(v[T]) -> [T] {
    return 100 * linear_scan(1, v over T, from = s) + 10000 * linear_scan(1, v over T, from = sStart)
  }
}
model M {
  input x[T]
  input document[T] in flag
  memory m = outer() reset when document
  z = 0 * x
  repeat 2 as i { z = m.all(x) }
  output y = z
  output w = m.all(x)
  m.put(x)
}
evaluate { segment 3 tokens }`;
    const inputs = { x: [1, 1, 1], document: [0, 1, 0], fresh: 0, "m.s": 20, "m.sStart": 40 };
    const { y, w } = run(programOf(text), inputs);
    expect(y).toEqual([412100, 40300, 50400]);
    expect(w).toEqual(y);
  });

  test("a reset sees their states before any reset, wherever it stands", () => {
    const text = (
      first: string,
      second: string,
    ) => `memory cells() { state s starts 0, gradient through; grow(v[]) { s <- s + v } }
memory outer() {
  memory cell = cells()
  put(v[T]) -> [T] { return linear_scan(1, v over T, from = cell.s) }
}
memory counter() {
  state c starts 0, gradient through
  add(v[]) { c <- c + v }
}
model M {
  input x[T]
  input document[T] in flag
  memory m = outer() reset when document
  memory k = counter() reset when any(m.put(x) > 12.5 over T)
  ${first}
  ${second}
  output z = y
}
evaluate { segment 3 tokens }`;
    const inputs = { x: [1, 1, 1], document: [0, 1, 0], fresh: 0, "m.cell.s": 10, "k.c": 5 };
    const [put, add] = ["y = m.put(x) as first", "k.add(0 * sum(x over T))"];
    for (const spec of [text(put, add), text(add, put)]) {
      // Nothing writes the cell, which is warned of.
      const { evaluate } = checkText(spec).model!.programs;
      expect(run(evaluate!, inputs)).toMatchObject({
        z: [11, 1, 2],
        "next k.c": 0,
      });
    }
  });

  test.each([
    ["first", true],
    ["last", false],
  ])("have sizes of their own, whether what writes them stands %s", (_, first) => {
    const write = "a.put(x * index(D2)); b.put(x * index(D4))";
    const read = "output y = x * a.get()\n  output z = x * b.get()";
    const text = `memory cells() {
  state s[D] starts 0, gradient through
  put(v[T, D]) { s <- s + sum(v over T where valid(T)) }
  get() -> [] { return sum(s over D) }
}
memory outer() {
  memory cell = cells()
  put(v[T, D]) { cell.put(v) }
  get() -> [] { return cell.get() }
}
model M {
  dim D2 = 2, D4 = 4
  input x[T]
  memory a = outer()
  memory b = outer()
  ${first ? write : read}
  ${first ? read : write}
}
evaluate { segment 3 tokens }`;
    const inputs = { x: [1, 2, 3], fresh: 0, "a.cell.s": [1, 2], "b.cell.s": [1, 2, 3, 4] };
    expect(run(programOf(text), inputs)).toMatchObject({
      y: [3, 6, 9],
      z: [10, 20, 30],
      "next a.cell.s": [1, 8],
      "next b.cell.s": [1, 8, 15, 22],
    });
  });

  test("have one loss for two calls of a method, in a loop or out of it", () => {
    const text = (more: string) => `block cells() { look(v[]) -> [] { loss peek = v; return v } }
block outer() { use cell = cells(); go(v[]) -> [] { return cell.look(v) } }
model M {
  input x[T]
  use a = outer()
  scan over T yield y { y = a.cell.look(x) }
  output p = y${more}
}
evaluate { segment 3 tokens }`;
    const { graph } = programOf(text(""));
    const { results } = graph.functions.get(graph.main)!;
    const losses = results.filter(({ role }) => role === "loss");
    expect(losses.map(({ path }) => path.join("."))).toEqual(["a.cell.peek"]);
    expect(codesOf(text(" + a.cell.look(sum(x over T))"))).toContain("MEM0160");
  });
});
