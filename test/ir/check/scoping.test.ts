/** Names mean what they mean where they stand: in resets, in declarations of a repeat, in the bodies of memories; a return ends. */
import { describe, expect, test } from "vitest";
import { codesOf, programOf, run, shownOf } from "./kit.ts";

const memories = {
  counter: `memory counter() {
  state n starts 0, gradient through
  step(x[T]) -> [] { n <- n + sum(x over T where valid(T)); return n }
}`,
  window: `memory window(length: int) {
  state rows[L: length] starts 0, gradient through
  put(x[]) { rows <- rows + x }
  total() -> [] { return sum(rows over L) }
}`,
};

/** A model with the inputs and memories that its body mentions. */
function model(body: string): string {
  const mentions = (name: string) => new RegExp(`\\b${name}\\b`).test(body);
  const definitions = Object.entries(memories).filter(([name]) => mentions(name));
  const flags = ["f", "g"].filter(mentions).map((name) => `\n  input ${name} in flag`);
  return `${definitions.map(([, text]) => text).join("\n")}
model M {
  input x[T]${flags.join("")}
  ${body}
}
evaluate { segment 3 tokens }`;
}

describe("a reset reads names as they were at its declaration", () => {
  const body = (rest: string): string => `r = f
  memory m = counter() reset when r
  ${rest}
  output y = x + m.step(x)`;
  const inputs = { x: [1, 2, 3], fresh: false, g: false, "m.n": 10 };

  test.each([
    ["bound again after it", "r = g"],
    ["as it was", "x = where(g, x, x)"],
  ])("%s", (_, rest) => {
    const program = programOf(model(body(rest)));
    expect(run(program, { ...inputs, f: true })).toMatchObject({ y: [1, 2, 3] });
    expect(run(program, { ...inputs, f: false })).toMatchObject({ y: [11, 12, 13] });
  });

  test("in every iteration of a repeat", () => {
    const text = model(`r = f
  y = x
  repeat 2 as i {
    memory m = counter() reset when r
    r = g
    y = y + (i + 1) * m.step(x)
  }
  output z = y`);
    const states = { "i.0.m.n": 10, "i.1.m.n": 20 };
    const of = (f: boolean, g: boolean) =>
      run(programOf(text), { x: [0, 0, 0], fresh: false, f, g, ...states }).z;
    expect(of(true, false)).toEqual([40, 40, 40]);
    expect(of(false, true)).toEqual([10, 10, 10]);
  });

  test("and axes", () => {
    const text = model(`const two[N: 2] = 1 + 0 * index(N)
  h = two
  memory m = counter() reset when N == 4
  h = join(h over N, h over N as N)
  output y = x + m.step(x) + 0 * sum(h over N)`);
    expect(run(programOf(text), inputs)).toMatchObject({ y: [11, 12, 13] });
  });

  test("and instances that a repeat has made by then", () => {
    const text = model(`repeat 2 as i { memory m = counter(); x = x + 0 * m.step(x) + 0 * i }
  memory k = counter() reset when m[0].n >= 2
  repeat 2 as j { memory m = counter(); x = x + 0 * m.step(x) + 0 * j }
  output y = x + k.step(x)`);
    const of = (n: number) =>
      run(programOf(text), { x: [1, 2, 3], fresh: false, "k.n": 10, "i.0.m.n": n }).y;
    expect(of(1)).toEqual([11, 12, 13]);
    expect(of(2)).toEqual([1, 2, 3]);
  });

  test("memories declared later may be asked", () => {
    const text = model(`memory first = counter() reset when second.n >= 5
  memory second = counter()
  output y = x + first.step(x) + 0 * second.step(x)`);
    const of = (n: number) =>
      run(programOf(text), { x: [1, 1, 1], fresh: false, "first.n": 10, "second.n": n }).y;
    expect(of(4)).toEqual([11, 11, 11]);
    expect(of(5)).toEqual([1, 1, 1]);
  });

  test("one that nothing needs is looked at, too", () => {
    expect(codesOf(model("memory m = counter() reset when x > 0 and x\n  output y = x"))).toContain(
      "MEM0200",
    );
  });
});

describe("a memory in a repeat is declared where it stands", () => {
  test("with what iterations have made by then", () => {
    const text = model(`k = 1
  y = x
  repeat 2 as i {
    k = k * 2
    dim L = k + i
    memory m = window(length = L)
    memory wide = window(length = k)
    y = y + m.total() + 10 * wide.total()
    m.put(i)
    wide.put(i)
  }
  output z = y`);
    const states = {
      "i.0.m.rows": [1, 1],
      "i.1.m.rows": [1, 1, 1, 1, 1],
      "i.0.wide.rows": [1, 1],
      "i.1.wide.rows": [1, 1, 1, 1],
    };
    const given = { x: [0, 0, 0], fresh: false, ...states };
    expect(run(programOf(text), given)).toMatchObject({ z: [67, 67, 67] });
  });

  test("and not known before, written out or not", () => {
    for (const factor of ["2", "(i + 1)"]) {
      const body = `y = x
  repeat 2 as i { y = y + m.step(y) * ${factor}; memory m = counter() }
  output z = y`;
      expect(codesOf(model(body)), factor).toEqual(["MEM0110"]);
    }
  });

  test.each(["2", "(i + 1)"])("under a name of its own, with a factor of %s", (factor) => {
    const body = `memory m = counter()
  y = x
  repeat 2 as i { memory m = counter(); y = y + m.step(y) * ${factor} }
  output z = y + m.step(x)`;
    expect(codesOf(model(body))).toContain("MEM0233");
  });

  test("one of a later iteration is there for what its declaration reads", () => {
    const body = (length: string): string => `y = x
  repeat 2 as i {
    k = i + 1
    memory m = window(length = ${length})
    y = y + sum(m[(i + 1) mod 2].rows over L)
    m.put(k - 1)
  }
  output z = y`;
    const states = { "i.0.m.rows": [1], "i.1.m.rows": [10, 20] };
    expect(
      run(programOf(model(body("i + 1"))), { x: [0, 0, 0], fresh: false, ...states }),
    ).toMatchObject({ z: [31, 31, 31] });
    expect(shownOf(model(body("k")))).toContain(
      "error[MEM0189]: m of an iteration that comes later is asked for, but its declaration cannot be read yet: Nothing here is called k.",
    );
  });

  test("or refused where it would then say something else", () => {
    const body = (declaration: string): string => `k = 1
  r = f
  y = x
  repeat 2 as i {
    k = 2 * k
    memory m = ${declaration}
    y = y + sum(m[(i + 1) mod 2].rows over L)
    r = f and g
    m.put(i)
  }
  output z = y`;
    expect(shownOf(model(body("window(length = k)")))).toContain(
      "error[MEM0189]: m was asked for before this iteration, when its declaration said otherwise of length, which is 4 here.",
    );
    expect(shownOf(model(body("window(length = 2) reset when r")))).toContain(
      "error[MEM0189]: m of an iteration that comes later is asked for, but its reset reads r, which each iteration makes.",
    );
  });

  test("with a reset that asks itself and its siblings", () => {
    const text = model(`y = x
  repeat 2 as i {
    memory m = counter() reset when m.n >= 8 or other.n >= 8
    memory other = counter() reset when m[(i + 1) mod 2].n >= 9
    y = y + m.step(x) + m[(i + 1) mod 2].n + 0 * other.step(x)
  }
  output z = y`);
    const of = (states: Readonly<Record<string, number>>) =>
      run(programOf(text), { x: [0, 0, 0], fresh: false, ...states }).z;
    expect(of({ "i.0.m.n": 7, "i.1.m.n": 3 })).toEqual([20, 20, 20]);
    expect(of({ "i.0.m.n": 8, "i.1.m.n": 3 })).toEqual([6, 6, 6]);
    expect(of({ "i.0.m.n": 7, "i.1.m.n": 3, "i.1.other.n": 8 })).toEqual([14, 14, 14]);
  });
});

test("an iteration sees the sizes that the one before has made", () => {
  const text = model(`const two[N: 2] = 1 + 0 * index(N)
  h = two
  y = x
  repeat 2 as i {
    y = y + N + 0 * i
    h = h * (1 + index(N))
    h = join(h over N, h over N as N)
  }
  output z = y + 0 * sum(h over N)`);
  expect(run(programOf(text), { x: [0, 0, 0] })).toMatchObject({ z: [6, 6, 6] });
});

describe("instances of a repeat are told apart", () => {
  const block =
    "block scaled() { param weight starts 1\n  go(v[...]) -> [...] { return v * weight } }";
  const weights = { "i.0.part.weight": 2, "i.1.part.weight": 5 };

  test("after it, also where the body does not use its index, and in loops", () => {
    const text = `${block}
model M {
  input x[T]
  y = x
  repeat 2 as i { use part = scaled(); y = part.go(y) }
  output p = part[1].go(x)
  output q = scan over T yield z { z = part[0].go(x) }
  output r = y
}
evaluate { segment 3 tokens }`;
    expect(run(programOf(text), { x: [1, 2, 3], ...weights })).toMatchObject({
      p: [5, 10, 15],
      q: [2, 4, 6],
      r: [10, 20, 30],
    });
  });

  test("which a list of their name hides", () => {
    const text = `${block}
model M {
  input x[T]
  repeat 2 as i { use part = scaled(); x = part.go(x) }
  part = [3, 5]
  output p = x * part[1]
}`;
    expect(codesOf(text)).toEqual([]);
    const inMethod = `${block}
memory m(part: list(real)) {
  n = part[1]
  state s starts 0, gradient through
  step(x[T]) -> [T] { repeat 2 as i { use part = scaled(); x = part.go(x) * (i + 1) }; s <- n; return x * n }
}
model M { input x[T]; memory a = m(part = [1, 2]); output p = a.step(x) }`;
    expect(codesOf(inMethod)).toEqual([]);
  });

  test("but not those of two repeats", () => {
    const text = `${block}
model M {
  input x[T]
  repeat 2 as i { use part = scaled(); x = part.go(x) }
  repeat 2 as j { use part = scaled(); x = part.go(x) }
  output p = part[1].go(x)
}`;
    expect(shownOf(text)).toContain(
      "error[MEM0189]: Two repeats declare part, so part[1] may mean that of either.",
    );
  });
});

describe("what a body declares has one meaning for its methods", () => {
  const memory = (body: string): string => `memory m(n: real = 2) {
  ${body}
  state s starts 0, gradient through
  step(x[T]) -> [] { s <- n * k * s + sum(x over T where valid(T)); return s }
}
model M { input x[T]; memory a = m(); output y = x + a.step(x) }`;

  test.each([
    ["a name given another value", "k = 1; k = 50"],
    ["an option given another value", "k = 1; n = 100 * n"],
    ["two declarations", "dim k = 1; const k = 2"],
    ["in a branch, too", "k = 1\n  when n == 2 { k = 3 }"],
  ])("%s", (_, body) => {
    expect(codesOf(memory(body))).toEqual(["MEM0233"]);
  });

  test("one of each branch is one", () => {
    expect(codesOf(memory("when n == 2 { k = 3 } else { k = 4 }"))).toEqual([]);
  });
});

describe("a return ends what it stands in", () => {
  const block = (body: string): string => `block b(x[T]) -> [T] { ${body} }
model M { input x[T]; output y = b(x) }`;

  test.each([
    ["no repeat", "repeat 2 as l { x = x * 2; return 5 * x }; return x"],
    ["no repeat written out", "repeat 2 as l { x = x * l; return 5 * x }"],
    ["no scan", "scan over T { return 7 * x }; return x"],
    ["no scan that is a value", "y = scan over T yield h { h = x; return h }; return y"],
    ["nothing after it", "return x; x = 2 * x"],
    ["nothing after it in a branch", "when 1 == 1 { return x; x = 2 * x }; return x"],
  ])("%s", (_, body) => {
    expect(codesOf(block(body))).toEqual(["MEM0228"]);
  });

  test("a branch that is taken ends the block", () => {
    expect(codesOf(block("when 1 == 1 { return x }; return 2 * x"))).toEqual([]);
  });

  test("a model has none, however deep", () => {
    for (const inner of ["when 1 == 1 { return x }", "scan over T { return x }"])
      expect(codesOf(`model M { input x[T]; ${inner}; output y = x }`), inner).toEqual(["MEM0325"]);
  });
});
