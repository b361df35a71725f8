/** Instances: what all their calls share, what each call has of its own, and what may be done with them once a segment. */
import { describe, expect, test } from "vitest";
import { codesOf, parametersOf, programOf, run, shownOf } from "./kit.ts";

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
