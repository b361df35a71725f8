/** Addresses of parameters, states and draws (rule R6): none is another's, nor the beginning of one. */
import { describe, expect, test } from "vitest";
import { checkText, codesOf } from "./kit.ts";

const blocks = `block scaled(x[T]) -> [T] { param q starts 1; return x * q }
memory running() {
  state s starts 0, gradient stop
  step(x[T]) -> [] { s <- s + sum(x over T where valid(T)); return s }
}`;
const model = (body: string) =>
  `${blocks}\nmodel M { input x[T]\nuse _s = scaled()\nmemory _r = running()\n${body}\noutput y = x * _s(x) * _r.step(x) }`;
const messagesOf = (body: string) =>
  checkText(model(body)).diagnostics.map(({ code, message }) => `${code}: ${message}`);

describe("two tensors do not go together", () => {
  test("of one address", () => {
    expect(messagesOf("x = scaled(x) + scaled(2 * x)")).toEqual([
      "MEM0160: Two tensors are called scaled.q.",
    ]);
  });

  test.for([
    "param k starts 1; x = scaled(x * k) as k",
    "x = scaled(x) as k; param k starts 1; x = x * k",
    "z = draw k[T] ~ uniform; x = scaled(x * z) as k",
  ])("where one is below the other: %s", (body) => {
    expect(messagesOf(body)).toEqual(["MEM0160: The tensor k.q is below the tensor k."]);
  });

  test.for([
    [
      "x = scaled(x) as k; repeat 2 as k { x = scaled(x) }",
      "what is no repeat (k.q) and a repeat (k[*].scaled.q)",
    ],
    [
      "repeat 2 as k { x = scaled(x) }; x = scaled(x) as k",
      "a repeat (k[*].scaled.q) and what is no repeat (k.q)",
    ],
    [
      "repeat 2 as k { x = k * scaled(x) }; x = scaled(x) as k",
      "a repeat written out (k[0].scaled.q) and what is no repeat (k.q)",
    ],
    [
      "repeat 2 as k { x = scaled(x) }; repeat 2 as k { x = k * (scaled(x) as b) }",
      "a repeat (k[*].scaled.q) and a repeat written out (k[0].b.q)",
    ],
    [
      "memory k = running(); x = x * k.step(x); repeat 2 as k { memory c = running(); x = x * c.step(x) }",
      "what is no repeat (k.s) and a repeat (k[*].c.s)",
    ],
  ] as const)("where only one is in a repeat of that name: %s", ([body, both]) => {
    expect(messagesOf(body)).toEqual([`MEM0160: Two things are called k: ${both}.`]);
  });
});

test("repeats of one name stand side by side where all their tensors have names of their own", () => {
  const body = "repeat 2 as k { x = scaled(x) as a }; repeat 2 as k { x = scaled(x) as b }";
  expect(codesOf(model(body))).toEqual([]);
});
