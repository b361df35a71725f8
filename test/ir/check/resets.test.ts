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
