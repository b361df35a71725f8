/** The rules of docs/language.md, one by one, with numbers where a rule is about values. */
import { describe, expect, test } from "vitest";
import { printGraph } from "../../../src/ir/graph-text.ts";
import { verify } from "../../../src/ir/verify.ts";
import {
  codesOf,
  gradientsOf,
  modelOf,
  parametersOf,
  programOf,
  type Rows,
  run,
  shownOf,
} from "./kit.ts";

/** A model with the segment axis T of 3 tokens. */
const model = (body: string, before = ""): string =>
  `${before}\nmodel M {\n${body}\n}\nevaluate { segment 3 tokens }`;

/** Results of one segment. */
function values(
  text: string,
  inputs: Readonly<Record<string, Rows>>,
  order: readonly string[] = [],
): Readonly<Record<string, Rows>> {
  return run(programOf(text), inputs, order);
}

/** The value of `y` for x = [1, 2, 3]. */
const ofX = (expression: string): Rows | undefined =>
  values(model(`input x[T]\noutput y = ${expression}\noutput given = x`), { x: [1, 2, 3] }).y;

describe("R1: a type is a kind and an ordered list of axes", () => {
  const axesOf = (expression: string): readonly string[] => {
    const text = model(
      `dim A = 2, B = 3, C = 6\ninput u[A, B]; input v[B, C]\noutput y = ${expression}\noutput z = u . v over B`,
    );
    const { graph } = programOf(text);
    const { results } = graph.functions.get(graph.main)!;
    const type = results.find(({ role }) => role === "return")!.value.type;
    return type.axes.map(({ name }) => name).filter((name) => name !== "batch");
  };

  test("elementwise: the left operand's axes, then the new ones of the right", () => {
    expect(axesOf("u * v")).toEqual(["A", "B", "C"]);
    expect(axesOf("v * u")).toEqual(["B", "C", "A"]);
  });

  test("contraction: the same, less what is summed", () => {
    expect(axesOf("u . v over B")).toEqual(["A", "C"]);
  });

  test("split, merge and `at` replace in place", () => {
    expect(axesOf("v split C as (H: 2, K: 3)")).toEqual(["B", "H", "K"]);
    expect(axesOf("u merge (A, B) as D")).toEqual(["D"]);
    expect(axesOf("v at B = index(A)")).toEqual(["A", "C"]);
    expect(axesOf("u at A = 1")).toEqual(["B"]);
  });

  test("`J: H` is a second axis of the same size, and an axis in arithmetic is its size", () => {
    const text = model(
      "dim H = 2\ninput x[T]\nparam w[H, J: H] starts 1\noutput y = x * sum(w over (H, J)) + J",
    );
    expect(
      values(text, {
        x: [1, 2, 3],
        w: [
          [1, 2],
          [3, 4],
        ],
      }).y,
    ).toEqual([12, 22, 32]);
  });
});

describe("R2: equal names align, whatever the order", () => {
  test("axes in different orders align by name; a missing axis repeats", () => {
    const text = model("dim A = 2\ninput x[T, A]; input z[A, T]; input s[A]\noutput y = x + z * s");
    const result = values(text, {
      x: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      z: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      s: [1, 10],
    });
    expect(result.y).toEqual([
      [1, 40],
      [2, 50],
      [3, 60],
    ]);
  });

  test("a contraction sums the listed axes and aligns the others", () => {
    const text = model("dim H = 2\ninput x[T, H]; input z[T, H]\noutput y = x . z over H");
    expect(
      values(text, {
        x: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        z: [
          [1, 1],
          [1, 0],
          [0, 1],
        ],
      }).y,
    ).toEqual([3, 3, 6]);
  });

  test("it binds tighter than *", () => {
    const text = model(
      "dim H = 2\ninput x[T, H]\nparam w[H] starts 1\noutput y = 2 * x . w over H / 4",
    );
    expect(
      values(text, {
        x: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        w: [1, 1],
      }).y,
    ).toEqual([1.5, 3.5, 5.5]);
  });

  test("a mismatch names both axes, both sizes, and where each comes from", () => {
    const text = `model M {
  dim width = 4, D = width
  input x[T, D]
  param w[D: 3] starts 1
  output y = x * w
}`;
    expect(shownOf(text)).toBe(`error[MEM0204]: Axis D has 4 entries in x but 3 in w.
 --> spec.mem:5:14
  |
5 |   output y = x * w
  |              ^^^^^
note: D = 4 in x, real [T = 64, D = 4], comes from here.
 --> spec.mem:2:22
  |
2 |   dim width = 4, D = width
  |                      ^^^^^
note: D = 3 in w, real [D = 3], comes from here.
 --> spec.mem:4:14
  |
4 |   param w[D: 3] starts 1
  |              ^
help: If these are two different axes, rename one: \`rename D as …\`.
`);
  });
});

describe("R3: arguments bind by order, results get the caller's names", () => {
  const outer = "block outer(a[A], b[B]) -> [A, B] { return a * 10 + b }";

  test("formal axes bind in order, so one tensor may be both arguments' length", () => {
    const text = model("dim S = 2\ninput x[T]; input z[S]\noutput y = outer(x, z)", outer);
    expect(values(text, { x: [1, 2, 3], z: [4, 5] }).y).toEqual([
      [14, 15],
      [24, 25],
      [34, 35],
    ]);
  });

  test("two result axes of one name are an error; a rename mends it", () => {
    expect(codesOf(model("input x[T]\noutput y = outer(x, x)", outer))).toEqual(["MEM0222"]);
    expect(codesOf(model("input x[T]\noutput y = outer(x, x rename T as S)", outer))).toEqual([]);
  });

  test("the call may state the order of the axes", () => {
    const rows = "block rows(x[T, D]) -> [T] { return sum(x over D) }";
    const text = model("dim D = 2\ninput x[D, T]\noutput y = rows(x[T, D])", rows);
    expect(
      values(text, {
        x: [
          [1, 2, 3],
          [10, 20, 30],
        ],
      }).y,
    ).toEqual([11, 22, 33]);
  });

  test("`[..., D]` takes the last axis or the one named by `over`; the others pass", () => {
    const share = "block share(x[..., D]) -> [..., D] { return x / sum(x over D) }";
    const text = model(
      "dim D = 2\ninput x[T, D]\noutput y = share(x)\noutput z = share(x over T) as other",
      share,
    );
    const rows = [
      [1, 3],
      [2, 2],
      [1, 5],
    ];
    const result = values(text, { x: rows }, ["T", "D"]);
    expect(result.y).toEqual([
      [0.25, 0.75],
      [0.5, 0.5],
      [1 / 6, 5 / 6],
    ]);
    expect(result.z).toEqual([
      [0.25, 0.3],
      [0.5, 0.2],
      [0.25, 0.5],
    ]);
  });

  test("formals that are all `[...]` align by name", () => {
    const mix = "block mix(a[...], b[...]) -> [...] { return a * 2 + b }";
    const text = model("dim D = 2\ninput x[T]; input z[D]\noutput y = mix(x, z)", mix);
    expect(values(text, { x: [1, 2, 3], z: [0, 1] }).y).toEqual([
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
  });

  test("an axis that the block makes is called after the caller's dim given as its size, else by its own name", () => {
    const text = (argument: string) =>
      model(
        `dim D = 2, G = 5\ninput x[T, D]\ny = linear(x, out = ${argument})\noutput z = sum(y over ${argument === "G" ? "G" : "F"}) / G`,
      );
    expect(codesOf(text("G"))).toEqual([]);
    expect(codesOf(text("7"))).toEqual([]);
  });

  test("the left side may rename", () => {
    const text = model("dim D = 2\ninput x[T, D]\nh[S, E] = 2 * x\noutput y = sum(h over S)");
    expect(
      values(text, {
        x: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      }).y,
    ).toEqual([18, 24]);
  });

  test("a bare name is short for `name = name`", () => {
    expect(
      codesOf(model("dim D = 4, heads = 2\ninput x[T, D]\noutput y = attention(x, x, heads)")),
    ).toEqual([]);
  });
});

describe("R4: repeat and scan are folds", () => {
  test("a name bound before is carried, every other is local", () => {
    expect(
      values(model("input x[T]\nrepeat 3 as i { half = x / 2; x = x + half }\noutput y = x"), {
        x: [8, 16, 0],
      }).y,
    ).toEqual([27, 54, 0]);
    expect(codesOf(model("input x[T]\nrepeat 3 as i { half = x / 2 }\noutput y = half"))).toEqual([
      "MEM0110",
    ]);
  });

  test("`yield` hands out every iteration's value with the loop's axis", () => {
    const text = model("input x[T]\nrepeat 3 as i yield x { x = 2 * x }\noutput y = x");
    expect(values(text, { x: [1, 2, 3] }, ["i", "T"]).y).toEqual([
      [2, 4, 6],
      [4, 8, 12],
      [8, 16, 24],
    ]);
  });

  test("with the index used, iterations differ", () => {
    const text = model(
      "input x[T]\nrepeat 4 as i { x = when i mod 2 == 0 { x + i } else { 10 * x } }\noutput y = x",
    );
    expect(values(text, { x: [0, 1, 2] }).y).toEqual([20, 120, 220]);
  });

  test("a scan sees values along its axis one step at a time", () => {
    const text = model(
      "input x[T]\ny = scan over T from m = 0 yield m { m = 0.5 * m + x }\noutput z = y",
    );
    expect(values(text, { x: [1, 2, 4] }).z).toEqual([1, 2.5, 5.25]);
  });

  test("a scan used as a value ends the names bound before it as the statement does", () => {
    const ended = (scan: string) =>
      values(model(`input x[T]\nm = 1\n${scan}\noutput rows = y\noutput last = m`), {
        x: [1, 2, 4],
      });
    const wanted = { rows: [2, 4, 8], last: 8 };
    expect(ended("scan over T yield o { m = m + x; o = m }\ny = o")).toMatchObject(wanted);
    expect(ended("y = scan over T yield o { m = m + x; o = m }")).toMatchObject(wanted);
    expect(ended("y = scan over T yield m { m = m + x }")).toMatchObject(wanted);
  });

  test("names of its `from` are its own", () => {
    const text = model(
      "input x[T]\nm = 1\ny = scan over T from m = 10 yield m { m = m + x }\noutput rows = y\noutput before = m",
    );
    expect(values(text, { x: [1, 2, 4] })).toMatchObject({ rows: [11, 13, 17], before: 1 });
  });

  test("a scan over an axis of 0 entries ends as it starts and has nothing to yield", () => {
    const scanned = (loop: string) =>
      model(
        `dim Z = 0\ninput x[T]\nparam v[Z] starts 1\nm = 1\n${loop}\noutput z = m * x\nloss main = z`,
      );
    const carried = scanned("scan over Z { repeat 2 as k { m = m + v } }");
    expect(values(carried, { x: [1, 2, 4] }).z).toEqual([1, 2, 4]);
    const started = scanned("scan over Z from m = 3 { m = m + v }");
    expect(values(started, { x: [1, 2, 4] }).z).toEqual([3, 6, 12]);
    expect(codesOf(scanned("scan over Z yield m { m = m + v }"))).toEqual(["MEM0241"]);
    expect(
      codesOf(scanned("m = sum(scan over Z from h = 0 yield h { h = h + v } over Z)")),
    ).toEqual(["MEM0241"]);
    expect(shownOf(scanned("scan over Z yield m { m = m + v }"))).toContain(
      "A scan over 0 entries of Z has nothing to yield.",
    );
  });

  test("a loop carries what a scan within one of its equations ends", () => {
    const text = (index: string) =>
      model(
        `input x[T]\nm = 0\nrepeat 2 as i { y = x${index}; x = scan over T yield m { m = m + y } }\noutput rows = x\noutput last = m`,
      );
    for (const index of ["", " + 0 * i"])
      expect(values(text(index), { x: [1, 2, 4] })).toMatchObject({
        rows: [8, 11, 18],
        last: 18,
      });
  });

  test("inside a scan `index` and `valid` are the current step's", () => {
    const text = model(
      "input x[T]\ny = scan over T from m = 0 yield m { m = where(valid(T), m + index(T) * x, m) }\noutput z = y",
    );
    expect(values(text, { x: [1, 2, 4], valid: [1, 1, 0] }).z).toEqual([0, 2, 2]);
  });

  test("a number that a scan starts from spreads over the axes it gets", () => {
    const text = model(
      "dim D = 2\ninput x[T, D]\ny = scan over T from m = 0 yield m { m = m + x }\noutput z = last(y over T)",
    );
    const x = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    expect(values(text, { x }).z).toEqual([9, 12]);
  });

  test("a block that is checked again for a carried value leaves nothing behind", () => {
    const text = model(
      "dim D = 2\ninput x[T, D]\nmemory m = slots(count = 2, width = D)\ny = scan over T from h = 0 yield h { h = unit(h + x) + sum(m.M over S) }\nm.write(x)\noutput z = y",
    );
    expect(verify(programOf(text).graph)).toEqual([]);
  });

  test("a loop's body reads what states have been written, rolled or not", () => {
    const text = (index: string) => `mem 1
memory cell() {
  state s starts 1, gradient through
  write(x[T]) { s <- s + sum(x over T where valid(T)) }
  after(x[T]) -> [T] { return x + next s }
  twice(x[T]) -> [T] { repeat 2 as k { x = x + next s${index} }; return x }
}
model M {
  input x[T]
  memory m = cell()
  memory n = cell()
  m.write(x)
  n.write(10 * x)
  y = x
  repeat 2 as k { y = m.after(y) + next n.s${index} }
  output z = m.twice(y)
}
evaluate { segment 3 tokens }
`;
    for (const index of ["", " + 0 * k"]) {
      const found = values(text(index), { x: [1, 2, 4] });
      expect(found.z).toEqual([1, 2, 4].map((x) => x + 2 * (8 + 71) + 2 * 8));
    }
  });

  test("a number that is carried becomes a tensor of every example", () => {
    const text = model(
      "input x[T]\ntotal = 0\nrepeat 2 as i { total = total + sum(x over T) }\noutput y = total",
    );
    expect(values(text, { x: [1, 2, 3] }).y).toBe(12);
  });

  test("what leaves as one value for all examples is carried as one of each", () => {
    const text = model(
      "input x[T]\nparam w starts 1\nm = x\nrepeat 2 as i { m = 2 * w + 0 * index(T) }\noutput y = m",
    );
    expect(verify(programOf(text).graph)).toEqual([]);
    expect(values(text, { x: [1, 2, 3], w: 3 }).y).toEqual([6, 6, 6]);
  });
});

describe("R5: numbers", () => {
  test("an int mixes into reals, `/` is real, `div` and `mod` floor", () => {
    expect(ofX("index(T) + x")).toEqual([1, 3, 5]);
    expect(ofX("(index(T) - 1) / 2")).toEqual([-0.5, 0, 0.5]);
    expect(ofX("(index(T) - 1) div 2")).toEqual([-1, 0, 0]);
    expect(ofX("(index(T) - 1) mod 2")).toEqual([1, 0, 1]);
    expect(ofX("x * (7 div 2) + (-7 div 2) + 7 mod 4")).toEqual([2, 5, 8]);
  });

  test("a flag never mixes, but its sum counts", () => {
    expect(codesOf(model("input x[T]\noutput y = (x > 1) + x"))).toEqual(["MEM0200"]);
    expect(ofX("sum(x > 1 over T)")).toBe(2);
  });

  test("a whole number that does not fit into 32 bits never becomes another one", () => {
    const refused = [
      "output y = n < 3000000000",
      "output y = clip(n, 0, 2147483648)",
      "output y = n at T = 4294967296",
      "output y = x at T = 4294967296",
      "output y = where(n > 0, n, -2147483649)",
      "const c[T] = index(T) * 2000000000\noutput y = n + c",
      "const c[T] = 2147483647 + index(T)\noutput y = n + c",
      "const c = sum(index(T) * 1000000000 over T)\noutput y = n + c",
      "const c[T] = (index(T) * 1500000000) mod 7\noutput y = n + c",
    ];
    for (const text of refused) {
      expect(
        codesOf(model(`input x[T]\ninput n[T] in int\n${text}\noutput z = x * n`)),
        text,
      ).toEqual(["MEM0203"]);
    }
    const results = values(
      model(
        "input x[T]\ninput n[T] in int\nconst c[T] = index(T) * 1000000000, s = sum((index(T) - 1) * 2000000000 over T)\noutput y = x * 3000000000 + c\noutput r = real(n) < 3000000000\noutput z = n + (-2147483648) + s",
      ),
      { x: [1, 2, 3], n: [5, 0, 2147483647] },
    );
    expect(results).toMatchObject({
      y: [3e9, 7e9, 11e9],
      r: [1, 1, 1],
      z: [5 - 2147483648, -2147483648, -1],
    });
  });

  test("a power is real, a square of an int too", () => {
    const text = model("input n[T] in int\noutput y = n ^ 2\noutput z = n ^ 2 - n ^ 3");
    const results = values(text, { n: [50_000, -3, 0] });
    expect(results).toMatchObject({ y: [2.5e9, 9, 0], z: [2.5e9 - 1.25e14, 36, 0] });
    expect(codesOf(model("input x[T]\ninput f[T] in flag\noutput y = x * f ^ 2"))).toEqual([
      "MEM0200",
    ]);
  });

  test("compile-time numbers are equal where their values are, however they were made", () => {
    const chosen = (condition: string) => ofX(`when ${condition} { x } else { 0 }`);
    for (const holds of ["4 / 2 in [2, 3]", "2 in [4 / 2]", "[1, 4 / 2] == [1, 2]", "4 / 2 == 2"]) {
      expect(chosen(holds), holds).toEqual([1, 2, 3]);
    }
    expect(chosen("[1, 2.5] != [1, 2]")).toEqual([1, 2, 3]);
    expect(ofX("x * index_of([1, 4 / 2], 2) + index_of([0.5, 3], 6 / 2)")).toEqual([2, 3, 4]);
  });

  test("every elementwise word of compile-time numbers is one", () => {
    const option = (expression: string) => {
      const before = "block times(x[...], factor: real) -> [...] { return factor * x }";
      const text = model(
        `dim n = 7\ninput x[T]\noutput y = times(x, factor = ${expression})`,
        before,
      );
      return (values(text, { x: [1, 0, 0] }).y as readonly number[])[0];
    };
    const known: Readonly<Record<string, number>> = {
      "int(n / 2)": 3,
      "int(-n / 2)": -3,
      "int(n > 3) + real(n > 8)": 1,
      "sign(-n) + sign(0) + sign(0.5)": 0,
      "relu(-n) + relu(n)": 7,
      "clip(n, 0, 5) + clip(n, 0.5, 9)": 12,
      "where(n > 3, n, 0.5)": 7,
      "log1p(n / 100)": Math.log1p(0.07),
      "tanh(n / 10)": Math.tanh(0.7),
      "rsqrt(n)": 1 / Math.sqrt(7),
      "softplus(-n)": Math.log1p(Math.exp(-7)),
      "sigmoid(n)": 1 / (1 + Math.exp(-7)),
      "erf(n / 10)": 0.6778011938374185,
    };
    for (const [expression, worth] of Object.entries(known)) {
      expect(option(expression), expression).toBeCloseTo(worth, 14);
    }
    expect(
      codesOf(model("input x[T]\nrepeat int(7 / 2) as i { x = 2 * x }\noutput y = x")),
    ).toEqual([]);
  });

  test("`a .. b` includes both ends", () => {
    expect(ofX("x * size(2 .. 4)")).toEqual([3, 6, 9]);
    expect(ofX("when 4 in 2 .. 4 { x } else { 0 }")).toEqual([1, 2, 3]);
  });
});

describe("R6: addresses of parameters", () => {
  const text = (body: string) => model(`dim D = 4\ninput x[T, D]\n${body}\noutput y = x`);

  test("a call inside an argument is named under the call and the formal it feeds", () => {
    const paths = parametersOf(text("x = attention(norm(x), x, heads = 2)"));
    expect(paths).toContain("attention.x.norm.gain");
    expect(paths).toContain("attention.Wq");
  });

  test("`as` names a call; a repeat puts its index before", () => {
    const paths = parametersOf(text("repeat 2 as layer { x = norm(x) as before; x = norm(x) }"));
    expect(paths).toEqual([
      "layer.*.before.bias",
      "layer.*.before.gain",
      "layer.*.norm.bias",
      "layer.*.norm.gain",
    ]);
  });

  test("two of one name are an error", () => {
    expect(codesOf(text("x = norm(x)\nx = norm(x)"))).toEqual(["MEM0160"]);
  });

  test("parameters of an instance are shared by its calls, those of a method belong to each call", () => {
    const paths = parametersOf(
      text(`memory mem = slots(count = 2, width = D)
  repeat 2 as layer { x = x + mem.read(x, heads = 2) }
  mem.write(x)`),
    );
    expect(paths.filter((path) => path.endsWith("Wq"))).toEqual([
      "layer.*.mem.read.attention.Wq",
      "mem.write.Wq",
    ]);
    expect(paths).toContain("mem.bias");
  });

  test("a block without methods keeps the options of its instance", () => {
    const block = "block times(x[...], factor: real) -> [...] { return factor * x }";
    const text = model("input x[T]\nuse f = times(factor = 3)\noutput y = f(f(x))", block);
    expect(values(text, { x: [1, 2, 3] }).y).toEqual([9, 18, 27]);
  });

  test("one instance called twice has one set of parameters", () => {
    const block = "block scale(x[..., D]) -> [..., D] { param g[D] starts 1; return g * x }";
    const twice = model("dim D = 2\ninput x[T, D]\nuse s = scale()\noutput y = s(s(x))", block);
    expect(parametersOf(twice)).toEqual(["s.g"]);
    expect(
      values(
        twice,
        {
          x: [
            [1, 1],
            [1, 1],
            [1, 1],
          ],
          "s.g": [2, 3],
        },
        ["T", "D"],
      ).y,
    ).toEqual([
      [4, 9],
      [4, 9],
      [4, 9],
    ]);
  });
});

describe("R3: calls of one instance bind the axes of its states alike", () => {
  const recent = `memory recent() {
  state row[T] starts 0, gradient stop
  read(x[T]) -> [T] { return x + row }
  write(x[T], counts[B]) { row <- x + sum(first(counts over B, 3 as C) over C) }
}`;
  const recentModel = (body: string): string => `${recent}
model M {
  dim A = 4, B = 2
  input x[T]; input y[A]; input few[B]
  memory m = recent()
  ${body}
}`;

  test("a call that fails binds none, whatever stands before or after it", () => {
    const wrong = "m.write(y, few)"; // `first` takes more than there is
    const right = "m.write(x, y); output z = m.read(x)";
    expect(codesOf(recentModel(`${wrong}; ${right}`))).toEqual(["MEM0151"]);
    expect(codesOf(recentModel(`${wrong}; ${right}; output row = m.row + x`))).toEqual(["MEM0151"]);
    expect(codesOf(recentModel(`output row = m.row + x; ${wrong}; ${right}`))).toEqual(["MEM0151"]);
    expect(codesOf(recentModel(`${right}; ${wrong}`))).toEqual(["MEM0187"]);
  });

  test("methods may each bind an axis that the other one needs", () => {
    const pair = `memory pair() {
  state p[P] starts 0, gradient stop
  state q[Q] starts 0, gradient stop
  first_half(x[P]) -> [P] { p <- x + sum(q over Q); return p }
  second_half(x[Q]) -> [Q] { q <- x + sum(p over P); return q }
}
model M { dim D = 2; input x[T]; input y[D]; memory m = pair()
  output a = m.first_half(x)
  output b = m.second_half(y)
}`;
    expect(codesOf(pair)).toEqual([]);
  });
});

describe("R9: loops in resets", () => {
  test("read what was carried over, as resets do", () => {
    const counter =
      "memory counter() { state n in int starts 0; tick() -> [] { n <- n + 1; return n } }";
    const text = model(
      `input x[T]
input d in flag
memory b = counter() reset when d
memory a = counter() reset when last(scan over T from c = 0 yield c { c = c + b.n } over T) >= 12
output y = a.tick()
output z = b.tick()
output same = x`,
      counter,
    );
    const given = values(text, { x: [1, 2, 3], d: 1, "a.n": 7, "b.n": 5 });
    expect([given.y, given.z]).toEqual([0, 0]); // 3 * 5 is enough, though b itself starts anew
  });
});

describe("R3: a tensor of an instance has one shape in all its calls", () => {
  const calls = (definition: string, first: string, second: string): string => `${definition}
model M {
  dim A = 4, B = 3
  input x[T, A]; input z[T, B]
  ${first}
  output v = ${second}
  output given = sum(z over B)
}`;

  test.for([
    ["a parameter", "param w[D] starts 1; return w * x"],
    ["a parameter of a block below", "return norm(x)"],
  ])("%s of a block", ([, body = ""]) => {
    const block = `block f(x[..., D]) -> [..., D] { ${body} }`;
    const text = (second: string) => calls(block, "use g = f(); y = g(x)", second);
    expect(codesOf(text("y + sum(z over B)"))).toEqual([]);
    expect(codesOf(text("y + sum(g(z) over B)"))).toEqual(["MEM0187"]);
  });

  test("but for draws, of which each call has its own", () => {
    const block = "block f(x[..., D]) -> [..., D] { u = draw u[..., D] ~ uniform; return u * x }";
    const text = calls(block, "use g = f(); y = g(x)", "y + sum((g(z) as h) over B)");
    expect(codesOf(text)).toEqual([]);
  });

  test("a parameter of a memory, in calls that do not use it too", () => {
    const memory = `memory sums() {
  param w[D] starts 1
  state s starts 0, gradient stop
  uses(x[T, D]) -> [T, D] { s <- s + 1; return w * x }
  asks(x[T, D]) -> [T, D] { return x + s }
}`;
    const text = (first: string, second: string) =>
      calls(memory, `memory g = sums(); y = ${first}`, `y + sum(${second} over A)`);
    expect(codesOf(text("g.uses(x)", "g.asks(x)"))).toEqual([]);
    expect(codesOf(text("g.uses(z)", "g.asks(x)"))).toEqual(["MEM0187"]);
    expect(codesOf(text("g.asks(z)", "g.uses(x)"))).toEqual(["MEM0187"]);
  });
});

describe("R6: an instance of a block without methods is one set of parameters, wherever it is used", () => {
  const block = `block f(x[..., D], n: int >= 1) -> [..., D] {
  param w[D, K: n] starts 1
  return x * sum(w over K)
}`;
  const model = (body: string): string => `${block}
model M { dim D = 2; input x[T, D]; use g = f(n = 3)
${body}
}
evaluate { segment 1 tokens }`;
  const weights = [
    [1, 2, 3],
    [4, 5, 6],
  ];

  test.for([
    ["a call, then a member", "y = g(x)\noutput z = y + sum(g.w over K)"],
    ["a member, then a call", "w = g.w\noutput z = g(x) + sum(w over K)"],
    ["a call and a member in a loop", "repeat 1 as i { x = g(x) + sum(g.w over K) }\noutput z = x"],
    [
      "a call in a loop, a member outside",
      "repeat 1 as i { x = g(x) }\noutput z = x + sum(g.w over K)",
    ],
    [
      "a member in a loop, a call outside",
      "y = g(x)\nrepeat 1 as i { y = y + sum(g.w over K) }\noutput z = y",
    ],
    [
      "in a loop in a loop",
      "repeat 1 as i { repeat 1 as j { x = g(x) } }\noutput z = x + sum(g.w over K)",
    ],
    [
      "first as a member in a loop in a loop",
      "y = g(x)\nrepeat 1 as i { repeat 1 as j { y = y + sum(g.w over K) } }\noutput z = y",
    ],
  ])("%s", ([, body = ""]) => {
    expect(parametersOf(model(body))).toEqual(["g.w"]);
    expect(values(model(body), { x: [[10, 100]], "g.w": weights }, ["T", "D"]).z).toEqual([
      [66, 1515],
    ]);
  });

  test("a call that is given its name by `as` is another", () => {
    expect(codesOf(model("y = f(x, n = 3) as g\noutput z = g(y)"))).toEqual(["MEM0160"]);
    expect(codesOf(model("y = g(x)\noutput z = f(y, n = 3) as g"))).toEqual(["MEM0160"]);
  });
});

describe("R7: scope", () => {
  test("blocks never see the names of their caller", () => {
    expect(
      codesOf(
        model(
          "input x[T]\nscale = 2 * x\noutput y = f(x)",
          "block f(x[T]) -> [T] { return scale * x }",
        ),
      ),
    ).toEqual(["MEM0110"]);
  });

  test("names are checked in branches that are not taken and in blocks that nothing calls", () => {
    const branch =
      "model M(wide: flag = off) { input x[T]; y = when wide { tanhh(x) } else { x }; output z = y }";
    expect(codesOf(branch)).toEqual(["MEM0110"]);
    expect(
      codesOf(model("input x[T]\noutput y = x", "block f(x[T]) -> [T] { return 2 * z }")),
    ).toEqual(["MEM0106", "MEM0110"]);
  });

  test("files may import each other", () => {
    const text = `import twice from "parts.mem"
block thrice(x[...]) -> [...] { return 3 * x }
model M { input x[T]; output y = twice(x) }
// parts.mem: import thrice from "spec.mem"; block twice(x[...]) -> [...] { return 2 * thrice(x) }`;
    expect(codesOf(text)).toEqual([]);
  });
});

describe("R9: a segment reads what entered it and writes once", () => {
  const counter = `memory counter(limit: int = 100) {
  state n in int starts 5
  state s starts 0, gradient stop, reset when n >= limit
  state seen in int starts 7, kept
  tick(x[T]) -> [] {
    before = n
    n <- n + 1
    s <- s + sum(x over T where valid(T))
    seen <- seen + 1
    return 100 * before + 10 * n + next n
  }
}`;
  const text = (rest = "") =>
    model(
      `input x[T]; input document in flag\nmemory c = counter(${rest}) reset when document\noutput y = c.tick(x)`,
      counter,
    );

  test("a stream's first segment starts anew", () => {
    const result = values(text(), { x: [1, 2, 3], fresh: 1, "c.n": 50, "c.s": 9, "c.seen": 70 });
    expect(result).toMatchObject({ y: 556, "next c.n": 6, "next c.s": 6, "next c.seen": 8 });
  });

  test("later ones carry on; a name is the entering value even after the write, `next` the written one", () => {
    const result = values(text(), {
      x: [1, 2, 3],
      fresh: 0,
      document: 0,
      "c.n": 1,
      "c.s": 4,
      "c.seen": 2,
    });
    expect(result).toMatchObject({ y: 112, "next c.n": 2, "next c.s": 10, "next c.seen": 3 });
  });

  test("the declaration's reset spares what is `kept`, a state's own acts alone", () => {
    const reset = values(text(), {
      x: [1, 2, 3],
      fresh: 0,
      document: 1,
      "c.n": 1,
      "c.s": 4,
      "c.seen": 2,
    });
    expect(reset).toMatchObject({ "next c.n": 6, "next c.s": 6, "next c.seen": 3 });
    const own = values(text("limit = 3"), {
      x: [1, 2, 3],
      fresh: 0,
      document: 0,
      "c.n": 3,
      "c.s": 4,
      "c.seen": 2,
    });
    expect(own).toMatchObject({ "next c.n": 4, "next c.s": 6 });
  });

  test("an example without a valid token keeps its states", () => {
    const result = values(text(), {
      x: [1, 2, 3],
      valid: [0, 0, 0],
      fresh: 0,
      document: 0,
      "c.n": 1,
      "c.s": 4,
      "c.seen": 2,
    });
    expect(result).toMatchObject({ "next c.n": 1, "next c.s": 4, "next c.seen": 2 });
  });

  test.for(["parallel", "stepwise"])("a reset with axis T acts before its step: %s", (kind) => {
    const leaky = `memory leaky(kind: choice(parallel, stepwise)) {
  state s starts 10, gradient through
  step(x[T]) -> [T] {
    y = when kind is parallel { linear_scan(0.5, where(valid(T), x, 0) over T, from = s) }
        else { scan over T from m = s yield m { m = 0.5 * m + x } }
    s <- last(where(valid(T), y, 0) over T)
    return y
  }
}`;
    const spec = model(
      `input x[T]; input start[T] in flag\nmemory m = leaky(kind = ${kind}) reset when start\noutput y = m.step(x)`,
      leaky,
    );
    const at = (start: Rows) => values(spec, { x: [1, 1, 1], start, fresh: 0, "m.s": 4 }).y;
    expect(at([0, 0, 0])).toEqual([3, 2.5, 2.25]);
    expect(at([1, 0, 0])).toEqual([6, 4, 3]);
    expect(at([0, 1, 0])).toEqual([3, 6, 4]);
    expect(at([0, 1, 1])).toEqual([3, 6, 6]);
  });

  test.for([
    ["its own name", "y = scan over T from m = s yield m { m = m + x }; s <- last(y over T)"],
    ["a name bound before it", "m = s; y = scan over T yield m { m = m + x }; s <- m"],
    ["a statement", "scan over T from m = s yield o { m = m + x; o = m }; y = o; s <- m"],
  ])("a scan carries a state on from segment to segment: %s", ([, body]) => {
    const total = `memory total() {
  state s starts 10, gradient through
  step(x[T]) -> [T] { x = where(valid(T), x, 0); ${body}; return y }
}`;
    const spec = (reset: string) =>
      model(
        `input x[T]; input start[T] in flag\nmemory m = total()${reset}\noutput y = m.step(x)\noutput used = start`,
        total,
      );
    const given = { x: [1, 2, 4], start: [0, 1, 0], fresh: 0, "m.s": 3 };
    expect(values(spec(""), given)).toMatchObject({ y: [4, 6, 10], "next m.s": 10 });
    expect(values(spec(" reset when start"), given)).toMatchObject({
      y: [4, 12, 16],
      "next m.s": 16,
    });
  });

  test("a method's loop does not write", () => {
    const memory =
      "memory m(w: int = 1) { state s starts 0, gradient stop; step(x[T]) { repeat 2 as i { s <- s + sum(x over T where valid(T)) } } }";
    expect(codesOf(model("input x[T]\nmemory a = m()\na.step(x)\noutput y = x", memory))).toEqual([
      "MEM0220",
    ]);
  });

  test("`mem[i]` is the entering state of another iteration", () => {
    const text = model(`dim D = 1
  input x[T, D]
  repeat 2 as layer {
    memory past = fifo(length = 1, width = D)
    x = x + first(past[(layer + 1) mod 2].rows over M)
    past.write(x)
  }
  output y = x`);
    const result = values(text, {
      x: [[0], [0], [0]],
      fresh: 0,
      "layer.0.past.rows": [[1]],
      "layer.1.past.rows": [[20]],
    });
    expect(result.y).toEqual([[21], [21], [21]]);
  });
});

describe("R10: shapes are fixed, what exists so far is counted", () => {
  const text = model(
    "dim D = 1\ninput x[T, D]\nmemory past = fifo(length = 4, width = D)\npast.write(x)\noutput rows = past.span(x)\noutput seen = past.seen(x)",
  );
  const x = [[1], [2], [3]];
  const order = ["S", "M", "T", "D"];

  test("an empty memory has all its rows, and none of them exists", () => {
    const result = values(text, { x, fresh: 1 }, order);
    expect(result).toMatchObject({
      rows: [[0], [0], [0], [0], [1], [2], [3]],
      seen: [0, 0, 0, 0, 1, 1, 1],
    });
  });

  test("rows fill from the end, so that distances never depend on how full it is", () => {
    const first = values(text, { x, fresh: 1, valid: [1, 1, 0] }, order);
    expect(first).toMatchObject({
      "next past.rows": [[0], [0], [1], [2]],
      "next past.filled": 2,
    });
    const second = values(
      text,
      {
        x: [[4], [5], [6]],
        fresh: 0,
        "past.rows": first["next past.rows"]!,
        "past.filled": first["next past.filled"]!,
      },
      order,
    );
    expect(second).toMatchObject({
      rows: [[0], [0], [1], [2], [4], [5], [6]],
      seen: [0, 0, 1, 1, 1, 1, 1],
      "next past.rows": [[2], [4], [5], [6]],
      "next past.filled": 4,
    });
  });

  test("a state never grows: what is written has its axes and sizes", () => {
    const memory =
      "memory m() { state s[N: 2] starts 0, gradient stop; write(x[T]) { s <- last(where(valid(T), x, 0) over T, 3 as N) } }";
    expect(codesOf(model("input x[T]\nmemory a = m()\na.write(x)\noutput y = x", memory))).toEqual([
      "MEM0183",
    ]);
  });

  test("a state of ints is one for each stream, too", () => {
    const program = programOf(text);
    const { inputs } = program.graph.functions.get(program.graph.main)!;
    const filled = inputs.find(({ path }) => path.join(".") === "past.filled")!;
    expect(filled.value.type.axes.map(({ name }) => name)).toEqual(["batch"]);
    expect(program.states.map(({ path, kind }) => [path.join("."), kind])).toEqual([
      ["past.rows", "real"],
      ["past.filled", "int"],
    ]);
  });
});

describe("R11: train, evaluate and generate are builds of one model", () => {
  const text = (
    train: string,
    evaluate: string,
  ) => `model M(scale: real = 2) { dim n = 3; input x[T]; output y = scale * x * n; loss main = y }
train { ${train} }
evaluate { ${evaluate} }`;

  test("each may set the segment, options and dims", () => {
    const { programs } = modelOf(
      text("segment 2 tokens", "segment 4 tokens; set scale = 5; set n = 1"),
    );
    expect(run(programs.train!, { x: [1, 1] }).y).toEqual([6, 6]);
    expect(run(programs.evaluate, { x: [1, 1, 1, 1] }).y).toEqual([5, 5, 5, 5]);
  });

  test("`training` is on in train only", () => {
    const { programs } =
      modelOf(`model M { input x[T]; y = when training { 2 * x } else { x }; output z = y; loss main = y }
train { segment 1 tokens }`);
    expect(run(programs.train!, { x: [3] }).z).toEqual([6]);
    expect(run(programs.evaluate, { x: [3] }).z).toEqual([3]);
  });

  test("settings from outside change options, dims and entries of the schedule", () => {
    const spec = text("batch 4 streams; rollout 2 segments", "segment 4 tokens");
    const settings = {
      scale: "7",
      n: "1",
      "train.batch": "8",
      "train.rollout": "6",
      "train.optimizer.rate": "0.5",
      "train.through_time": "mrbp(horizon = 3)",
    };
    const { schedule } = programOf(spec, { settings, kind: "train" });
    expect(schedule).toMatchObject({
      batch: 8,
      rollout: 6,
      stride: 6,
      optimizer: { rate: 0.5 },
      throughTime: { kind: "mrbp", horizon: 3 },
    });
    expect(run(programOf(spec, { settings }), { x: [1, 1, 1, 1] }).y).toEqual([7, 7, 7, 7]);
    for (const [address, value] of [
      ["train.batch", "0"],
      ["train.batch", "8 } evaluate { batch 2"],
      ["train.nothing", "1"],
      ["train.batch.x.y", "1"],
      ["train.group.rate", "1e-1"],
      ["train.optimizr.rate", "1e-1"],
    ] as const) {
      expect(codesOf(spec, { settings: { [address]: value } }), address).toEqual(["MEM0173"]);
    }
  });
});

describe("R12 and R18: masks", () => {
  test("`valid(T)` says which tokens exist, and is on for every other axis", () => {
    const text = model(
      "dim D = 2\ninput x[T, D]\noutput y = sum(x over T where valid(T))\noutput z = sum(x over D where valid(D))",
    );
    const result = values(text, {
      x: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      valid: [1, 1, 0],
    });
    expect(result).toMatchObject({ y: [4, 6], z: [3, 7, 11] });
  });

  test("what is masked has weight 0; nothing left gives 0, and -inf for max and logsumexp", () => {
    expect(ofX("softmax(0 * x over T where x > 1)")).toEqual([0, 0.5, 0.5]);
    expect(ofX("softmax(x over T where x > 9)")).toEqual([0, 0, 0]);
    expect(ofX("mean(x over T where x > 9)")).toBe(0);
    expect(ofX("max(x over T where x > 9)")).toBe(Number.NEGATIVE_INFINITY);
    expect(ofX("logsumexp(x over T where x > 9)")).toBe(Number.NEGATIVE_INFINITY);
  });

  test.for(["min", "max", "logsumexp"])(
    "an example without a valid token has no infinite %s",
    (word) => {
      const text = model(`input x[T]\noutput y = ${word}(x over T where valid(T))`);
      const x = [2, 2, 2];
      expect(values(text, { x, valid: [0, 0, 0] }).y).toBe(0);
      expect(values(text, { x, valid: [0, 1, 0] }).y).toBe(2);
    },
  );
});

describe("R13: what carries gradient", () => {
  const memory = (gradient: string) => `memory leaky() {
  state s starts 0, gradient ${gradient}
  state n in int starts 0
  step(x[T]) -> [] {
    param w starts 1
    s <- 0.5 * s + w * sum(x over T where valid(T))
    n <- n + 1
    return next s * (1 + n)
  }
}`;
  const text = (gradient: string, body = "output y = m.step(x)") =>
    model(`input x[T]\nmemory m = leaky()\n${body}`, memory(gradient));
  const segment = { x: [1, 2, 3], fresh: 0, "m.s": 4, "m.n": 1 };

  test("`gradient stop` cuts the edge between segments and nothing else: `next` keeps its gradient", () => {
    for (const gradient of ["stop", "through"]) {
      const program = programOf(text(gradient));
      // y = (0.5 s + w sum(x)) * 2: the entering state has a gradient, which only a state that says `through` hands on.
      expect(gradientsOf(program, segment, "y"), gradient).toEqual({
        "m.s": 1,
        "m.step.w": 12,
        x: [2, 2, 2],
      });
      expect(program.states.map((state) => [state.path.join("."), state.gradient])).toEqual([
        ["m.s", gradient],
        ["m.n", "stop"],
      ]);
    }
  });

  test("where the state starts anew the gradient goes into its start", () => {
    const start =
      "memory m() { param a starts 1; state s starts a, gradient through; read() -> [] { s <- 2 * s; return s } }";
    const program = programOf(model("input x[T]\nmemory k = m()\noutput y = x * k.read()", start));
    const gradient = (fresh: number) =>
      gradientsOf(program, { x: [1, 2, 3], fresh, "k.s": 4, "k.a": 5 }, "y");
    expect(gradient(1)).toMatchObject({ "k.a": 6, "k.s": 0 });
    expect(gradient(0)).toMatchObject({ "k.a": 0, "k.s": 6 });
  });

  test("`stop(e)` cuts a value for that use only, parameters included", () => {
    const program = programOf(
      model("input x[T]\nparam w starts 1\nv = w * x\noutput y = stop(v) * v"),
    );
    expect(gradientsOf(program, { x: [1, 2, 3], w: 2 }, "y")).toEqual({ w: 28, x: [4, 8, 12] });
  });

  test("ints, flags and what is worked out from them carry none", () => {
    const program = programOf(
      model("input x[T]\nparam w starts 1\noutput y = real(int(w * x)) + sum(w * x > 0 over T)"),
    );
    expect(gradientsOf(program, { x: [1, 2, 3], w: 2 }, "y")).toEqual({});
  });
});

describe("R14: losses", () => {
  const lossOf = (loss: string, inputs: Readonly<Record<string, Rows>> = {}): Rows | undefined =>
    values(model(`dim D = 2\ninput x[T, D]\noutput y = x\nloss main = ${loss}`), {
      x: [
        [1, 3],
        [2, 2],
        [6, 10],
      ],
      ...inputs,
    })["loss main"];

  test("left-over axes are averaged, over valid tokens only", () => {
    expect(lossOf("x")).toBe(4);
    expect(lossOf("sum(x over D)")).toBe(8);
    expect(lossOf("x", { valid: [1, 1, 0] })).toBe(2);
  });

  test("`weighted by` weighs, and a term with nothing to count is 0", () => {
    expect(lossOf("sum(x over D) weighted by index(T)")).toBe(12);
    expect(lossOf("x weighted by x > 3", { valid: [1, 1, 0] })).toBe(0);
  });

  test("what a term weighs is counted, so that means over segments are of what counts; of layers it adds up", () => {
    const block = "block b(x[T]) -> [T] { loss big = x weighted by x > 1; return 2 * x }";
    const text = model(
      `input x[T]
repeat 2 as layer { x = b(x) }
output y = x
loss main = x weighted by x / 4
loss all = x`,
      block,
    );
    const given = values(text, { x: [1, 1, 2] });
    expect(given["count main"]).toBe(4); // of 4, 4 and 8: the weights are 1, 1 and 2
    expect(given["count layer.b.big"]).toBe(4); // one entry of the first layer, all of the second
    expect(given).not.toHaveProperty("count all");
  });

  const trained = (body: string, before = "") =>
    `${before}
model M {
  input x[T]
  target z[T]
  param w starts 1
  ${body}
  loss main = (y - z) ^ 2
}
train { data { z = x ahead 1 } }`;

  test("the batch may be named where training alone is built", () => {
    const centred = "{ v - mean(v over batch) }";
    const codes = (condition: string, branch = centred, otherwise = "{ v }") =>
      codesOf(
        trained(
          `dim loud = 1\n  v = loud * x * w\n  output y = when ${condition} ${branch} else ${otherwise}`,
        ),
      );
    for (const condition of [
      "training",
      "training and loud > 0",
      "not (not training or loud == 0)",
    ]) {
      expect(codes(condition), condition).toEqual([]);
    }
    for (const condition of ["loud > 0", "training or loud > 0", "not training"]) {
      expect(codes(condition), condition).toEqual(["MEM0145"]);
    }
    expect(codes("not training", "{ v }", centred)).toEqual([]);
    expect(
      codes("training", "{ scan over T from h = 0 yield h { h = h + mean(v over batch) } }"),
    ).toEqual([]);
  });

  test("what is taken over the batch reaches no state, on whatever way", () => {
    const memory = `memory m() {
  state s starts 0, gradient through
  step(x[T]) -> [T] { y = scan over T from h = s yield h { h = h + where(valid(T), x, 0) }; s <- last(y over T); return y }
}
block centred(x[T]) -> [T] { return when training { x - mean(x over batch) } else { x } }`;
    const codes = (body: string) => codesOf(trained(`v = x * w\n  ${body}`, memory));
    expect(codes("memory a = m()\n  output y = centred(a.step(v))")).toEqual([]);
    for (const body of [
      "memory a = m()\n  output y = a.step(centred(v))",
      "repeat 3 as i { memory a = m(); v = centred(v) + a.step(v) }\n  output y = v",
      "memory a = m() reset when sum(centred(v) over T) > 0\n  output y = a.step(v)",
      "memory a = m()\n  output y = centred(a.step(v * when training { batch } else { 1 }))",
    ]) {
      expect(codes(body), body).toEqual(["MEM0156"]);
    }
    expect(
      shownOf(trained("v = x * w\n  memory a = m()\n  output y = a.step(centred(v))", memory)),
    ).toContain("This is taken over the batch and reaches the state a.s");
  });

  test("what does not count does not show, even where it is not finite", () => {
    expect(lossOf("log(x - 3) weighted by x > 3")).toBeCloseTo((Math.log(3) + Math.log(7)) / 2, 12);
    expect(lossOf("log(x) * 2 weighted by x", { valid: [0, 0, 0] })).toBe(0);
    expect(lossOf("1 / (x - 6)", { valid: [1, 1, 0] })).toBeCloseTo(
      (-1 / 5 - 1 / 3 - 1 / 4 - 1 / 4) / 4,
      12,
    );
  });

  test("each instance of a block is a term of its own", () => {
    const block = "block b(x[T]) -> [T] { loss size = x * x; return 2 * x }";
    const text = model(
      "input x[T]\nrepeat 2 as layer { x = b(x) }\noutput y = x\nloss main = 0 * x",
      block,
    );
    expect(programOf(text).losses.map((path) => path.join("."))).toEqual(["layer.b.size", "main"]);
    expect(values(text, { x: [1, 1, 1] })["loss layer.b.size"]).toBe(5);
  });
});

describe("R15: rollouts", () => {
  const scheduleOf = (entries: string) =>
    programOf(`model M { input x[T]; output y = x; loss main = x }\ntrain { ${entries} }`, {
      kind: "train",
    }).schedule;

  test("the numbers of a schedule may stand in order, without names", () => {
    const wanted = scheduleOf(
      "rollout 4 segments; through_time checkpoint(horizon = 4, every = 2)",
    );
    for (const written of ["4, 2", "4, every = 2", "every = 2, horizon = 4"]) {
      const text = `rollout 4 segments; through_time checkpoint(${written})`;
      expect(scheduleOf(text).throughTime).toEqual(wanted.throughTime);
    }
    for (const wrong of ["every = 2, 4", "4, horizon = 4", "4, 2, 1"]) {
      const text = `model M { input x[T]; output y = x; loss main = x }
train { rollout 4 segments; through_time checkpoint(${wrong}) }`;
      expect(codesOf(text), wrong).toEqual(["MEM0171"]);
    }
  });

  test("the stride is the rollout unless said", () => {
    expect(scheduleOf("rollout 4 segments")).toMatchObject({ rollout: 4, stride: 4 });
    expect(scheduleOf("rollout 4 segments; stride 1")).toMatchObject({ rollout: 4, stride: 1 });
  });

  test("weights, cuts and ways through time", () => {
    expect(scheduleOf("rollout 3 segments; segment_weights powers(2)").segmentWeights).toEqual({
      kind: "powers",
      base: 2,
    });
    expect(scheduleOf("rollout 3 segments; segment_weights last").segmentWeights).toEqual({
      kind: "last",
    });
    expect(scheduleOf("average tokens").segmentWeights).toEqual({ kind: "tokens" });
    expect(
      scheduleOf(
        "rollout 4 segments; through_time checkpoint(horizon = 4, every = 2); cut after 0, 2",
      ),
    ).toMatchObject({
      throughTime: { kind: "checkpoint", horizon: 4, every: 2 },
      cutAfter: [0, 2],
    });
  });
});

describe("R16: how gradient goes through time says nothing about what is computed", () => {
  const text = (way: string) => `model M {
  dim D = 2
  input x[T, D]
  memory m = slots(count = 2, width = D)
  h = x + m.read(x, heads = 1)
  m.write(h)
  output y = h
  loss main = h * h
}
train { segment 3 tokens; rollout 4 segments; through_time ${way}; cut after 1; freeze m.write }`;
  const ways = [
    "detach",
    "bptt(horizon = 4)",
    "checkpoint(horizon = 4, every = 2)",
    "mrbp(horizon = 4)",
  ];

  test("all make the same graph, with the same states, parameters and losses", () => {
    const [first, ...others] = ways.map((way) => programOf(text(way), { kind: "train" }));
    for (const other of others) {
      expect(printGraph(other.graph)).toBe(printGraph(first!.graph));
      const { schedule: _, ...rest } = other;
      const { schedule, ...expected } = first!;
      expect({ ...rest, graph: undefined }).toEqual({ ...expected, graph: undefined });
      expect(schedule.cutAfter).toEqual([1]);
    }
  });

  test("the cuts are the schedule's own, whatever the way", () => {
    for (const way of ways.slice(1)) {
      const { schedule } = programOf(text(way), { kind: "train" });
      expect(schedule, way).toMatchObject({
        rollout: 4,
        cutAfter: [1],
        throughTime: { horizon: 4 },
      });
    }
  });
});

describe("R17 and R19: choices and indices", () => {
  test("`top` may take none: every sum over them is 0", () => {
    const text = model(
      "dim D = 4\ninput x[T, D]\nbest, place = top(x over D, 0 as K)\noutput y = sum(best over K)\noutput n = sum(place over K)",
    );
    expect(
      values(text, {
        x: [
          [0, 1, 2, 3],
          [4, 5, 6, 7],
          [8, 9, 0, 1],
        ],
      }),
    ).toEqual({
      y: [0, 0, 0],
      n: [0, 0, 0],
    });
  });

  test("`top` descends, lowest index first among equals; `order` ascends and is stable", () => {
    const text = model(
      "dim D = 4\ninput x[T, D]\nbest, place = top(x over D, 2 as K)\noutput y = best\noutput p = place\noutput o = order(x over D)",
    );
    const result = values(text, {
      x: [
        [1, 3, 3, 2],
        [0, 0, 0, 0],
        [4, 3, 2, 1],
      ],
    });
    expect(result).toMatchObject({
      y: [
        [3, 3],
        [0, 0],
        [4, 3],
      ],
      p: [
        [1, 2],
        [0, 1],
        [0, 1],
      ],
      o: [
        [0, 3, 1, 2],
        [0, 1, 2, 3],
        [3, 2, 1, 0],
      ],
    });
  });

  test("reading out of range gives 0; `add` sums what meets, `put` keeps the later", () => {
    expect(ofX("x at T = index(T) + 1")).toEqual([2, 3, 0]);
    expect(ofX("x at T = -1")).toBe(0);
    expect(ofX("add(x over T at T = index(T) div 2)")).toEqual([3, 3, 0]);
    expect(ofX("put(x over T at T = index(T) div 2)")).toEqual([2, 3, 0]);
  });

  test("window, shift, split, join, first, last, reverse, cumsum", () => {
    expect(ofX("shift(x over T by 1, fill = 9)")).toEqual([9, 1, 2]);
    expect(ofX("sum(window(x over T, size = 3, from = -1 as W) over W)")).toEqual([3, 6, 5]);
    expect(ofX("join(first(x over T, 1 as A) over A, last(x over T, 2 as B) over B as S)")).toEqual(
      [1, 2, 3],
    );
    expect(ofX("last(x over T)")).toBe(3);
    expect(ofX("reverse(x over T)")).toEqual([3, 2, 1]);
    expect(ofX("cumsum(x over T)")).toEqual([1, 3, 6]);
    expect(ofX("x * sum(values([1, 2, 4] as W) over W)")).toEqual([7, 14, 21]);
  });

  test("linear algebra of constants", () => {
    const text = model(`dim N = 2
  input x[T]
  const a[N, J: N] = real(index(N) + 1) * real(index(N) == index(J))
  const b[N] = solve(a over (N, J), 4 + 0 * index(N)) rename J as N
  output y = x * sum(b over N)`);
    expect(values(text, { x: [1, 2, 3] }).y).toEqual([6, 12, 18]);
    const decomposed = model(`dim N = 2
  input x[T]
  const a[N, J: N] = real(index(N) + 1) * real(index(N) == index(J))
  s, _, _ = svd(a over (N, J) as R)
  e, _ = eigh(a over (N, J) as R)
  output y = x * sum(s over R)
  output z = x * sum(e over R)`);
    const result = values(decomposed, { x: [1, 2, 3] });
    expect(result.y).toEqual([3, 6, 9]);
    expect(result.z).toEqual([3, 6, 9]);
  });
});

describe("R20: draws", () => {
  test("a draw is an input with an address, fresh for every layer", () => {
    const program = programOf(
      model("input x[T]\nrepeat 2 as layer { x = x + draw u[T] ~ uniform }\noutput y = x"),
    );
    expect(program.draws.map(({ path }) => path.join("."))).toEqual(["layer.*.u"]);
    expect(
      run(program, {
        x: [0, 0, 0],
        "layer.*.u": [
          [1, 2, 3],
          [10, 20, 30],
        ],
      }).y,
    ).toEqual([11, 22, 33]);
  });

  test("dropout draws one number for every entry, in training only", () => {
    const { programs } = modelOf(
      "model M { dim D = 4; input x[T, D]; output y = dropout(x, rate = 0.5); loss main = y }\ntrain { segment 2 tokens }",
    );
    expect(programs.evaluate.draws).toEqual([]);
    expect(
      programs.train!.draws.map(({ path, axes }) => [path.join("."), axes.map(({ name }) => name)]),
    ).toEqual([["dropout.mask", ["T", "D"]]]);
  });
});

describe("R21: initialisers", () => {
  test("the arrow says how many axes come in; `starts` computes", () => {
    const program = programOf(
      model(
        "dim D = 4, F = 2\ninput x[T, D]\nparam w[D -> F] ~ glorot, g[F] starts 0.5 + index(F), b[F] starts 3\noutput y = x . w over D * g + b",
      ),
    );
    const [w, g, b] = program.parameters;
    expect(w).toMatchObject({ inAxes: 1, start: { kind: "glorot" } });
    expect(g).toMatchObject({ start: { kind: "computed" } });
    expect(b).toMatchObject({ start: { kind: "constant", arguments: [{ value: 3 }] } });
  });
});
