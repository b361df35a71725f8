/** What the hash of a graph sees and what it does not. */
import { describe, expect, it } from "vitest";
import { parseGraph, printGraph } from "../../../src/ir/graph-text.ts";
import { digest, hashGraph } from "../../../src/ir/hash.ts";
import { chain, model } from "../gradient/blocks.ts";
import { graphOf } from "../kit.ts";

const text = printGraph(graphOf(...model(3)));
const hash = hashGraph(parseGraph(text));
const changed = (from: string | RegExp, to: string): string => {
  const other = text.replaceAll(from instanceof RegExp ? new RegExp(from, "g") : from, to);
  expect(other).not.toBe(text);
  return hashGraph(parseGraph(other));
};

describe("the hash of a graph", () => {
  it("is 32 hexadecimal digits, the same every time", () => {
    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    expect(hashGraph(graphOf(...model(3)))).toBe(hash);
  });

  it("does not see names of local values, of functions, of inner arguments", () => {
    expect(changed(/\bscores\b/, "logits")).toBe(hash);
    expect(changed(/\b(block|call|repeat) layer\b/, "$1 stratum")).toBe(hash);
    expect(changed("argument own.context", "argument own.memory")).toBe(hash);
  });

  it("does not see the order of independent nodes, nor nodes that nothing needs", () => {
    const lines = text.split("\n");
    const [q, k] = [
      lines.findIndex((line) => line.startsWith("  q:")),
      lines.findIndex((line) => line.startsWith("  k:")),
    ];
    const swapped = lines
      .map((line, index) => (index === q ? lines[k] : index === k ? lines[q] : line))
      .join("\n");
    expect(swapped).not.toBe(text);
    expect(hashGraph(parseGraph(swapped))).toBe(hash);
    expect(changed("  q:", "  idle: real [batch, T=3, D=2] = exp x\n  q:")).toBe(hash);
  });

  it("does not see how a constant was written", () => {
    expect(changed("<sqrt(|K|) = 1.4142135623730951>", "1.4142135623730951")).toBe(hash);
  });

  it("sees addresses, constants, operations, attributes, types and probes", () => {
    const hashes = [
      hash,
      changed("own.layer.*.attention.Wq", "own.layer.*.attention.query"),
      changed("1.4142135623730951", "1.5"),
      changed("= tanh", "= exp"),
      changed("softmax $div { over: [S] }", "softmax $div { over: [T] }"),
      changed("T=3", "T=4"),
      changed("probe value p = p", "probe value q = p"),
      changed("loss own.main", "loss own.other"),
      changed("layer[3]", "layer[3] reversed"),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("sees which operand is which", () => {
    const f = (order: string): string =>
      hashGraph(
        parseGraph(
          `main f\nblock f "f" {\n  in a: real [] as argument own.a\n  in b: real [] as argument own.b\n  y: real [] = sub ${order}\n  out y as return own.y\n}`,
        ),
      );
    expect(f("a, b")).not.toBe(f("b, a"));
  });
});

it("is found in a step a function, however often it is called", () => {
  expect(hashGraph(graphOf(...chain(64)))).toMatch(/^[0-9a-f]{32}$/);
});

it("digests of near texts have little in common", () => {
  const found = new Set(
    Array.from({ length: 5000 }, (_, index) => digest(`value ${index}`).slice(0, 12)),
  );
  expect(found.size).toBe(5000);
});
