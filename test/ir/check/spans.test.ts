/** Where an error is shown: at what is to be changed. */
import { describe, expect, test } from "vitest";
import { codesOf, shownOf } from "./kit.ts";

const model = (body: string, before = ""): string => `${before}\nmodel M {\n${body}\n}`;

/** The error's place, and those of its notes. */
const placesOf = (text: string): string | undefined => shownOf(text).match(/-->.*/g)?.join(" ");

describe("a draw in a scan is shown at the draw", () => {
  const block = "block noisy(x[...]) -> [...] { return x + draw u[...] ~ normal }";

  test.for([
    ["with the scan's own axis", "m = m + x + draw e[T] ~ normal", "--> spec.mem:4:55"],
    ["with another", "m = m + x + draw e[D] ~ normal", "--> spec.mem:4:55"],
    ["in a repeat", "repeat 2 as i { m = m + x + draw e[] ~ normal }", "--> spec.mem:4:71"],
  ])("%s", ([, body = "", at = ""]) => {
    const text = model(
      `dim D = 2; input x[T]\ny = scan over T from m = 0 yield m { ${body} }\noutput o = y`,
    );
    expect(codesOf(text), shownOf(text)).toEqual(["MEM0246"]);
    expect(placesOf(text)).toBe(at);
    expect(shownOf(text)).toContain(
      "help: Draw before the scan, with the axis T: draw u[T, …] ~ uniform.",
    );
  });

  test("of a block, with its call, also where the block is called outside too", () => {
    const text = model(
      "input x[T]\nz = noisy(x at T = 0)\ny = scan over T from m = 0 yield m { m = m + noisy(x) as other }\noutput o = y + z",
      block,
    );
    expect(codesOf(text), shownOf(text)).toEqual(["MEM0246"]);
    expect(placesOf(text)).toBe("--> spec.mem:1:48 --> spec.mem:5:46");
  });
});

describe("a carried name that changes is shown where its axes first differ", () => {
  test.for([
    [
      "in a repeat",
      "repeat 2 as i {\nx = 2 * x\nx = x * index(D)\nx = x + 1\n}\noutput y = x",
      "--> spec.mem:6:1",
    ],
    [
      "in a scan",
      "y = scan over T from m = 0 * norm(index(D)) yield m {\nm = m + x\nm = sum(m over D)\n}\noutput o = y",
      "--> spec.mem:6:1",
    ],
    ["to a number", "repeat 2 as i {\nx = 2 * x\nx = 3\n}\noutput y = x", "--> spec.mem:6:1"],
    [
      "by a loop in it",
      "z = x\nrepeat 2 as i {\nz = z * index(D)\nrepeat 2 as j { z = z + 1 }\n}\noutput y = z",
      "--> spec.mem:6:1",
    ],
  ])("%s", ([, body = "", at = ""]) => {
    const text = model(`dim D = 2; input x[T]\n${body}`);
    expect(codesOf(text), shownOf(text)).toEqual(["MEM0243"]);
    expect(placesOf(text), shownOf(text)).toBe(at);
  });
});

describe("a method that reads what another writes, called before that one, is shown at its call", () => {
  const memory = (extra = "") => `memory w() {
  state s starts 1, gradient through
  wr(x[T]) { s <- sum(x over T where valid(T)) }
  nx() -> [] { return next s }
  mine(x[T]) -> [] { y = next s; s <- sum(x over T where valid(T)); return y }
  either(new: flag) -> [] { return when new { next s } else { s } }${extra}
}`;
  const text = (body: string) =>
    model(
      `input x[T]\nmemory a = w()\nmemory b = w()\na.wr(x)\n${body}\nb.wr(x)\noutput y = x + h`,
      memory(),
    );

  test.for([
    ["at first", "h = b.nx()", "--> spec.mem:13:5"],
    ["where it serves another instance", "h = a.nx() + b.nx()", "--> spec.mem:13:14"],
    ["in a loop", "h = 0\nrepeat 2 as i { h = h + b.nx() }", "--> spec.mem:14:25"],
    ["by its choice", "h = b.either(new = on)", "--> spec.mem:13:5"],
  ])("%s", ([, body = "", at = ""]) => {
    expect(codesOf(text(body)), shownOf(text(body))).toEqual(["MEM0190"]);
    expect(placesOf(text(body)), shownOf(text(body))).toBe(at);
    expect(shownOf(text(body))).toContain("but nothing has written s before.");
  });

  test("not one that does not come to read it, nor after the write", () => {
    expect(codesOf(text("h = b.either(new = off) + a.nx()"))).toEqual([]);
  });

  test("its own write after that is its own fault", () => {
    const own = text("h = b.mine(x)").replace("b.wr(x)\n", "");
    expect(codesOf(own), shownOf(own)).toEqual(["MEM0190"]);
    expect(placesOf(own)).toBe("--> spec.mem:5:26 --> spec.mem:13:5");
  });
});
