/** Names of a block and of its caller never meet (rule R3). */
import { describe, expect, test } from "vitest";
import { verify } from "../../../src/ir/verify.ts";
import { codesOf, parametersOf, programOf, run, shownOf } from "./kit.ts";

/** A model with the segment axis T of 3 tokens. */
const model = (body: string, before = ""): string =>
  `${before}\nmodel M {\n${body}\n}\nevaluate { segment 3 tokens }`;

/** `[T = 3, D = 2]` of the first result. */
function typeOf(text: string): string {
  const { graph } = programOf(text);
  expect(verify(graph)).toEqual([]);
  const [result] = graph.functions.get(graph.main)!.results;
  const axes = result!.value.type.axes.filter(({ name }) => name !== "batch");
  return `[${axes.map(({ name, size }) => `${name} = ${size}`).join(", ")}]`;
}

describe("axes that pass through a block", () => {
  test("are not the axes that the block makes, whatever both are called", () => {
    const text = model("dim F = 16, D = 8\ninput x[T, F, D]\noutput y = ffn(x, hidden = 16)");
    expect(typeOf(text)).toBe("[T = 3, F = 16, D = 8]");
  });

  test("are not the dims of the block, even of the same size", () => {
    const block = `block f(x[..., D], heads: int) -> [..., D] {
      dim H = heads
      param W[D -> H] starts 1
      return x * sum((x . W over D) over H)
    }`;
    const text = model("dim D = 1, H = 3\ninput x[H, D]\noutput y = f(x, heads = 3)", block);
    expect(typeOf(text)).toBe("[H = 3, D = 1]");
    // sum over heads of x is 3 x, so y = 3 x².
    expect(run(programOf(text), { x: [[1], [2], [3]] }, ["H"]).y).toEqual([[3], [12], [27]]);
  });

  test("are two axes where the caller has one with every name the block could be given", () => {
    const block = "block g(x[..., D], y[..., K]) -> [..., D] { return x * sum(y over K) }";
    const text = model(
      "dim D = 4, K = 3, KRest = 2\ninput x[T, KRest, K, D]; input y[T, K]\noutput z = g(x, y)",
      block,
    );
    expect(typeOf(text)).toBe("[T = 3, KRest = 2, K = 3, D = 4]");
  });

  test("keep their names through blocks in blocks", () => {
    const blocks = `block inner(x[..., D]) -> [..., D] { dim F = 2; param W[D, F] starts 1; return x * sum(W over F) }
    block outer(x[..., D]) -> [..., D] { dim F = 5; param V[D, F] starts 1; return inner(x) * sum(V over F) }`;
    const text = model("dim F = 2, D = 4\ninput x[T, F, D]\noutput y = outer(x)", blocks);
    expect(typeOf(text)).toBe("[T = 3, F = 2, D = 4]");
  });
});

describe("an option of a method", () => {
  const memory = `memory m(width: int = 4) {
      dim D = width
      state s[D] starts 1, gradient through
      step(x[T], width: int = 2) -> [T, D, W] {
        dim W = width
        s <- s + sum(x over T where valid(T))
        return x * next s * (index(W) + 1) * width
      }
    }`;

  test("may have the name of one of its memory's, and is another number", () => {
    const text = model(
      "dim k = 3, j = 2\ninput x[T]; memory a = m(width = k)\noutput y = a.step(x, width = j)",
      memory,
    );
    expect(typeOf(text)).toBe("[T = 3, k = 3, j = 2]");
    // s becomes 1 + 3; each entry is x * 4 * (1, 2) * 2.
    const { y } = run(programOf(text), { x: [1, 1, 1] }, ["T", "j", "k"]);
    expect(y).toEqual(
      new Array(3).fill([
        [8, 8, 8],
        [16, 16, 16],
      ]),
    );
    expect(programOf(text).states.map(({ axes }) => axes.map(({ size }) => size.text))).toEqual([
      [{ kind: "formal", name: "k" }],
    ]);
  });

  test("may stay unsaid where its memory's is said", () => {
    const text = model(
      "dim k = 3\ninput x[T]; memory a = m(width = k)\noutput y = a.step(x)",
      memory,
    );
    expect(typeOf(text)).toBe("[T = 3, k = 3, W = 2]");
  });
});

describe("results", () => {
  test("have the size that the block gives an axis, under the caller's name", () => {
    const block = "block tail(x[P, D]) -> [P: 2, D] { return last(x over P, 2) }";
    const text = model("dim D = 2\ninput x[T, D]\noutput y = tail(x) * 2", block);
    expect(typeOf(text)).toBe("[T = 2, D = 2]");
  });

  test("that are shorter than the segment are all there, whatever is valid", () => {
    const block = "block tail(x[P]) -> [P: 2] { return last(x over P, 2) }";
    const text = `${block}
      model M { input x[T]; param w starts 1; loss main = tail(x) * w }
      train { segment 3 tokens; steps 1 }`;
    const given = { x: [1, 2, 3], valid: [1, 0, 0], w: 1 };
    expect(run(programOf(text, { kind: "train" }), given)["loss main"]).toBe(2.5);
  });
});

describe("the name of an axis means what is declared", () => {
  test("the segment, also after an operation has made another axis of its name", () => {
    const text = model("dim D = 2\ninput x[T, D]\n_y = last(x over T, 2)\noutput z = index(T) + x");
    expect(typeOf(text)).toBe("[T = 3, D = 2]");
  });

  test("the dim", () => {
    const text = model("dim D = 3\ninput x[D]\n_y = last(x over D, 2)\noutput z = index(D) + x");
    expect(typeOf(text)).toBe("[D = 3]");
  });

  test("the formal's axis, which results have too", () => {
    const block = "block tail(x[P, D]) -> [P, D] { return last(x over P, 2) }";
    const text = model("dim D = 2\ninput x[T, D]\noutput y = tail(x)", block);
    expect(codesOf(text)).toEqual(["MEM0227"]);
    expect(shownOf(text)).toContain("tail declares P = 3 but gives real [P = 2, D = 2].");
  });

  test("a scan runs over the whole of it, so that what is shorter is an error", () => {
    const text = model(`dim D = 2
      input x[T, D]
      y = last(x over T, 2)
      scan over T from m = 0.0 yield q { q = m + sum(y over D); m = q }
      output z = q`);
    expect(codesOf(text)).toEqual(["MEM0204"]);
    const whole = text.replace("sum(y", "sum(x").replace("y = last", "_y = last");
    expect(
      run(programOf(whole), {
        x: [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
      }).z,
    ).toEqual([2, 6, 12]);
  });
});

describe("axes that are made inside", () => {
  const knows = (axis: string, body: string, before = "") =>
    codesOf(
      model(
        `dim D = 4\ninput x[T, D]\n${body}\noutput z = x * sum(index(${axis}) over ${axis})`,
        before,
      ),
    );

  test("a block are not known outside: formals, parameters, locals", () => {
    expect(knows("S", "x = x + attention(x, x, heads = 2)")).toEqual(["MEM0111"]);
    expect(knows("H", "x = x + attention(x, x, heads = 2)")).toEqual(["MEM0111"]);
    const inner =
      "block inner(x[..., P]) -> [..., P] { param W[P, Q: 3] starts 1; return x * sum(W over Q) }";
    const outer = "block outer(x[..., P]) -> [..., P] { y = inner(x); return y * index(Q) }";
    expect(knows("Q", "x = inner(x)", inner)).toEqual(["MEM0111"]);
    expect(knows("D", "x = outer(x)", `${inner}\n${outer}`)).toEqual(["MEM0111"]);
  });

  test("a memory, neither", () => {
    const body = "memory m = slots(count = 2, width = D)\nx = x + m.read(x, heads = 2)\nm.write(x)";
    expect(knows("S", body)).toEqual(["MEM0111"]);
    expect(knows("H", body)).toEqual(["MEM0111"]);
  });

  test("a repeat, whether it is one loop or written out", () => {
    const body = (rest: string) =>
      `repeat 2 as i { w = x rename D as E; x = (w rename E as D)${rest} }`;
    expect(knows("E", body(""))).toEqual(["MEM0111"]);
    expect(knows("E", body(" * i"))).toEqual(["MEM0111"]);
  });

  test("a block and given as an axis of its results are known", () => {
    expect(knows("F", "x = x * sum(linear(x, out = 7) over F)")).toEqual([]);
  });
});

test("a call in an argument of a primitive takes the name after `as`", () => {
  const block = "block scale(x[...]) -> [...] { param w starts 1; return w * x }";
  const text = model(
    "input x[T]\noutput y = tanh(scale(x) as gate) + sum(scale(x) over T as total) * max(scale(x) as other, 0)",
    block,
  );
  expect(parametersOf(text)).toEqual(["gate.w", "other.w", "total.w"]);
  expect(codesOf(model("input x[T]\noutput y = tanh(x as gate)"))).toEqual(["MEM0144"]);
});

describe("what the compiler adds to a block", () => {
  test("is not a formal of the same name", () => {
    const blocks = `
      memory total() {
        state M starts 0, gradient stop
        write(x[T]) { M <- M + sum(x over T where valid(T)) }
        after(MWritten[T], validT[T]) -> [T] { return where(valid(T), MWritten * validT + next M, 0.0) }
      }
      block f(x[T], present[T], fresh[T]) -> [T] {
        memory a = total()
        a.write(x)
        return a.after(x, present) + fresh
      }`;
    const text = model("input x[T]; input p[T]; input q[T]\noutput y = f(x, p, q)", blocks);
    const given = { x: [1, 2, 3], p: [2, 2, 2], q: [100, 200, 300], valid: [1, 1, 0] };
    // M becomes 1 + 2; then x * p + 3 where valid, plus q.
    expect(run(programOf(text), given).y).toEqual([105, 207, 300]);
  });

  test("is no input of the model", () => {
    expect(codesOf(model("input x[T]; input valid[T] in flag\noutput y = x"))).toEqual(["MEM0233"]);
    expect(codesOf(model("input x[T]; input fresh in flag\noutput y = x"))).toEqual(["MEM0233"]);
    expect(typeOf(model("input present[T]\noutput y = present"))).toBe("[T = 3]");
  });
});

test("a block may be called as the function of a segment is", () => {
  const block = "block segment(x[T]) -> [T] { return x * 2 }";
  const text = model("input x[T]\noutput y = segment(x)", block);
  expect(typeOf(text)).toBe("[T = 3]");
  expect(run(programOf(text), { x: [1, 2, 3] }).y).toEqual([2, 4, 6]);
});

describe("`next M`", () => {
  test("has the axes of the state, also where a number is written, and for each instance its own type", () => {
    const block = `memory total() {
      dim D = 2
      state M[D] starts 0, gradient stop
      write(x[T, D]) { M <- M + sum(x over T where valid(T)) }
      clear() { M <- 0.0 }
      after(x[T, D]) -> [T, D] { return x + next M }
    }`;
    const text = model(
      `dim D = 2
      input x[T, D]
      memory a = total()
      memory b = total()
      a.write(x)
      y = a.after(x)
      b.clear()
      output z = b.after(y)`,
      block,
    );
    expect(typeOf(text)).toBe("[T = 3, D = 2]");
    const rows = [
      [1, 10],
      [2, 20],
      [3, 30],
    ];
    const { z } = run(programOf(text), { x: rows });
    expect(z).toEqual([
      [7, 70],
      [8, 80],
      [9, 90],
    ]);
  });
});

describe("names that cannot be given", () => {
  test("`training`, to anything", () => {
    expect(codesOf(model("input x[T]\ntraining = x * 2\noutput y = x"))).toContain("MEM0233");
    expect(
      codesOf(model("input x[T]\nrepeat 2 as training { x = x * 2 }\noutput y = x")),
    ).toContain("MEM0233");
    const block = "block f(training[T]) -> [T] { return training * 2 }";
    expect(codesOf(model("input x[T]\noutput y = f(x)", block))).toContain("MEM0233");
    expect(codesOf(model("input x[T]\noutput y = when training { x } else { 2 * x }"))).toEqual([]);
  });

  test("twice in one signature", () => {
    const signatures = ["x[T], x[T]", "x[T], y[T], y: int", "x[T], n: int = 1, n: int = 2"];
    for (const formals of signatures) {
      const text = model("input x[T]\noutput y = x", `block f(${formals}) -> [T] { return x }`);
      expect(codesOf(text), formals).toContain("MEM0233");
    }
    const twice = "block f(x[T]) -> a[T], a[T] { a = x }";
    expect(codesOf(model("input x[T]\noutput y = x", twice))).toContain("MEM0233");
  });
});
