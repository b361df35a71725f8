/** Only the files of the library that a spec can mean are parsed for it. */
import { describe, expect, it } from "vitest";
import { mentionedFiles } from "../../../src/ir/check/names/library.ts";

const source = (path: string, text: string) => ({ path, text });

describe("the library's files that a spec mentions", () => {
  const layers = source("std/layers.mem", "block norm(x[..., D]) -> [..., D] { return x }");
  const slots = source(
    "std/slots.mem",
    "memory slots(count: int) { read(x[T]) -> [T] { return norm(x) } }",
  );
  const unrelated = source("std/other.mem", "block other(x[...]) -> [...] { return x }");

  it("has those that define what is mentioned, and what these mention", () => {
    const main = source("model.mem", "model M { memory mem = slots(count = 4) }");
    expect(mentionedFiles([layers, slots, unrelated, main])).toEqual([layers, slots, main]);
  });

  it("has none for a spec that mentions none, and keeps every file of the project", () => {
    const main = source("model.mem", "model M { input x[T]\n output y = x }");
    const imported = source("mine.mem", "block mine(x[T]) -> [T] { return x }");
    expect(mentionedFiles([layers, slots, main, imported])).toEqual([main, imported]);
  });
});
