/** Entries of lists, and instances of a repeat. */
import { describe, expect, test } from "vitest";
import { codesOf, parametersOf, programOf, type Rows, run, shownOf } from "./kit.ts";

const model = (body: string, before = ""): string =>
  `${before}\nmodel M {\n${body}\n}\nevaluate { segment 3 tokens }`;

const values = (
  text: string,
  inputs: Readonly<Record<string, Rows>>,
): Readonly<Record<string, Rows>> => run(programOf(text), inputs);

const table = `block table(count: int >= 1) {
  dim N = count
  param weight[N] starts 1
  look(x[...]) -> [...] { return x * sum(weight over N) }
  more(x[...]) -> [...] { return x + sum(weight over N) }
}`;

describe("an entry of a list", () => {
  test("is taken at compile time, counted from 0", () => {
    const text = model("a = [2, 4, 8]\ninput x[T]\noutput y = x * a[1] + size(a[0] .. a[2])");
    expect(values(text, { x: [1, 2, 3] }).y).toEqual([11, 15, 19]);
  });

  test("may be the size of an axis, by the index of a repeat", () => {
    const text = model(
      "y = 0\nrepeat size(sizes) as k {\ndim N = sizes[k]\ny = y + sum(index(N) over N)\n}\ninput x[T]\noutput z = x * y",
    ).replace("M {", "M(sizes: list(int) = [2, 4]) {");
    expect(values(text, { x: [1, 1, 2] }).z).toEqual([7, 7, 14]);
  });

  test("may be given to an option by the name of its index", () => {
    const text = model(
      "repeat 2 as k { use part = table(count = [1, 3][k]) }\ninput x[T]\noutput y = part[1].more(x)",
      table,
    );
    const named = text
      .replace("[1, 3][k]", "sizes[k]")
      .replace("M {", "M(sizes: list(int) = [1, 3]) {");
    for (const spec of [text, named])
      expect(values(spec, { x: [1, 1, 2], "k.1.part.weight": [1, 1, 1] }).y).toEqual([4, 4, 5]);
  });

  test("must be there", () => {
    for (const index of ["3", "-1", "0.5"])
      expect(codesOf(model(`input x[T]\noutput y = x * [2, 4, 8][${index}]`))).toEqual(["MEM0148"]);
    expect(shownOf(model("input x[T]\noutput y = x * [2, 4, 8][3]"))).toContain(
      "The list has 3 entries, counted from 0; none is entry 3.",
    );
  });
});

describe("blocks used in a repeat", () => {
  const text = model(
    "input x[T]\nrepeat 3 as i { use part = table(count = i + 1) }\n" +
      "repeat 3 as i { x = part[i].look(x) }\noutput y = part[1].more(x)",
    table,
  );

  test("are reached by the iteration, after it too", () => {
    const program = programOf(text);
    expect(parametersOf(text)).toEqual(["i.0.part.weight", "i.1.part.weight", "i.2.part.weight"]);
    const weights = {
      "i.0.part.weight": [1],
      "i.1.part.weight": [1, 2],
      "i.2.part.weight": [0, 0, 2],
    };
    expect(run(program, { x: [1, 2, 3], ...weights }).y).toEqual([9, 15, 21]);
  });

  test("have no others", () => {
    expect(codesOf(text.replace("part[1]", "part[3]"))).toEqual(["MEM0189"]);
    expect(codesOf(text.replace("count = i + 1", "count = i"))).toEqual(["MEM0172"]);
  });
});
