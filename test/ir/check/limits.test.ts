/** A spec is untrusted input: whatever it asks for, checking ends soon and with a diagnostic. */
import { expect, test } from "vitest";
import { codesOf } from "./kit.ts";

const model = (body: string) => `model M {\n  input x[T]\n${body}\n}`;

test("blocks that call blocks nest at most 64 deep", () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, i) =>
      i === length - 1
        ? `block b${i}(x[...]) -> [...] { return 2 * x }`
        : `block b${i}(x[...]) -> [...] { return b${i + 1}(x) }`,
    ).join("\n");
  expect(codesOf(`${chain(60)}\n${model("output y = b0(x)")}`)).toEqual([]);
  expect(codesOf(`${chain(70)}\n${model("output y = b0(x)")}`)).toEqual(["MEM0264"]);
});

test("long sums inside nested blocks do not exhaust the stack", () => {
  const sum = (first: string) => `${first}${" + x".repeat(400)}`;
  const blocks = Array.from(
    { length: 20 },
    (_, i) => `block b${i}(x[...]) -> [...] { return ${sum(i === 19 ? "x" : `b${i + 1}(x)`)} }`,
  );
  expect(codesOf(`${blocks.join("\n")}\n${model("output y = b0(x)")}`)).toEqual(["MEM0264"]);
});

test("dims that depend on dims nest at most 64 deep", () => {
  const dims = Array.from(
    { length: 100 },
    (_, i) => `dim a${i} = ${i === 99 ? "size" : `a${i + 1}`}`,
  );
  const memory = `memory m(size: int) {
${dims.join("\n")}
  state s[a0] starts 0, gradient stop
  step(x[T]) { s <- s + sum(x over T where valid(T)) }
}`;
  expect(
    codesOf(`${memory}\n${model("memory mem = m(size = 3)\nmem.step(x)\noutput y = x")}`),
  ).toEqual(["MEM0264"]);
});

test("loops nest at most 64 deep", () => {
  const nested = (depth: number) =>
    `${Array.from({ length: depth }, (_, i) => `repeat 1 as i${i} {`).join(" ")} x = 2 * x ${"}".repeat(depth)}\noutput y = x`;
  expect(codesOf(model(nested(64)))).toEqual([]);
  expect(codesOf(model(nested(65)))).toEqual(["MEM0264"]);
});

test("a repeat runs at most 10,000 times", () => {
  expect(codesOf(model("repeat 10001 as i { x = 2 * x }\noutput y = x"))).toEqual(["MEM0240"]);
  expect(codesOf(model("repeat 10000 as i { x = 2 * x }\noutput y = x"))).toEqual([]);
});

test("a list has at most 100,000 items", () => {
  expect(codesOf(model("output y = x * size(0 .. 100000)"))).toEqual(["MEM0129"]);
  expect(codesOf(model("output y = x * size(1 .. 100000)"))).toEqual([]);
  expect(codesOf(model("output y = x * size(0.5 .. 3)"))).toEqual(["MEM0129"]);
});

test("a tensor has fewer than 2^31 entries, products with other tensors included", () => {
  expect(
    codesOf(
      model("dim A = 65536\nparam u[A], v[B: A] starts 1\noutput y = x * sum(u * v over (A, B))"),
    ),
  ).toEqual(["MEM0260"]);
});

test("parameters of all copies count together", () => {
  expect(
    codesOf(
      model(
        "dim A = 1000\nrepeat 10000 as i { param u[A, B: A] starts 1; x = x * sum(u over (A, B)) }\noutput y = x",
      ),
    ),
  ).toEqual(["MEM0260"]);
});
